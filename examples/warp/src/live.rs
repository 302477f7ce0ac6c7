//! Responses that outlive their head: they end when the session does.

use std::convert::Infallible;

use example_demo::{Ask, Demo};
use futures_util::SinkExt;
use session_core::{Session, SessionError};
use tokio_stream::StreamExt;
use warp::reply::Response;
use warp::ws::{Message, Ws};
use warp::{Reply, sse};

use crate::respond;

/// Sends the counter as server-sent events, now and whenever it changes.
pub(crate) async fn events(demo: Demo, session: Result<Session, SessionError>, ask: Ask) -> Response {
    let counts = match session.map(|session| demo.live(session, &ask)) {
        Ok(Ok(counts)) => counts,
        Ok(Err(refusal)) => return respond(*refusal),
        Err(error) => return respond(demo.failed(&ask, error)),
    };
    let events = counts.map(|count| Ok::<_, Infallible>(sse::Event::default().data(count)));
    sse::reply(sse::keep_alive().stream(events)).into_response()
}

/// Sends the same over a WebSocket, to the site's own pages. What they send is use of the session.
pub(crate) async fn socket(demo: Demo, upgrade: Ws, session: Result<Session, SessionError>, ask: Ask) -> Response {
    let mut live = match session.map(|session| demo.socket(session, &ask)) {
        Ok(Ok(live)) => live,
        Ok(Err(refusal)) => return respond(*refusal),
        Err(error) => return respond(demo.failed(&ask, error)),
    };
    let upgraded = upgrade.on_upgrade(async move |mut socket| {
        // Until the session has ended, or the visitor has left.
        loop {
            tokio::select! {
                count = live.next() => match count {
                    Some(count) => if socket.send(Message::text(count)).await.is_err() { return },
                    None => break,
                },
                message = socket.next() => match message {
                    Some(Ok(message)) if message.is_text() || message.is_binary() => live.heard().await,
                    Some(Ok(_)) => {}
                    None | Some(Err(_)) => return,
                },
            }
        }
        // Nobody may be there any more to hear it.
        let _ = socket.close().await;
    });
    upgraded.into_response()
}
