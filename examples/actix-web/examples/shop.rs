//! A small shop: visitors fill a cart, sign in, and see where they are signed in. Its sessions are in memory.
//!
//! `cargo run -p example-actix-web --example shop-actix-web`, then <http://localhost:3000>.

use actix_web::http::StatusCode;
use actix_web::http::header::USER_AGENT;
use actix_web::web::{Data, Form, Html, Path, Query, Redirect, ServiceConfig};
use actix_web::{App, Either, HttpRequest, HttpServer, Responder, get, post};
use serde::Deserialize;
use session_core::web::actix_web::SessionMiddleware;
use session_core::web::{SignedIn, device};
use session_core::{
    BuildError, Key, LoginPage, Next, Owner, Session, SessionError, SessionKey, Sessions, SweeperConfig,
};
use session_ets::{EtsStore, Table};

// What a session holds, each with its type.
const CART: Key<Vec<String>> = Key::new("cart");

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Made once: the workers share it.
    let sessions = sessions()?;
    let _sweeper = sessions.start_sweeper(SweeperConfig::default());
    let app = move || App::new().configure(shop(&sessions)).wrap(SessionMiddleware::new(sessions.clone()));
    Ok(HttpServer::new(app).bind("127.0.0.1:3000")?.run().await?)
}

pub(crate) fn sessions() -> Result<Sessions, BuildError> {
    Sessions::builder(EtsStore::new(Table::private())).login_page(LoginPage::at("/login")).build()
}

pub(crate) fn shop(sessions: &Sessions) -> impl FnOnce(&mut ServiceConfig) {
    let sessions = Data::new(sessions.clone());
    move |app| {
        app.app_data(sessions);
        app.service(home).service(add_to_cart).service(login_page).service(log_in).service(log_out);
        app.service(devices).service(end_device);
    }
}

#[get("/")]
async fn home(session: Session) -> Result<Html, SessionError> {
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

#[post("/cart")]
async fn add_to_cart(session: Session, form: Form<Item>) -> Result<Redirect, SessionError> {
    let Item { item } = form.into_inner();
    // Made again on top of what another request wrote meanwhile, so that nothing is lost.
    session.update(CART, move |cart| [cart.unwrap_or_default(), vec![item.clone()]].concat())?;
    Ok(Redirect::to("/").see_other())
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    next: Next,
}

#[get("/login")]
async fn login_page(wanted: Query<Wanted>) -> Html {
    login_form(&wanted.next, "")
}

fn login_form(next: &Next, problem: &str) -> Html {
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

#[post("/login")]
async fn log_in(session: Session, request: HttpRequest, form: Form<Login>) -> Result<impl Responder, SessionError> {
    let Login { name, password, next } = form.into_inner();
    // The demo's only password. A real shop looks up the user, and compares with what a password hash says.
    if password != "demo" {
        let problem = login_form(&next, "That is not right.").customize();
        return Ok(Either::Left(problem.with_status(StatusCode::UNPROCESSABLE_ENTITY)));
    }
    // The session gets a new id, and keeps its cart.
    session.log_in(Owner::new(name)?)?;
    let user_agent = request.headers().get(USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    session.set_label("device", &device(user_agent))?;
    Ok(Either::Right(Redirect::to(String::from(next)).see_other()))
}

#[post("/logout")]
async fn log_out(session: Session) -> Redirect {
    session.log_out();
    Redirect::to("/").see_other()
}

/// Whoever is not signed in is sent to the login page, and comes back.
#[get("/devices")]
async fn devices(user: SignedIn, sessions: Data<Sessions>) -> Result<Html, SessionError> {
    let mut list = String::new();
    for info in sessions.list(user.owner()).await? {
        let device = escape(info.label("device").unwrap_or("Unknown device"));
        let this = if user.session_key() == Some(info.session_key()) { ", this one" } else { "" };
        let end = format!("/devices/{}/end", info.session_key().encode());
        list += &format!("<li>{device}{this} <form method=post action={end}><button>End this one</button></form></li>");
    }
    Ok(page(&format!("<h2>Where you are signed in</h2><ul>{list}</ul>")))
}

#[post("/devices/{key}/end")]
async fn end_device(user: SignedIn, sessions: Data<Sessions>, key: Path<SessionKey>) -> Result<Redirect, SessionError> {
    if user.session_key() == Some(*key) {
        user.log_out();
        return Ok(Redirect::to("/").see_other());
    }
    // Of this user's alone, whatever the key is.
    sessions.revoke_owned(user.owner(), &key).await?;
    Ok(Redirect::to("/devices").see_other())
}

fn page(body: &str) -> Html {
    Html::new(format!("<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>{body}</html>"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
