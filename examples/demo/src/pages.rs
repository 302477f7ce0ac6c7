//! What the app does. The sessions take a line or two in each handler.

use std::pin::Pin;
use std::time::Duration;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, StatusCode};
use serde::Deserialize;
use session_core::web::device;
use session_core::{FlashLevel, Key, LazySession, Owner, Session, SessionError, SessionKey};

use crate::answer::Answer;
use crate::ask::Ask;
use crate::assets;
use crate::demo::{Demo, json};
use crate::errors::{Refusal, refuse};
use crate::view::{Count, Device, Home, Visitor};

type Result<T = Answer> = std::result::Result<T, Refusal>;

// The values that a session holds, each with its type.
pub(crate) const VISITS: Key<u32> = Key::new("visits");
pub(crate) const CART: Key<Vec<String>> = Key::new("cart");
pub(crate) const COUNT: Key<u32> = Key::new("count");

/// How many characters a name may have, so that it fits an [`Owner`] in any script.
pub(crate) const NAME: usize = 60;
/// How many characters an item may have, and how many items a cart.
const ITEM: usize = 80;
const ITEMS: usize = 100;
/// How long `delay_ms` may make a request wait.
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// What the demo does at a route that asks for its session: one of its methods, such as [`Demo::home`]. So an example makes
/// one handler for all of them, and names them in its routes.
pub type Page = for<'a> fn(&'a Demo, &'a Session, &'a Ask) -> Answering<'a>;

/// An answer under way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Answer> + Send + 'a>>;

/// Each takes the session that the framework's extractor or guard has given, and what was asked for.
impl Demo {
    /// Shows the page: `GET /`.
    pub fn home<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, home(self, session, ask)))
    }

    /// Signs in: `POST /login`.
    pub fn login<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, login(self, session, ask)))
    }

    /// Signs out: `POST /logout`.
    pub fn logout<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, logout(self, session, ask)))
    }

    /// Adds an item to the cart: `POST /cart`.
    pub fn add_to_cart<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, add_to_cart(self, session, ask)))
    }

    /// Empties the cart: `POST /cart/empty`.
    pub fn empty_cart<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, empty_cart(self, session, ask)))
    }

    /// Shows the counter: `GET /count`.
    pub fn count<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, count(self, session, ask)))
    }

    /// Adds one to the counter: `POST /count`.
    pub fn add_to_count<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, add_to_count(self, session, ask)))
    }

    /// Lists the user's sessions: `GET /sessions`.
    pub fn list_sessions<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, list_sessions(self, session, ask)))
    }

    /// Ends all sessions of the user but this one: `POST /sessions/end-others`.
    pub fn end_other_sessions<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, end_other_sessions(self, session, ask)))
    }

    /// Ends one of the user's sessions: `POST /sessions/{key}/end`.
    pub fn end_session<'a>(&'a self, session: &'a Session, ask: &'a Ask) -> Answering<'a> {
        Box::pin(self.answer(ask, end_session(self, session, ask)))
    }

    /// Answers what never asks for its session: `GET /untouched`, style, script, icon and the store's figures. For every
    /// path that has no route it says that there is no such page.
    pub async fn public(&self, ask: &Ask) -> Answer {
        let found = match (&ask.method, ask.path.as_str()) {
            (&Method::GET | &Method::HEAD, "/untouched") => Some(untouched()),
            (&Method::GET | &Method::HEAD, "/figures") => Some(json(&self.watched().counts())),
            (&Method::GET | &Method::HEAD, path) => assets::file(path),
            _ => None,
        };
        self.answer(ask, async { found.ok_or_else(|| refuse(StatusCode::NOT_FOUND, "There is no such page.")) }).await
    }

    /// Does what the HTTP suite of `session-conformance` asks for: every method of `/test/{*path}`. There is no such
    /// page unless `SESSION_TEST` is set.
    ///
    /// # Errors
    /// As its session fails, for the framework to answer; where it knows no errors, [`failed`](Self::failed) does.
    pub async fn test(&self, session: &LazySession, ask: &Ask) -> std::result::Result<Answer, SessionError> {
        let mut failed = None;
        let handler = async {
            self.rigged(session, ask).await.or_else(|refusal| match refusal {
                Refusal::Session(error) => {
                    failed = Some(error);
                    Ok(Answer::default())
                }
                refusal => Err(refusal),
            })
        };
        let answer = self.answer(ask, handler).await;
        failed.map_or(Ok(answer), Err)
    }
}

