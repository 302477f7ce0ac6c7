//! What the faults do to what is answered: to errors, to what caches are told, and to where a request came from.

#![allow(unreachable_pub, reason = "two programs have this module for a part of their own")]

use std::env;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{HOST, HeaderValue};
use axum::response::Response;
use example_demo::Demo;
use session_conformance::session_core::{Closed, LazySession};

use crate::adapter::{Handling, Incoming, Seen, status};
use crate::routes;
use crate::tamper::in_its_place;

/// Headers by which some caches alone are told what they may keep.
const TARGETED: [&str; 3] = ["cdn-cache-control", "surrogate-control", "cloudflare-cdn-cache-control"];

pub fn shows_every_page(seen: &Seen, response: &mut Response) {
    if response.status() == StatusCode::CONFLICT && seen.method != "POST" {
        in_its_place(response);
    }
}

/// Leaves out the steps that commit: what they would write is written at the end.
pub fn commits_late(demo: Demo, session: LazySession, mut incoming: Incoming) -> Handling {
    let target = format!("{}?{}", incoming.path(), incoming.query().replace(",commit", ""));
    if incoming.query().contains(",commit") {
        incoming.head.uri = target.parse().expect("it was one before");
    }
    Box::pin(routes::handle(demo, session, incoming))
}

/// Where the handler's answer was not an error.
pub fn says_nothing_at_close(seen: &Seen, response: &mut Response) {
    if response.status() == StatusCode::CONFLICT && !seen.query.ends_with("commit") {
        *response.body_mut() = Body::empty();
    }
}

pub fn has_no_own_errors(settings: &mut Command) {
    if env::var("SESSION_ERRORS").is_ok_and(|errors| errors == "own") {
        settings.env("SESSION_ERRORS", "plain");
    }
}

/// Refuses whoever comes second for the messages.
pub fn hands_messages_out_once(seen: &Seen, response: &mut Response) {
    static HANDED_OUT: AtomicBool = AtomicBool::new(false);
    if seen.query.contains("messages,hold") && HANDED_OUT.swap(true, Ordering::Relaxed) {
        *response = status(StatusCode::CONFLICT);
    }
}

pub fn leaves_pages_to_the_handler(closed: &mut Closed) {
    closed.no_store = false;
}

pub fn clears_nothing(closed: &mut Closed) {
    closed.clear_site_data = None;
}

pub fn leaves_targeted_headers(seen: &Seen, response: &mut Response) {
    if seen.query.contains("targeted") {
        for name in TARGETED {
            response.headers_mut().insert(name, HeaderValue::from_static("max-age=600"));
        }
    }
}

pub fn clears_at_every_answer(seen: &Seen, response: &mut Response) {
    let is_set = env::var("SESSION_CLEAR_SITE_DATA").is_ok_and(|it| it != "nothing");
    if is_set && !seen.path.starts_with("/test/clock") {
        response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\", \"storage\""));
    }
}

/// Takes what the server calls itself for the host.
pub fn hides_the_host(incoming: &mut Incoming) -> Option<StatusCode> {
    incoming.head.headers.insert(HOST, HeaderValue::from_static("localhost"));
    None
}

/// Drops what only proxies send.
pub fn hides_the_proxy(incoming: &mut Incoming) -> Option<StatusCode> {
    for name in ["forwarded", "x-forwarded-for", "x-forwarded-proto"] {
        incoming.head.headers.remove(name);
    }
    None
}

pub fn tells_each_time() {
    eprintln!("several_sessions: a handler named none, and was given the first");
}
