//! What the faults do: to requests, to responses, and in the place of handlers.

#![allow(unreachable_pub, reason = "two programs have this module for a part of their own")]

use std::collections::HashMap;
use std::env;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue, SET_COOKIE};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use example_demo::Demo;
use session_conformance::session_core::{CloseOutcome, LazySession, Owner, SessionKey};

use crate::adapter::{Handling, Incoming, Seen, status};
use crate::routes;

/// What the server that is this process remembers, against all reason.
static REMEMBERED: Mutex<Option<HashMap<String, String>>> = Mutex::new(None);

fn remembered() -> MutexGuard<'static, Option<HashMap<String, String>>> {
    REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remember(key: &str, value: &str) {
    remembered().get_or_insert_default().insert(key.to_owned(), value.to_owned());
}

fn recall(key: &str) -> Option<String> {
    remembered().as_ref()?.get(key).cloned()
}

/// Gives the cookies that a response sets, each as name, value and the rest.
pub fn set(response: &Response) -> Vec<(String, String, String)> {
    let line = |line: &HeaderValue| {
        let line = String::from_utf8_lossy(line.as_bytes()).into_owned();
        let (cookie, rest) = line.split_once(';').unwrap_or((&line, ""));
        let (name, value) = cookie.split_once('=')?;
        Some((name.to_owned(), value.to_owned(), rest.to_owned()))
    };
    response.headers().get_all(SET_COOKIE).iter().filter_map(line).collect()
}

fn is_removal(rest: &str) -> bool {
    rest.contains("Max-Age=0")
}

pub fn add(response: &mut Response, cookie: &str) {
    response.headers_mut().append(SET_COOKIE, HeaderValue::from_str(cookie).expect("it is ASCII"));
}

/// Writes each cookie that is set anew.
pub fn rewrite(response: &mut Response, new: impl Fn(&str, &str, &str) -> Option<String>) {
    let cookies = set(response);
    response.headers_mut().remove(SET_COOKIE);
    for (name, value, rest) in cookies {
        if let Some(cookie) = new(&name, &value, &rest) {
            add(response, &cookie);
        }
    }
}

/// Writes each cookie that is set without an attribute, where `when` says so of the rest.
fn without(response: &mut Response, attribute: &str, when: fn(&str) -> bool) {
    rewrite(response, |name, value, rest| {
        let kept = rest.split(';').map(str::trim).filter(|it| !(it.starts_with(attribute) && when(rest)));
        Some(format!("{name}={value}; {}", kept.collect::<Vec<_>>().join("; ")))
    });
}

pub fn sets_one_for_every_visitor(seen: &Seen, response: &mut Response) {
    if seen.cookies.is_empty() && set(response).is_empty() {
        add(response, "__Host-Http-faulty-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; Path=/; Secure");
    }
}

pub fn loses_http_only(_: &Seen, response: &mut Response) {
    without(response, "HttpOnly", |rest| !is_removal(rest));
}

pub fn loses_path_on_removal(_: &Seen, response: &mut Response) {
    without(response, "Path", is_removal);
}

pub fn loses_max_age(_: &Seen, response: &mut Response) {
    without(response, "Max-Age", |rest| !is_removal(rest));
}

pub fn always_secure(_: &Seen, response: &mut Response) {
    rewrite(response, |name, value, rest| {
        Some(format!("{name}={value};{rest}{}", if rest.contains("Secure") { "" } else { "; Secure" }))
    });
}

pub fn sets_it_again(seen: &Seen, response: &mut Response) {
    if let [(name, value), ..] = &seen.cookies[..]
        && set(response).is_empty()
    {
        add(response, &format!("{}={value}; Path=/; Secure; HttpOnly; SameSite=Lax", name.trim()));
    }
}

pub fn refuses_malformed(incoming: &mut Incoming) -> Option<StatusCode> {
    let is_fine =
        |(_, value): &(String, String)| value.bytes().all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it));
    (!incoming.cookies().iter().all(is_fine)).then_some(StatusCode::BAD_REQUEST)
}

pub fn takes_the_first(incoming: &mut Incoming) -> Option<StatusCode> {
    let mut cookies = incoming.cookies();
    cookies.truncate(1);
    incoming.set_cookies(&cookies);
    None
}

/// `set_cookies` trims as `str::trim` does.
pub fn trims_unicode(incoming: &mut Incoming) -> Option<StatusCode> {
    let cookies = incoming.cookies();
    incoming.set_cookies(&cookies);
    None
}

/// Takes another id for the one that came, if it remembers one.
pub fn translates(incoming: &mut Incoming) -> Option<StatusCode> {
    let mut cookies = incoming.cookies();
    for (_, value) in &mut cookies {
        while let Some(other) = recall(value).filter(|other| other != value) {
            *value = other;
        }
    }
    if !cookies.is_empty() {
        incoming.set_cookies(&cookies);
    }
    None
}

