//! What there is to see, and whether everybody can.

use serde_json::{Value, json};

use super::Stage;
use super::window::{Kind, Window};

/// Gives a list of complaints.
const SCRIPT: &str = include_str!("looks.js");

pub(super) async fn all(stage: &Stage) {
    for (who, kind) in [("light", Kind::Plain), ("dark", Kind::Dark), ("phone", Kind::Phone)] {
        let window = stage.window(who, kind).await;
        window.sees("[data-live]", "Live").await;
        pleases(&window, "signed out").await;
        window.write("Your name", &stage.name("Ann")).await;
        window.send("Sign in").await;
        window.write("Item", "An item with a name as long as 80 characters, which has to be broken somewhere.").await;
        window.send("Add").await;
        window.sees("[data-live]", "Live").await;
        pleases(&window, "signed in").await;
        if kind == Kind::Plain {
            complains_of_what_is_wrong(&window).await;
        }
        window.go("/nowhere").await;
        window.sees("h1", "There is no such page.").await;
        pleases(&window, "an error").await;
        window.close().await;
    }
}

async fn pleases(window: &Window, what: &str) {
    window.equal(&format!("nothing to complain of, {what}"), window.script(SCRIPT).await, json!([])).await;
}

/// Breaks the page in each way that is looked for: a check that cannot fail is none.
async fn complains_of_what_is_wrong(window: &Window) {
    for (breakage, complaint) in [
        ("document.querySelector('.note').style.color = '#a0a0a0'", "contrast"),
        ("document.querySelector('input').style.borderColor = '#e0e0e0'", "border"),
        ("document.querySelector('input').style.outline = 'none'", "focus"),
        ("document.querySelector('label').remove()", "label"),
        ("document.querySelector('button').textContent = ''", "name"),
        ("document.querySelector('img').removeAttribute('alt')", "alt"),
        ("document.querySelector('button').style.cssText = 'min-height: 0; padding: 0; line-height: 1'", "small"),
        ("document.querySelector('main').style.width = '3000px'", "wide"),
        ("document.querySelector('h1').remove()", "h1"),
        ("document.querySelector('h2').id = document.querySelector('main').id = 'twice'", "id"),
        ("document.documentElement.removeAttribute('lang')", "lang"),
    ] {
        window.script(breakage).await;
        let complaints = window.script(SCRIPT).await;
        let found = complaints.as_array().is_some_and(|all| {
            all.iter().filter_map(Value::as_str).any(|said| said.split(':').next() == Some(complaint))
        });
        window.expect(&format!("a complaint of {complaint}, among {complaints}"), found).await;
        window.reload().await;
    }
}
