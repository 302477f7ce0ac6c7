//! What an administrator does, by the keyboard alone.

use fantoccini::key::Key;

use super::Stage;
use super::flow::{advance, sign_in};
use super::window::Kind;

/// Names the administrator.
pub(super) const NAMED: (&str, &str) = ("SESSION_ADMIN", ADMINISTRATOR);
pub(super) const ADMINISTRATOR: &str = "Root";

const TITLE: &str = "h1";
const WAYS: &str = ".ways a";

/// Longer than a proof of who one is counts for this, in milliseconds.
const TOO_LONG_MS: u64 = 601_000;

pub(super) async fn all(stage: &Stage) {
    let ann = stage.window("ann", Kind::Phone).await;
    sign_in(&ann, &stage.name("Ann")).await;
    ann.equal("the ways of others", ann.texts(WAYS).await, ["What protects you"]).await;

    let root = stage.window("root", Kind::Plain).await;
    root.tab_to("Your name").await;
    root.write("Your name", ADMINISTRATOR).await;
    root.enter().await;
    root.sees(TITLE, &format!("Hello, {ADMINISTRATOR}")).await;
    advance(stage, TOO_LONG_MS).await;
    root.tab_to("Administration").await;
    root.enter().await;
    root.sees(TITLE, "Administration").await;
    root.equal("how many there are", root.texts(".figures dd").await, ["2", "2"]).await;
    root.tab_to(&format!("Sign in again as {ADMINISTRATOR}")).await;
    root.enter().await;

    root.tab_to("Administration").await;
    root.enter().await;
    // The browser itself asks for the box.
    root.tab_to("End everything").await;
    root.key(Key::Enter).await;
    root.go("/admin").await;
    root.equal("how many there are still", root.texts(".figures dd").await, ["2", "2"]).await;
    root.tab_to("I mean the sessions of everybody").await;
    root.key(Key::Space).await;
    root.tab_to("End everything").await;
    root.enter().await;
    root.sees(".flash.warning", "Everything has ended: 2 sessions. You are signed out, too.").await;
    root.sees(TITLE, "Sign in").await;

    ann.reload().await;
    ann.sees(TITLE, "Sign in").await;
    ann.tab_to("What protects you").await;
    ann.enter().await;
    ann.sees(TITLE, "What protects you").await;
    ann.tab_to("Back to the page").await;
    ann.enter().await;
    ann.sees(TITLE, "Sign in").await;
    ann.close().await;
    root.close().await;
}
