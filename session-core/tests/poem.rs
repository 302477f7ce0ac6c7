//! The middleware and the extractors for poem.
#![cfg(feature = "poem")]

mod adapter;
mod support;

use std::sync::Arc;
use std::time::Duration;

use adapter::{Answer, Client, Shop, adapter_tests, own, wants_own_answers};
use poem::endpoint::BoxEndpoint;
use poem::error::ResponseError;
use poem::http::StatusCode;
use poem::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE, VARY};
use poem::middleware::AddData;
use poem::web::Data;
use poem::{Body, Endpoint, EndpointExt, Error, IntoResponse, Request, Response, Route, handler};
use session_core::web::SessionOf;
use session_core::web::poem::{SessionHeaders, SessionMiddleware};
use session_core::{CloseOutcome, CookieConfig, LazySession, Owner, Session, SessionError, Sessions};
use support::faulty::{Fault, Faulty};
use support::{Browser, builder, count, sessions, store};

#[handler]
async fn add(session: Session) -> Result<String, SessionError> {
    Ok(session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?.to_string())
}

#[handler]
async fn named(session: SessionOf<Shop>) -> Result<String, SessionError> {
    Ok(session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?.to_string())
}

#[handler]
async fn read(session: Session) -> Result<String, SessionError> {
    Ok(format!("{:?}", session.get::<u64>("n")?))
}

#[handler]
async fn tested(lazy: LazySession) -> String {
    lazy.has_cookie().to_string()
}

#[handler]
async fn redirect(session: Session) -> Response {
    count(&session);
    StatusCode::SEE_OTHER.with_header(LOCATION, "/read").into_response()
}

#[handler]
async fn stream(session: Session) -> Response {
    count(&session);
    let chunks = ["one ", "two"].map(Ok::<_, std::io::Error>);
    Body::from_bytes_stream(tokio_stream::iter(chunks)).into_response()
}

#[handler]
async fn cached(session: Session) -> Response {
    count(&session);
    "cached".with_header(CACHE_CONTROL, "public, max-age=60").with_header(VARY, "Accept").into_response()
}

#[handler]
async fn fail(session: Session) -> StatusCode {
    count(&session);
    StatusCode::BAD_GATEWAY
}

#[handler]
async fn broken(session: Session) -> Result<String, Error> {
    count(&session);
    Err(Error::from_string("broken", StatusCode::BAD_GATEWAY))
}

#[handler]
async fn refused(session: Session) -> Result<String, Error> {
    count(&session);
    Err(Error::from_string("refused", StatusCode::UNPROCESSABLE_ENTITY))
}

#[handler]
async fn logout_and_fail(session: Session) -> StatusCode {
    session.destroy();
    StatusCode::INTERNAL_SERVER_ERROR
}

#[handler]
async fn wrong_type(session: Session) -> Result<String, SessionError> {
    session.get::<String>("n").map(Option::unwrap_or_default)
}

#[handler]
async fn both(request: &Request, inner: Session, outermost: Data<&Sessions>) -> Result<(), SessionError> {
    count(&inner);
    outermost.find(request.extensions()).expect("its middleware is there").load().await?.insert("n", 40)
}

#[handler]
async fn end_wrongly(session: Session) -> Result<String, SessionError> {
    session.destroy();
    Err(SessionError::ResponseSent)
}

#[handler]
async fn panics(session: Session) -> StatusCode {
    count(&session);
    panic!("a handler's bug");
}

#[handler]
async fn hangs(session: Session) -> StatusCode {
    session.destroy();
    std::future::pending().await
}

#[handler]
async fn untouched() -> &'static str {
    "nothing"
}

