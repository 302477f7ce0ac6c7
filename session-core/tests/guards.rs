//! Guards: who is signed in, where the others are sent, and where they come back.
#![cfg(feature = "axum")]

mod support;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Query;
use axum::http::header::{CACHE_CONTROL, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{Request, Response, StatusCode};
use axum::response::{Html, IntoResponse, Redirect};
use axum::routing::{any, get};
use http_body_util::BodyExt;
use serde::Deserialize;
use session_core::web::axum::SessionLayer;
use session_core::web::{SignedIn, SignedInWithin};
use session_core::{BuildError, LoginPage, ManualClock, Next, Owner, Session, SessionError, SessionsBuilder};
use support::faulty::{Fault, Faulty};
use support::{builder, store};
use tower::ServiceExt;

#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    next: Next,
}

async fn log_in(session: Session, Query(Login { next }): Query<Login>) -> Result<Redirect, SessionError> {
    session.log_in(Owner::new("ann")?)?;
    Ok(Redirect::to(next.as_str()))
}

async fn account(ann: SignedIn) -> String {
    ann.owner().as_str().to_owned()
}

fn app() -> Router {
    let orders = Router::new().route("/open", get(account));
    Router::new()
        .route("/login", any(log_in))
        .route("/account", any(account))
        .route("/secret", any(|ann: SignedInWithin<300>| async move { ann.owner().as_str().to_owned() }))
        .route("/who", any(|owner: Owner| async move { owner.as_str().to_owned() }))
        .route(
            "/maybe",
            any(|ann: Option<SignedIn>| async move { format!("{:?}", ann.map(|ann| ann.owner().clone())) }),
        )
        .route("/lately", any(|ann: Option<SignedInWithin<300>>| async move { ann.is_some().to_string() }))
        .route("/perhaps", any(|owner: Option<Owner>| async move { owner.is_some().to_string() }))
        .route("/any", any(|session: Option<Session>| async move { session.is_some().to_string() }))
        .nest("/orders", orders)
}

/// One browser before an app.
struct Visitor {
    app: Router,
    clock: ManualClock,
    cookie: Option<String>,
}

/// What a browser says of a click.
const PAGE: &[(&str, &str)] = &[("sec-fetch-mode", "navigate"), ("accept", "text/html,*/*;q=0.8")];

