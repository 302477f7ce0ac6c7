//! Rocket's own client keeps cookies in a jar, and shows them there alone; what comes over a connection is in the headers.

use rocket::form::Form;
use rocket::http::{ContentType, Cookie, Header, Status};
use rocket::local::{asynchronous, blocking};
use rocket::response::Redirect;
use rocket::tokio::io::{AsyncReadExt, AsyncWriteExt};
use rocket::tokio::net::{TcpListener, TcpStream};
use rocket::{Build, Config, FromForm, Rocket, get, post, routes};
use session_core::web::SignedIn;
use session_core::web::rocket::SessionFairing;
use session_core::{CookieConfig, CookieLifetime, Owner, Session, SessionError, Sessions};

use crate::quiet;
use crate::support::{builder, sessions, store};

#[derive(FromForm)]
struct Login<'r> {
    name: &'r str,
}

#[post("/login", data = "<login>")]
fn log_in(session: Session, login: Form<Login<'_>>) -> Result<Redirect, SessionError> {
    session.log_in(Owner::new(login.name)?)?;
    Ok(Redirect::to("/account"))
}

#[get("/account")]
fn account(somebody: SignedIn) -> Result<String, SessionError> {
    let visits = somebody.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
    Ok(format!("{} {visits}", somebody.owner().as_str()))
}

#[post("/logout")]
fn log_out(session: Session) -> Redirect {
    session.log_out();
    Redirect::to("/")
}

fn app(sessions: Sessions) -> Rocket<Build> {
    quiet().attach(SessionFairing::new(sessions)).mount("/", routes![log_in, account, log_out])
}

#[tokio::test]
async fn a_client_that_keeps_cookies_signs_in_and_out() {
    for cookie in [
        CookieConfig::default(),
        CookieConfig::development(),
        CookieConfig::new("shop").with_lifetime(CookieLifetime::Persistent),
    ] {
        let sessions = builder(store()).0.cookie(cookie).build().unwrap();
        let client = asynchronous::Client::tracked(app(sessions)).await.unwrap();
        assert_eq!(client.get("/account").dispatch().await.status(), Status::Unauthorized);
        let answer = client.post("/login").header(ContentType::Form).body("name=ann").dispatch().await;
        assert_eq!(answer.status(), Status::SeeOther);
        for visit in ["ann 1", "ann 2"] {
            assert_eq!(client.get("/account").dispatch().await.into_string().await.unwrap(), visit);
        }
        client.post("/logout").dispatch().await;
        assert_eq!(client.get("/account").dispatch().await.status(), Status::Unauthorized);
        // What is left of the cookie stands in nobody's way.
        client.post("/login").header(ContentType::Form).body("name=bob").dispatch().await;
        assert_eq!(client.get("/account").dispatch().await.into_string().await.unwrap(), "bob 1");
    }
}

#[test]
fn a_blocking_client_has_a_session_beside_other_cookies() {
    let (sessions, _) = sessions(store());
    let client = blocking::Client::tracked(app(sessions)).unwrap();
    client.post("/login").header(ContentType::Form).body("name=ann").dispatch();
    let address = "192.0.2.7:1234".parse().unwrap();
    let with_more = client.get("/account").cookie(("theme", "dark")).cookie(("lang", "d e"));
    assert_eq!(with_more.remote(address).dispatch().into_string().unwrap(), "ann 1");
    let with_header = client.get("/account").header(Header::new("Cookie", "theme=dark"));
    assert_eq!(with_header.dispatch().into_string().unwrap(), "ann 2");
    assert_eq!(client.get("/account").dispatch().into_string().unwrap(), "ann 3");
}

#[test]
fn an_untracked_client_shows_the_cookies_that_it_is_given() {
    let (sessions, _) = sessions(store());
    let client = blocking::Client::untracked(app(sessions)).unwrap();
    let answer = client.post("/login").header(ContentType::Form).body("name=ann").dispatch();
    let cookie = answer.cookies().iter().next().expect("it was set").clone();
    let (name, value) = (cookie.name().to_owned(), cookie.value().to_owned());
    assert_eq!(client.get("/account").dispatch().status(), Status::Unauthorized);
    assert_eq!(client.get("/account").cookie(cookie).dispatch().into_string().unwrap(), "ann 1");
    // The header counts before the jar.
    let raw = Header::new("Cookie", format!("{name}={value}"));
    let both = client.get("/account").header(raw).cookie(Cookie::new(name, "x"));
    assert_eq!(both.dispatch().into_string().unwrap(), "ann 2");
}

/// Serves an application on a port of its own.
async fn serve(sessions: Sessions) -> (u16, rocket::Shutdown) {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let config = Config { port, log_level: rocket::config::LogLevel::Off, ..Config::debug_default() };
    let (ready, served) = rocket::tokio::sync::oneshot::channel();
    let ready = std::sync::Mutex::new(Some(ready));
    let liftoff = rocket::fairing::AdHoc::on_liftoff("Ready", move |rocket| {
        let (ready, shutdown) = (ready.lock().unwrap().take(), rocket.shutdown());
        Box::pin(async move { drop(ready.map(|ready| ready.send(shutdown))) })
    });
    let app = app(sessions).configure(config).attach(liftoff);
    rocket::tokio::spawn(app.launch());
    (port, served.await.expect("the port is free"))
}

/// Sends a request over a connection of its own, and gives the answer.
async fn send(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = request.replace('\n', "\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn over_a_connection_the_header_alone_counts() {
    let (sessions, _) = sessions(store());
    let (port, shutdown) = serve(sessions).await;
    let head = "Host: localhost\nConnection: close\n";
    let form = "Content-Type: application/x-www-form-urlencoded\nContent-Length: 8\n\nname=ann";
    let answer = send(port, &format!("POST /login HTTP/1.1\n{head}{form}")).await;
    let cookie = answer.lines().find_map(|line| line.to_lowercase().starts_with("set-cookie: ").then(|| &line[12..]));
    let cookie = cookie.and_then(|cookie| cookie.split(';').next()).expect("it signs in");
    let account = |cookie: String| async move {
        let answer = send(port, &format!("GET /account HTTP/1.1\n{head}Cookie: {cookie}\n\n")).await;
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(account(cookie.to_owned()).await, "200");
    assert_eq!(account(format!("theme=dark; {cookie}")).await, "200");
    // A name that is escaped is another name: any site of the domain can set it, in spite of the prefix.
    let escaped = cookie.replacen("__Host-", "%5F%5FHost-", 1);
    assert_ne!(escaped, cookie);
    assert_eq!(account(escaped).await, "401");
    let out = send(port, &format!("POST /logout HTTP/1.1\n{head}Cookie: {cookie}\nContent-Length: 0\n\n")).await;
    assert!(out.contains("Max-Age=0"), "{out}");
    assert_eq!(account(cookie.to_owned()).await, "401");
    shutdown.notify();
}