fn app(sessions: &[Sessions]) -> BoxEndpoint<'static> {
    let app = Route::new()
        .at("/add", add)
        .at("/named", named)
        .at("/read", read)
        .at("/tested", tested)
        .at("/redirect", redirect)
        .at("/stream", stream)
        .at("/cached", cached)
        .at("/fail", fail)
        .at("/broken", broken)
        .at("/refused", refused)
        .at("/logout-and-fail", logout_and_fail)
        .at("/wrong-type", wrong_type)
        .at("/end-wrongly", end_wrongly)
        .at("/both", both)
        .at("/panics", panics)
        .at("/hangs", hangs)
        .at("/untouched", untouched)
        .boxed();
    let app =
        sessions.first().cloned().into_iter().fold(app, |app, outermost| app.with(AddData::new(outermost)).boxed());
    sessions.iter().rev().fold(app, |app, sessions| app.with(middleware(sessions)).boxed())
}

fn middleware(sessions: &Sessions) -> SessionMiddleware {
    let middleware = SessionMiddleware::new(sessions.clone());
    if !wants_own_answers(sessions) {
        return middleware;
    }
    middleware.on_error(|error| {
        let status = error.http_status();
        own(status).with_status(StatusCode::from_u16(status).unwrap())
    })
}

async fn send(sessions: &[Sessions], method: &str, path: &str, headers: &[(&'static str, String)]) -> Response {
    ask(&app(sessions), method, path, headers).await
}

async fn ask(app: &impl Endpoint, method: &str, path: &str, headers: &[(&'static str, String)]) -> Response {
    let request = Request::builder().method(method.parse().unwrap()).uri(path.parse().unwrap());
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    app.get_response(request.finish()).await
}

struct Site(BoxEndpoint<'static>);

async fn start(sessions: Vec<Sessions>) -> Site {
    Site(app(&sessions))
}

impl Client for Site {
    async fn send(&self, method: &str, path: &str, headers: &[(&'static str, String)]) -> Answer {
        let answer = ask(&self.0, method, path, headers).await;
        let headers = answer.headers().iter();
        Answer {
            status: answer.status().as_u16(),
            headers: headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect(),
            body: answer.into_body().into_string().await.unwrap(),
        }
    }
}

adapter_tests!(start);

/// What every adapter must do, where the headers are added further out.
mod with_the_headers_added_outside {
    use super::*;

    async fn start(sessions: Vec<Sessions>) -> Site {
        Site(app(&sessions).with(SessionHeaders).boxed())
    }

    adapter_tests!(start);
}

/// An error of an application.
#[derive(Debug, thiserror::Error)]
#[error("out of stock")]
struct OutOfStock;

impl ResponseError for OutOfStock {
    fn status(&self) -> StatusCode {
        StatusCode::CONFLICT
    }
}

#[handler]
async fn order(session: Session) -> Result<String, OutOfStock> {
    count(&session);
    Err(OutOfStock)
}

#[handler]
async fn order_without_a_session() -> Result<String, OutOfStock> {
    Err(OutOfStock)
}

#[handler]
async fn nameless(session: Session) -> Result<(), Error> {
    Ok(session.log_in(Owner::new("")?)?)
}

/// An application that answers its errors outside of the sessions.
fn ordering(sessions: &Sessions) -> BoxEndpoint<'static> {
    let routes = Route::new()
        .at("/order", order)
        .at("/unasked", order_without_a_session)
        .at("/wrong-type", wrong_type)
        .at("/nameless", nameless)
        .at("/add", add);
    routes
        .with(middleware(sessions))
        .catch_error(async |_: OutOfStock| "caught".with_status(StatusCode::NOT_FOUND))
        .catch_all_error(async |error: Error| format!("all: {error}").with_status(error.status()))
        .map_to_response()
        .boxed()
}

async fn told(app: &impl Endpoint, path: &str) -> (u16, String, Vec<String>) {
    let answer = ask(app, "GET", path, &[]).await;
    let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let cookie = header(SET_COOKIE).map(|cookie| cookie.split('=').next().unwrap().to_owned());
    let headers = [header(VARY), header(CACHE_CONTROL), cookie].into_iter().flatten().collect();
    (answer.status().as_u16(), answer.into_body().into_string().await.unwrap(), headers)
}

const OF_A_WRITE: [&str; 3] = ["Cookie", "private", "__Host-Http-session"];

#[tokio::test]
async fn errors_are_caught_outside_and_what_leaves_has_the_headers_that_are_added_there() {
    let app = ordering(&sessions(store()).0).with(SessionHeaders);
    assert_eq!(told(&app, "/order").await, (404, "caught".to_owned(), OF_A_WRITE.map(str::to_owned).to_vec()));
    assert_eq!(told(&app, "/unasked").await, (404, "caught".to_owned(), vec![]));
    assert_eq!(told(&app, "/missing").await, (404, "all: not found".to_owned(), vec![]));
    let answer = ask(&app.with(SessionHeaders), "GET", "/order", &[]).await;
    assert_eq!(answer.headers().get_all(SET_COOKIE).iter().count(), 1, "twice is once");
}

#[tokio::test]
async fn without_them_errors_are_caught_outside_unless_the_handler_asked_for_its_session() {
    let app = ordering(&sessions(store()).0);
    assert_eq!(told(&app, "/order").await, (409, "out of stock".to_owned(), OF_A_WRITE.map(str::to_owned).to_vec()));
    assert_eq!(told(&app, "/unasked").await, (404, "caught".to_owned(), vec![]));
    assert_eq!(told(&app, "/missing").await, (404, "all: not found".to_owned(), vec![]));
}

#[tokio::test]
async fn an_error_that_nobody_catches_has_the_headers_and_the_outcome() {
    let app = Route::new().at("/order", order).with(middleware(&sessions(store()).0)).with(SessionHeaders);
    let answer = ask(&app, "GET", "/order", &[]).await;
    assert_eq!((answer.status().as_u16(), answer.data()), (409, Some(&CloseOutcome::Created)));
    assert!(answer.headers().contains_key(SET_COOKIE));
}

#[tokio::test]
async fn what_the_application_answers_by_itself_is_no_error_further_out() {
    let own = builder(store()).0.cookie(CookieConfig::new("own")).build().unwrap();
    let app = ordering(&own).with(SessionHeaders);
    let mut browser = Browser::default();
    let site = Site(app.map_to_response().boxed());
    browser.get(&site, "/add").await;
    assert_eq!(browser.get(&site, "/wrong-type").await.body, adapter::own(500));
    assert_eq!(browser.get(&site, "/nameless").await.body, adapter::own(422));
}

#[tokio::test]
async fn what_is_outside_finds_the_outcome_or_the_error() {
    let faulty = Faulty::new(store());
    let sessions = [sessions(faulty.clone()).0];
    let answer = send(&sessions, "GET", "/read", &[]).await;
    assert_eq!(answer.data::<CloseOutcome>(), None);
    let answer = send(&sessions, "GET", "/add", &[]).await;
    assert_eq!(answer.data(), Some(&CloseOutcome::Created));
    faulty.next("put", Fault::Down);
    let answer = send(&sessions, "GET", "/add", &[]).await;
    assert!(matches!(**answer.data::<Arc<SessionError>>().unwrap(), SessionError::Store(_)));
}

#[tokio::test]
async fn a_missing_middleware_is_named() {
    let answer = send(&[], "GET", "/read", &[]).await;
    assert!(answer.into_body().into_string().await.unwrap().contains("SessionMiddleware"));
}

#[tokio::test]
async fn a_panic_saves_nothing() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let (list, cookie) = ([sessions.clone()], browser.cookie().unwrap());
    let panicked = tokio::spawn(async move { send(&list, "GET", "/panics", &[("cookie", cookie)]).await.status() });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_its_handler_and_its_logout_is_done() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let (list, cookie) = ([sessions.clone()], browser.cookie().unwrap());
    faulty.calls();
    let hanging = tokio::spawn(async move { send(&list, "GET", "/hangs", &[("cookie", cookie)]).await.status() });
    let limit = Duration::from_secs(10);
    let loaded = async {
        while faulty.calls().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(limit, loaded).await.expect("the handler runs");
    hanging.abort();
    assert!(hanging.await.unwrap_err().is_cancelled());
    let ended = async {
        while browser.is_known(&sessions).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(limit, ended).await.expect("the logout is done");
}
