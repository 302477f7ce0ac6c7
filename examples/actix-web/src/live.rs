//! What outlives a response's head, over a WebSocket: it ends when the session does.

use actix_web::web::{Bytes, Data, Payload};
use actix_web::{Error, HttpRequest, HttpResponse};
use actix_ws::Message;
use example_demo::Demo;
use session_core::Session;
use tokio_stream::StreamExt;

use crate::{asked, respond};

/// Sends the counter, now and whenever it changes, to the site's own pages. What they send is use of the session.
pub(crate) async fn socket(
    demo: Data<Demo>,
    session: Session,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, Error> {
    let mut live = match demo.socket(session, &asked(&request, Bytes::new())) {
        Ok(live) => live,
        Err(refusal) => return Ok(respond(*refusal)),
    };
    let (response, mut socket, mut messages) = actix_ws::handle(&request, body)?;
    actix_web::rt::spawn(async move {
        // Until the session has ended, or the visitor has left.
        loop {
            let is_on = tokio::select! {
                count = live.next() => match count {
                    Some(count) => socket.text(count).await.is_ok(),
                    None => false,
                },
                message = messages.recv() => match message {
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                        live.heard().await;
                        true
                    }
                    Some(Ok(Message::Ping(sent))) => socket.pong(&sent).await.is_ok(),
                    Some(Ok(Message::Pong(_))) => true,
                    _ => false,
                },
            };
            if !is_on {
                break;
            }
        }
        // Nobody may be there any more to hear it.
        let _ = socket.close(None).await;
    });
    Ok(response)
}