impl Visitor {
    fn new(set: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> Self {
        let (builder, clock) = builder(store());
        let sessions = set(builder).build().unwrap();
        Self { app: app().layer(SessionLayer::new(sessions)), clock, cookie: None }
    }

    fn with_login_page() -> Self {
        Self::new(|builder| builder.login_page(LoginPage::at("/login").with_step_up("/login?again=1")))
    }

    async fn send(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let response = self.app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        if let Some(cookie) = response.headers().get(SET_COOKIE) {
            self.cookie = Some(cookie.to_str().unwrap().split(';').next().unwrap().to_owned());
        }
        response
    }

    async fn text(&mut self, target: &str) -> (u16, String) {
        let response = self.send("GET", target, &[]).await;
        let status = response.status().as_u16();
        (status, String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    }
}

fn location(response: &Response<Body>) -> Option<&str> {
    response.headers().get(LOCATION).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_browser_signs_in_and_comes_back_to_the_page_it_wanted() {
    let mut visitor = Visitor::with_login_page();
    let sent = visitor.send("GET", "/account?tab=2&sort=up", PAGE).await;
    assert_eq!(sent.status(), StatusCode::SEE_OTHER);
    assert_eq!(sent.headers()[CACHE_CONTROL], "no-store");
    let login = location(&sent).unwrap().to_owned();
    assert_eq!(login, "/login?next=/account%3Ftab%3D2%26sort%3Dup");
    let back = visitor.send("GET", &login, PAGE).await;
    assert_eq!(location(&back), Some("/account?tab=2&sort=up"));
    assert_eq!(visitor.text("/account?tab=2&sort=up").await, (200, "ann".to_owned()));
    assert_eq!(visitor.text("/who").await, (200, "ann".to_owned()));
}

#[tokio::test]
async fn within_nested_routes_the_way_back_is_the_whole_path() {
    let mut visitor = Visitor::with_login_page();
    let sent = visitor.send("GET", "/orders/open", PAGE).await;
    assert_eq!(location(&sent), Some("/login?next=/orders/open"));
}

#[tokio::test]
async fn the_way_back_leads_to_no_other_site() {
    let mut visitor = Visitor::with_login_page();
    for next in
        ["//evil.example", "https://evil.example", "/%5Cevil.example", "/%09/evil.example", "%2F%2Fevil.example"]
    {
        let back = visitor.send("GET", &format!("/login?next={next}"), PAGE).await;
        assert_eq!(location(&back), Some("/"), "{next}");
    }
    // A path that a browser would take for another site's is not offered either.
    let app = Router::new().fallback(account);
    visitor.cookie = None;
    let sessions = builder(store()).0.login_page(LoginPage::at("/login")).build().unwrap();
    visitor.app = app.layer(SessionLayer::new(sessions));
    assert_eq!(location(&visitor.send("GET", "//evil.example/", PAGE).await), Some("/login"));
}

#[tokio::test]
async fn who_is_no_browser_on_its_way_to_a_page_is_answered_401() {
    let mut visitor = Visitor::with_login_page();
    let script = &[("sec-fetch-mode", "cors"), ("accept", "text/html")][..];
    for headers in [&[][..], script, &[("accept", "application/json")], &[("accept", "*/*")]] {
        for path in ["/account", "/who", "/secret"] {
            let refused = visitor.send("GET", path, headers).await;
            assert_eq!((refused.status(), location(&refused)), (StatusCode::UNAUTHORIZED, None), "{path} {headers:?}");
            assert_eq!(refused.headers()[CACHE_CONTROL], "no-store");
        }
    }
    assert_eq!(visitor.text("/account").await.1, "Sign in to see this, or sign in again.\n");
    // A browser from before there was `Sec-Fetch-Mode`.
    let old = visitor.send("GET", "/account", &[("accept", "application/xml;q=0.9, Text/HTML;level=1")]).await;
    assert_eq!(old.status(), StatusCode::SEE_OTHER);
    // Without a login page everybody is.
    let refused = Visitor::new(|builder| builder).send("GET", "/account", PAGE).await;
    assert_eq!((refused.status(), location(&refused)), (StatusCode::UNAUTHORIZED, None));
}

#[tokio::test]
async fn what_was_sent_is_not_come_back_to() {
    let mut visitor = Visitor::with_login_page();
    let sent = visitor.send("POST", "/account", PAGE).await;
    assert_eq!((sent.status(), location(&sent)), (StatusCode::SEE_OTHER, Some("/login")));
}

#[tokio::test]
async fn an_old_proof_is_confirmed_where_the_application_says() {
    let mut visitor = Visitor::with_login_page();
    visitor.send("GET", "/login", PAGE).await;
    assert_eq!(visitor.text("/secret").await, (200, "ann".to_owned()));
    visitor.clock.advance(Duration::from_secs(301));
    assert_eq!(visitor.text("/account").await.0, 200);
    assert_eq!((visitor.text("/secret").await.0, visitor.text("/lately").await.1), (401, "false".to_owned()));
    let sent = visitor.send("GET", "/secret", PAGE).await;
    assert_eq!(location(&sent), Some("/login?again=1&next=/secret"));
    let to = location(&sent).unwrap().to_owned();
    assert_eq!(location(&visitor.send("GET", &to, PAGE).await), Some("/secret"));
    assert_eq!(visitor.text("/secret").await.0, 200);
    // Who is nobody is sent to the login.
    visitor.cookie = None;
    assert_eq!(location(&visitor.send("GET", "/secret", PAGE).await), Some("/login?next=/secret"));
}

#[tokio::test]
async fn an_option_is_none_for_nobody_and_an_error_for_a_store_that_fails() {
    let mut visitor = Visitor::with_login_page();
    assert_eq!(visitor.text("/maybe").await, (200, "None".to_owned()));
    for (path, told) in [("/lately", "false"), ("/perhaps", "false"), ("/any", "true")] {
        assert_eq!(visitor.text(path).await, (200, told.to_owned()), "{path}");
    }
    visitor.send("GET", "/login", PAGE).await;
    assert_eq!(visitor.text("/maybe").await, (200, "Some(Owner(\"ann\"))".to_owned()));
    for path in ["/lately", "/perhaps"] {
        assert_eq!(visitor.text(path).await, (200, "true".to_owned()), "{path}");
    }
    let faulty = Faulty::new(store());
    let faults = faulty.clone();
    let sessions = builder(faulty).0.build().unwrap();
    visitor.app = app().layer(SessionLayer::new(sessions));
    for path in ["/maybe", "/lately", "/perhaps", "/any", "/account"] {
        faults.next("get", Fault::Down);
        assert_eq!(visitor.text(path).await.0, 503, "{path}");
    }
    visitor.app = app();
    assert_eq!(visitor.text("/any").await, (200, "false".to_owned()));
    assert_eq!(visitor.text("/account").await.0, 500);
}

#[tokio::test]
async fn an_application_answers_by_itself_and_the_browser_is_led_all_the_same() {
    let mut visitor = Visitor::with_login_page();
    let sessions = builder(store()).0.login_page(LoginPage::at("/login")).build().unwrap();
    visitor.app = app().layer(SessionLayer::new(sessions).on_error(|error| match error {
        SessionError::SignIn(needed) if needed.location().is_none() => Html("<h1>Who are you?</h1>").into_response(),
        error => StatusCode::from_u16(error.http_status()).unwrap().into_response(),
    }));
    assert_eq!(visitor.text("/account").await, (200, "<h1>Who are you?</h1>".to_owned()));
    assert_eq!(location(&visitor.send("GET", "/account", PAGE).await), Some("/login?next=/account"));
}

#[test]
fn a_login_page_of_another_site_is_refused() {
    for page in
        [LoginPage::at("https://id.example/"), LoginPage::at("/login").with_step_up("//id.example"), LoginPage::at("")]
    {
        let refused = builder(store()).0.login_page(page).build().unwrap_err();
        assert!(matches!(refused, BuildError::LoginPage { .. }), "{refused}");
    }
}
