//! What the faults do while the cookie changes: to its former attributes and names, and to the settings.

#![allow(unreachable_pub, reason = "two programs have this module for a part of their own")]

use std::env;
use std::process::Command;

use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::Response;
use session_conformance::session_core::{Closed, Timestamp};

use crate::adapter::{Incoming, Seen};

const FORMER_NAME: &str = "SESSION_FORMER_NAME";
const UNSIGNED: &str = "SESSION_UNSIGNED";
const CHANGED_AT: &str = "SESSION_CHANGED_AT_MS";
const SCOPE: &str = "SESSION_SCOPE";

/// Puts each cookie in the place of the one before.
pub fn inserts_cookies(_: &Seen, response: &mut Response) {
    let last = response.headers().get_all(SET_COOKIE).iter().next_back().cloned();
    if let Some(last) = last {
        response.headers_mut().insert(SET_COOKIE, last);
    }
}

pub fn removes_nothing_former(closed: &mut Closed) {
    closed.removals.clear();
}

pub fn removes_beside_a_cookie(closed: &mut Closed) {
    if closed.set_cookie.is_none() {
        closed.removals.clear();
    }
}

/// Writes the former name as the present one, which has the safest prefix and the same name behind it.
pub fn takes_the_former_for_the_present(incoming: &mut Incoming) -> Option<StatusCode> {
    if let Ok(former) = env::var(FORMER_NAME) {
        let mut cookies = incoming.cookies();
        for (name, _) in cookies.iter_mut().filter(|(name, _)| name.trim() == former) {
            *name = format!("__Host-Http-{former}");
        }
        incoming.set_cookies(&cookies);
    }
    None
}

pub fn prefers_the_former(incoming: &mut Incoming) -> Option<StatusCode> {
    if let Ok(former) = env::var(FORMER_NAME) {
        let mut cookies = incoming.cookies();
        if cookies.iter().any(|(name, _)| name.trim() == former) {
            cookies.retain(|(name, _)| name.trim() == former);
            incoming.set_cookies(&cookies);
        }
    }
    None
}

/// Cuts off what stands behind the id, while unsigned cookies are taken.
pub fn cuts_signatures(incoming: &mut Incoming) -> Option<StatusCode> {
    if env::var_os(UNSIGNED).is_some() {
        let mut cookies = incoming.cookies();
        for (_, value) in &mut cookies {
            value.truncate(value.find('.').unwrap_or(value.len()));
        }
        incoming.set_cookies(&cookies);
    }
    None
}

pub fn names_no_former(settings: &mut Command) {
    settings.env_remove(FORMER_NAME);
}

pub fn takes_the_former_for_good(settings: &mut Command) {
    if env::var_os(FORMER_NAME).is_some() {
        settings.env(CHANGED_AT, Timestamp::MAX.as_millis().to_string());
    }
}

pub fn signs_at_once(settings: &mut Command) {
    settings.env_remove(UNSIGNED);
}

pub fn takes_unsigned_for_good(settings: &mut Command) {
    if env::var_os(UNSIGNED).is_some() {
        settings.env(CHANGED_AT, Timestamp::MAX.as_millis().to_string());
    }
}

pub fn names_no_scope(settings: &mut Command) {
    settings.env_remove(SCOPE);
}

pub fn has_one_scope(settings: &mut Command) {
    settings.env(SCOPE, "session");
}
