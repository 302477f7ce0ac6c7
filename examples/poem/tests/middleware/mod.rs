//! poem's middleware around the sessions, in both orders.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use poem::endpoint::BoxEndpoint;
use poem::http::StatusCode;
use poem::http::header::{
    ACCEPT, ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_ENCODING, COOKIE, LOCATION, ORIGIN, SET_COOKIE, VARY,
};
use poem::middleware::{CatchPanic, Compression, Cors, NormalizePath, Tracing, TrailingSlash};
use poem::test::{TestClient, TestResponse};
use poem::{Endpoint, EndpointExt, Error, IntoResponse, Middleware, Result, Route, get, handler, post};
use session_core::web::poem::{SessionHeaders, SessionMiddleware};
use session_core::web::{SignedIn, SignedInWithin};
use session_core::{LoginPage, Owner, Session, SessionError, Sessions};
use session_ets::{EtsStore, Table};

#[handler]
async fn add(session: Session) -> Result<String> {
    Ok(session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?.to_string())
}

#[handler]
async fn leave(session: Session) {
    session.log_out();
}

#[handler]
async fn leave_and_panic(session: Session) {
    session.log_out();
    panic!("a handler's bug");
}

#[handler]
async fn log_in(session: Session) -> Result<&'static str> {
    session.log_in(Owner::new("ann")?)?;
    Ok("welcome")
}

#[handler]
async fn long(session: Session) -> Result<String, SessionError> {
    session.insert("seen", true)?;
    Ok("word ".repeat(1000))
}

#[handler]
async fn club(owner: Owner) -> String {
    format!("hello, {}", owner.as_str())
}

#[handler]
async fn vault(user: SignedInWithin<300>) -> String {
    format!("hello again, {}", user.owner().as_str())
}

/// poem's own `Option` gives none for whatever went wrong; its `Result` tells.
#[handler]
async fn perhaps(user: Option<SignedIn>, session: Result<Session>) -> Result<String> {
    Ok(format!("{} {}", user.is_some(), session?.is_new()))
}

fn routes() -> Route {
    let members = Route::new().at("/club", get(club)).at("/vault", get(vault));
    Route::new()
        .at("/add", get(add).post(add))
        .at("/leave", post(leave))
        .at("/leave-and-panic", post(leave_and_panic))
        .at("/login", get(log_in))
        .at("/long", get(long))
        .at("/perhaps", get(perhaps))
        .nest("/members", members)
}

fn sessions() -> SessionMiddleware {
    let login = LoginPage::at("/login");
    SessionMiddleware::new(Sessions::builder(EtsStore::new(Table::private())).login_page(login).build().unwrap())
}

type App = TestClient<BoxEndpoint<'static>>;

fn client(app: impl Endpoint + 'static) -> App {
    TestClient::new(app.map_to_response().boxed())
}

/// The app with one middleware, outside of the sessions and inside of them.
fn in_both_orders<M: Middleware<BoxEndpoint<'static>>>(middleware: impl Fn() -> M) -> [App; 2]
where
    M::Output: 'static,
{
    let outside = middleware().transform(routes().with(sessions()).map_to_response().boxed());
    let inside = middleware().transform(routes().map_to_response().boxed()).with(sessions());
    [client(outside), client(inside)]
}

fn all(answer: &TestResponse, name: impl poem::http::header::AsHeaderName) -> String {
    let lines: Vec<_> = answer.0.headers().get_all(name).iter().map(|line| line.to_str().unwrap()).collect();
    lines.join(", ").to_ascii_lowercase()
}

