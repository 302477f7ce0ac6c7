//! The tower layer and the axum extractors.
#![cfg(feature = "axum")]

mod adapter;
mod support;

use std::convert::Infallible;
use std::sync::Arc;

use adapter::{Answer, Client, Shop, adapter_tests, own, wants_own_answers};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, COOKIE, VARY};
use axum::http::{Extensions, Request, Response, StatusCode, Version};
use axum::response::{IntoResponse, Redirect};
use axum::routing::any;
use http_body_util::BodyExt;
use session_core::web::SessionOf;
use session_core::web::axum::SessionLayer;
use session_core::{CloseOutcome, CookieConfig, LazySession, Owner, Session, SessionError, Sessions};
use support::faulty::{Fault, Faulty};
use support::{Browser, builder, count, sessions, store};
use tower::ServiceExt;

async fn add(session: Session) -> Result<String, SessionError> {
    Ok(session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?.to_string())
}

async fn named(session: SessionOf<Shop>) -> Result<String, SessionError> {
    add(session.into_session()).await
}

async fn read(session: Session) -> Result<String, SessionError> {
    Ok(format!("{:?}", session.get::<u64>("n")?))
}

async fn tested(lazy: LazySession) -> String {
    lazy.has_cookie().to_string()
}

async fn redirect(session: Session) -> Redirect {
    count(&session);
    Redirect::to("/read")
}

async fn stream(session: Session) -> Body {
    count(&session);
    let chunks = ["one ", "two"].map(|chunk| Ok::<_, Infallible>(Bytes::from(chunk)));
    Body::from_stream(tokio_stream::iter(chunks))
}

async fn cached(session: Session) -> impl IntoResponse {
    count(&session);
    ([(CACHE_CONTROL, "public, max-age=60"), (VARY, "Accept")], "cached")
}

async fn fail(session: Session) -> StatusCode {
    count(&session);
    StatusCode::BAD_GATEWAY
}

async fn broken(session: Session) -> axum::response::Result<String> {
    count(&session);
    Err((StatusCode::BAD_GATEWAY, "broken").into())
}

async fn refused(session: Session) -> axum::response::Result<String> {
    count(&session);
    Err((StatusCode::UNPROCESSABLE_ENTITY, "refused").into())
}

async fn logout_and_fail(session: Session) -> StatusCode {
    session.destroy();
    StatusCode::INTERNAL_SERVER_ERROR
}

async fn wrong_type(session: Session) -> Result<String, SessionError> {
    session.get::<String>("n").map(Option::unwrap_or_default)
}

async fn end_wrongly(session: Session) -> Result<String, SessionError> {
    session.destroy();
    Err(SessionError::ResponseSent)
}

async fn log_in_nobody(session: Session) -> axum::response::Result<()> {
    Ok(session.log_in(Owner::new("")?)?)
}

async fn both(
    State(sessions): State<Vec<Sessions>>,
    inner: Session,
    extensions: Extensions,
) -> Result<(), SessionError> {
    count(&inner);
    sessions[0].find(&extensions).expect("its layer is there").load().await?.insert("n", 40)
}

async fn panics(session: Session) -> StatusCode {
    count(&session);
    panic!("a handler's bug");
}

fn app(sessions: &[Sessions]) -> Router {
    let app = Router::new()
        .route("/add", any(add))
        .route("/named", any(named))
        .route("/read", any(read))
        .route("/tested", any(tested))
        .route("/redirect", any(redirect))
        .route("/stream", any(stream))
        .route("/cached", any(cached))
        .route("/fail", any(fail))
        .route("/broken", any(broken))
        .route("/refused", any(refused))
        .route("/logout-and-fail", any(logout_and_fail))
        .route("/wrong-type", any(wrong_type))
        .route("/end-wrongly", any(end_wrongly))
        .route("/log-in-nobody", any(log_in_nobody))
        .route("/both", any(both))
        .route("/panics", any(panics))
        .route("/untouched", any(async || "nothing"))
        .with_state(sessions.to_vec());
    sessions.iter().rev().fold(app, |app, sessions| app.layer(layer(sessions)))
}

