//! What the page of what protects the visitor says is so.

mod support;

use reqwest::StatusCode;
use serde_json::{Value, json};

use support::{Browser, home};

const KEYS: (&str, &str) = ("SESSION_KEYS", "Ym91bmQgYm91bmQgYm91bmQgYm91bmQgYm91bmQgISE");

/// Gives what the page says of each measure: whether it is on.
fn measures(page: &str) -> Vec<(&str, bool)> {
    let parts = page.split("data-measure=\"").skip(1);
    parts
        .map(|part| {
            let (name, rest) = part.split_once("\" data-is=\"").expect("each says how it is");
            (name, rest.starts_with("on\""))
        })
        .collect()
}

#[tokio::test]
async fn who_has_no_session_begins_none_by_looking() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    for _ in 0..2 {
        let said = browser.get("/protection").await;
        assert_eq!((said.status, &said.json()["session"]), (StatusCode::OK, &Value::Null));
        assert!(said.header("set-cookie").is_empty());
    }
    let page = browser.page("/protection").await.body;
    assert!(page.contains("You have no session yet") && page.contains("Not yet: you are not signed in."), "{page}");
}

#[tokio::test]
async fn a_sign_in_shows_with_its_new_id_and_its_time() {
    let server = home().start_with(&[("SESSION_TEST", "1")]).await;
    let mut browser = Browser::new(&server);
    browser.post("/cart", &json!({ "item": "pear" })).await;
    let (before, id) = (browser.get("/protection").await.json(), browser.cookie.clone());
    assert_eq!((&before["user"], &before["session"]["signed_in_at"]), (&Value::Null, &Value::Null));

    browser.post("/test/clock?advance_ms=5000", &Value::Null).await;
    browser.sign_in("Ann").await;
    assert_ne!(browser.cookie, id);
    let after = browser.get("/protection").await.json();
    let millis = |said: &Value, name: &str| said["session"][name].as_u64().unwrap_or_else(|| panic!("{name}: {said}"));
    assert_eq!(after["user"], "Ann");
    assert_eq!(millis(&after, "signed_in_at"), millis(&before, "began_at") + 5_000);
    assert_eq!(millis(&after, "began_at"), millis(&before, "began_at"), "the session is the same");
    assert_eq!(millis(&after, "ends_at"), millis(&after, "signed_in_at") + 1_000 * after["idle_s"].as_u64().unwrap());
    let page = browser.page("/protection").await.body;
    assert!(measures(&page).contains(&("rotated", true)), "{page}");
    assert!(page.contains("The old id no longer works."), "{page}");
}

#[tokio::test]
async fn what_it_says_of_the_cookie_is_what_is_set() {
    for settings in [
        &[][..],
        &[("SESSION_COOKIE", "development")],
        &[("SESSION_LIFETIME", "persistent")],
        &[KEYS],
        &[KEYS, ("SESSION_UNSIGNED", "set")],
        &[KEYS, ("SESSION_COOKIE", "development"), ("SESSION_LIFETIME", "persistent")],
    ] {
        let server = home().start_with(settings).await;
        let mut browser = Browser::new(&server);
        let answer = browser.post("/login", &json!({ "name": "Ann" })).await;
        let [cookie] = answer.header("set-cookie")[..] else { panic!("{answer:?}") };
        let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
        let has = |attribute: &str| cookie.split("; ").any(|part| part.split('=').next() == Some(attribute));
        let said = json!({
            "name": name,
            "secure": has("Secure") && name.starts_with("__Host-") && !has("Domain"),
            "signed": value.contains('.'),
            "persistent": has("Max-Age"),
        });
        assert_eq!(browser.get("/protection").await.json()["cookie"], said, "{settings:?}: {cookie}");
        let page = browser.page("/protection").await.body;
        for (measure, is_on) in [
            ("secure", said["secure"] == true),
            ("scripts", has("HttpOnly")),
            ("sites", cookie.contains("SameSite=Lax")),
            ("closed", said["persistent"] == false),
            ("signed", said["signed"] == true),
        ] {
            assert!(measures(&page).contains(&(measure, is_on)), "{measure} with {settings:?}: {page}");
        }
    }
}

#[tokio::test]
async fn it_says_how_the_server_is_set() {
    let settings = [
        KEYS,
        ("SESSION_BOUND", "refuse"),
        ("SESSION_NEAR", "stale"),
        ("SESSION_MAX_PER_OWNER", "3"),
        ("SESSION_RENEW_EVERY_MS", "900000"),
        ("SESSION_CLEAR_SITE_DATA", "cache"),
    ];
    for (settings, is_on) in [(&settings[..], true), (&[], false)] {
        let server = home().start_with(settings).await;
        let mut browser = Browser::new(&server);
        browser.sign_in("Ann").await;
        let said = browser.get("/protection").await.json();
        let wanted = match is_on {
            true => json!([true, "stale", 3, 900, true]),
            false => json!([false, "off", null, null, false]),
        };
        let found = ["binds", "near", "max_per_owner", "renew_every_s", "clears"].map(|name| said[name].clone());
        assert_eq!(json!(found), wanted);
        // It asks browsers to bind, and this is none that can.
        assert_eq!((&said["session"]["bound_at"], &said["session"]["proven"]), (&Value::Null, &json!(false)));
        let page = browser.page("/protection").await;
        assert_eq!(page.header("cache-control"), ["no-store"], "as it says itself");
        let page = page.body;
        for measure in [("renewed", is_on), ("most", is_on), ("clears", is_on), ("fresh", !is_on), ("bound", false)] {
            assert!(measures(&page).contains(&measure), "{measure:?}: {page}");
        }
        assert_eq!(page.contains("every 15 minutes"), is_on);
        assert_eq!(page.contains("Browsers that can do it bind it"), is_on);
    }
}
