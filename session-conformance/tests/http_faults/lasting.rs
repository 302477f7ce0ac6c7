//! What the faults do to responses that outlive their head.

#![allow(unreachable_pub, reason = "two programs have this module for a part of their own")]

use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::HeaderMap;
use axum::http::header::{HeaderValue, ORIGIN};
use axum::response::Response;

use crate::adapter::Seen;

/// Whether this process has ended a session.
static ENDED: AtomicBool = AtomicBool::new(false);

/// Takes what has the same site for the same origin.
pub fn trusts_siblings(headers: &mut HeaderMap) {
    if headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes().ends_with(b".example.org")) {
        headers.remove(ORIGIN);
    }
}

pub fn names_an_origin(headers: &mut HeaderMap) {
    headers.entry(ORIGIN).or_insert(HeaderValue::from_static("null"));
}

pub fn takes_note_of_ends(seen: &Seen, _: &mut Response) {
    if seen.path == "/logout" || seen.path == "/sessions/end-others" {
        ENDED.store(true, Ordering::SeqCst);
    }
}

pub fn was_asked_to_end() -> bool {
    ENDED.load(Ordering::SeqCst)
}
