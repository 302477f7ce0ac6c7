//! A small shop: visitors fill a cart, sign in, and see where they are signed in. Its sessions are in memory.
//!
//! `cargo run -p example-warp --example shop-warp`, then <http://localhost:3000>.

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use session_core::web::tower::{SessionLayer, answer};
use session_core::web::{SignedIn, Visit, device};
use session_core::{
    BuildError, Key, LazySession, LoginPage, Next, Owner, OwnerError, SessionError, SessionKey, Sessions, SweeperConfig,
};
use session_ets::{EtsStore, Table};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use warp::http::{HeaderMap, HeaderValue, Method, StatusCode};
use warp::path::FullPath;
use warp::reply::{Html, Response, html, with_header, with_status};
use warp::{Filter, Rejection, Reply, body, ext, get, header, method, path, post, query};

// What a session holds, each with its type.
const CART: Key<Vec<String>> = Key::new("cart");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = sessions()?;
    let _sweeper = sessions.start_sweeper(SweeperConfig::default());
    // A session is stored once the filters are done: by a layer around them, so that hyper serves in place of `warp::serve`.
    let app =
        ServiceBuilder::new().layer(SessionLayer::new(sessions.clone())).service(warp::service(routes(&sessions)));
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

pub(crate) fn routes(
    sessions: &Sessions,
) -> impl Filter<Extract = (impl Reply + use<>,), Error = Rejection> + Clone + use<> {
    let sessions = sessions.clone();
    let sessions = warp::any().map(move || sessions.clone());
    let session = ext::get::<LazySession>;
    let devices = path!("devices").and(get()).and(signed_in()).and(sessions.clone()).then(devices);
    path::end()
        .and(get().and(session()).then(home))
        .or(path!("cart").and(post()).and(session()).and(body::form()).then(add_to_cart))
        .or(path!("login").and(get()).and(query()).map(|Wanted { next }| login_form(&next, "")))
        .or(path!("login")
            .and(post())
            .and(session())
            .and(header::optional("user-agent"))
            .and(body::form())
            .then(log_in))
        .or(path!("logout").and(post()).and(session()).then(log_out))
        .or(devices)
        .or(path!("devices" / String / "end").and(post()).and(signed_in()).and(sessions).then(end_device))
}

/// Gives the session of somebody who is signed in; who is not is sent to the login page, and comes back.
fn signed_in() -> impl Filter<Extract = (Result<SignedIn, SessionError>,), Error = Rejection> + Copy {
    let request = method().and(path::full()).and(header::headers_cloned());
    ext::get().and(request).then(async |session: LazySession, method: Method, path: FullPath, headers: HeaderMap| {
        let header = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
        SignedIn::check(session.load().await?, Visit::new(method.as_str(), path.as_str(), header))
    })
}

async fn home(session: LazySession) -> Result<impl Reply, Failed> {
    let session = session.load().await?;
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

async fn add_to_cart(session: LazySession, Item { item }: Item) -> Result<impl Reply, Failed> {
    // Made again on top of what another request wrote meanwhile, so that nothing is lost.
    session.load().await?.update(CART, move |cart| [cart.unwrap_or_default(), vec![item.clone()]].concat())?;
    Ok(to("/"))
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    next: Next,
}

fn login_form(next: &Next, problem: &str) -> Html<String> {
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

async fn log_in(session: LazySession, user_agent: Option<String>, login: Login) -> Result<Response, Failed> {
    // The demo's only password. A real shop looks up the user, and compares with what a password hash says.
    if login.password != "demo" {
        let form = login_form(&login.next, "That is not right.");
        return Ok(with_status(form, StatusCode::UNPROCESSABLE_ENTITY).into_response());
    }
    let session = session.load().await?;
    // The session gets a new id, and keeps its cart.
    session.log_in(Owner::new(login.name)?)?;
    session.set_label("device", &device(&user_agent.unwrap_or_default()))?;
    Ok(to(login.next.as_str()).into_response())
}

async fn log_out(session: LazySession) -> Result<impl Reply, Failed> {
    session.load().await?.log_out();
    Ok(to("/"))
}

async fn devices(user: Result<SignedIn, SessionError>, sessions: Sessions) -> Result<impl Reply, Failed> {
    let user = user?;
    let mut list = String::new();
    for info in sessions.list(user.owner()).await? {
        let device = escape(info.label("device").unwrap_or("Unknown device"));
        let this = if user.session_key() == Some(info.session_key()) { ", this one" } else { "" };
        let end = format!("/devices/{}/end", info.session_key().encode());
        list += &format!("<li>{device}{this} <form method=post action={end}><button>End this one</button></form></li>");
    }
    Ok(page(&format!("<h2>Where you are signed in</h2><ul>{list}</ul>")))
}

async fn end_device(
    key: String,
    user: Result<SignedIn, SessionError>,
    sessions: Sessions,
) -> Result<impl Reply, Failed> {
    let (user, key) = (user?, SessionKey::parse(key.as_bytes()));
    if user.session_key() == key {
        user.log_out();
        return Ok(to("/"));
    }
    if let Some(key) = key {
        // Of this user's alone, whatever the key is.
        sessions.revoke_owned(user.owner(), &key).await?;
    }
    Ok(to("/devices"))
}

/// An error of a session as a reply, in place of a rejection: for that warp would try the other routes.
struct Failed(SessionError);

impl Reply for Failed {
    fn into_response(self) -> Response {
        answer(self.0)
    }
}

impl From<SessionError> for Failed {
    fn from(error: SessionError) -> Self {
        Self(error)
    }
}

impl From<OwnerError> for Failed {
    fn from(error: OwnerError) -> Self {
        Self(error.into())
    }
}

fn to(place: &str) -> impl Reply + use<> {
    with_header(StatusCode::SEE_OTHER, "location", place)
}

fn page(body: &str) -> Html<String> {
    html(format!("<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>{body}</html>"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
