//! A small shop: visitors fill a cart, sign in, and see where they are signed in. Its sessions are in memory.
//!
//! `cargo run -p example-salvo --example shop-salvo`, then <http://localhost:3000>.

use salvo::affix_state;
use salvo::extract::{FormBody, PathParam, QueryParam};
use salvo::prelude::*;
use serde::Deserialize;
use session_core::web::salvo::SessionHoop;
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
    let acceptor = TcpListener::new("127.0.0.1:3000").bind().await;
    Ok(Server::new(acceptor).try_serve(app(sessions)).await?)
}

/// Makes the sessions, and says where browsers sign in.
pub(crate) fn sessions() -> Result<Sessions, BuildError> {
    Sessions::builder(EtsStore::new(Table::private())).login_page(LoginPage::at("/login")).build()
}

/// Puts the app together.
pub(crate) fn app(sessions: Sessions) -> Router {
    Router::new()
        .hoop(affix_state::inject(sessions.clone()))
        .hoop(SessionHoop::new(sessions))
        .get(home)
        .push(Router::with_path("cart").post(add_to_cart))
        .push(Router::with_path("login").get(login_page).post(log_in))
        .push(Router::with_path("logout").post(log_out))
        .push(Router::with_path("devices").get(devices).push(Router::with_path("{key}/end").post(end_device)))
}

#[handler]
async fn home(session: Session) -> Result<Text<String>, SessionError> {
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
async fn add_to_cart(session: Session, form: FormBody<Item>) -> Result<Redirect, SessionError> {
    let Item { item } = form.into_inner();
    // Made again on top of what another request wrote meanwhile, so that nothing is lost.
    session.update(CART, move |cart| [cart.unwrap_or_default(), vec![item.clone()]].concat())?;
    Ok(Redirect::other("/"))
}

#[handler]
async fn login_page(next: QueryParam<Next, false>) -> Text<String> {
    login_form(&next.into_inner().unwrap_or_default(), "")
}

fn login_form(next: &Next, problem: &str) -> Text<String> {
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
async fn log_in(
    session: Session,
    form: FormBody<Login>,
    req: &Request,
    res: &mut Response,
) -> Result<(), SessionError> {
    let Login { name, password, next } = form.into_inner();
    // The demo's only password. A real shop looks up the user, and compares with what a password hash says.
    if password != "demo" {
        res.render_with_status(StatusCode::UNPROCESSABLE_ENTITY, login_form(&next, "That is not right."));
        return Ok(());
    }
    // The session gets a new id, and keeps its cart.
    session.log_in(Owner::new(name)?)?;
    session.set_label("device", &device(&req.header::<String>("user-agent").unwrap_or_default()))?;
    res.render(Redirect::other(next));
    Ok(())
}

#[handler]
async fn log_out(session: Session) -> Redirect {
    session.log_out();
    Redirect::other("/")
}

/// Whoever is not signed in is sent to the login page, and comes back.
#[handler]
async fn devices(user: SignedIn, depot: &Depot) -> Result<Text<String>, SessionError> {
    let mut list = String::new();
    for info in sessions_in(depot).list(user.owner()).await? {
        let device = escape(info.label("device").unwrap_or("Unknown device"));
        let this = if user.session_key() == Some(info.session_key()) { ", this one" } else { "" };
        let end = format!("/devices/{}/end", info.session_key().encode());
        list += &format!("<li>{device}{this} <form method=post action={end}><button>End this one</button></form></li>");
    }
    Ok(page(&format!("<h2>Where you are signed in</h2><ul>{list}</ul>")))
}

#[handler]
async fn end_device(user: SignedIn, key: PathParam<SessionKey>, depot: &Depot) -> Result<Redirect, SessionError> {
    if user.session_key() == Some(*key) {
        user.log_out();
        return Ok(Redirect::other("/"));
    }
    // Of this user's alone, whatever the key is.
    sessions_in(depot).revoke_owned(user.owner(), &key).await?;
    Ok(Redirect::other("/devices"))
}

fn sessions_in(depot: &Depot) -> &Sessions {
    depot.get_typed().expect("they are injected")
}

fn page(body: &str) -> Text<String> {
    Text::Html(format!("<!doctype html><html lang=en><title>Shop</title><h1>Shop</h1>{body}</html>"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
