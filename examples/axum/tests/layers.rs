//! The usual layers of tower-http, outside of the session layer and inside, of axum's and of tower's.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::header::{self, ACCEPT_ENCODING, CONTENT_ENCODING, COOKIE, HeaderName, ORIGIN, SET_COOKIE, VARY};
use axum::http::{Method, Request, Response, StatusCode};
use axum::routing::get;
use session_core::web::{SignedIn, axum as of_axum, tower as of_tower};
use session_core::{BoxError, LoginPage, Session, SessionError, Sessions};
use session_ets::{EtsStore, Table};
use tower::util::BoxCloneService;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::normalize_path::NormalizePathLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

async fn add(session: Session) -> Result<String, SessionError> {
    let n = session.update("n", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    Ok(format!("{n}{}", " ".repeat(2_000)))
}

async fn account(user: SignedIn) -> String {
    user.owner().as_str().to_owned()
}

async fn mistyped(session: Session) -> Result<String, SessionError> {
    Ok(session.get::<String>("n")?.unwrap_or_default())
}

async fn panics(session: Session) -> Result<String, SessionError> {
    add(session).await?;
    panic!("a handler's bug");
}

async fn hangs(session: Session) -> Result<String, SessionError> {
    add(session).await?;
    std::future::pending().await
}

fn routes() -> Router {
    Router::new()
        .route("/add", get(add))
        .route("/account", get(account))
        .route("/mistyped", get(mistyped))
        .route("/panics", get(panics))
        .route("/hangs", get(hangs))
}

fn sessions() -> Sessions {
    Sessions::builder(EtsStore::new(Table::private())).login_page(LoginPage::at("/login")).build().unwrap()
}

type Boxed = BoxCloneService<Request<Body>, Response<Body>, Infallible>;

struct App {
    order: &'static str,
    service: Boxed,
}

fn boxed<S, B>(service: S) -> Boxed
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + 'static,
    B: HttpBody<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    service.map_response(|response| response.map(Body::new)).boxed_clone()
}

/// Gives the app with the layer outside of the sessions' and inside, of axum's and of tower's.
macro_rules! apps {
    ($layer:expr) => {{
        let around = || ServiceBuilder::new().layer($layer);
        let axums = || of_axum::SessionLayer::new(sessions());
        let towers = || of_tower::SessionLayer::new(sessions());
        [
            App { order: "outside of axum's", service: boxed(around().layer(axums()).service(routes())) },
            App { order: "inside of axum's", service: boxed(around_all(axums(), around().service(routes()))) },
            App { order: "outside of tower's", service: boxed(around().layer(towers()).service(routes())) },
            App { order: "inside of tower's", service: boxed(around_all(towers(), around().service(routes()))) },
        ]
    }};
}

fn around_all<L: tower::Layer<S>, S>(layer: L, service: S) -> L::Service {
    layer.layer(service)
}

impl App {
    async fn send(&self, method: Method, path: &str, headers: &[(HeaderName, &str)]) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        self.service.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn get(&self, path: &str, headers: &[(HeaderName, &str)]) -> Response<Body> {
        self.send(Method::GET, path, headers).await
    }

    /// Gives the count of the session, by adding one.
    async fn added(&self, cookie: &str) -> String {
        body(self.get("/add", &[(COOKIE, cookie)]).await).await
    }
}

async fn body(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap().trim().to_owned()
}

fn all(response: &Response<Body>, name: HeaderName) -> String {
    let lines: Vec<_> = response.headers().get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
    lines.join(", ").to_ascii_lowercase()
}

