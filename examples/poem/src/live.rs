//! Responses that outlive their head: they end when the session does.

use std::time::Duration;

use example_demo::Demo;
use futures_util::{SinkExt, StreamExt};
use poem::web::Data;
use poem::web::sse::{Event, SSE};
use poem::web::websocket::{Message, WebSocket, WebSocketStream};
use poem::{IntoResponse, Response, handler};
use session_core::Session;

use crate::Asked;

/// Sends the counter as server-sent events, now and whenever it changes.
#[handler]
pub(crate) async fn events(demo: Data<&Demo>, session: Session, Asked(ask): Asked) -> Response {
    match demo.live(session, &ask) {
        Ok(counts) => SSE::new(counts.map(Event::message)).keep_alive(Duration::from_secs(15)).into_response(),
        Err(refused) => (*refused).into(),
    }
}

/// Sends the same over a WebSocket, to the site's own pages. What they send is use of the session.
#[handler]
pub(crate) async fn socket(demo: Data<&Demo>, session: Session, upgrade: WebSocket, Asked(ask): Asked) -> Response {
    let mut live = match demo.socket(session, &ask) {
        Ok(live) => live,
        Err(refused) => return (*refused).into(),
    };
    let watch = async move |mut browser: WebSocketStream| {
        // Until the session has ended, or the visitor has left.
        loop {
            tokio::select! {
                count = live.next() => match count {
                    Some(count) => if browser.send(Message::text(count)).await.is_err() { return },
                    None => break,
                },
                message = browser.next() => match message {
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => live.heard().await,
                    Some(Ok(_)) => {}
                    None | Some(Err(_)) => return,
                },
            }
        }
        // Nobody may be there any more to hear it.
        let _ = browser.send(Message::close()).await;
    };
    upgrade.on_upgrade(watch).into_response()
}