/// Shows the page. A visitor who has done nothing yet has no session, and a look does not begin one.
async fn home(demo: &Demo, session: &Session, ask: &Ask) -> Result {
    let mut flash = Vec::new();
    if !session.is_new() {
        // A transaction, so that of two tabs opened at once both count, and one shows the messages.
        let greet = session.transaction::<_, SessionError, _>(|draft| {
            draft.update(VISITS, |visits| visits.unwrap_or(0) + 1)?;
            draft.take_flash()
        });
        flash = greet.await?;
    }
    let devices = match session.owner() {
        Some(owner) => devices(demo, session, &owner).await?,
        None => Vec::new(),
    };
    let count = session.get(COUNT)?.unwrap_or(0);
    let (framework, store) = (demo.framework(), demo.store());
    let (visitor, is_new, figures) = (Visitor::of(session)?, session.is_new(), demo.watched().counts().named());
    let is_administrator = session.owner().is_some_and(|owner| demo.is_administrator(&owner));
    let home = Home { framework, store, visitor, flash, count, devices, is_new, is_administrator, figures };
    Ok(demo.show(ask.format(), &home))
}

#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    name: String,
}

/// Signs in. A real app would ask for more than a name.
async fn login(demo: &Demo, session: &Session, ask: &Ask) -> Result {
    let form: Login = ask.input()?;
    let name = text(&form.name, "name", NAME)?;
    let owner = Owner::new(name)?;

    // What a visitor collected is theirs when they sign in. If it was another user's session, that ends here, and nothing
    // of it is left to them.
    session.log_in(owner)?;
    let user_agent = ask.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    session.set_label("device", &device(user_agent))?;
    session.flash(FlashLevel::Success, format!("Welcome, {name}."))?;
    Ok(demo.done(ask.format(), "/", &Visitor::of(session)?))
}

/// Signs out. Requests of this session that are still under way can no longer write. The message is the first thing in a
/// new session.
async fn logout(demo: &Demo, session: &Session, ask: &Ask) -> Result {
    session.log_out();
    session.flash(FlashLevel::Info, "You are signed out.")?;
    Ok(demo.done(ask.format(), "/", &Visitor::of(session)?))
}

#[derive(Deserialize)]
struct CartItem {
    #[serde(default)]
    item: String,
}

async fn add_to_cart(demo: &Demo, session: &Session, ask: &Ask) -> Result {
    let form: CartItem = ask.input()?;
    let item = text(&form.item, "item", ITEM)?.to_owned();
    if session.get(CART)?.is_some_and(|cart| cart.len() >= ITEMS) {
        return Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, format!("The cart is full: it holds {ITEMS} items.")));
    }
    session.flash(FlashLevel::Success, format!("Added {item} to your cart."))?;
    session.update(CART, move |cart| {
        let mut cart = cart.unwrap_or_default();
        cart.push(item.clone());
        cart
    })?;
    Ok(demo.done(ask.format(), "/#cart", &Visitor::of(session)?))
}

async fn empty_cart(demo: &Demo, session: &Session, ask: &Ask) -> Result {
    session.remove(CART)?;
    Ok(demo.done(ask.format(), "/#cart", &Visitor::of(session)?))
}

async fn count(demo: &Demo, session: &Session, ask: &Ask) -> Result {
    let count = session.get(COUNT)?.unwrap_or(0);
    Ok(demo.done(ask.format(), "/#count", &Count { count }))
}

