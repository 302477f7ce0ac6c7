//! Responses that outlive their head: they end when the session does.

use std::convert::Infallible;

use salvo::prelude::{Depot, Request, Response, Scribe, StatusError, WebSocketUpgrade, Writer, handler};
use salvo::sse::{SseEvent, SseKeepAlive};
use salvo::websocket::{Message, WebSocket};
use session_core::Session;
use tokio_stream::StreamExt;

use crate::{Asked, Told, demo};

/// Sends the counter as server-sent events, now and whenever it changes.
#[handler]
pub(crate) async fn events(session: Session, asked: Asked, depot: &Depot, res: &mut Response) -> Result<(), Told> {
    let counts = demo(depot).live(session, &asked.0).map_err(|refused| Told(*refused))?;
    let told = counts.map(|count| Ok::<_, Infallible>(SseEvent::default().text(count)));
    SseKeepAlive::new(told).stream(res);
    Ok(())
}

/// Sends the same over a WebSocket, to the site's own pages. What they send is use of the session.
#[handler]
pub(crate) async fn socket(
    session: Session,
    asked: Asked,
    req: &mut Request,
    depot: &Depot,
    res: &mut Response,
) -> Result<(), StatusError> {
    let mut live = match demo(depot).socket(session, &asked.0) {
        Ok(live) => live,
        Err(refused) => {
            Told(*refused).render(res);
            return Ok(());
        }
    };
    let watch = async move |mut browser: WebSocket| {
        // Until the session has ended, or the visitor has left.
        loop {
            tokio::select! {
                count = live.next() => match count {
                    Some(count) => if browser.send(Message::text(count)).await.is_err() { return },
                    None => break,
                },
                message = browser.recv() => match message {
                    Some(Ok(message)) if message.is_text() || message.is_binary() => live.heard().await,
                    Some(Ok(_)) => {}
                    None | Some(Err(_)) => return,
                },
            }
        }
        // Nobody may be there any more to hear it.
        let _ = browser.close().await;
    };
    WebSocketUpgrade::new().upgrade(req, res, watch).await
}
