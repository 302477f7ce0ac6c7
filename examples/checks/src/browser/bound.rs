//! What a thief cannot do with the cookies of a session that is bound to a device, and its visitor can.

use fantoccini::error::CmdError;
use serde_json::Value;

use super::Stage;
use super::flow::{advance, sign_in};
use super::https::Https;
use super::window::{Kind, Window};
use crate::server::PATIENCE;

const TITLE: &str = "h1";
const BADGE: &str = ".current .badge.bound";

/// The keys that sign, of which any will do: 32 bytes in base64url.
pub(super) const KEYS: &str = "Ym91bmQgYm91bmQgYm91bmQgYm91bmQgYm91bmQgISE";

/// Keys in software, where there is no chip that keeps them.
const FEATURES: &str =
    "--enable-features=DeviceBoundSessions,EnableBoundSessionCredentialsSoftwareKeysForManualTesting";

/// Longer than what comes without the device cookie is taken for a request that was on its way, in milliseconds.
const LATER_MS: u64 = 11_000;
/// Longer than a device cookie lives.
const LIFETIME_MS: u64 = 611_000;

pub(super) async fn all(stage: &Stage) {
    let https = Https::before(stage.server.address()).await;
    let flags = [FEATURES.to_owned(), https.flags()];
    let client = stage.driver.browser_with(Kind::Plain, &flags).await;
    let picture = stage.screenshots.join(format!("{}-bound.png", stage.title));
    let ann = Window::new(client, &https.url(), &stage.framework, picture);
    ann.go("/").await;
    // Chromium binds no cookie of the prefix `__Host-Http-`.
    let device = format!("{}-device", ann.cookie_name().replacen("__Host-Http-", "__Host-", 1));

    // The browser registers by itself, beside the page.
    sign_in(&ann, &stage.name("Ann")).await;
    has(&ann, &device).await;
    ann.reload().await;
    ann.sees(BADGE, "bound to this device").await;
    ann.go("/protection").await;
    ann.sees("[data-measure=bound][data-is=on]", "A copy of the cookies soon opens nothing elsewhere.").await;
    ann.go("/").await;
    advance(stage, LATER_MS).await;

    let name = ann.cookie_name().to_owned();
    let stolen = value_of(&ann, &name).await;
    let whole = format!("{name}={stolen}; {device}={}", value_of(&ann, &device).await);
    let alone = format!("{name}={stolen}");
    assert_eq!(user(stage, &alone).await, Value::Null, "the session's cookie, from another client");
    assert_ne!(user(stage, &whole).await, Value::Null, "all of them, while the device's is good");
    ann.reload().await;
    ann.sees(TITLE, "Hello, Ann").await;

    // The device cookie is gone, as after its time: the browser proves that it has the key, and the page is as ever.
    advance(stage, LIFETIME_MS).await;
    assert_eq!(user(stage, &whole).await, Value::Null, "all of them, from another client, after their time");
    ann.forget(&device).await;
    ann.reload().await;
    ann.sees(TITLE, "Hello, Ann").await;
    has(&ann, &device).await;
    ann.sees(BADGE, "bound to this device").await;

    ann.send("Sign out").await;
    ann.sees(TITLE, "Sign in").await;
    ann.until("no device cookie", async || Ok((!names(&ann).await?.contains(&device)).then_some(()))).await;
    assert_eq!(user(stage, &whole).await, Value::Null, "the cookies of a session that has ended");
    ann.close().await;
}

async fn names(window: &Window) -> Result<Vec<String>, CmdError> {
    Ok(window.cookie_names().await)
}

async fn has(window: &Window, name: &str) {
    let name = name.to_owned();
    window.until("the device's cookie", async || Ok(names(window).await?.contains(&name).then_some(()))).await;
}

async fn value_of(window: &Window, name: &str) -> String {
    window.until(name, async || Ok(window.cookie_value(name).await)).await
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().expect("it has no settings")
}

/// Asks, as another client with these cookies, who is signed in.
async fn user(stage: &Stage, cookies: &str) -> Value {
    let asking = client().get(stage.server.url()).header("accept", "application/json").header("cookie", cookies);
    let answer = asking.send().await.expect("the server answers");
    assert!(answer.status().is_success(), "{answer:?}");
    answer.json::<Value>().await.expect("it is JSON")["user"].clone()
}
