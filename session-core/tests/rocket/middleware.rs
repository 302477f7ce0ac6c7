//! Other fairings before and after ours, and catchers: nothing of theirs stops working because ours is there.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::{Arc, Mutex};

use rocket::config::Ident;
use rocket::fairing::AdHoc;
use rocket::http::{Cookie, CookieJar, Header};
use rocket::local::asynchronous::{Client, LocalResponse};
use rocket::shield::{NoSniff, Referrer, Shield};
use rocket::{Build, Config, Request, Responder, Rocket, catch, catchers, get, routes};
use session_core::web::SignedIn;
use session_core::web::rocket::{SessionFairing, error};
use session_core::{CookieConfig, LoginPage, Session, SessionError, Sessions};

use crate::quiet;
use crate::support::faulty::{Fault, Faulty};
use crate::support::{builder, count, sessions, store};

#[derive(Responder)]
struct Rich(&'static str, Header<'static>, Header<'static>, Header<'static>, Header<'static>);

/// Says much about its own answer.
#[get("/add")]
fn add(session: Session, jar: &CookieJar<'_>) -> Rich {
    count(&session);
    jar.add(("theme", "dark"));
    let header = Header::new;
    Rich(
        "added",
        header("X-Handler", "done"),
        header("ETag", "\"1\""),
        header("Location", "/2"),
        header("X-Frame-Options", "DENY"),
    )
}

#[get("/read")]
fn read(session: Session) -> Result<String, SessionError> {
    Ok(format!("{:?}", session.get::<u64>("n")?))
}

#[get("/account")]
fn account(_somebody: SignedIn) {}

#[get("/panics")]
fn panics(session: Session) -> &'static str {
    count(&session);
    panic!("a handler's bug");
}

/// What other fairings do: says a number of the request, sets a cookie and a policy.
fn numbers() -> AdHoc {
    AdHoc::on_response("Numbers", |_, response| {
        Box::pin(async move {
            response.set_raw_header("X-Request-Id", "17");
            response.set_raw_header("Content-Security-Policy", "default-src 'self'");
            response.adjoin_header(Cookie::new("seen", "1"));
        })
    })
}

/// Stands for compression: takes the body, whose length nobody knows from then on.
fn encodes() -> AdHoc {
    AdHoc::on_response("Encodes", |_, response| {
        Box::pin(async move {
            let body = response.body_mut().to_bytes().await.unwrap_or_default();
            response.set_raw_header("Content-Encoding", "x-reversed");
            response.set_streamed_body(Cursor::new(body.into_iter().rev().collect::<Vec<_>>()));
        })
    })
}

fn with(app: Rocket<Build>, sessions: &Sessions, other: AdHoc, is_before: bool) -> Rocket<Build> {
    let ours = SessionFairing::new(sessions.clone());
    let app = app.mount("/", routes![add, read, account, panics]);
    if is_before { app.attach(other).attach(ours) } else { app.attach(ours).attach(other) }
}

/// Sessions whose store fails when it is told to, and an application on them.
async fn faulty(make: impl FnOnce(&Sessions) -> Rocket<Build>) -> (Client, Faulty) {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let client = Client::tracked(make(&sessions)).await.unwrap();
    client.get("/add").dispatch().await;
    (client, faulty)
}

async fn get<'c>(client: &'c Client, path: &'c str) -> LocalResponse<'c> {
    client.get(path).dispatch().await
}

fn names(answer: &LocalResponse<'_>) -> BTreeSet<String> {
    answer.headers().iter().map(|header| header.name().to_string().to_lowercase()).collect()
}

fn cookies(answer: &LocalResponse<'_>) -> Vec<String> {
    answer.headers().get("Set-Cookie").filter_map(|cookie| cookie.split('=').next()).map(str::to_owned).collect()
}