async fn cookie(app: &App, path: &str) -> String {
    let answer = app.get(path).send().await;
    answer.0.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// Has a visitor write whose session has ended meanwhile.
async fn too_late(app: &App) -> TestResponse {
    let cookie = cookie(app, "/add").await;
    app.post("/leave").header(COOKIE, &cookie).send().await;
    let answer = app.post("/add").header(COOKIE, &cookie).header(ORIGIN, "https://app.example").send().await;
    answer.assert_status(StatusCode::CONFLICT);
    answer
}

#[tokio::test]
async fn compression_goes_either_way() {
    for app in in_both_orders(Compression::new) {
        let answer = app.get("/long").header(ACCEPT_ENCODING, "gzip").send().await;
        answer.assert_header(CONTENT_ENCODING, "gzip");
        assert_eq!(answer.0.headers().get_all(SET_COOKIE).iter().count(), 1);
        assert!(all(&answer, VARY).contains("cookie"));
    }
}

async fn of_another_origin(app: &App) -> (String, bool) {
    let answer = app.get("/add").header(ORIGIN, "https://app.example").send().await;
    answer.assert_header(ACCESS_CONTROL_ALLOW_ORIGIN, "https://app.example");
    assert!(answer.0.headers().contains_key(SET_COOKIE));
    let refused = too_late(app).await;
    (all(&answer, VARY), refused.0.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN))
}

#[tokio::test]
async fn cors_belongs_between_the_sessions_and_what_adds_their_headers() {
    let app = client(routes().with(sessions()).with(Cors::new()).with(SessionHeaders));
    assert_eq!(of_another_origin(&app).await, ("origin, cookie".to_owned(), true));
    let [outside, inside] = in_both_orders(Cors::new);
    assert_eq!(
        of_another_origin(&inside).await,
        ("origin, cookie".to_owned(), false),
        "no answer of the sessions has it"
    );
    assert_eq!(of_another_origin(&outside).await, ("origin".to_owned(), true), "poem's `Cors` overwrites `Vary`");
}

#[tokio::test]
async fn a_path_is_normalized_either_way() {
    for app in in_both_orders(|| NormalizePath::new(TrailingSlash::Trim)) {
        let answer = app.get("/add/").send().await;
        answer.assert_status_is_ok();
        assert_eq!(answer.0.headers().get_all(SET_COOKIE).iter().count(), 1);
    }
}

#[tokio::test]
async fn a_panic_is_caught_either_way_and_inside_its_answer_has_the_headers() {
    let [outside, inside] = in_both_orders(CatchPanic::new);
    for (app, removed) in [(outside, 0), (inside, 1)] {
        let cookie = cookie(&app, "/add").await;
        let answer = app.post("/leave-and-panic").header(COOKIE, &cookie).send().await;
        answer.assert_status(StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.0.headers().get_all(SET_COOKIE).iter().count(), removed);
    }
}

/// A log in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn tracing_outside_sees_the_final_status_and_its_span_has_what_the_session_did() {
    let [outside, inside] = in_both_orders(Tracing::default);
    for (app, is_outside) in [(outside, true), (inside, false)] {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false);
        let guard = tracing::subscriber::set_default(subscriber.with_max_level(tracing::Level::DEBUG).finish());
        too_late(&app).await;
        drop(guard);
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(log.lines().any(|line| line.contains("status=409")), is_outside, "{log}");
        let created = log.lines().find(|line| line.contains("created")).unwrap();
        assert_eq!(created.contains("request{"), is_outside, "{log}");
    }
}

#[tokio::test]
async fn guards_send_browsers_to_the_login_from_nested_routes_too() {
    let dress = async |error: Error| format!("sorry: {error}").with_status(error.status());
    let app = client(routes().with(sessions()).catch_all_error(dress).with(SessionHeaders));
    for path in ["/members/club", "/members/vault"] {
        app.get(path).send().await.assert_status(StatusCode::UNAUTHORIZED);
        let browser = app.get(path).header(ACCEPT, "text/html").send().await;
        browser.assert_status(StatusCode::SEE_OTHER);
        browser.assert_header(LOCATION, format!("/login?next={path}"));
    }
    app.get("/perhaps").send().await.assert_text("false true").await;
    let cookie = cookie(&app, "/login").await;
    app.get("/members/club").header(COOKIE, &cookie).send().await.assert_text("hello, ann").await;
    app.get("/members/vault").header(COOKIE, &cookie).send().await.assert_text("hello again, ann").await;
    app.get("/perhaps").header(COOKIE, &cookie).send().await.assert_text("true false").await;
}
