//! What people do, from the first look to the session's end.

use fantoccini::cookies::Cookie;

use super::Stage;
use super::window::{Kind, Window};
use crate::server::PATIENCE;

/// Longer than a session lasts with nobody there, in milliseconds: 25 hours, and it is 24.
const TOO_LONG_MS: u64 = 25 * 60 * 60 * 1000;

const FLASH: &str = ".flash";
const TITLE: &str = "h1";
const CART: &str = "#cart li";
const COUNT: &str = "#count .number";
const VISITS: &str = "#visits .number";
const DEVICES: &str = "#sessions tbody tr";
const CONFLICTS: &str = "[data-figure=conflict]";
/// The one of the two sessions that this is not.
const OTHER: &str = "//tr[not(contains(@class, 'current'))]";

pub(super) async fn all(stage: &Stage) {
    let laptop = stage.window("laptop", Kind::Plain).await;
    let old = fills_a_cart_and_signs_in(stage, &laptop).await;
    nobody_gets_in_by_the_old_id(stage, old).await;
    sends_many_requests_at_once(&laptop).await;
    ends_the_session_on_the_phone(stage, &laptop).await;
    leaves_the_page_open_for_too_long(stage, &laptop).await;
    signs_out_for_good(stage, &laptop).await;
    is_not_tricked_by_another_site(stage, &laptop).await;
    laptop.close().await;
    does_it_all_without_javascript(stage).await;
}

async fn fills_a_cart_and_signs_in(stage: &Stage, laptop: &Window) -> Cookie<'static> {
    laptop.sees(".hero", "You have no session yet, and no cookie.").await;
    laptop.equal("no cookie after a look", laptop.cookie().await, None::<Cookie<'_>>).await;

    laptop.write("Item", "A pear").await;
    laptop.send("Add").await;
    laptop.sees(FLASH, "Added A pear to your cart.").await;
    laptop.equal("the cart", laptop.texts(CART).await, ["A pear"]).await;
    let first = expected_cookie(laptop).await;
    laptop.reload().await;
    laptop.equal("the cart after a reload", laptop.texts(CART).await, ["A pear"]).await;
    laptop.equal("the message, a second time", laptop.texts(FLASH).await, [""; 0]).await;
    laptop.equal("the visits", laptop.number(VISITS).await, 2).await;

    sign_in(laptop, &stage.name("Ann")).await;
    laptop.equal("the cart after signing in", laptop.texts(CART).await, ["A pear"]).await;
    let second = expected_cookie(laptop).await;
    laptop.expect("a new id after signing in", first.value() != second.value()).await;
    laptop.reload().await;
    laptop.sees(TITLE, "Hello, Ann").await;
    laptop.equal("the welcome, a second time", laptop.texts(FLASH).await, [""; 0]).await;
    first
}

async fn nobody_gets_in_by_the_old_id(stage: &Stage, old: Cookie<'static>) {
    let thief = stage.window("thief", Kind::Plain).await;
    thief.adopt(old).await;
    thief.reload().await;
    thief.sees(TITLE, "Sign in").await;
    thief.equal("the cart of an id from before", thief.texts(CART).await, [""; 0]).await;
    thief.close().await;
}

async fn sends_many_requests_at_once(laptop: &Window) {
    laptop.sees("[data-live]", "Live").await;
    let conflicts = laptop.number(CONFLICTS).await;
    laptop.press("Add 50 at once").await;
    laptop.sees("#count output", "50 requests, and all 50 counted: from 0 to 50.").await;
    laptop.equal("the counter", laptop.number(COUNT).await, 50).await;
    // Without a reload.
    laptop.until("more conflicts", async || Ok((laptop.number(CONFLICTS).await > conflicts).then_some(()))).await;
    laptop.reload().await;
    laptop.equal("the counter after a reload", laptop.number(COUNT).await, 50).await;
}

async fn ends_the_session_on_the_phone(stage: &Stage, laptop: &Window) {
    let phone = stage.window("phone", Kind::Phone).await;
    for others in ["this one", "all others"] {
        sign_in(&phone, &stage.name("Ann")).await;
        phone.equal("the sessions on the phone", phone.texts(DEVICES).await.len(), 2).await;
        laptop.reload().await;
        laptop.equal("the sessions on the laptop", laptop.texts(DEVICES).await.len(), 2).await;
        laptop.equal("the mark of this one", laptop.texts(".current .badge").await, ["this one"]).await;
        if others == "all others" {
            laptop.send("End all others").await;
            laptop.sees(FLASH, "Other sessions ended: 1.").await;
        } else {
            laptop.send_in(OTHER, "End").await;
            laptop.sees(FLASH, "Ended that session.").await;
        }
        laptop.equal("the sessions that are left", laptop.texts(DEVICES).await.len(), 1).await;
        // The next click begins anew, and is no error.
        phone.write("Item", "A plum").await;
        phone.send("Add").await;
        phone.sees(FLASH, "Added A plum to your cart.").await;
        phone.sees(TITLE, "Sign in").await;
        phone.equal("the cart after the end", phone.texts(CART).await, ["A plum"]).await;
        phone.equal("the counter after the end", phone.number(COUNT).await, 0).await;
    }
    phone.close().await;
    laptop.sees(TITLE, "Hello, Ann").await;
}

