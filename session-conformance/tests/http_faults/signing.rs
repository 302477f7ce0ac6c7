//! What the faults do where somebody signs in or out, or comes with an id that opens nothing.

#![allow(unreachable_pub, reason = "two programs have this module for a part of their own")]

use std::env;
use std::time::Duration;

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use example_demo::{Answer, Demo};
use session_conformance::session_core::{Expiry, LazySession};

use crate::adapter::{Handling, Incoming, Seen};
use crate::routes;
use crate::tamper::{add, removes, set};

/// The idle timeout, and the absolute one.
const IDLE: Duration = Duration::from_secs(24 * 60 * 60);
const ABSOLUTE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

fn conflict() -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = StatusCode::CONFLICT;
    answer
}

/// Tells whether a request is to sign in, or out.
fn signs(incoming: &Incoming, what: &str, step: &str) -> bool {
    incoming.path() == what || incoming.query().contains(step)
}

pub fn stragglers_begin(seen: &Seen, response: &mut Response) {
    if response.status() == 409 && !seen.cookies.is_empty() {
        add(response, "__Host-Http-faulty-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; Path=/; Secure");
    }
}

pub fn renews_for_good(demo: Demo, session: LazySession, incoming: Incoming) -> Handling {
    Box::pin(async move {
        if env::var_os("SESSION_RENEW_EVERY_MS").is_some()
            && incoming.method() == "GET"
            && let Ok(session) = session.load().await
        {
            let _ = session.renew();
        }
        routes::handle(demo, session, incoming).await
    })
}

pub fn carries_over(demo: Demo, session: LazySession, incoming: Incoming) -> Handling {
    Box::pin(async move {
        let loaded = match incoming.path() {
            "/login" => session.load().await.ok(),
            _ => None,
        };
        let count = loaded.as_ref().and_then(|loaded| loaded.get::<u32>("count").ok().flatten());
        let answer = routes::handle(demo, session, incoming).await;
        if let (Some(count), Some(loaded)) = (count, loaded) {
            let _ = loaded.insert("count", count);
        }
        answer
    })
}

pub fn checks_first(demo: Demo, session: LazySession, incoming: Incoming) -> Handling {
    Box::pin(async move {
        if signs(&incoming, "/login", "login") || signs(&incoming, "/logout", "end") {
            match session.load().await {
                Ok(loaded) if loaded.read_only().is_some() => return conflict(),
                _ => {}
            }
        }
        routes::handle(demo, session, incoming).await
    })
}

pub fn drops_the_message(seen: &Seen, response: &mut Response) {
    if seen.path == "/logout" && !set(response).is_empty() {
        response.headers_mut().remove(SET_COOKIE);
        removes(response);
    }
}

pub fn removes_late(seen: &Seen, response: &mut Response) {
    if (seen.path == "/logout" || seen.query.contains("end")) && set(response).is_empty() {
        removes(response);
    }
}

/// Tells whether a request ends its session before it waits, as one does for which the store goes down meanwhile.
pub fn ends_late(seen: &Seen) -> bool {
    seen.query.contains("end,hold")
}

/// Answers for a request that was not closed.
pub fn forgets_the_end(seen: &Seen, response: &mut Response) {
    if ends_late(seen) {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        removes(response);
    }
}

/// Gives the session what is left of its time since the first visit.
pub fn counts_from_the_first_visit(demo: Demo, session: LazySession, incoming: Incoming) -> Handling {
    Box::pin(async move {
        let signs_in = incoming.path() == "/login";
        let answer = routes::handle(demo, session.clone(), incoming).await;
        if signs_in
            && let Ok(loaded) = session.load().await
            && let (Some(now), Some(began)) = (loaded.authenticated_at(), loaded.created_at())
        {
            let left = ABSOLUTE.saturating_sub(now.since(began));
            let _ = loaded.set_expiry(Expiry::default().with_idle(IDLE.min(left)).with_absolute(left));
        }
        answer
    })
}

pub fn refuses_dead_ids(demo: Demo, session: LazySession, incoming: Incoming) -> Handling {
    Box::pin(async move {
        let writes = incoming.method() == "POST" && !incoming.path().starts_with("/test/");
        if writes
            && session.has_cookie()
            && let Ok(loaded) = session.load().await
            && loaded.is_new()
        {
            return conflict();
        }
        routes::handle(demo, session, incoming).await
    })
}