#[derive(Deserialize)]
struct Delay {
    #[serde(default)]
    delay_ms: u64,
}

/// Adds one, however many requests do so at once: what was written meanwhile is what `update` adds to.
async fn add_to_count(demo: &Demo, session: &Session, ask: &Ask) -> Result {
    let delay: Delay = ask.query()?;
    if delay.delay_ms > 0 {
        // The session is read by now, and not yet written: time for others to come between.
        tracing::debug!(delay.delay_ms, "waiting before the write");
        tokio::time::sleep(Duration::from_millis(delay.delay_ms).min(LONGEST_DELAY)).await;
    }
    let count = session.update(COUNT, |count| count.unwrap_or(0) + 1)?;
    Ok(demo.done(ask.format(), "/#count", &Count { count }))
}

async fn list_sessions(demo: &Demo, session: &Session, ask: &Ask) -> Result {
    let owner = user(session)?;
    Ok(demo.done(ask.format(), "/#sessions", &devices(demo, session, &owner).await?))
}

/// Ends one of the user's own sessions: of somebody else's, not even that it exists is told.
async fn end_session(demo: &Demo, session: &Session, ask: &Ask) -> Result {
    let owner = user(session)?;
    let not_found = || refuse(StatusCode::NOT_FOUND, "You have no such session.");
    let key = ask.path.strip_prefix("/sessions/").and_then(|rest| rest.strip_suffix("/end"));
    let key = key.and_then(|key| SessionKey::parse(key.as_bytes())).ok_or_else(not_found)?;
    if session.session_key() == Some(key) {
        // Ending the session one is in is signing out.
        session.destroy();
        return Ok(demo.done(ask.format(), "/", &Vec::<Device>::new()));
    }
    if !demo.sessions().revoke_owned(&owner, &key).await? {
        return Err(not_found());
    }
    session.flash(FlashLevel::Success, "Ended that session.")?;
    Ok(demo.done(ask.format(), "/#sessions", &devices(demo, session, &owner).await?))
}

async fn end_other_sessions(demo: &Demo, session: &Session, ask: &Ask) -> Result {
    let owner = user(session)?;
    let ended = demo.sessions().revoke_all(&owner, session.session_key().as_ref()).await?;
    session.flash(FlashLevel::Success, format!("Other sessions ended: {ended}."))?;
    Ok(demo.done(ask.format(), "/#sessions", &devices(demo, session, &owner).await?))
}

/// Never asks for its session, so it costs no read, and caches may keep the answer for everybody.
fn untouched() -> Answer {
    let mut answer = Answer::new("The same for everybody.\n".into());
    answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}

/// Gives the name of who is signed in; `None` if nobody is.
pub(crate) fn name(session: &Session) -> Option<String> {
    session.owner().map(|owner| owner.as_str().to_owned())
}

/// Gives the user who is signed in.
pub(crate) fn user(session: &Session) -> Result<Owner> {
    session.owner().ok_or(Refusal::SignIn)
}

/// Lists the owner's sessions, and marks this one.
async fn devices(demo: &Demo, session: &Session, owner: &Owner) -> Result<Vec<Device>> {
    let infos = demo.sessions().list(owner).await?;
    let mut devices: Vec<_> = infos.iter().map(|info| Device::new(info, session)).collect();
    Device::tell_apart(&mut devices);
    Ok(devices)
}

/// Gives `value` without blanks around it, if it is 1 to `most` characters that can be seen.
pub(crate) fn text<'a>(value: &'a str, what: &str, most: usize) -> Result<&'a str> {
    let value = value.trim();
    if (1..=most).contains(&value.chars().count()) && !value.contains(char::is_control) {
        return Ok(value);
    }
    let message = format!("The {what} must have 1 to {most} characters, and no line breaks.");
    Err(refuse(StatusCode::UNPROCESSABLE_ENTITY, message))
}
