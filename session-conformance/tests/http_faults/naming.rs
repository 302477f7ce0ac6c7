//! What the faults do to the cookie's name.

#![allow(unreachable_pub, reason = "two programs have this module for a part of their own")]

use axum::http::StatusCode;
use axum::response::Response;

use crate::adapter::{Incoming, Seen};
use crate::tamper::rewrite;

const RIGHT: &str = "__Host-Http-";
const WEAK: &str = "__Host-";

pub fn sets_a_weak_name(_: &Seen, response: &mut Response) {
    rewrite(response, |name, value, rest| Some(format!("{}={value};{rest}", name.replace(RIGHT, WEAK))));
}

pub fn takes_a_weak_name(incoming: &mut Incoming) -> Option<StatusCode> {
    let mut cookies = incoming.cookies();
    for (name, _) in &mut cookies {
        *name = name.replace(WEAK, RIGHT);
    }
    incoming.set_cookies(&cookies);
    None
}
