//! What the app does. The sessions take a line or two in each handler.

use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response, Result};
use axum::routing::{get, post};
use serde::Deserialize;
use session_core::{FlashLevel, Key, Owner, Session, SessionError, SessionKey, Sessions};

use crate::device;
use crate::negotiate::{Format, Input};
use crate::user::User;
use crate::view::{Count, Device, Home, Visitor};

// The values that a session holds, each with its type.
pub(crate) const VISITS: Key<u32> = Key::new("visits");
pub(crate) const CART: Key<Vec<String>> = Key::new("cart");
const COUNT: Key<u32> = Key::new("count");
const DEVICE: Key<String> = Key::new("device");

/// How many characters a name may have, so that it fits an [`Owner`] in any script.
const NAME: usize = 60;
/// How many characters an item may have, and how many items a cart.
const ITEM: usize = 80;
const ITEMS: usize = 100;
/// How long `delay_ms` may make a request wait.
const LONGEST_DELAY: Duration = Duration::from_secs(10);

pub(crate) fn routes() -> Router<Sessions> {
    Router::new()
        .route("/", get(home))
        .route("/login", post(login))
        .route("/logout", post(logout))
        .route("/cart", post(add_to_cart))
        .route("/cart/empty", post(empty_cart))
        .route("/count", get(count).post(add_to_count))
        .route("/sessions", get(list_sessions))
        .route("/sessions/{key}/end", post(end_session))
        .route("/sessions/end-others", post(end_other_sessions))
        .route("/untouched", get(untouched))
        .fallback(async || (StatusCode::NOT_FOUND, "There is no such page."))
}

/// Shows the page. A visitor who has done nothing yet has no session, and a look does not begin one.
async fn home(format: Format, State(sessions): State<Sessions>, session: Session) -> Result<Response> {
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
        Some(owner) => devices(&sessions, &session, &owner).await?,
        None => Vec::new(),
    };
    let count = session.get(COUNT)?.unwrap_or(0);
    Ok(format.show(&Home { visitor: Visitor::of(&session)?, flash, count, devices, is_new: session.is_new() }))
}

#[derive(Deserialize)]
struct Login {
    #[serde(default)]
    name: String,
}

/// Signs in. A real app would ask for more than a name.
async fn login(format: Format, session: Session, headers: HeaderMap, Input(form): Input<Login>) -> Result<Response> {
    let name = text(&form.name, "name", NAME)?;
    let owner = Owner::new(name).map_err(|error| unprocessable(error.to_string()))?;

    // What a visitor collected is theirs when they sign in. What another user left is not.
    if session.owner().is_some_and(|before| before != owner) {
        session.clear()?;
    }
    // The first of these gives a session of another owner a new id, the second one of the same owner: whoever
    // knew the old id is left with nothing.
    session.set_owner(owner)?;
    session.set_authenticated()?;
    session.insert(DEVICE, device::name(&headers))?;
    session.flash(FlashLevel::Success, format!("Welcome, {name}."))?;
    Ok(format.done("/", &Visitor::of(&session)?))
}

/// Signs out. Requests of this session that are still under way can no longer write.
async fn logout(format: Format, session: Session) -> Result<Response> {
    session.destroy();
    Ok(format.done("/", &Visitor::of(&session)?))
}

#[derive(Deserialize)]
struct CartItem {
    #[serde(default)]
    item: String,
}

async fn add_to_cart(format: Format, session: Session, Input(form): Input<CartItem>) -> Result<Response> {
    let item = text(&form.item, "item", ITEM)?.to_owned();
    if session.get(CART)?.is_some_and(|cart| cart.len() >= ITEMS) {
        return Err(unprocessable(format!("The cart is full: it holds {ITEMS} items.")).into());
    }
    session.flash(FlashLevel::Success, format!("Added {item} to your cart."))?;
    session.update(CART, move |cart| {
        let mut cart = cart.unwrap_or_default();
        cart.push(item.clone());
        cart
    })?;
    Ok(format.done("/#cart", &Visitor::of(&session)?))
}

