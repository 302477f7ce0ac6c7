//! The demo's routes, without a framework's help.

#![allow(unreachable_pub, reason = "two programs have this module for a part of their own")]

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use example_demo::{Answer, Ask, Demo};
use session_conformance::session_core::{LazySession, SessionError};
use tokio::time::sleep;
use tokio_stream::{StreamExt, once};

use crate::adapter::{Adapter, Incoming, Use, error_answer, open};

/// How often a socket counts as used by being watched.
const OFTEN: Duration = Duration::from_millis(50);

/// Does what the framework's routing and extractors do.
pub async fn handle(demo: Demo, lazy: LazySession, incoming: Incoming) -> Answer {
    routed(&demo, &lazy, &incoming).await.unwrap_or_else(|error| failed(&demo, &error))
}

/// Answers as an extractor does that cannot load the session.
pub fn failed(demo: &Demo, error: &SessionError) -> Answer {
    error_answer(demo, error).map(Into::into)
}

async fn routed(demo: &Demo, lazy: &LazySession, incoming: &Incoming) -> Result<Answer, SessionError> {
    let ask = &incoming.ask();
    let method = if incoming.method() == "HEAD" { "GET" } else { incoming.method() };
    let path = incoming.path();
    Ok(match (method, path) {
        ("GET", "/") => demo.home(&lazy.load().await?, ask).await,
        ("POST", "/login") => demo.login(&lazy.load().await?, ask).await,
        ("POST", "/logout") => demo.logout(&lazy.load().await?, ask).await,
        ("POST", "/cart/empty") => demo.empty_cart(&lazy.load().await?, ask).await,
        ("GET", "/count") => demo.count(&lazy.load().await?, ask).await,
        ("POST", "/count") => demo.add_to_count(&lazy.load().await?, ask).await,
        ("GET", "/sessions") => demo.list_sessions(&lazy.load().await?, ask).await,
        ("POST", "/sessions/end-others") => demo.end_other_sessions(&lazy.load().await?, ask).await,
        _ if path.starts_with("/sessions/") && path.ends_with("/end") => {
            demo.end_session(&lazy.load().await?, ask).await
        }
        _ if path.starts_with("/test/") => demo.test(lazy, ask).await?,
        _ => demo.public(ask).await,
    })
}

fn live_ask(headers: &HeaderMap) -> Ask {
    Ask::new("GET", "/live", headers, Bytes::new())
}

pub async fn events(State((demo, adapter)): State<(Demo, Adapter)>, headers: HeaderMap) -> Response {
    let session = match open(demo.sessions(), "GET", "/live", &headers).load().await {
        Ok(session) => session,
        Err(error) => return failed(&demo, &error).map(Body::new),
    };
    let counts = match demo.live(session, &live_ask(&headers)) {
        Ok(counts) => counts.map(|count| Ok::<_, Infallible>(Event::default().data(count))),
        Err(refused) => return refused.map(Body::new),
    };
    let then = once(adapter.live_ends[0]).then(async |ends| if ends() { None } else { pending().await });
    Sse::new(counts.chain(then.filter_map(|it| it))).into_response()
}

pub async fn socket(
    State((demo, adapter)): State<(Demo, Adapter)>,
    mut headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let session = match open(demo.sessions(), "GET", "/live", &headers).load().await {
        Ok(session) => session,
        Err(error) => return failed(&demo, &error).map(Body::new),
    };
    (adapter.socket_head)(&mut headers);
    match demo.socket(session, &live_ask(&headers)) {
        Ok(mut live) => upgrade.on_upgrade(async move |mut socket| {
            loop {
                tokio::select! {
                    count = live.next() => match count {
                        Some(count) => if socket.send(Message::text(count)).await.is_err() { return },
                        None => break,
                    },
                    message = socket.recv() => match message {
                        Some(Ok(_)) if adapter.socket_use == Use::Messages => live.heard().await,
                        Some(Ok(_)) => {}
                        _ => return,
                    },
                    () = sleep(OFTEN), if adapter.socket_use == Use::Watching => live.heard().await,
                }
            }
            while !(adapter.live_ends[1])() && matches!(socket.recv().await, Some(Ok(_))) {}
        }),
        Err(refused) => refused.map(Body::new),
    }
}
