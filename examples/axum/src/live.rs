//! Responses that outlive their head: they end when the session does.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use example_demo::Demo;
use session_core::Session;
use tokio_stream::StreamExt;

use crate::Asked;

/// Sends the counter as server-sent events, now and whenever it changes.
pub(crate) async fn events(State(demo): State<Demo>, session: Session, Asked(ask): Asked) -> Response {
    match demo.live(session, &ask) {
        Ok(counts) => {
            let events = counts.map(|count| Ok::<_, Infallible>(Event::default().data(count)));
            Sse::new(events).keep_alive(KeepAlive::default()).into_response()
        }
        Err(refused) => refused.map(Body::new),
    }
}

/// Sends the same over a WebSocket.
pub(crate) async fn socket(
    State(demo): State<Demo>,
    session: Session,
    upgrade: WebSocketUpgrade,
    Asked(ask): Asked,
) -> Response {
    match demo.live(session, &ask) {
        Ok(mut counts) => upgrade.on_upgrade(async move |mut socket| {
            // Until the session has ended, or the visitor has left.
            while let Some(count) = counts.next().await {
                if socket.send(Message::text(count)).await.is_err() {
                    return;
                }
            }
            // Nobody may be there any more to hear it.
            let _ = socket.send(Message::Close(None)).await;
        }),
        Err(refused) => refused.map(Body::new),
    }
}
