//! The fairing and the request guards for rocket.
#![cfg(feature = "rocket")]

#[path = "../adapter/mod.rs"]
mod adapter;
mod guards; // who is signed in
mod launch; // what is told before it is launched
mod middleware; // other fairings, and catchers
mod streams; // what outlives the response's head
#[path = "../support/mod.rs"]
mod support;
mod tracked; // rocket's own client, which keeps cookies

use adapter::{Answer, Client, Shop, adapter_tests, own, wants_own_answers};
use rocket::config::LogLevel;
use rocket::futures::stream;
use rocket::http::{Header, Method, Status};
use rocket::local::asynchronous::{Client as LocalClient, LocalResponse};
use rocket::request::{FromRequest, Outcome};
use rocket::response::Redirect;
use rocket::response::stream::TextStream;
use rocket::{Build, Catcher, Config, Request, Responder, Rocket, State, catch, catchers, get, routes};
use session_core::web::SessionOf;
use session_core::web::rocket::SessionFairing;
use session_core::{LazySession, Session, SessionError, Sessions};
use support::faulty::{Fault, Faulty};
use support::{Browser, count, sessions, store};

#[get("/add")]
async fn add(session: Session) -> Result<String, SessionError> {
    Ok(session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?.to_string())
}

#[rocket::post("/add")]
async fn add_by_form(session: Session) -> Result<String, SessionError> {
    Ok(session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?.to_string())
}

/// Hides a guard from rocket's sentinels, which would abort the launch: what a handler is told if nobody did.
macro_rules! unchecked {
    ($guard:ty) => {
        $guard
    };
}

#[get("/named")]
async fn named(session: unchecked!(SessionOf<Shop>)) -> Result<String, SessionError> {
    Ok(session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)?.to_string())
}

#[get("/read")]
async fn read(session: unchecked!(Session)) -> Result<String, SessionError> {
    Ok(format!("{:?}", session.get::<u64>("n")?))
}

#[get("/tested")]
async fn tested(lazy: unchecked!(LazySession)) -> String {
    lazy.has_cookie().to_string()
}

#[get("/redirect")]
async fn redirect(session: Session) -> Redirect {
    count(&session);
    Redirect::to("/read")
}

#[get("/stream")]
async fn streamed(session: Session) -> TextStream<impl stream::Stream<Item = &'static str>> {
    count(&session);
    TextStream(stream::iter(["one ", "two"]))
}

#[derive(Responder)]
struct Cached(&'static str, Header<'static>, Header<'static>);

#[get("/cached")]
async fn cached(session: Session) -> Cached {
    count(&session);
    Cached("cached", Header::new("Cache-Control", "public, max-age=60"), Header::new("Vary", "Accept"))
}

#[get("/fail")]
async fn fail(session: Session) -> (Status, &'static str) {
    count(&session);
    (Status::BadGateway, "fail")
}

#[get("/broken")]
async fn broken(session: Session) -> Result<&'static str, Status> {
    count(&session);
    Err(Status::BadGateway)
}

#[get("/refused")]
async fn refused(session: Session) -> Result<&'static str, Status> {
    count(&session);
    Err(Status::UnprocessableEntity)
}

#[get("/logout-and-fail")]
async fn logout_and_fail(session: Session) -> Status {
    session.destroy();
    Status::InternalServerError
}

#[get("/wrong-type")]
async fn wrong_type(session: Session) -> Result<String, SessionError> {
    session.get::<String>("n").map(Option::unwrap_or_default)
}

/// The session of the outermost `Sessions`.
struct Outermost(Session);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Outermost {
    type Error = SessionError;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, SessionError> {
        let sessions = request.guard::<&State<Sessions>>().await.expect("it is managed");
        let session = sessions.find(request).expect("its fairing is there").load().await.unwrap();
        Outcome::Success(Self(session))
    }
}

#[get("/both")]
async fn both(inner: Session, outermost: Outermost) -> Result<(), SessionError> {
    count(&inner);
    outermost.0.insert("n", 40)
}

#[get("/end-wrongly")]
async fn end_wrongly(session: Session) -> Result<String, SessionError> {
    session.destroy();
    Err(SessionError::ResponseSent)
}

#[get("/panics")]
async fn panics(session: Session) -> &'static str {
    count(&session);
    panic!("a handler's bug");
}

#[get("/untouched")]
async fn untouched() -> &'static str {
    "nothing"
}

#[get("/jar")]
async fn jar(session: Session, cookies: &rocket::http::CookieJar<'_>) -> Status {
    count(&session);
    cookies.add(("theme", "dark"));
    Status::Ok
}

#[catch(503)]
async fn unavailable() -> &'static str {
    "a page of the app's"
}

