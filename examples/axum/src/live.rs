//! Responses that outlive their head: they end when the session does.

use std::convert::Infallible;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use example_demo::{Answer, Demo};
use session_core::Session;
use tokio_stream::StreamExt;

use crate::Asked;

/// Sends the counter as server-sent events, now and whenever it changes.
pub(crate) async fn events(demo: State<Demo>, session: Session, Asked(ask): Asked) -> Result<Response, Answer> {
    let counts = demo.live(session, &ask).map_err(|refused| *refused)?;
    let events = counts.map(|count| Ok::<_, Infallible>(Event::default().data(count)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// Sends the same over a WebSocket, to the site's own pages. What they send is use of the session.
pub(crate) async fn socket(
    demo: State<Demo>,
    session: Session,
    upgrade: WebSocketUpgrade,
    Asked(ask): Asked,
) -> Result<Response, Answer> {
    let mut live = demo.socket(session, &ask).map_err(|refused| *refused)?;
    Ok(upgrade.on_upgrade(async move |mut socket| {
        // Until the session has ended, or the visitor has left.
        loop {
            tokio::select! {
                count = live.next() => match count {
                    Some(count) => if socket.send(Message::text(count)).await.is_err() { return },
                    None => break,
                },
                message = socket.recv() => match message {
                    Some(Ok(Message::Text(_) | Message::Binary(_))) => live.heard().await,
                    Some(Ok(_)) => {}
                    None | Some(Err(_)) => return,
                },
            }
        }
        // Nobody may be there any more to hear it.
        let _ = socket.send(Message::Close(None)).await;
    }))
}
