//! A small shop: visitors fill a cart, sign in, and see where they are signed in. Its sessions are in memory.
//!
//! `cargo run -p example-hyper --example shop-hyper`, then <http://localhost:3000>.

use std::convert::Infallible;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Bytes};
use hyper::header::{HeaderValue, LOCATION, USER_AGENT};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use session_core::web::tower::{ResponseBody, SessionLayer, answer};
use session_core::web::{SignedIn, device};
use session_core::{
    BoxError, BuildError, Key, LazySession, LoginPage, Next, Owner, Session, SessionError, SessionKey, Sessions,
    SweeperConfig,
};
use session_ets::{EtsStore, Table};
use tokio::net::TcpListener;
use tower::{Service, ServiceBuilder, service_fn};

// What a session holds, each with its type.
const CART: Key<Vec<String>> = Key::new("cart");

type Page = Response<Full<Bytes>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = sessions()?;
    let _sweeper = sessions.start_sweeper(SweeperConfig::default());
    let app = app(sessions);
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new());
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(app.clone());
        tokio::spawn(server.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned());
    }
}

pub(crate) fn sessions() -> Result<Sessions, BuildError> {
    Sessions::builder(EtsStore::new(Table::private())).login_page(LoginPage::at("/login")).build()
}

pub(crate) fn app<B>(
    sessions: Sessions,
) -> impl Service<Request<B>, Response = Response<ResponseBody<Full<Bytes>>>, Error = Infallible, Future: Send> + Clone
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    ServiceBuilder::new().layer(SessionLayer::new(sessions.clone())).service(service_fn(move |request| {
        let sessions = sessions.clone();
        async move { Ok(route(&sessions, request).await.unwrap_or_else(answer)) }
    }))
}

async fn route<B>(sessions: &Sessions, request: Request<B>) -> Result<Page, SessionError>
where
    B: Body<Error: Into<BoxError>>,
{
    let (head, body) = request.into_parts();
    let session = head.extensions.get::<LazySession>().expect("the layer has opened it").load().await?;
    let path: Vec<_> = head.uri.path().split('/').skip(1).collect();
    match (&head.method, path.as_slice()) {
        (&Method::GET, [""]) => home(&session),
        (&Method::POST, ["cart"]) => add_to_cart(&session, form(body).await),
        (&Method::GET, ["login"]) => {
            let wanted: Option<Wanted> = serde_urlencoded::from_str(head.uri.query().unwrap_or_default()).ok();
            Ok(login_form(&wanted.map_or_else(Next::default, |wanted| wanted.next), ""))
        }
        (&Method::POST, ["login"]) => log_in(&session, &head, form(body).await),
        (&Method::POST, ["logout"]) => {
            session.log_out();
            Ok(to("/"))
        }
        // Whoever is not signed in is sent to the login page, and comes back.
        (&Method::GET, ["devices"]) => devices(&SignedIn::check(session, (&head).into())?, sessions).await,
        (&Method::POST, ["devices", key, "end"]) => {
            end_device(&SignedIn::check(session, (&head).into())?, sessions, key).await
        }
        _ => Ok(status(StatusCode::NOT_FOUND)),
    }
}

fn home(session: &Session) -> Result<Page, SessionError> {
    let cart: String =
        session.get(CART)?.unwrap_or_default().iter().map(|it| format!("<li>{}</li>", escape(it))).collect();
    let who = match session.owner() {
        Some(owner) => format!(
            "<p>Hello, {}. <a href=/devices>Your devices</a></p>\
             <form method=post action=/logout><button>Sign out</button></form>",
            escape(owner.as_str())
        ),
        None => "<p><a href=/login>Sign in</a></p>".to_owned(),
    };
    let add = "<form method=post action=/cart><input name=item required><button>Add</button></form>";
    Ok(page(&format!("{who}<h2>Your cart</h2><ul>{cart}</ul>{add}")))
}

#[derive(Deserialize)]
struct Item {
    item: String,
}

fn add_to_cart(session: &Session, form: Option<Item>) -> Result<Page, SessionError> {
    let Some(Item { item }) = form else { return Ok(status(StatusCode::BAD_REQUEST)) };
    // Made again on top of what another request wrote meanwhile, so that nothing is lost.
    session.update(CART, move |cart| [cart.unwrap_or_default(), vec![item.clone()]].concat())?;
    Ok(to("/"))
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    next: Next,
}

fn login_form(next: &Next, problem: &str) -> Page {
    page(&format!(
        "<p>{problem}</p><form method=post action=/login><input type=hidden name=next value=\"{next}\">\
         <input name=name required> <input name=password type=password> <button>Sign in</button></form>"
    ))
}

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
    #[serde(default)]
    next: Next,
}

fn log_in(session: &Session, head: &Parts, form: Option<Login>) -> Result<Page, SessionError> {
    let Some(login) = form else { return Ok(status(StatusCode::BAD_REQUEST)) };
    // The demo's only password. A real shop looks up the user, and compares with what a password hash says.
    if login.password != "demo" {
        let mut form = login_form(&login.next, "That is not right.");
        *form.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(form);
    }
    // The session gets a new id, and keeps its cart.
    session.log_in(Owner::new(login.name)?)?;
    let user_agent = head.headers.get(USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    session.set_label("device", &device(user_agent))?;
    Ok(to(login.next.as_str()))
}

async fn devices(user: &SignedIn, sessions: &Sessions) -> Result<Page, SessionError> {
    let mut list = String::new();
    for info in sessions.list(user.owner()).await? {
        let device = escape(info.label("device").unwrap_or("Unknown device"));
        let this = if user.session_key() == Some(info.session_key()) { ", this one" } else { "" };
        let end = format!("/devices/{}/end", info.session_key().encode());
        list += &format!("<li>{device}{this} <form method=post action={end}><button>End this one</button></form></li>");
    }
    Ok(page(&format!("<h2>Where you are signed in</h2><ul>{list}</ul>")))
}

async fn end_device(user: &SignedIn, sessions: &Sessions, key: &str) -> Result<Page, SessionError> {
    let Some(key) = SessionKey::parse(key.as_bytes()) else { return Ok(status(StatusCode::NOT_FOUND)) };
    if user.session_key() == Some(key) {
        user.log_out();
        return Ok(to("/"));
    }
    // Of this user's alone, whatever the key is.
    sessions.revoke_owned(user.owner(), &key).await?;
    Ok(to("/devices"))
}

/// Reads a form; `None` if it is none, or too long for one.
async fn form<T: DeserializeOwned>(body: impl Body<Error: Into<BoxError>>) -> Option<T> {
    let bytes = Limited::new(body, 16 * 1024).collect().await.ok()?.to_bytes();
    serde_urlencoded::from_bytes(&bytes).ok()
}

fn to(place: &str) -> Page {
    let mut response = status(StatusCode::SEE_OTHER);
    response.headers_mut().insert(LOCATION, HeaderValue::from_str(place).expect("a path is ASCII"));
    response
}

fn status(status: StatusCode) -> Page {
    let mut response = Page::default();
    *response.status_mut() = status;
    response
}

fn page(body: &str) -> Page {
    let page = format!("<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>{body}</html>");
    let mut response = Response::new(page.into());
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
