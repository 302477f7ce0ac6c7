//! The tower layer and the axum extractors.
#![cfg(feature = "axum")]

mod support;

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, COOKIE, HOST, LOCATION, SET_COOKIE, VARY};
use axum::http::{Extensions, Request, Response, StatusCode};
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use http_body_util::BodyExt;
use session_core::web::tower::SessionLayer;
use session_core::{CloseOutcome, CookieConfig, LazySession, Session, SessionError, Sessions};
use support::faulty::{Fault, Faulty};
use support::{Browser, builder, count, sessions, store};
use tower::{Service, ServiceExt};

async fn send(app: &Router, browser: &mut Browser, path: &str) -> Response<Body> {
    let mut request = Request::get(path).header(HOST, "example.org");
    if let Some(cookie) = &browser.cookie {
        request = request.header(COOKIE, cookie);
    }
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    if let Some(set) = response.headers().get(SET_COOKIE) {
        let set = set.to_str().unwrap();
        browser.cookie = (!set.contains("Max-Age=0")).then(|| set.split(';').next().unwrap().to_owned());
    }
    response
}

fn app(sessions: &Sessions) -> Router {
    async fn add(session: Session) -> Result<String, SessionError> {
        Ok(session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?.to_string())
    }
    async fn read(session: Session) -> String {
        format!("{:?}", session.get::<u64>("n").unwrap())
    }
    async fn redirect(session: Session) -> Redirect {
        count(&session);
        Redirect::to("/read")
    }
    async fn fail(session: Session) -> StatusCode {
        count(&session);
        StatusCode::BAD_GATEWAY
    }
    async fn logout_and_fail(session: Session) -> StatusCode {
        session.destroy();
        StatusCode::INTERNAL_SERVER_ERROR
    }
    async fn cached(session: Session) -> impl IntoResponse {
        count(&session);
        ([(CACHE_CONTROL, "public, max-age=60"), (VARY, "Accept")], "cached")
    }
    async fn wrong_type(session: Session) -> Result<String, SessionError> {
        session.get::<String>("n").map(Option::unwrap_or_default)
    }
    async fn tested(lazy: LazySession) -> String {
        lazy.has_cookie().to_string()
    }
    async fn stream(session: Session) -> Body {
        count(&session);
        let chunks = ["one ", "two"].map(|chunk| Ok::<_, Infallible>(axum::body::Bytes::from(chunk)));
        Body::from_stream(tokio_stream::iter(chunks))
    }
    async fn panics(session: Session) -> StatusCode {
        count(&session);
        panic!("a handler's bug");
    }
    Router::new()
        .route("/add", get(add))
        .route("/read", get(read))
        .route("/redirect", get(redirect))
        .route("/fail", get(fail))
        .route("/logout-and-fail", get(logout_and_fail))
        .route("/cached", get(cached))
        .route("/wrong-type", get(wrong_type))
        .route("/tested", get(tested))
        .route("/stream", get(stream))
        .route("/panics", get(panics))
        .route("/untouched", get(async || "nothing"))
        .layer(SessionLayer::new(sessions.clone()))
}