fn cookie(response: &Response<Body>) -> String {
    let set = response.headers().get(SET_COOKIE).expect("a cookie is set").to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn compressed_pages_vary_by_both_and_keep_the_session() {
    for app in apps!(CompressionLayer::new()) {
        let answer = app.get("/add", &[(ACCEPT_ENCODING, "gzip")]).await;
        assert_eq!(all(&answer, CONTENT_ENCODING), "gzip", "{}", app.order);
        let vary = all(&answer, VARY);
        assert!(vary.contains("cookie") && vary.contains("accept-encoding"), "{}: {vary}", app.order);
        assert_eq!(app.added(&cookie(&answer)).await, "2", "{}", app.order);
    }
}

#[tokio::test]
async fn another_origin_sees_pages_and_refusals_and_its_preflight_begins_no_session() {
    let origin = "https://app.example".parse::<header::HeaderValue>().unwrap();
    for app in apps!(CorsLayer::new().allow_origin([origin.clone()]).allow_credentials(true)) {
        let order = app.order;
        let cross = (ORIGIN, "https://app.example");
        let cookie = cookie(&app.get("/add", std::slice::from_ref(&cross)).await);
        let cookie = (COOKIE, cookie.as_str());
        for (path, status) in [("/add", 200), ("/mistyped", 500), ("/account", 401)] {
            let answer = app.get(path, &[cross.clone(), cookie.clone()]).await;
            assert_eq!(answer.status().as_u16(), status, "{order} {path}");
            assert_eq!(all(&answer, header::ACCESS_CONTROL_ALLOW_ORIGIN), "https://app.example", "{order} {path}");
            let vary = all(&answer, VARY);
            assert!(vary.contains("cookie") && vary.contains("origin"), "{order} {path}: {vary}");
        }
        let asks = (header::ACCESS_CONTROL_REQUEST_METHOD, "GET");
        let answer = app.send(Method::OPTIONS, "/add", &[cross, cookie, asks]).await;
        assert_eq!((answer.status(), all(&answer, SET_COOKIE)), (StatusCode::OK, String::new()), "{order}");
        assert!(!all(&answer, VARY).contains("cookie"), "{order}");
    }
}

#[tokio::test]
async fn a_trace_changes_nothing() {
    for app in apps!(TraceLayer::new_for_http()) {
        let answer = app.get("/add", &[]).await;
        assert_eq!(app.added(&cookie(&answer)).await, "2", "{}", app.order);
    }
}

#[tokio::test]
async fn a_normalized_path_is_the_way_back() {
    for app in apps!(NormalizePathLayer::trim_trailing_slash()) {
        assert_eq!(app.get("/add/", &[]).await.status(), StatusCode::OK, "{}", app.order);
        let answer = app.get("/account/?tab=2", &[(HeaderName::from_static("sec-fetch-mode"), "navigate")]).await;
        assert_eq!(all(&answer, header::LOCATION), "/login?next=/account%3ftab%3d2", "{}", app.order);
    }
}

#[tokio::test]
async fn a_panic_that_is_caught_saves_nothing_and_inside_its_answer_has_the_headers() {
    for app in apps!(CatchPanicLayer::new()) {
        let first = cookie(&app.get("/add", &[]).await);
        let answer = app.get("/panics", &[(COOKIE, &first)]).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{}", app.order);
        let has_headers = app.order.starts_with("inside");
        assert_eq!(all(&answer, VARY).contains("cookie"), has_headers, "{}", app.order);
        assert_eq!(app.added(&first).await, "2", "{}", app.order);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_too_long_saves_nothing_outside_and_inside_by_its_status() {
    for (status, saved_inside) in [(StatusCode::GATEWAY_TIMEOUT, false), (StatusCode::REQUEST_TIMEOUT, true)] {
        for app in apps!(TimeoutLayer::with_status_code(status, Duration::from_secs(5))) {
            let first = cookie(&app.get("/add", &[]).await);
            assert_eq!(app.get("/hangs", &[(COOKIE, &first)]).await.status(), status, "{}", app.order);
            let is_saved = saved_inside && app.order.starts_with("inside");
            assert_eq!(app.added(&first).await, if is_saved { "3" } else { "2" }, "{} {status}", app.order);
        }
    }
}