#[catch(default)]
fn any_below(_: Status, _: &Request<'_>) -> &'static str {
    "any below"
}

/// Answers errors at the session as the application does.
#[catch(default)]
fn own_answer(status: Status, request: &Request<'_>) -> (Status, String) {
    let error = session_core::web::rocket::error(request).expect("nothing else fails");
    assert_eq!(error.http_status(), status.code);
    (status, own(status.code))
}

/// An application that logs nothing.
fn quiet() -> Rocket<Build> {
    rocket::custom(Config { log_level: LogLevel::Off, ..Config::debug_default() })
}

struct Site(LocalClient);

async fn start(sessions: Vec<Sessions>) -> Site {
    let own = if sessions.iter().any(wants_own_answers) { catchers![own_answer] } else { Vec::new() };
    start_with(own, sessions).await
}

async fn start_with(catchers: Vec<Catcher>, sessions: Vec<Sessions>) -> Site {
    let mut app = quiet().register("/", catchers).mount("/", routes![named, read, tested]);
    if !sessions.is_empty() {
        app = app
            .mount("/", routes![add, add_by_form, redirect, streamed, cached, fail, broken, refused])
            .mount("/", routes![logout_and_fail, wrong_type, end_wrongly, both, panics, untouched, jar]);
    }
    let app = sessions.iter().fold(app, |app, sessions| app.attach(SessionFairing::new(sessions.clone())));
    let app = sessions.first().into_iter().fold(app, |app, outermost| app.manage(outermost.clone()));
    Site(LocalClient::untracked(app).await.unwrap())
}

impl Site {
    async fn dispatch(&self, method: &str, path: &str, headers: &[(&'static str, String)]) -> LocalResponse<'_> {
        let mut request = self.0.req(method.parse::<Method>().unwrap(), path.to_owned());
        for (name, value) in headers {
            request.add_header(Header::new(*name, value.clone()));
        }
        request.dispatch().await
    }
}

impl Client for Site {
    async fn send(&self, method: &str, path: &str, headers: &[(&'static str, String)]) -> Answer {
        let answer = self.dispatch(method, path, headers).await;
        let headers = answer.headers().iter();
        Answer {
            status: answer.status().code,
            headers: headers.map(|header| (header.name.to_string().to_lowercase(), header.value.to_string())).collect(),
            body: answer.into_string().await.unwrap_or_default(),
        }
    }
}

adapter_tests!(start);

#[tokio::test]
async fn an_error_that_a_handler_returns_is_answered_by_the_apps_catcher() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let site = start_with(catchers![unavailable, any_below], vec![sessions]).await;
    let mut browser = Browser::default();
    browser.get(&site, "/add").await;
    // That of a guard, and that of the fairing.
    for (verb, path) in [("get", "/read"), ("put", "/add")] {
        faulty.next(verb, Fault::Down);
        let answer = browser.get(&site, path).await;
        assert_eq!((answer.status, answer.body.as_str()), (503, "a page of the app's"), "{verb}");
    }
}

#[tokio::test]
async fn the_nearest_catcher_answers_what_the_fairing_refuses_as_it_answers_for_guards() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let near = quiet()
        .register("/", catchers![unavailable])
        .register("/below", catchers![any_below])
        .mount("/below", routes![add, read])
        .mount("/", routes![add, read])
        .attach(SessionFairing::new(sessions));
    let site = Site(LocalClient::untracked(near).await.unwrap());
    let mut browser = Browser::default();
    browser.get(&site, "/add").await;
    for (base, expected) in [("/below", "any below"), ("", "a page of the app's")] {
        for (verb, path) in [("get", "/read"), ("put", "/add")] {
            faulty.next(verb, Fault::Down);
            assert_eq!(browser.get(&site, &format!("{base}{path}")).await.body, expected, "{verb}");
        }
    }
}

#[tokio::test]
async fn an_error_with_two_fairings_keeps_what_both_say() {
    let store = store();
    let named = |name| support::builder(store.clone()).0.cookie(session_core::CookieConfig::new(name)).build().unwrap();
    let (shop, admin) = (named("shop"), named("admin"));
    let site = start(vec![shop, admin]).await;
    let mut browser = Browser::default();
    browser.get(&site, "/add").await;
    let answer = browser.get(&site, "/wrong-type").await;
    assert_eq!((answer.status, answer.body.as_str()), (500, SessionError::ResponseSent.http_text()));
    assert_eq!(answer.all("vary"), ["Cookie"]);
}

#[tokio::test]
async fn a_panic_is_a_500_and_saves_nothing() {
    let (sessions, _) = sessions(store());
    let site = start(vec![sessions.clone()]).await;
    let mut browser = Browser::default();
    browser.get(&site, "/add").await;
    assert_eq!(browser.get(&site, "/panics").await.status, 500);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn the_apps_own_cookies_are_beside_the_sessions() {
    let (sessions, _) = sessions(store());
    let site = start(vec![sessions]).await;
    let answer = site.send("GET", "/jar", &[("cookie", "other=1; x=%3B".to_owned())]).await;
    let cookies = answer.all("set-cookie");
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    assert!(cookies.iter().any(|cookie| cookie.starts_with("theme=dark")));
    assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-Http-session=")));
}