#[tokio::test]
async fn an_untouched_route_has_no_headers_of_ours_and_a_read_one_varies() {
    let (sessions, _) = sessions(store());
    let app = app(&sessions);
    let mut browser = Browser::default();
    let response = send(&app, &mut browser, "/untouched").await;
    assert!(!response.headers().contains_key(VARY) && !response.headers().contains_key(SET_COOKIE));
    for path in ["/read", "/tested"] {
        let response = send(&app, &mut browser, path).await;
        assert_eq!(response.headers()[VARY], "Cookie");
        assert!(!response.headers().contains_key(SET_COOKIE) && !response.headers().contains_key(CACHE_CONTROL));
    }
    assert_eq!(send(&app, &mut browser, "/missing").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_response_that_sets_the_cookie_is_private() {
    let (sessions, _) = sessions(store());
    let app = app(&sessions);
    let mut browser = Browser::default();
    let response = send(&app, &mut browser, "/cached").await;
    assert_eq!(response.headers()[CACHE_CONTROL], "max-age=60, private");
    assert_eq!(response.headers()[VARY].to_str().unwrap().to_ascii_lowercase(), "accept, cookie");
    assert_eq!(response.extensions().get(), Some(&CloseOutcome::Created));
    // Without a cookie to set, what may be cached is the handler's business.
    let response = send(&app, &mut browser, "/cached").await;
    assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=60");
}

#[tokio::test]
async fn a_redirect_and_a_stream_leave_after_the_session_is_stored() {
    let store = store();
    let (sessions, _) = sessions(store.clone());
    let app = app(&sessions);
    let mut browser = Browser::default();
    let response = send(&app, &mut browser, "/redirect").await;
    assert_eq!((response.status(), &response.headers()[LOCATION]), (StatusCode::SEE_OTHER, &"/read".parse().unwrap()));
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    let response = send(&app, &mut browser, "/stream").await;
    // The head is here, the body is not read yet, and the session is stored.
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "one two");
}

#[tokio::test]
async fn a_server_error_saves_nothing_but_a_logout() {
    let (sessions, _) = sessions(store());
    let app = app(&sessions);
    let mut browser = Browser::default();
    send(&app, &mut browser, "/add").await;
    assert_eq!(send(&app, &mut browser, "/fail").await.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    let old = browser.clone();
    send(&app, &mut browser, "/logout-and-fail").await;
    assert_eq!(browser.cookie, None);
    assert!(!old.is_known(&sessions).await);
}

#[tokio::test]
async fn a_panic_saves_nothing() {
    let (sessions, _) = sessions(store());
    let app = app(&sessions);
    let mut browser = Browser::default();
    send(&app, &mut browser, "/add").await;
    let (router, mut panicking) = (app.clone(), browser.clone());
    let task = tokio::spawn(async move { send(&router, &mut panicking, "/panics").await });
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn a_store_that_fails_is_a_503_without_a_cookie() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let app = app(&sessions);
    let mut browser = Browser::default();
    send(&app, &mut browser, "/add").await;
    for (verb, path) in [("get", "/read"), ("put", "/add")] {
        faulty.next(verb, Fault::Down);
        let response = send(&app, &mut browser, path).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(!response.headers().contains_key(SET_COOKIE));
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
    }
    assert_eq!(send(&app, &mut browser, "/add").await.into_body().collect().await.unwrap().to_bytes(), "2");
}

#[tokio::test]
async fn an_answer_whose_changes_were_dropped_is_not_sent() {
    let (sessions, _) = sessions(store());
    let app = app(&sessions);
    let mut browser = Browser::default();
    send(&app, &mut browser, "/add").await;
    let mut straggler = browser.clone();
    browser.request(&sessions, |session| session.destroy()).await;
    let response = send(&app, &mut straggler, "/add").await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert!(!response.headers().contains_key(SET_COOKIE));
    assert!(response.extensions().get::<Arc<SessionError>>().is_some());
    assert!(response.into_body().collect().await.unwrap().to_bytes().is_empty());
    assert_eq!(send(&app, &mut straggler, "/read").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_error_of_the_sessions_is_a_response() {
    let (sessions, _) = sessions(store());
    let app = app(&sessions);
    let mut browser = Browser::default();
    send(&app, &mut browser, "/add").await;
    let response = send(&app, &mut browser, "/wrong-type").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn a_missing_layer_is_told() {
    let app = Router::new().route("/", get(async |_: Session| "never"));
    let response = send(&app, &mut Browser::default(), "/").await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(std::str::from_utf8(&body).unwrap().contains("SessionLayer"));
}

#[tokio::test]
async fn two_layers_on_one_route_do_not_collide() {
    async fn both(State(shop): State<Sessions>, inner: Session, extensions: Extensions) -> Result<(), SessionError> {
        count(&inner);
        let shop = shop.find(&extensions).expect("its layer is there").load().await?;
        shop.insert("n", 40)
    }
    let store = store();
    let shop = builder(store.clone()).0.cookie(CookieConfig::new("shop")).build().unwrap();
    let admin = builder(store).0.cookie(CookieConfig::new("admin")).build().unwrap();
    let app = Router::new()
        .route("/", get(both))
        .layer(SessionLayer::new(admin.clone()))
        .layer(SessionLayer::new(shop.clone()))
        // Twice is once.
        .layer(SessionLayer::new(shop.clone()))
        .with_state(shop.clone());
    let response = app.oneshot(Request::get("/").body(Body::empty()).unwrap()).await.unwrap();
    let cookies: Vec<_> = response.headers().get_all(SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    for cookie in cookies {
        let browser = Browser::with(cookie.split(';').next().unwrap());
        let (name, n) = (cookie.starts_with("__Host-shop="), browser.read(&shop, "n").await);
        assert_eq!(n, name.then_some(40));
        assert_eq!(browser.read(&admin, "n").await, (!name).then_some(1));
    }
}

#[tokio::test]
async fn a_development_cookie_is_refused_but_on_loopback() {
    let sessions = builder(store()).0.cookie(CookieConfig::development()).build().unwrap();
    let app = app(&sessions);
    for (host, status) in [("localhost:3000", StatusCode::OK), ("example.org", StatusCode::INTERNAL_SERVER_ERROR)] {
        let request = Request::get("/add").header(HOST, host).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{host}");
        assert_eq!(response.headers().contains_key(SET_COOKIE), status == StatusCode::OK);
    }
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
    let mut service = tower::Layer::layer(&SessionLayer::new(sessions.clone()), service);
    let response = service.ready().await.unwrap().call(Request::new(())).await.unwrap();
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap();
    assert_eq!(Browser::with(cookie.split(';').next().unwrap()).read(&sessions, "n").await, Some(1));
}