async fn leaves_the_page_open_for_too_long(stage: &Stage, laptop: &Window) {
    let before = expected_cookie(laptop).await;
    laptop.sees("[data-live]", "Live").await;
    advance(stage, TOO_LONG_MS).await;

    // The page asks for the figures all the while, which is no sign of life.
    laptop.sees(TITLE, "Hello, Ann").await;
    laptop.write("Item", "A plum").await;
    laptop.send("Add").await;
    laptop.sees(TITLE, "Sign in").await;
    laptop.equal("the cart of a new session", laptop.texts(CART).await, ["A plum"]).await;
    laptop.equal("the counter of a new session", laptop.number(COUNT).await, 0).await;
    let after = expected_cookie(laptop).await;
    laptop.expect("a new id after the session's end", before.value() != after.value()).await;
}

async fn signs_out_for_good(stage: &Stage, laptop: &Window) {
    sign_in(laptop, &stage.name("Ann")).await;
    let before = expected_cookie(laptop).await;
    laptop.send("Sign out").await;
    laptop.sees(FLASH, "You are signed out.").await;
    laptop.sees(TITLE, "Sign in").await;
    laptop.equal("the cart after signing out", laptop.texts(CART).await, [""; 0]).await;
    let after = expected_cookie(laptop).await;
    laptop.expect("a new id after signing out", before.value() != after.value()).await;
    laptop.back().await;
    laptop.sees(TITLE, "Sign in").await;
    laptop.go("/").await;
    sign_in(laptop, &stage.name("Carl")).await;
    laptop.equal("the cart of another user", laptop.texts(CART).await, [""; 0]).await;
    laptop.equal("the sessions of another user", laptop.texts(DEVICES).await.len(), 1).await;
    laptop.equal("the mark of this one", laptop.texts(".current .badge").await, ["this one"]).await;
}

async fn is_not_tricked_by_another_site(stage: &Stage, laptop: &Window) {
    laptop.sees(TITLE, "Hello, Carl").await;
    let address = format!("{}/logout", stage.server.url());
    laptop.visit(&format!("data:text/html,<form method=post action='{address}'><button>Win</button></form>")).await;
    laptop.send("Win").await;
    laptop.sees(TITLE, "This form was sent from another site.").await;
    laptop.go("/").await;
    laptop.sees(TITLE, "Hello, Carl").await;
}

async fn does_it_all_without_javascript(stage: &Stage) {
    let window = stage.window("scriptless", Kind::Scriptless).await;
    window.sees("[data-live]", "As of this page.").await;
    window.equal("buttons that need a script", window.texts("#count button").await, ["Add one"]).await;
    window.write("Item", "A pear").await;
    window.send("Add").await;
    window.equal("the cart", window.texts(CART).await, ["A pear"]).await;
    window.send("Add one").await;
    window.send("Add one").await;
    window.equal("the counter", window.number(COUNT).await, 2).await;
    sign_in(&window, &stage.name("Bob")).await;
    window.sees("#sessions time", "UTC").await;
    window.send("Empty the cart").await;
    window.sees("#cart", "Nothing in it yet.").await;
    // One's own session, from the list.
    window.send_in("//tr", "Sign out").await;
    window.sees(".hero", "You have no session yet, and no cookie.").await;
    window.equal("no cookie after the end", window.cookie().await, None::<Cookie<'_>>).await;
    window.close().await;
}

/// Moves the server's time on.
pub(super) async fn advance(stage: &Stage, millis: u64) {
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("it has no settings");
    let clock = format!("{}/test/clock?advance_ms={millis}", stage.server.url());
    let answer = client.post(clock).send().await.expect("the server answers");
    assert!(answer.status().is_success(), "{answer:?}");
}

pub(super) async fn sign_in(window: &Window, name: &str) {
    window.write("Your name", name).await;
    window.send("Sign in").await;
    window.sees(FLASH, &format!("Welcome, {name}.")).await;
    window.sees(TITLE, &format!("Hello, {name}")).await;
    window.sees(".who", &format!("Signed in as {name}")).await;
}

/// Gives the session's cookie, which has to be as the browser was told by default.
pub(super) async fn expected_cookie(window: &Window) -> Cookie<'static> {
    let cookie = window.until("the session's cookie", async || Ok(window.cookie().await)).await;
    let attributes = (cookie.secure(), cookie.http_only(), cookie.path(), cookie.domain(), cookie.expires().is_none());
    let wanted = (Some(true), Some(true), Some("/"), Some("127.0.0.1"), true);
    window.equal("the cookie's attributes", attributes, wanted).await;
    let same_site = cookie.same_site().map(|site| site.to_string());
    window.equal("the cookie's SameSite", same_site.as_deref(), Some("Lax")).await;
    window.equal("the cookie's length", cookie.value().len(), 43).await;
    cookie
}
