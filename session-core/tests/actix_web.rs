//! The middleware and the extractors for actix-web.
#![cfg(feature = "actix-web")]

mod adapter;
mod support;

use std::convert::Infallible;
use std::time::Duration;

use actix_web::body::{BoxBody, to_bytes};
use actix_web::dev::{Service, ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE, VARY};
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Bytes, Data, resource, to};
use actix_web::{App, Error, HttpRequest, HttpResponse, error};
use adapter::{Answer, Client, Shop, adapter_tests, own, wants_own_answers};
use session_core::web::SessionOf;
use session_core::web::actix_web::SessionMiddleware;
use session_core::web::{SessionRejection, SignedIn, SignedInWithin};
use session_core::{CloseOutcome, CookieConfig, LazySession, LoginPage, Owner, Session, SessionError, Sessions};
use support::faulty::{Fault, Faulty};
use support::{Browser, builder, count, sessions, store};
use tokio::task::{LocalSet, spawn_local};

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

async fn redirect(session: Session) -> HttpResponse {
    count(&session);
    HttpResponse::SeeOther().insert_header((LOCATION, "/read")).finish()
}

async fn stream(session: Session) -> HttpResponse {
    count(&session);
    let chunks = ["one ", "two"].map(|chunk| Ok::<_, Infallible>(Bytes::from(chunk)));
    HttpResponse::Ok().streaming(tokio_stream::iter(chunks))
}

async fn cached(session: Session) -> HttpResponse {
    count(&session);
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=60"))
        .insert_header((VARY, "Accept"))
        .body("cached")
}

async fn fail(session: Session) -> HttpResponse {
    count(&session);
    HttpResponse::BadGateway().finish()
}

async fn broken(session: Session) -> Result<String, Error> {
    count(&session);
    Err(error::ErrorBadGateway("broken"))
}

async fn refused(session: Session) -> Result<String, Error> {
    count(&session);
    Err(error::ErrorUnprocessableEntity("refused"))
}

async fn logout_and_fail(session: Session) -> HttpResponse {
    session.destroy();
    HttpResponse::InternalServerError().finish()
}

async fn wrong_type(session: Session) -> Result<String, SessionError> {
    session.get::<String>("n").map(Option::unwrap_or_default)
}

async fn end_wrongly(session: Session) -> Result<String, SessionError> {
    session.destroy();
    Err(SessionError::ResponseSent)
}

async fn log_in_nobody(session: Session) -> Result<String, Error> {
    session.log_in(Owner::new("")?)?;
    Ok(String::new())
}

async fn both(request: HttpRequest, inner: Session, outermost: Data<Sessions>) -> Result<String, SessionError> {
    count(&inner);
    outermost.find(&request).expect("its middleware is there").load().await?.insert("n", 40)?;
    Ok(String::new())
}

async fn account(user: SignedIn) -> String {
    user.owner().as_str().to_owned()
}

/// Tells nobody from an outage, which an `Option` does not.
async fn tried(user: Result<SignedIn, Error>) -> Result<String, Error> {
    match user {
        Ok(user) => Ok(user.owner().as_str().to_owned()),
        Err(error) if matches!(error.as_error(), Some(SessionError::SignIn(_))) => Ok("nobody".to_owned()),
        Err(error) => Err(error),
    }
}

async fn panics(session: Session) -> String {
    count(&session);
    panic!("a handler's bug");
}

async fn hangs(session: Session) -> String {
    session.destroy();
    std::future::pending().await
}