async fn empty_cart(format: Format, session: Session) -> Result<Response> {
    session.remove(CART)?;
    Ok(format.done("/#cart", &Visitor::of(&session)?))
}

async fn count(format: Format, session: Session) -> Result<Response> {
    let count = session.get(COUNT)?.unwrap_or(0);
    Ok(format.done("/#count", &Count { count }))
}

#[derive(Deserialize)]
struct Delay {
    #[serde(default)]
    delay_ms: u64,
}

/// Adds one, however many requests do so at once: what was written meanwhile is what `update` adds to.
async fn add_to_count(format: Format, session: Session, Query(delay): Query<Delay>) -> Result<Response> {
    if delay.delay_ms > 0 {
        // The session is read by now, and not yet written: time for others to come between.
        tracing::debug!(delay.delay_ms, "waiting before the write");
        tokio::time::sleep(Duration::from_millis(delay.delay_ms).min(LONGEST_DELAY)).await;
    }
    let count = session.update(COUNT, |count| count.unwrap_or(0) + 1)?;
    Ok(format.done("/#count", &Count { count }))
}

async fn list_sessions(
    format: Format,
    State(sessions): State<Sessions>,
    session: Session,
    User(owner): User,
) -> Result<Response> {
    Ok(format.done("/#sessions", &devices(&sessions, &session, &owner).await?))
}

/// Ends one of the user's own sessions: of somebody else's, not even that it exists is told.
async fn end_session(
    format: Format,
    State(sessions): State<Sessions>,
    session: Session,
    User(owner): User,
    Path(key): Path<String>,
) -> Result<Response> {
    let not_found = || (StatusCode::NOT_FOUND, "You have no such session.");
    let key = SessionKey::parse(key.as_bytes()).ok_or_else(not_found)?;
    if session.key() == Some(key) {
        // Ending the session one is in is signing out.
        session.destroy();
        return Ok(format.done("/", &Vec::<Device>::new()));
    }
    if !sessions.revoke_owned(&owner, &key).await? {
        return Err(not_found().into());
    }
    session.flash(FlashLevel::Success, "Ended that session.")?;
    Ok(format.done("/#sessions", &devices(&sessions, &session, &owner).await?))
}

async fn end_other_sessions(
    format: Format,
    State(sessions): State<Sessions>,
    session: Session,
    User(owner): User,
) -> Result<Response> {
    let ended = sessions.revoke_all(&owner, session.key().as_ref()).await?;
    session.flash(FlashLevel::Success, format!("Other sessions ended: {ended}."))?;
    Ok(format.done("/#sessions", &devices(&sessions, &session, &owner).await?))
}

/// Never asks for its session, so it costs no read, and caches may keep the answer for everybody.
async fn untouched() -> impl IntoResponse {
    ([("cache-control", "public, max-age=60")], "The same for everybody.\n")
}

/// Lists the owner's sessions, and marks this one.
async fn devices(sessions: &Sessions, session: &Session, owner: &Owner) -> Result<Vec<Device>, SessionError> {
    let infos = sessions.list(owner).await?;
    let device = |info| Ok(Device::new(info, session, info.get(DEVICE)?));
    infos.iter().map(device).collect()
}

/// Gives `value` without blanks around it, if it is 1 to `most` characters that can be seen.
fn text<'a>(value: &'a str, what: &str, most: usize) -> Result<&'a str, Refusal> {
    let value = value.trim();
    if (1..=most).contains(&value.chars().count()) && !value.contains(char::is_control) {
        return Ok(value);
    }
    Err(unprocessable(format!("The {what} must have 1 to {most} characters, and no line breaks.")))
}

type Refusal = (StatusCode, String);

fn unprocessable(message: String) -> Refusal {
    (StatusCode::UNPROCESSABLE_ENTITY, message)
}
