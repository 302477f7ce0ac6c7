//! A small shop in rocket's own words: a cart for everybody, a login that leads back to where one came from, and a list of
//! one's devices.
//!
//! `cargo run -p example-rocket --example shop-rocket`, then <http://127.0.0.1:8000>. Any name signs in, with the password `rocket`:
//! a real shop asks its table of users.

use rocket::fairing::AdHoc;
use rocket::form::Form;
use rocket::http::RawStr;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest};
use rocket::response::Redirect;
use rocket::response::content::RawHtml;
use rocket::{Build, FromForm, Request, Rocket, State, get, launch, post, routes, uri};
use session_core::web::rocket::SessionFairing;
use session_core::web::{SignedIn, device};
use session_core::{CookieConfig, FlashLevel, Key, LoginPage, Next, Owner};
use session_core::{Session, SessionError, SessionKey, Sessions, SessionsBuilder, SweeperConfig};
use session_ets::{EtsStore, Table};

const PASSWORD: &str = "rocket";
const CART: Key<Vec<String>> = Key::new("cart");

type Page = Result<RawHtml<String>, SessionError>;
type Done = Result<Redirect, SessionError>;

#[launch]
fn rocket() -> _ {
    // For plain http on this machine. A live site leaves the cookie as it is by default.
    app(Sessions::builder(EtsStore::new(Table::private())).cookie(CookieConfig::development()))
}

/// Puts the shop together, on sessions with these settings.
pub fn app(sessions: SessionsBuilder) -> Rocket<Build> {
    let sessions = sessions.login_page(LoginPage::at("/login")).build().expect("its settings go together");
    let sweeping = sessions.clone();
    rocket::build()
        .attach(SessionFairing::new(sessions.clone()))
        .attach(AdHoc::on_ignite("Sweeper", |rocket| async move {
            rocket.manage(sweeping.start_sweeper(SweeperConfig::default()))
        }))
        .manage(sessions)
        .mount("/", routes![shop, add, login, log_in, log_out, checkout, buy, devices, end])
}

#[get("/")]
fn shop(session: Session) -> Page {
    let said = messages(&session)?;
    let items = list(&session.get(CART)?.unwrap_or_default());
    let form = r#"<form method="post" action="/cart"><input name="item" required><button>Add</button></form>"#;
    let who = match session.owner() {
        Some(owner) => {
            escape(owner.as_str()) + r#"<form method="post" action="/logout"><button>Sign out</button></form>"#
        }
        None => r#"<a href="/login">Sign in</a>"#.to_owned(),
    };
    let links = r#"<a href="/checkout">Checkout</a> <a href="/devices">Devices</a>"#;
    Ok(RawHtml(format!("<h1>Shop</h1>{said}<p>{who}<ul>{items}</ul>{form}{links}")))
}

#[derive(FromForm)]
struct Choice {
    item: String,
}

#[post("/cart", data = "<choice>")]
fn add(session: Session, choice: Form<Choice>) -> Done {
    // Done again on what another request has stored meanwhile.
    session.update(CART, move |cart| [cart.unwrap_or_default(), vec![choice.item.clone()]].concat())?;
    Ok(Redirect::to(uri!(shop)))
}

#[get("/login?<next>")]
fn login(session: Session, next: Next) -> Page {
    let said = messages(&session)?;
    Ok(RawHtml(format!(
        r#"<h1>Sign in</h1>{said}<form method="post"><input type="hidden" name="next" value="{next}">
        <input name="name" required><input name="password" type="password"><button>Sign in</button></form>"#
    )))
}

#[derive(FromForm)]
struct Login<'r> {
    name: &'r str,
    password: &'r str,
    next: Next,
}

#[post("/login", data = "<form>")]
fn log_in(session: Session, user_agent: UserAgent<'_>, form: Form<Login<'_>>) -> Done {
    let Login { name, password, next } = form.into_inner();
    if password != PASSWORD {
        session.flash(FlashLevel::Error, "That is not the password.")?;
        return Ok(Redirect::to(uri!(login(next))));
    }
    // The cart comes along, under a new id.
    session.log_in(Owner::new(name)?)?;
    session.set_label("device", &device(user_agent.0))?;
    Ok(Redirect::to(next))
}

#[post("/logout")]
fn log_out(session: Session) -> Redirect {
    session.log_out();
    Redirect::to(uri!(shop))
}

/// Whoever is not signed in is sent to the login, and comes back here.
#[get("/checkout")]
fn checkout(customer: SignedIn) -> Page {
    let (name, items) = (escape(customer.owner().as_str()), list(&customer.get(CART)?.unwrap_or_default()));
    Ok(RawHtml(format!(r#"<h1>For {name}</h1><ul>{items}</ul><form method="post"><button>Buy</button></form>"#)))
}

#[post("/checkout")]
async fn buy(customer: SignedIn) -> Done {
    // Decided at once in the store, so that of two clicks one buys, and the other finds nothing left to buy.
    let bought = customer.transaction(|draft| draft.take(CART)).await?.unwrap_or_default().len();
    if bought > 0 {
        customer.flash(FlashLevel::Success, format!("Thank you! Items bought: {bought}."))?;
    }
    Ok(Redirect::to(uri!(shop)))
}

#[get("/devices")]
async fn devices(customer: SignedIn, sessions: &State<Sessions>) -> Page {
    let mut rows = String::new();
    for info in sessions.list(customer.owner()).await? {
        let device = escape(info.label("device").unwrap_or("Unknown device"));
        let action = uri!(end(info.session_key()));
        rows += &format!(r#"<li>{device}<form method="post" action="{action}"><button>End this one</button></form>"#);
    }
    Ok(RawHtml(format!("<h1>Devices</h1><ul>{rows}</ul>")))
}

/// Ends one of the customer's own sessions; nobody else's is found.
#[post("/devices/<key>/end")]
async fn end(owner: Owner, key: SessionKey, sessions: &State<Sessions>) -> Result<Option<Redirect>, SessionError> {
    let ended = sessions.revoke_owned(&owner, &key).await?;
    Ok(ended.then(|| Redirect::to(uri!(devices))))
}

/// What the browser says it is.
struct UserAgent<'r>(&'r str);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for UserAgent<'r> {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, Self::Error> {
        Outcome::Success(Self(request.headers().get_one("User-Agent").unwrap_or_default()))
    }
}

fn messages(session: &Session) -> Result<String, SessionError> {
    Ok(session.take_flash()?.iter().map(|flash| format!("<p>{}", escape(&flash.message))).collect())
}

fn list(items: &[String]) -> String {
    items.iter().map(|item| format!("<li>{}", escape(item))).collect()
}

fn escape(text: &str) -> String {
    RawStr::new(text).html_escape().into_owned()
}