/// A middleware of somebody else's that turns everybody away.
async fn turn_away(mut request: ServiceRequest, _: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, Error> {
    count(&request.extract::<Session>().await?);
    Err(error::ErrorUnauthorized("turned away"))
}

fn app(
    outermost: Option<&Sessions>,
) -> App<
    impl ServiceFactory<ServiceRequest, Config = (), Response = ServiceResponse, Error = Error, InitError = ()> + use<>,
> {
    let app = App::new()
        .route("/add", to(add))
        .route("/named", to(named))
        .route("/read", to(read))
        .route("/tested", to(tested))
        .route("/redirect", to(redirect))
        .route("/stream", to(stream))
        .route("/cached", to(cached))
        .route("/fail", to(fail))
        .route("/broken", to(broken))
        .route("/refused", to(refused))
        .route("/logout-and-fail", to(logout_and_fail))
        .route("/wrong-type", to(wrong_type))
        .route("/end-wrongly", to(end_wrongly))
        .route("/log-in-nobody", to(log_in_nobody))
        .route("/both", to(both))
        .route("/account", to(account))
        .route("/who", to(async |owner: Owner| owner.as_str().to_owned()))
        .route("/secret", to(async |user: SignedInWithin<300>| user.owner().as_str().to_owned()))
        .route("/maybe", to(async |owner: Option<Owner>| format!("{owner:?}")))
        .route("/tried", to(tried))
        .route("/panics", to(panics))
        .route("/hangs", to(hangs))
        .route("/untouched", to(async || "nothing"))
        .service(resource("/turned-away").wrap(from_fn(turn_away)).route(to(async || "never")));
    match outermost {
        Some(outermost) => app.app_data(Data::new(outermost.clone())),
        None => app,
    }
}

/// Calls an app with a request, and gives what it answers or fails with.
macro_rules! call {
    ($app:expr, $request:expr) => {
        match init_service($app).await.call($request).await {
            Ok(answer) => answer.into_parts().1.map_into_boxed_body(),
            Err(error) => error.error_response(),
        }
    };
}

fn layer(sessions: &Sessions) -> SessionMiddleware {
    let middleware = SessionMiddleware::new(sessions.clone());
    if !wants_own_answers(sessions) {
        return middleware;
    }
    middleware.on_error(|error| {
        let status = error.http_status();
        HttpResponse::build(StatusCode::from_u16(status).unwrap()).body(own(status))
    })
}

fn request(method: &str, path: &str, headers: &[(&'static str, String)]) -> TestRequest {
    let request = TestRequest::with_uri(path).method(method.parse().unwrap());
    headers.iter().fold(request, |request, (name, value)| request.insert_header((*name, value.as_str())))
}

async fn send(sessions: &[Sessions], request: TestRequest) -> HttpResponse {
    let (request, app) = (request.to_request(), app(sessions.first()));
    match sessions {
        [] => call!(app, request),
        [one] => call!(app.wrap(layer(one)), request),
        [one, two] => call!(app.wrap(layer(two)).wrap(layer(one)), request),
        [one, two, three] => call!(app.wrap(layer(three)).wrap(layer(two)).wrap(layer(one)), request),
        _ => panic!("no test has as many"),
    }
}

struct Site(Vec<Sessions>);

async fn start(sessions: Vec<Sessions>) -> Site {
    Site(sessions)
}

impl Client for Site {
    async fn send(&self, method: &str, path: &str, headers: &[(&'static str, String)]) -> Answer {
        let answer = send(&self.0, request(method, path, headers)).await;
        let headers = answer.headers().iter();
        Answer {
            status: answer.status().as_u16(),
            headers: headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect(),
            body: String::from_utf8(to_bytes(answer.into_body()).await.unwrap().to_vec()).unwrap(),
        }
    }
}

adapter_tests!(start);

#[tokio::test]
async fn an_error_of_an_inner_middleware_stays_one_and_has_the_headers() {
    let (sessions, _) = sessions(store());
    let app = init_service(app(None).wrap(layer(&sessions))).await;
    let error = app.call(request("GET", "/turned-away", &[]).to_request()).await.unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.as_response_error().status_code()),
        ("turned away", StatusCode::UNAUTHORIZED)
    );
    for _ in 0..2 {
        let response = error.error_response();
        let cookie = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
        let mut browser = Browser::default();
        browser.plant(cookie).unwrap();
        assert_eq!(browser.read(&sessions, "n").await, Some(1));
        assert_eq!(response.headers().get(VARY).unwrap(), "Cookie");
    }
}

#[tokio::test]
async fn what_looks_at_actixs_errors_finds_the_sessions() {
    let faulty = Faulty::new(store());
    let sessions = [sessions(faulty.clone()).0];
    for (verb, path) in [("get", "/read"), ("put", "/add")] {
        let mut browser = Browser::default();
        browser.request(&sessions[0], count).await;
        faulty.next(verb, Fault::Down);
        let answer = send(&sessions, request("GET", path, &[("cookie", browser.cookie().unwrap())])).await;
        assert!(matches!(answer.error().unwrap().as_error(), Some(SessionError::Store(_))), "{verb}");
    }
    let answer = send(&[], request("GET", "/read", &[])).await;
    assert!(matches!(answer.error().unwrap().as_error(), Some(SessionRejection::NotOpened { .. })));
    assert!(answer.error().unwrap().to_string().contains("SessionMiddleware"));
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
async fn a_development_cookie_is_refused_without_a_host_to_who_comes_from_a_network() {
    let sessions = [builder(store()).0.cookie(CookieConfig::development()).build().unwrap()];
    let from_afar = request("GET", "/add", &[]).peer_addr("192.0.2.7:4711".parse().unwrap());
    assert_eq!(send(&sessions, from_afar).await.status(), StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn who_is_signed_in_passes_and_the_others_are_sent_to_the_login_page() {
    let (builder, clock) = builder(store());
    let sessions = builder.login_page(LoginPage::at("/login").with_step_up("/again")).build().unwrap();
    let site = start(vec![sessions.clone()]).await;
    let page = ("sec-fetch-mode", "navigate".to_owned());
    for path in ["/account?tab=2", "/who?tab=2", "/secret?tab=2"] {
        let sent = site.send("GET", path, std::slice::from_ref(&page)).await;
        let location = format!("/login?next={}%3Ftab%3D2", path.split('?').next().unwrap());
        assert_eq!((sent.status, sent.one("location")), (303, Some(location.as_str())));
        assert_eq!((sent.one("cache-control"), sent.one("vary")), (Some("no-store"), Some("Cookie")), "{path}");
        let refused = site.send("GET", path, &[]).await;
        assert_eq!((refused.status, refused.one("location")), (401, None), "{path}");
    }
    assert_eq!(site.send("GET", "/maybe", &[]).await.body, "None");
    assert_eq!(site.send("GET", "/tried", &[]).await.body, "nobody");

    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
    for path in ["/account", "/who", "/secret", "/tried"] {
        assert_eq!(browser.get(&site, path).await.body, "ann", "{path}");
    }
    assert_eq!(browser.get(&site, "/maybe").await.body, "Some(Owner(\"ann\"))");
    clock.advance(Duration::from_secs(301));
    let cookie = ("cookie", browser.cookie().unwrap());
    let sent = site.send("GET", "/secret", &[page, cookie]).await;
    assert_eq!((sent.status, sent.one("location")), (303, Some("/again?next=/secret")));
}

#[tokio::test]
async fn an_application_answers_a_guard_by_itself_and_the_browser_is_led_all_the_same() {
    let (builder, _) = builder(store());
    let sessions = builder.cookie(CookieConfig::new("own")).login_page(LoginPage::at("/login")).build().unwrap();
    let site = start(vec![sessions]).await;
    let sent = site.send("GET", "/account", &[("accept", "text/html".to_owned())]).await;
    assert_eq!((sent.status, sent.one("location")), (303, Some("/login?next=/account")));
    assert_eq!(sent.body, own(303));
}

#[tokio::test]
async fn an_option_hides_a_store_that_fails_and_a_result_does_not() {
    let faulty = Faulty::new(store());
    let sessions = sessions(faulty.clone()).0;
    let site = start(vec![sessions.clone()]).await;
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    for (path, status) in [("/maybe", 200), ("/tried", 503), ("/account", 503)] {
        faulty.next("get", Fault::Down);
        assert_eq!(browser.get(&site, path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn an_answer_that_is_sent_tells_the_outcome() {
    let sessions = [sessions(store()).0];
    let answer = send(&sessions, request("GET", "/read", &[])).await;
    assert_eq!(answer.extensions().get::<CloseOutcome>(), None);
    let answer = send(&sessions, request("GET", "/add", &[])).await;
    assert_eq!(answer.extensions().get(), Some(&CloseOutcome::Created));
}

#[tokio::test]
async fn a_panic_saves_nothing() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let (list, cookie) = ([sessions.clone()], browser.cookie().unwrap());
    let panicked = async move { send(&list, request("GET", "/panics", &[("cookie", cookie)])).await.status() };
    assert!(LocalSet::new().run_until(async { spawn_local(panicked).await }).await.unwrap_err().is_panic());
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
    let hanging = async move { send(&list, request("GET", "/hangs", &[("cookie", cookie)])).await.status() };
    let limit = Duration::from_secs(10);
    let hung_up = async {
        let hanging = spawn_local(hanging);
        while faulty.calls().is_empty() {
            tokio::task::yield_now().await;
        }
        hanging.abort();
        assert!(hanging.await.unwrap_err().is_cancelled());
        while browser.is_known(&sessions).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(limit, LocalSet::new().run_until(hung_up)).await.expect("the logout is done");
}