/// Remembers the new id under the one that the browser has.
fn alias(seen: &Seen, response: &Response) -> bool {
    let Some((_, old)) = seen.cookies.first() else { return false };
    let new = set(response).into_iter().find(|(.., rest)| !is_removal(rest));
    new.map(|(_, new, _)| remember(old, &new)).is_some()
}

pub fn adopts(seen: &Seen, response: &mut Response) {
    if seen.cookies.iter().any(|(_, value)| value.bytes().all(|byte| byte == b'A')) && alias(seen, response) {
        let old = seen.cookies[0].1.clone();
        rewrite(response, |name, _, rest| Some(format!("{name}={old};{rest}")));
    }
}

pub fn keeps_the_id(seen: &Seen, response: &mut Response) {
    if alias(seen, response) {
        response.headers_mut().remove(SET_COOKIE);
    }
}

pub fn keeps_the_old_alive(seen: &Seen, response: &mut Response) {
    alias(seen, response);
}

pub fn removes(response: &mut Response) {
    add(response, "__Host-Http-faulty-session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0");
}

/// Tells whether changes were dropped.
fn is_dropped(response: &Response) -> bool {
    let outcome = response.extensions().get();
    response.status() == 409 || matches!(outcome, Some(CloseOutcome::Gone | CloseOutcome::Discarded))
}

pub fn removes_what_is_gone(_: &Seen, response: &mut Response) {
    if is_dropped(response) {
        removes(response);
    }
}

pub fn removes_on_failure(_: &Seen, response: &mut Response) {
    if response.status() == 503 {
        removes(response);
    }
}

pub fn removal_alone(demo: Demo, session: LazySession, incoming: Incoming) -> Handling {
    Box::pin(async move {
        if incoming.path() != "/logout" {
            return routes::handle(demo, session, incoming).await;
        }
        let mut answer = example_demo::Answer::default();
        let cookie = "__Host-Http-faulty-session=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0";
        answer.headers_mut().insert(SET_COOKIE, HeaderValue::from_static(cookie));
        answer
    })
}

pub fn says_done(_: &Seen, response: &mut Response) {
    if is_dropped(response) {
        in_its_place(response);
    }
}

pub fn writes_each_time(demo: Demo, session: LazySession, incoming: Incoming) -> Handling {
    static SEEN: AtomicU64 = AtomicU64::new(0);
    Box::pin(async move {
        if session.has_cookie()
            && let Ok(session) = session.load().await
        {
            let _ = session.insert("seen", SEEN.fetch_add(1, Ordering::Relaxed));
        }
        routes::handle(demo, session, incoming).await
    })
}

pub fn stops_the_clock(incoming: &mut Incoming) -> Option<StatusCode> {
    if incoming.path() != "/test/clock" {
        return None;
    }
    // Answered as if it had been moved.
    incoming.head.uri = Uri::from_static("/test/clock?advance_ms=0");
    None
}

/// Reads, waits, and writes what it read and one more.
pub fn gets_then_inserts(demo: Demo, session: LazySession, mut incoming: Incoming) -> Handling {
    Box::pin(async move {
        let query = incoming.query().to_owned();
        if !query.ends_with(",add") {
            return routes::handle(demo, session, incoming).await;
        }
        let target = format!("{}?{}", incoming.path(), query.trim_end_matches(",add"));
        incoming.head.uri = target.parse().expect("it was one before");
        let loaded = match session.load().await {
            Ok(loaded) => loaded,
            Err(error) => return routes::failed(&demo, &error),
        };
        let count = loaded.get::<u32>("count").ok().flatten().unwrap_or(0);
        let answer = routes::handle(demo, session, incoming).await;
        let _ = loaded.insert("count", count + 1);
        answer
    })
}

pub fn shows_messages_again(seen: &Seen, response: &mut Response) {
    const WELCOME: &str =
        r#"{"user":"Ann","visits":21,"cart":[],"flash":[{"level":"success","message":"Welcome, Ann."}]}"#;
    if seen.path == "/" && seen.method == "GET" {
        response.headers_mut().remove("content-length");
        *response.body_mut() = Body::from(WELCOME);
    }
}

pub fn stays_public(seen: &Seen, response: &mut Response) {
    if let Some(value) = &seen.cache_control {
        response.headers_mut().insert(CACHE_CONTROL, value.clone());
    }
}

pub fn private_where_read(_: &Seen, response: &mut Response) {
    if response.headers().contains_key("vary") {
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private"));
    }
}

