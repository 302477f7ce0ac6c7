//! An app of README's size, in which every error that a visitor or a newcomer can meet is seen as they see it.
#![cfg(feature = "axum")]

mod support;

use std::num::NonZeroUsize;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use axum::{Router, response::Html};
use http_body_util::BodyExt;
use session_core::cookie::CookieTransport;
use session_core::web::SessionOf;
use session_core::web::axum::SessionLayer;
use session_core::{
    CookieConfig, Owner, OwnerLimitAction, Session, SessionError, SessionStore, Sessions, SessionsBuilder,
};
use support::faulty::{Fault, Faulty};
use support::{builder, store};
use tower::{ServiceBuilder, ServiceExt};
use tower_http::trace::TraceLayer;

struct Admin;

async fn visits(session: Session) -> Result<String, SessionError> {
    let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    Ok(format!("visit no. {visits}"))
}

async fn log_in(session: Session, name: String) -> Result<String, SessionError> {
    session.log_in(Owner::new(name)?)?;
    Ok("welcome".to_owned())
}

async fn redeem(session: Session) -> Result<String, SessionError> {
    Ok(session.take::<u32>("visits")?.map_or("no ticket".to_owned(), |n| format!("ticket {n}")))
}

async fn fill(session: Session) -> Result<(), SessionError> {
    session.insert("filling", "x".repeat(100_000))
}

async fn mistyped(session: Session) -> Result<String, SessionError> {
    Ok(session.get::<String>("visits")?.unwrap_or_default())
}

async fn audit(admin: SessionOf<Admin>) -> Result<String, SessionError> {
    Ok(format!("{:?}", admin.get::<u32>("visits")?))
}

fn routes() -> Router {
    Router::new()
        .route("/", get(visits).post(visits))
        .route("/login", post(log_in))
        .route("/redeem", get(redeem))
        .route("/fill", post(fill))
        .route("/mistyped", get(mistyped))
        .route("/audit", get(audit))
}

/// The app as README has it, with tracing inside of the sessions in one `ServiceBuilder`.
fn app(sessions: Sessions) -> Router {
    routes().layer(ServiceBuilder::new().layer(SessionLayer::new(sessions)).layer(TraceLayer::new_for_http()))
}

/// What a visitor sees.
#[derive(Debug)]
struct Seen {
    status: StatusCode,
    cookie: Option<String>,
    content_type: String,
    body: String,
}

async fn visit(app: &Router, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Seen {
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|header| header.0 == HOST.as_str()) {
        request = request.header(HOST, "localhost:3000");
    }
    request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let answer = app.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let text = |name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (status, cookie, content_type) = (answer.status(), text(SET_COOKIE), text(CONTENT_TYPE).unwrap_or_default());
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let cookie = cookie.map(|set| set.split(';').next().unwrap().to_owned());
    Seen { status, cookie, content_type, body: String::from_utf8(body.to_vec()).unwrap() }
}

/// Checks that an answer is that status, with a text that says what to do.
fn is(seen: &Seen, status: u16, says: &str) {
    assert_eq!(seen.status, status, "{seen:?}");
    assert!(seen.content_type.starts_with("text/plain") && seen.body.contains(says), "{seen:?}");
    assert_eq!(seen.cookie, None, "{seen:?}");
}