#[tokio::test]
async fn what_an_error_is_answered_by_has_the_headers_of_any_page_of_an_error() {
    let make = |sessions: &Sessions| with(quiet(), sessions, AdHoc::on_response("-", |_, _| Box::pin(async {})), true);
    let (client, faulty) = faulty(make).await;
    let mut expected = names(&get(&client, "/missing").await);
    for name in ["server", "x-content-type-options", "x-frame-options", "permissions-policy"] {
        assert!(expected.contains(name), "{name}");
    }
    expected.extend(["vary", "cache-control"].map(str::to_owned));
    for (verb, path) in [("put", "/add"), ("get", "/read")] {
        faulty.next(verb, Fault::Down);
        let answer = get(&client, path).await;
        assert_eq!((answer.status().code, names(&answer)), (503, expected.clone()), "{verb}");
    }
    assert_eq!((get(&client, "/account").await.status().code, names(&get(&client, "/account").await)), (401, expected));
}

#[tokio::test]
async fn other_fairings_headers_stay_and_the_handlers_go() {
    for is_before in [true, false] {
        let (client, faulty) = faulty(|sessions| with(quiet(), sessions, numbers(), is_before)).await;
        assert_eq!(get(&client, "/add").await.headers().get_one("X-Handler"), Some("done"));
        for (verb, path) in [("put", "/add"), ("get", "/read")] {
            faulty.next(verb, Fault::Down);
            let answer = get(&client, path).await;
            assert_eq!(answer.status().code, 503);
            assert_eq!(answer.headers().get("X-Request-Id").collect::<Vec<_>>(), ["17"], "{verb} {is_before}");
            assert_eq!(answer.headers().get_one("Content-Security-Policy"), Some("default-src 'self'"));
            assert!(cookies(&answer).contains(&"seen".to_owned()) || is_before && verb == "put", "{verb} {is_before}");
            for gone in ["X-Handler", "ETag", "Location"] {
                assert_eq!(answer.headers().get_one(gone), None, "{verb} {is_before}");
            }
        }
    }
}

#[tokio::test]
async fn a_shield_of_the_applications_is_on_every_answer_in_either_order() {
    let shield = || Shield::new().enable(Referrer::NoReferrer).enable(NoSniff::Enable);
    for is_before in [true, false] {
        let shielded = |app: Rocket<Build>, now: bool| if now { app.attach(shield()) } else { app };
        let make = |sessions: &Sessions| {
            let app = with(shielded(quiet(), is_before), sessions, numbers(), true);
            shielded(app, !is_before)
        };
        let (client, faulty) = faulty(make).await;
        for fails in [false, true] {
            if fails {
                faulty.next("put", Fault::Down);
            }
            let answer = get(&client, "/add").await;
            assert_eq!(answer.status().code, if fails { 503 } else { 200 });
            for (name, value) in [("Referrer-Policy", "no-referrer"), ("X-Content-Type-Options", "nosniff")] {
                assert_eq!(answer.headers().get(name).collect::<Vec<_>>(), [value], "{is_before} {fails}");
            }
        }
    }
}

#[tokio::test]
async fn without_a_servers_name_the_shields_headers_stay() {
    for ident in [Ident::none(), Ident::try_new("a-name").unwrap()] {
        let config = Config { ident, log_level: rocket::config::LogLevel::Off, ..Config::debug_default() };
        let (client, faulty) = faulty(|sessions| with(rocket::custom(config), sessions, numbers(), true)).await;
        faulty.next("put", Fault::Down);
        let answer = get(&client, "/add").await;
        let of = |name| answer.headers().get_one(name);
        assert_eq!((answer.status().code, of("X-Content-Type-Options")), (503, Some("nosniff")));
        assert_eq!((of("X-Frame-Options"), of("X-Handler")), (Some("DENY"), None));
        assert_eq!(of("X-Request-Id").is_some(), of("Server").is_some());
    }
}

#[tokio::test]
async fn what_another_sessions_fairing_has_said_stays() {
    let shop = builder(store()).0.cookie(CookieConfig::new("shop")).named::<crate::Shop>().build().unwrap();
    let faulty = Faulty::new(store());
    let admin = builder(faulty.clone()).0.cookie(CookieConfig::new("admin")).build().unwrap();
    #[get("/both")]
    fn both(admin: Session, shop: session_core::web::SessionOf<crate::Shop>, jar: &CookieJar<'_>) {
        count(&admin);
        count(&shop);
        jar.add(("theme", "dark"));
    }
    let app = quiet().attach(SessionFairing::new(shop)).attach(SessionFairing::new(admin)).mount("/", routes![both]);
    let client = Client::untracked(app).await.unwrap();
    faulty.next("put", Fault::Down);
    let answer = get(&client, "/both").await;
    assert_eq!(answer.status().code, 503);
    assert_eq!(cookies(&answer), ["__Host-Http-shop"]);
    assert_eq!(answer.headers().get("Vary").collect::<Vec<_>>(), ["Cookie"]);
}