fn layer(sessions: &Sessions) -> SessionLayer {
    let layer = SessionLayer::new(sessions.clone());
    if !wants_own_answers(sessions) {
        return layer;
    }
    layer.on_error(|error| {
        let status = error.http_status();
        (StatusCode::from_u16(status).unwrap(), own(status))
    })
}

async fn send(app: Router, method: &str, path: &str, headers: &[(&'static str, String)]) -> Response<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
    app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn body(response: Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

struct Site(Router);

async fn start(sessions: Vec<Sessions>) -> Site {
    Site(app(&sessions))
}

impl Client for Site {
    async fn send(&self, method: &str, path: &str, headers: &[(&'static str, String)]) -> Answer {
        let answer = send(self.0.clone(), method, path, headers).await;
        let headers = answer.headers().iter();
        Answer {
            status: answer.status().as_u16(),
            headers: headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect(),
            body: body(answer).await,
        }
    }
}

adapter_tests!(start);

#[tokio::test]
async fn a_stream_is_read_after_the_session_is_stored() {
    let (sessions, _) = sessions(store());
    let (mut app, browser) = (app(std::slice::from_ref(&sessions)), Browser::default());
    let request = Request::get("/stream").body(Body::empty()).unwrap();
    let answer = browser.send(&mut app, request).await.deliver();
    // The head is here, and the body is not read yet.
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    assert_eq!(body(answer).await, "one two");
}

#[tokio::test]
async fn what_is_outside_finds_the_outcome_or_the_error() {
    let faulty = Faulty::new(store());
    let app = app(&[sessions(faulty.clone()).0]);
    let answer = send(app.clone(), "GET", "/read", &[]).await;
    assert_eq!(answer.extensions().get::<CloseOutcome>(), None);
    let answer = send(app.clone(), "GET", "/add", &[]).await;
    assert_eq!(answer.extensions().get(), Some(&CloseOutcome::Created));
    faulty.next("put", Fault::Down);
    let answer = send(app, "GET", "/add", &[]).await;
    assert!(matches!(**answer.extensions().get::<Arc<SessionError>>().unwrap(), SessionError::Store(_)));
    assert_eq!(body(answer).await, SessionError::Indeterminate.http_text());
}

#[tokio::test]
async fn what_cannot_be_an_owner_is_answered_as_the_error_of_a_session() {
    let named = |name| builder(store()).0.cookie(CookieConfig::new(name)).build().unwrap();
    for (name, text) in [("session", "This name cannot be used to sign in.\n".to_owned()), ("own", own(422))] {
        let answer = start(vec![named(name)]).await.send("GET", "/log-in-nobody", &[]).await;
        assert_eq!((answer.status, answer.body), (422, text));
    }
}

#[tokio::test]
async fn a_development_cookie_is_refused_without_a_host_to_a_client_that_may_leave_it_out() {
    let app = app(&[builder(store()).0.cookie(CookieConfig::development()).build().unwrap()]);
    let request = Request::get("/add").version(Version::HTTP_10).body(Body::empty()).unwrap();
    assert_eq!(app.oneshot(request).await.unwrap().status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_missing_layer_is_named() {
    assert!(body(send(app(&[]), "GET", "/read", &[]).await).await.contains("SessionLayer"));
}

#[tokio::test]
async fn a_panic_saves_nothing() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let (app, cookie) = (app(std::slice::from_ref(&sessions)), browser.cookie().unwrap());
    let panicked = tokio::spawn(async move { send(app, "GET", "/panics", &[(COOKIE.as_str(), cookie)]).await });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn any_service_that_speaks_http_can_have_the_layer() {
    let (sessions, _) = sessions(store());
    let found = sessions.clone();
    let service = tower::service_fn(move |request: Request<()>| {
        let lazy = found.find(request.extensions());
        async move {
            count(&lazy.expect("the layer is there").load().await.unwrap());
            Ok::<_, Infallible>(Response::new(()))
        }
    });
    let mut service = tower::Layer::layer(&session_core::web::tower::SessionLayer::new(sessions.clone()), service);
    let browser = Browser::default();
    browser.send(&mut service, Request::new(())).await.deliver();
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}