fn with(store: impl SessionStore, set: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> Router {
    app(set(builder(store).0).build().unwrap())
}

#[tokio::test]
async fn a_store_that_is_down_is_a_503_that_says_to_try_again() {
    let faulty = Faulty::new(store());
    let app = with(faulty.clone(), |it| it);
    let cookie = visit(&app, "GET", "/", &[], "").await.cookie.unwrap();
    for verb in ["get", "put"] {
        faulty.next(verb, Fault::Down);
        is(&visit(&app, "GET", "/", &[(COOKIE.as_str(), &cookie)], "").await, 503, "Try again in a while");
    }
    let seen = visit(&app, "GET", "/", &[(COOKIE.as_str(), &cookie)], "").await;
    assert_eq!((seen.status, seen.body.as_str()), (StatusCode::OK, "visit no. 2"), "and nothing was lost");
}

#[tokio::test]
async fn a_form_of_a_session_that_ended_is_a_409_that_says_to_reload_and_a_page_is_shown() {
    let store = store();
    let sessions = builder(store.clone()).0.build().unwrap();
    let app = app(sessions.clone());
    let cookie = visit(&app, "GET", "/", &[], "").await.cookie.unwrap();
    let mut browser = support::Browser::default();
    browser.plant(&format!("{cookie}; Path=/; Secure; HttpOnly")).unwrap();
    browser.request(&sessions, Session::log_out).await;
    is(&visit(&app, "POST", "/", &[(COOKIE.as_str(), &cookie)], "").await, 409, "reload the page");
    assert_eq!(visit(&app, "GET", "/", &[(COOKIE.as_str(), &cookie)], "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_ticket_that_another_request_took_is_a_409_also_for_a_page() {
    let faulty = Faulty::new(store());
    let app = with(faulty.clone(), |it| it);
    let cookie = visit(&app, "GET", "/", &[], "").await.cookie.unwrap();
    let headers = [(COOKIE.as_str(), &*cookie)];
    // The one waits before it is stored, until the other one was.
    faulty.next("put", Fault::Wait);
    let redeem = || visit(&app, "GET", "/redeem", &headers, "");
    let (lost, won) = tokio::join!(redeem(), faulty.while_waiting(redeem));
    assert_eq!((won.status, won.body.as_str()), (StatusCode::OK, "ticket 1"));
    is(&lost, 409, "try again");
}

#[tokio::test]
async fn what_is_too_much_or_no_name_or_one_session_too_many_says_so() {
    let app = with(store(), |it| it.max_sessions_per_owner(NonZeroUsize::MIN, OwnerLimitAction::Refuse));
    is(&visit(&app, "POST", "/fill", &[], "").await, 413, "more than can be kept");
    is(&visit(&app, "POST", "/login", &[], "").await, 422, "name");
    assert_eq!(visit(&app, "POST", "/login", &[], "ann").await.status, StatusCode::OK);
    is(&visit(&app, "POST", "/login", &[], "ann").await, 429, "Sign out in one of them");
}

#[tokio::test]
async fn what_the_program_got_wrong_says_nothing_of_the_inside() {
    let app = with(store(), |it| it);
    let cookie = visit(&app, "GET", "/", &[], "").await.cookie.unwrap();
    let seen = visit(&app, "GET", "/mistyped", &[(COOKIE.as_str(), &cookie)], "").await;
    is(&seen, 500, "trying again will not help");
    assert!(!seen.body.contains("visits"), "{seen:?}");
}

#[tokio::test]
async fn what_a_newcomer_forgot_is_named() {
    is(&visit(&routes(), "GET", "/", &[], "").await, 500, "`SessionLayer`");
    is(&visit(&with(store(), |it| it), "GET", "/audit", &[], "").await, 500, "`named`");
}

#[tokio::test]
async fn two_with_one_cookie_open_nothing() {
    let sessions = || builder(store()).0.build().unwrap();
    let app = app(sessions()).layer(SessionLayer::new(sessions()));
    is(&visit(&app, "GET", "/", &[], "").await, 500, "Something is wrong on this server");
}

#[tokio::test]
async fn a_development_cookie_is_for_ones_own_machine() {
    let app = with(store(), |it| it.cookie(CookieConfig::development()));
    assert!(visit(&app, "GET", "/", &[], "").await.cookie.is_some());
    is(&visit(&app, "GET", "/", &[(HOST.as_str(), "192.168.1.20:3000")], "").await, 500, "wrong on this server");
    is(&visit(&app, "GET", "/", &[("x-forwarded-for", "203.0.113.7")], "").await, 500, "wrong on this server");

    let forced = CookieConfig::development().with_transport(CookieTransport::HttpAnywhere);
    let app = with(store(), |it| it.cookie(forced));
    assert!(visit(&app, "GET", "/", &[(HOST.as_str(), "192.168.1.20:3000")], "").await.cookie.is_some());
}

#[tokio::test]
async fn the_application_answers_all_of_them_its_own_way() {
    let faulty = Faulty::new(store());
    let sessions = builder(faulty.clone()).0.build().unwrap();
    let layer = SessionLayer::new(sessions).on_error(|error| {
        let status = StatusCode::from_u16(error.http_status()).unwrap();
        (status, Html(format!("<h1>{}</h1>", error.http_text())))
    });
    let app = routes().layer(ServiceBuilder::new().layer(layer).layer(TraceLayer::new_for_http()));
    let cookie = visit(&app, "GET", "/", &[], "").await.cookie.unwrap();
    let headers = [(COOKIE.as_str(), &*cookie)];
    let mut answers = vec![visit(&app, "GET", "/mistyped", &headers, "").await];
    for verb in ["get", "put"] {
        faulty.next(verb, Fault::Down);
        answers.push(visit(&app, "GET", "/", &headers, "").await);
    }
    for seen in answers {
        assert!(seen.status.is_server_error() && seen.content_type.starts_with("text/html"), "{seen:?}");
        assert!(seen.body.starts_with("<h1>"), "{seen:?}");
    }
}
