//! A small shop: visitors fill a cart, sign in, and see where they are signed in. Its sessions are in memory.
//!
//! `cargo run -p example-poem --example shop-poem`, then <http://localhost:3000>.

use poem::http::StatusCode;
use poem::http::header::USER_AGENT;
use poem::listener::TcpListener;
use poem::web::{Data, Form, Html, Path, Query, Redirect};
use poem::{EndpointExt, IntoResponse, Request, Response, Result, Route, Server, get, handler, post};
use serde::Deserialize;
use session_core::web::poem::SessionMiddleware;
use session_core::web::{SignedIn, device};
use session_core::{BuildError, Key, LoginPage, Next, Owner, Session, SessionKey, Sessions, SweeperConfig};
use session_ets::{EtsStore, Table};

// What a session holds, each with its type.
const CART: Key<Vec<String>> = Key::new("cart");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = sessions()?;
    let _sweeper = sessions.start_sweeper(SweeperConfig::default());
    Ok(Server::new(TcpListener::bind("127.0.0.1:3000")).run(app(sessions)).await?)
}

/// Makes the sessions, and says where browsers sign in.
pub(crate) fn sessions() -> Result<Sessions, BuildError> {
    Sessions::builder(EtsStore::new(Table::private())).login_page(LoginPage::at("/login")).build()
}

/// Puts the app together.
pub(crate) fn app(sessions: Sessions) -> impl poem::Endpoint {
    Route::new()
        .at("/", get(home))
        .at("/cart", post(add_to_cart))
        .at("/login", get(login_page).post(log_in))
        .at("/logout", post(log_out))
        .at("/devices", get(devices))
        .at("/devices/:key/end", post(end_device))
        .data(sessions.clone())
        .with(SessionMiddleware::new(sessions))
}

#[handler]
async fn home(session: Session) -> Result<Html<String>> {
    let items = session.get(CART)?.unwrap_or_default();
    let cart: String = items.iter().map(|item| format!("<li>{}</li>", escape(item))).collect();
    let who = match session.owner() {
        Some(owner) => format!(
            "<p>Hello, {}. <a href=/devices>Your devices</a></p>\
             <form method=post action=/logout><button>Sign out</button></form>",
            escape(owner.as_str())
        ),
        None => "<p><a href=/login>Sign in</a></p>".to_owned(),
    };
    let add = "<form method=post action=/cart><input name=item required> <button>Add</button></form>";
    Ok(page(&format!("{who}<h2>Your cart</h2><ul>{cart}</ul>{add}")))
}

#[derive(Deserialize)]
struct Item {
    item: String,
}

#[handler]
async fn add_to_cart(session: Session, Form(Item { item }): Form<Item>) -> Result<Redirect> {
    // Made again on top of what another request wrote meanwhile, so that nothing is lost.
    session.update(CART, move |cart| [cart.unwrap_or_default(), vec![item.clone()]].concat())?;
    Ok(Redirect::see_other("/"))
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    next: Next,
}

#[handler]
async fn login_page(Query(Wanted { next }): Query<Wanted>) -> Html<String> {
    login_form(&next, "")
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

#[handler]
async fn log_in(session: Session, request: &Request, Form(login): Form<Login>) -> Result<Response> {
    // The demo's only password. A real shop looks up the user, and compares with what a password hash says.
    if login.password != "demo" {
        let form = login_form(&login.next, "That is not right.");
        return Ok(form.with_status(StatusCode::UNPROCESSABLE_ENTITY).into_response());
    }
    // The session gets a new id, and keeps its cart.
    session.log_in(Owner::new(login.name)?)?;
    session.set_label("device", &device(request.header(USER_AGENT).unwrap_or_default()))?;
    Ok(Redirect::see_other(login.next).into_response())
}

#[handler]
async fn log_out(session: Session) -> Redirect {
    session.log_out();
    Redirect::see_other("/")
}

/// Whoever is not signed in is sent to the login page, and comes back.
#[handler]
async fn devices(user: SignedIn, sessions: Data<&Sessions>) -> Result<Html<String>> {
    let mut list = String::new();
    for info in sessions.list(user.owner()).await? {
        let device = escape(info.label("device").unwrap_or("Unknown device"));
        let this = if user.session_key() == Some(info.session_key()) { ", this one" } else { "" };
        let end = format!("/devices/{}/end", info.session_key().encode());
        list += &format!("<li>{device}{this} <form method=post action={end}><button>End this one</button></form></li>");
    }
    Ok(page(&format!("<h2>Where you are signed in</h2><ul>{list}</ul>")))
}

#[handler]
async fn end_device(user: SignedIn, sessions: Data<&Sessions>, Path(key): Path<SessionKey>) -> Result<Redirect> {
    if user.session_key() == Some(key) {
        user.log_out();
        return Ok(Redirect::see_other("/"));
    }
    // Of this user's alone, whatever the key is.
    sessions.revoke_owned(user.owner(), &key).await?;
    Ok(Redirect::see_other("/devices"))
}

fn page(body: &str) -> Html<String> {
    Html(format!("<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>{body}</html>"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