#[tokio::test]
async fn compression_goes_after_and_does_no_harm_before() {
    let reversed = |text: &str| text.chars().rev().collect::<String>();
    let unavailable = SessionError::Indeterminate.http_text();
    for is_before in [true, false] {
        let (client, faulty) = faulty(|sessions| with(quiet(), sessions, encodes(), is_before)).await;
        let answer = get(&client, "/read").await;
        assert_eq!(answer.headers().get_one("Content-Encoding"), Some("x-reversed"));
        assert_eq!(answer.into_string().await.unwrap(), reversed("Some(1)"));
        faulty.next("put", Fault::Down);
        let answer = get(&client, "/add").await;
        assert_eq!((answer.status().code, answer.headers().contains("Content-Encoding")), (503, !is_before));
        let expected = if is_before { unavailable.to_owned() } else { reversed(unavailable) };
        assert_eq!(answer.into_string().await.unwrap(), expected);
        // What rocket says by itself is not known again once it is encoded.
        let answer = get(&client, "/account").await;
        assert_eq!(answer.status().code, 401);
        let body = answer.into_string().await.unwrap();
        assert_eq!(body == reversed("Sign in to see this, or sign in again.\n"), !is_before, "{body}");
    }
}

#[tokio::test]
async fn a_fairing_sees_the_status_that_is_sent_if_it_comes_after() {
    for is_before in [true, false] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let logs = AdHoc::on_response("Logs", move |_, response| {
            log.lock().unwrap().push(response.status().code);
            Box::pin(async {})
        });
        let (client, faulty) = faulty(|sessions| with(quiet(), sessions, logs, is_before)).await;
        faulty.next("put", Fault::Down);
        assert_eq!(get(&client, "/add").await.status().code, 503);
        assert_eq!(*seen.lock().unwrap(), [200, if is_before { 200 } else { 503 }]);
    }
}

#[catch(503)]
fn panicking() -> &'static str {
    panic!("a catcher's bug");
}

#[catch(500)]
fn whose(request: &Request<'_>) -> String {
    format!("of the session: {}", error(request).is_some())
}

#[tokio::test]
async fn panics_of_handlers_and_catchers_are_answered() {
    let make =
        |sessions: &Sessions| with(quiet(), sessions, numbers(), false).register("/", catchers![panicking, whose]);
    let (client, faulty) = faulty(make).await;
    assert_eq!(get(&client, "/panics").await.into_string().await.unwrap(), "of the session: false");
    assert_eq!(get(&client, "/read").await.into_string().await.unwrap(), "Some(1)");
    faulty.next("put", Fault::Down);
    let answer = get(&client, "/add").await;
    assert_eq!((answer.status().code, answer.headers().get_one("X-Request-Id")), (503, Some("17")));
    assert_eq!(answer.into_string().await.unwrap(), SessionError::Indeterminate.http_text());
}

#[tokio::test]
async fn where_a_fairing_answers_a_request_by_itself_nothing_is_added() {
    // A preflight of CORS, for which there is no route.
    let preflight = || {
        AdHoc::on_response("Preflight", |request, response| {
            let is_preflight = request.method() == rocket::http::Method::Options;
            Box::pin(async move {
                if is_preflight {
                    response.set_status(rocket::http::Status::NoContent);
                    response.set_raw_header("Access-Control-Allow-Origin", "https://shop.example");
                }
            })
        })
    };
    for is_before in [true, false] {
        let sessions = builder(store()).0.login_page(LoginPage::at("/login")).build().unwrap();
        let client = Client::tracked(with(quiet(), &sessions, preflight(), is_before)).await.unwrap();
        let answer = client.options("/account").dispatch().await;
        assert_eq!(answer.status().code, 204);
        assert_eq!(answer.headers().get_one("Access-Control-Allow-Origin"), Some("https://shop.example"));
        assert_eq!((answer.headers().get_one("Vary"), cookies(&answer).len()), (None, 0));
    }
}
