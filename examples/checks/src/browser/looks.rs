//! What there is to see, and whether everybody can.

use serde_json::{Value, json};

use super::Stage;
use super::admin::ADMINISTRATOR;
use super::flow::{advance, sign_in};
use super::window::{Kind, Window};

/// Has three messages wait for the next page.
const THREE_MESSAGES: &str = "
    const headers = { Accept: 'application/json', 'Content-Type': 'application/json' };
    const add = (item) => fetch('/cart', { method: 'POST', headers, body: JSON.stringify({ item }) });
    return Promise.all(['A plum', 'A fig', 'A date'].map(add)).then(() => null);
";

/// Tells whether no message is on another, and all take two fifths of the screen at most.
const APART: &str = "
    const all = [...document.querySelectorAll('.flash')].map((it) => it.getBoundingClientRect());
    const box = document.querySelector('.messages').getBoundingClientRect();
    return all.every((it, i) => i === 0 || it.top >= all[i - 1].bottom) && box.height <= 0.4 * innerHeight + 1;
";

/// Tells whether the messages are out of the way of who looks at what is below.
const LET_GO: &str = "
    scrollTo(0, document.body.scrollHeight);
    return document.querySelector('.messages').getBoundingClientRect().bottom <= 0;
";

/// Gives the colours of messages of each level.
const COLOURS: &str = "
    const one = document.querySelector('.flash');
    return ['success', 'info', 'warning', 'error'].map((level) => {
        one.className = `flash ${level}`;
        return getComputedStyle(one).backgroundColor;
    });
";

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
        window.go("/protection").await;
        window.sees("h1", "What protects you").await;
        pleases(&window, "what protects").await;
        hides_nothing(&window).await;
        tells_alike_apart(stage, &window).await;
        if kind == Kind::Plain {
            complains_of_what_is_wrong(&window).await;
        }
        window.go("/nowhere").await;
        window.sees("h1", "There is no such page.").await;
        pleases(&window, "an error").await;
        window.sees(".top", "Sessions on").await;
        window.go("/").await;
        window.send("Sign out").await;
        window.write("Your name", ADMINISTRATOR).await;
        window.send("Sign in").await;
        window.go("/admin").await;
        window.sees("h1", "Administration").await;
        pleases(&window, "the administration").await;
        window.close().await;
    }
}

/// Several messages at once stand one below the other, take little of the screen, and after some seconds none of it.
async fn hides_nothing(window: &Window) {
    window.script(THREE_MESSAGES).await;
    window.go("/#figures").await;
    window.equal("messages", window.texts(".flash").await.len(), 3).await;
    window.equal("messages that stand apart", window.script(APART).await, json!(true)).await;
    window.until("messages let go", async || Ok((window.script(LET_GO).await == true).then_some(()))).await;
    // They are told apart by more than their words.
    let told = window.script(COLOURS).await;
    window.expect("colours", told.as_array().is_some_and(|all| all.len() == 4)).await;
    for (at, colour) in told.as_array().into_iter().flatten().enumerate() {
        let others = told.as_array().into_iter().flatten().enumerate().filter(|(other, _)| *other != at);
        window.expect("a colour for each level", others.map(|(_, other)| other).all(|other| other != colour)).await;
    }
}

/// Sessions of one name have numbers, and one's own says that it ends by signing out.
async fn tells_alike_apart(stage: &Stage, window: &Window) {
    let other = stage.window("alike", Kind::Plain).await;
    advance(stage, 1_000).await;
    sign_in(&other, &stage.name("Ann")).await;
    other.until("two of one name", async || Ok((other.texts(".nth").await.len() == 2).then_some(()))).await;
    other.equal("the number of this one", other.texts(".current .nth").await, ["no. 2"]).await;
    window.reload().await;
    window.equal("the number of the first", window.texts(".current .nth").await, ["no. 1"]).await;
    window.equal("the way to end the first", window.texts(".current .action").await, ["Sign out"]).await;
    other.send_in("//tr[contains(@class, 'current')]", "Sign out").await;
    other.close().await;
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
