//! A small shop: visitors fill a cart, sign in, and see where they are signed in. Its sessions are in memory.
//!
//! `cargo run -p example-axum --example shop-axum`, then <http://localhost:3000>.

use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, USER_AGENT};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use session_core::web::axum::SessionLayer;
use session_core::web::{SignedIn, device};
use session_core::{
    BuildError, Key, LoginPage, Next, Owner, Session, SessionError, SessionKey, Sessions, SweeperConfig,
};
use session_ets::{EtsStore, Table};

// What a session holds, each with its type.
const CART: Key<Vec<String>> = Key::new("cart");

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sessions = sessions()?;
    let _sweeper = sessions.start_sweeper(SweeperConfig::default());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(sessions)).await?)
}

pub(crate) fn sessions() -> Result<Sessions, BuildError> {
    Sessions::builder(EtsStore::new(Table::private())).login_page(LoginPage::at("/login")).build()
}

pub(crate) fn app(sessions: Sessions) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/cart", post(add_to_cart))
        .route("/login", get(login_page).post(log_in))
        .route("/logout", post(log_out))
        .route("/devices", get(devices))
        .route("/devices/{key}/end", post(end_device))
        .layer(SessionLayer::new(sessions.clone()))
        .with_state(sessions)
}

async fn home(session: Session) -> Result<Html<String>, SessionError> {
    let cart: String =
        session.get(CART)?.unwrap_or_default().iter().map(|it| format!("<li>{}</li>", escape(it))).collect();
    let who = match session.owner() {
        Some(owner) => format!(
            "<p>Hello, {}. <a href=/devices>Your devices</a></p><form method=post action=/logout><button>Sign out</button></form>",
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

async fn add_to_cart(session: Session, Form(Item { item }): Form<Item>) -> Result<Redirect, SessionError> {
    // Made again on top of what another request wrote meanwhile, so that nothing is lost.
    session.update(CART, move |cart| [cart.unwrap_or_default(), vec![item.clone()]].concat())?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    next: Next,
}

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

async fn log_in(session: Session, headers: HeaderMap, Form(login): Form<Login>) -> Result<Response, SessionError> {
    // The demo's only password. A real shop looks up the user, and compares with what a password hash says.
    if login.password != "demo" {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, login_form(&login.next, "That is not right.")).into_response());
    }
    // The session gets a new id, and keeps its cart.
    session.log_in(Owner::new(login.name)?)?;
    let user_agent = headers.get(USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    session.set_label("device", &device(user_agent))?;
    Ok(Redirect::to(login.next.as_str()).into_response())
}

async fn log_out(session: Session) -> Redirect {
    session.log_out();
    Redirect::to("/")
}

/// Whoever is not signed in is sent to the login page, and comes back.
async fn devices(user: SignedIn, State(sessions): State<Sessions>) -> Result<Html<String>, SessionError> {
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
    user: SignedIn,
    State(sessions): State<Sessions>,
    Path(key): Path<SessionKey>,
) -> Result<Redirect, SessionError> {
    if user.session_key() == Some(key) {
        user.log_out();
        return Ok(Redirect::to("/"));
    }
    // Of this user's alone, whatever the key is.
    sessions.revoke_owned(user.owner(), &key).await?;
    Ok(Redirect::to("/devices"))
}

fn page(body: &str) -> Html<String> {
    Html(format!("<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>{body}</html>"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
