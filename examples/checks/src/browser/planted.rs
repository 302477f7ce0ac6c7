//! What a script cannot do, even one that was smuggled into the page: plant a session.

use serde_json::json;

use super::Stage;
use super::flow::{expected_cookie, sign_in};
use super::window::{Kind, Window};

/// A name for each prefix. The last two show that a script can set cookies here, and that it would be seen.
const NAMES: [&str; 5] = ["__Host-Http-x", "__host-http-x", "__Http-x", "__Host-x", "__Secure-x"];

pub(super) async fn all(stage: &Stage) {
    let attacker = stage.window("attacker", Kind::Plain).await;
    sign_in(&attacker, &stage.name("Mallory")).await;
    let id = expected_cookie(&attacker).await.value().to_owned();
    nobody_is_given_it(stage, &id).await;
    nobody_loses_their_own(stage, &id).await;
    attacker.close().await;
}

async fn nobody_is_given_it(stage: &Stage, id: &str) {
    let visitor = stage.window("visitor", Kind::Plain).await;
    let own = visitor.cookie_name();
    let weaker = own.replace("__Host-Http-", "__Host-");
    plant(&visitor, &NAMES, "planted").await;
    has(&visitor, &["__Host-x", "__Secure-x"]).await;
    plant(&visitor, &[own, &weaker], id).await;
    // The one with the weaker prefix is there, and is not the session's.
    let mut planted = [&*weaker, "__Host-x", "__Secure-x"];
    planted.sort_unstable();
    has(&visitor, &planted).await;
    visitor.reload().await;
    visitor.sees(".hero", "You have no session yet, and no cookie.").await;
    visitor.close().await;
}

async fn nobody_loses_their_own(stage: &Stage, id: &str) {
    let ann = stage.window("ann", Kind::Plain).await;
    sign_in(&ann, &stage.name("Ann")).await;
    let before = expected_cookie(&ann).await;
    plant(&ann, &[ann.cookie_name(), "__Host-x"], id).await;
    has(&ann, &[ann.cookie_name(), "__Host-x"]).await;
    plant(&ann, &["__Host-x"], "; Max-Age=0").await;
    let after = expected_cookie(&ann).await;
    ann.equal("the session's cookie", after.value(), before.value()).await;
    ann.reload().await;
    ann.sees("h1", "Hello, Ann").await;
    ann.close().await;
}

/// Waits until there are these cookies and no others. A script's reach the jar in their order and a moment later, so the
/// last of those that were set tells that all were decided on.
async fn has(window: &Window, names: &[&str]) {
    let what = format!("the cookies {names:?} after those of a script");
    window.until(&what, async || Ok((window.cookie_names().await == names).then_some(()))).await;
}

/// Sets cookies as a script does.
async fn plant(window: &Window, names: &[&str], value: &str) {
    let cookies: Vec<_> = names.iter().map(|name| format!("{name}={value}; Path=/; Secure")).collect();
    window.script(&format!("for (const cookie of {}) document.cookie = cookie", json!(cookies))).await;
}