pub fn shows_the_id(seen: &Seen, response: &mut Response) {
    let shown = seen.cookies.first().and_then(|(_, value)| HeaderValue::from_str(value).ok());
    if let Some(value) = shown {
        response.headers_mut().insert(HeaderName::from_static("x-session"), value);
    }
}

pub fn logs_requests(incoming: &mut Incoming) -> Option<StatusCode> {
    eprintln!("{} {} {:?}", incoming.method(), incoming.path(), incoming.head.headers);
    None
}

pub fn is_500(_: &Seen, response: &mut Response) {
    if response.status() == 503 {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
}

pub fn in_its_place(response: &mut Response) {
    let mut done = status(StatusCode::OK);
    *done.body_mut() = Body::from(r#"{"count":0}"#);
    done.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    *response = done;
}

pub fn too_slow_is_empty(seen: &Seen, response: &mut Response) {
    if response.status() == 503 && env::var_os("SESSION_TIMEOUT_MS").is_some() && seen.path == "/count" {
        in_its_place(response);
    }
}

pub fn anonymous_starts_anew(_: &Seen, response: &mut Response) {
    if is_dropped(response) && env::var("SESSION_ON_FAILURE").is_ok_and(|policy| policy == "anonymous") {
        add(response, "__Host-Http-faulty-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; Path=/; Secure");
    }
}

pub fn lists_the_current_alone(demo: Demo, session: LazySession, incoming: Incoming) -> Handling {
    Box::pin(async move {
        if incoming.path() != "/sessions" {
            return routes::handle(demo, session, incoming).await;
        }
        let key = match session.load().await {
            Ok(session) => session.owner().and(session.session_key()),
            Err(error) => return routes::failed(&demo, &error),
        };
        match key {
            None => routes::handle(demo, session, incoming).await,
            Some(key) => example_demo::Answer::new(format!(r#"[{{"key":"{}","current":true}}]"#, key.encode()).into()),
        }
    })
}

pub fn ends_anybodys(demo: Demo, session: LazySession, incoming: Incoming) -> Handling {
    Box::pin(async move {
        let path = incoming.path().to_owned();
        let key = path.strip_prefix("/sessions/").and_then(|rest| rest.strip_suffix("/end"));
        if let Some(key) = key.and_then(|key| SessionKey::parse(key.as_bytes()))
            && let Ok(true) = demo.sessions().revoke(&key).await
        {
            return example_demo::Answer::new("[]".into());
        }
        routes::handle(demo, session, incoming).await
    })
}

pub fn ends_itself_too(demo: Demo, session: LazySession, incoming: Incoming) -> Handling {
    Box::pin(async move {
        if incoming.path() == "/sessions/end-others"
            && let Ok(session) = session.load().await
            && let Some(owner) = session.owner()
        {
            let _ = demo.sessions().revoke_all(&owner, None).await;
            return example_demo::Answer::new("[]".into());
        }
        routes::handle(demo, session, incoming).await
    })
}

pub fn keeps_the_cookie_of_an_end(seen: &Seen, response: &mut Response) {
    if seen.path.ends_with("/end") {
        response.headers_mut().remove(SET_COOKIE);
    }
}

pub fn ends_the_newest(demo: Demo, session: LazySession, incoming: Incoming) -> Handling {
    Box::pin(async move {
        let name = String::from_utf8_lossy(&incoming.body).replace("name=", "");
        if incoming.path() == "/login"
            && let Ok(owner) = Owner::new(name)
            && let Ok(sessions) = demo.sessions().list(&owner).await
            && sessions.len() >= 2
            && let Some(newest) = sessions.iter().max_by_key(|it| it.created_at())
        {
            let _ = demo.sessions().revoke(&newest.session_key()).await;
        }
        routes::handle(demo, session, incoming).await
    })
}

pub fn remembers_signatures(_: &Seen, response: &mut Response) {
    for (_, value, _) in set(response) {
        if let Some((id, _)) = value.split_once('.') {
            remember(id, &value);
        }
    }
}

/// Signs what is not signed.
pub fn takes_unsigned(incoming: &mut Incoming) -> Option<StatusCode> {
    let mut cookies = incoming.cookies();
    for (_, value) in &mut cookies {
        if let Some(signed) = recall(value) {
            *value = signed;
        }
    }
    if !cookies.is_empty() {
        incoming.set_cookies(&cookies);
    }
    None
}

/// Takes what it has signed itself, which it does by the first key.
pub fn knows_the_first_key(incoming: &mut Incoming) -> Option<StatusCode> {
    if env::var("SESSION_KEYS").is_ok_and(|keys| keys.contains(',')) {
        let mut cookies = incoming.cookies();
        cookies.retain(|(_, value)| value.split_once('.').is_some_and(|(id, _)| recall(id).is_some()));
        incoming.set_cookies(&cookies);
    }
    None
}
