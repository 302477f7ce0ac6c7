//! Responses that outlive their head: they end when the session does.

use example_demo::{Ask, Demo};
use rocket::futures::{SinkExt, StreamExt};
use rocket::http::Status;
use rocket::response::stream::{Event, EventStream};
use rocket::response::{Responder, Response};
use rocket::{Request, tokio};
use rocket_ws::{Message, WebSocket};
use session_core::Session;

use crate::{guard, respond};

/// Sends the counter as server-sent events, now and whenever it changes.
pub(crate) fn events<'r>(
    request: &'r Request<'_>,
    demo: &Demo,
    session: Session,
    ask: &Ask,
) -> Result<Response<'r>, Status> {
    match demo.live(session, ask) {
        Ok(counts) => EventStream::from(counts.map(Event::data)).respond_to(request),
        Err(refused) => Ok(respond(*refused)),
    }
}

/// Sends the same over a WebSocket, to the site's own pages. What they send is use of the session.
pub(crate) async fn socket<'r>(
    request: &'r Request<'_>,
    demo: &Demo,
    session: Session,
    ask: &Ask,
) -> Result<Response<'r>, Status> {
    let mut live = match demo.socket(session, ask) {
        Ok(live) => live,
        Err(refused) => return Ok(respond(*refused)),
    };
    let channel = guard::<WebSocket>(request).await?.channel(move |mut socket| {
        Box::pin(async move {
            // Until the session has ended, or the visitor has left.
            loop {
                tokio::select! {
                    count = live.next() => match count {
                        Some(count) => socket.send(Message::text(count)).await?,
                        None => break socket.close(None).await,
                    },
                    message = socket.next() => match message.transpose()? {
                        Some(Message::Text(_) | Message::Binary(_)) => live.heard().await,
                        Some(_) => {}
                        None => break Ok(()),
                    },
                }
            }
        })
    });
    channel.respond_to(request)
}
