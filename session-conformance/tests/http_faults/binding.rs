//! What the faults do with sessions that are bound to a device: mostly what a server does that trusts whoever asks.

#![allow(unreachable_pub, reason = "two programs have this module for a part of their own")]

use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderValue, Response, StatusCode, Uri};
use data_encoding::BASE64URL_NOPAD;

use crate::adapter::{Incoming, Seen};

/// An answer that gave somebody a device cookie, and what it was given for.
struct Given {
    token: String,
    /// The name of the binding.
    id: String,
    /// The session cookie of that time.
    session: String,
    answer: Response<Bytes>,
    /// Requests of that session were under way when it was bound.
    busy: bool,
}

/// All that were given, the last one last.
static GIVEN: Mutex<Vec<Given>> = Mutex::new(Vec::new());
/// How many requests wait at a gate.
static HELD: Mutex<usize> = Mutex::new(0);

fn with_given<T>(look: impl FnOnce(&mut Vec<Given>) -> T) -> T {
    look(&mut GIVEN.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Gives the last answer of those that fit.
fn last(fits: impl Fn(&Given) -> bool) -> Option<Response<Bytes>> {
    with_given(|given| given.iter().rev().find(|it| fits(it)).map(|it| it.answer.clone()))
}

fn session_of(seen: &Seen) -> String {
    let is_session = |(name, _): &&(String, String)| name.ends_with("-session");
    seen.cookies.iter().find(is_session).map(|(_, value)| value.clone()).unwrap_or_default()
}

/// Remembers what was given, and puts `instead` in the place of what was refused.
fn refused(seen: &Seen, answer: &mut Response<Bytes>, instead: impl FnOnce(&str, &str) -> Option<Response<Bytes>>) {
    let (token, id) = (seen.proof.clone().unwrap_or_default(), seen.binding.clone().unwrap_or_default());
    if answer.headers().contains_key(SET_COOKIE) && answer.status() == StatusCode::OK && !is_over(answer) {
        let body = String::from_utf8_lossy(answer.body()).into_owned();
        let told = body.split("\"session_identifier\":\"").nth(1).and_then(|rest| rest.split('"').next());
        let id = told.unwrap_or(&id).to_owned();
        let busy = *HELD.lock().unwrap_or_else(PoisonError::into_inner) > 0;
        let (session, answer) = (session_of(seen), answer.clone());
        with_given(|given| given.push(Given { token, id, session, answer, busy }));
    } else if let Some(instead) = instead(&token, &id) {
        *answer = instead;
    }
}

fn is_over(answer: &Response<Bytes>) -> bool {
    answer.status() == StatusCode::OK && answer.body().windows(16).any(|at| at == b"\"continue\":false")
}

/// Reads what the header of a token says, as text.
fn header(token: &str) -> String {
    let decoded = token.split('.').next().and_then(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok());
    String::from_utf8(decoded.unwrap_or_default()).unwrap_or_default()
}

fn is_signed(token: &str) -> bool {
    token.rsplit_once('.').is_some_and(|(_, signature)| !signature.is_empty())
}

pub fn registers_twice(seen: &Seen, answer: &mut Response<Bytes>) {
    // Whatever it was that the sign-in was to be answered with once.
    let is_registration = seen.path == "/dbsc/register" && answer.status() == StatusCode::FORBIDDEN;
    let session = session_of(seen);
    refused(seen, answer, |_, _| last(|given| is_registration && given.session == session));
}

pub fn takes_challenges_twice(seen: &Seen, answer: &mut Response<Bytes>) {
    // Each signature over the same is another one.
    let signed = |token: &str| token.rsplit_once('.').map(|(signed, _)| signed.to_owned());
    let is_refresh = seen.path == "/dbsc/refresh" && answer.status() == StatusCode::FORBIDDEN;
    refused(seen, answer, |token, _| {
        last(|given| is_refresh && signed(token).is_some() && signed(&given.token) == signed(token))
    });
}

pub fn takes_no_signature(seen: &Seen, answer: &mut Response<Bytes>) {
    refused(seen, answer, |token, id| last(|given| header(token).contains("\"none\"") && given.id == id));
}

pub fn takes_the_key_it_is_told(seen: &Seen, answer: &mut Response<Bytes>) {
    refused(seen, answer, |token, id| last(|given| header(token).contains("\"jwk\"") && given.id == id));
}

pub fn takes_any_key(seen: &Seen, answer: &mut Response<Bytes>) {
    let is_plain = |token: &str| {
        let header = header(token);
        is_signed(token) && header.contains("\"ES256\"") && !header.contains("\"jwk\"")
    };
    refused(seen, answer, |token, id| last(|given| is_plain(token) && given.id == id));
}

pub fn keeps_what_passes_on(seen: &Seen, answer: &mut Response<Bytes>) {
    let (over, session) = (is_over(answer), session_of(seen));
    refused(seen, answer, |_, id| last(|given| over && given.id == id && given.session != session));
}

pub fn keeps_what_has_ended(seen: &Seen, answer: &mut Response<Bytes>) {
    let (over, session) = (is_over(answer), session_of(seen));
    refused(seen, answer, |_, id| last(|given| over && given.id == id && given.session == session));
}

pub fn remembers(seen: &Seen, answer: &mut Response<Bytes>) {
    refused(seen, answer, |_, _| None);
}

/// Counts who waits, and puts the device cookie into every request of a session that was written while it was bound.
pub fn loses_the_binding(incoming: &mut Incoming) -> Option<StatusCode> {
    if incoming.query().contains("hold:bound") {
        *HELD.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }
    let cookies = incoming.cookies();
    let session = cookies.iter().find(|(name, _)| name.ends_with("-session")).map(|(_, value)| value.clone())?;
    let given = last(|given| given.busy && given.session == session)?;
    let pair = given.headers().get(SET_COOKIE)?.to_str().ok()?.split(';').next()?.to_owned();
    let line = cookies.iter().map(|(name, value)| format!("{name}={value}; ")).collect::<String>() + &pair;
    incoming.head.headers.insert(COOKIE, HeaderValue::from_str(&line).ok()?);
    None
}

/// Does not move the time on by ten minutes, which are those of the device cookie.
pub fn has_no_time_for_devices(incoming: &mut Incoming) -> Option<StatusCode> {
    if incoming.path() == "/test/clock" && incoming.query() == "advance_ms=610000" {
        incoming.head.uri = Uri::from_static("/test/clock?advance_ms=0");
    }
    None
}

/// Offers to bind every session that something is written to.
pub fn offers_to_everybody(seen: &Seen, response: &mut axum::response::Response) {
    if seen.path == "/count" && seen.method == "POST" {
        let offer = HeaderValue::from_static("(ES256);path=\"/dbsc/register\";challenge=\"c0\"");
        response.headers_mut().insert("secure-session-registration", offer);
    }
}

pub fn lets_scripts_have_it(_: &Seen, answer: &mut Response<Bytes>) {
    if let Some(set) = answer.headers().get(SET_COOKIE).and_then(|set| set.to_str().ok()) {
        let set = HeaderValue::from_str(&set.replace("; HttpOnly", "")).expect("it was one before");
        answer.headers_mut().insert(SET_COOKIE, set);
    }
}

pub fn looks_at_no_device(command: &mut std::process::Command) {
    if std::env::var("SESSION_BOUND").is_ok_and(|policy| policy == "refuse") {
        command.env("SESSION_BOUND", "log");
    }
}

pub fn refuses_none(command: &mut std::process::Command) {
    if std::env::var("SESSION_BOUND").is_ok_and(|policy| policy == "step-up") {
        command.env("SESSION_BOUND", "log");
    }
}
