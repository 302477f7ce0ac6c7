//! What sessions promise, seen from a browser.

mod support;

use reqwest::header::{ACCEPT, COOKIE, HeaderValue};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use support::{Answer, Browser, JSON, home};

#[tokio::test]
async fn no_cookie_is_set_before_anything_is_written() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    for path in ["/", "/", "/count", "/untouched", "/nowhere", "/sessions"] {
        let answer = browser.get(path).await;
        assert!(answer.header("set-cookie").is_empty(), "{path}: {answer:?}");
    }
    assert_eq!(browser.get("/").await.json(), json!({ "user": null, "visits": 0, "cart": [], "flash": [] }));

    let answer = browser.post("/cart", &json!({ "item": "pear" })).await;
    let [cookie] = answer.header("set-cookie")[..] else { panic!("{answer:?}") };
    let mut attributes: Vec<_> = cookie.split("; ").skip(1).collect();
    attributes.sort_unstable();
    assert!(cookie.starts_with("__Host-Http-axum-session="), "{cookie}");
    assert_eq!(attributes, ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]);
    assert_eq!(browser.get("/").await.json()["visits"], 1);
    assert_eq!(browser.get("/").await.json()["visits"], 2);
}

#[tokio::test]
async fn signing_in_changes_the_id_and_the_old_one_is_dead() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    browser.post("/cart", &json!({ "item": "pear" })).await;
    let mut thief = browser.clone();

    browser.sign_in("Ann").await;
    assert_ne!(browser.cookie, thief.cookie);
    assert_eq!(browser.get("/").await.json()["cart"], json!(["pear"]), "what was in the session stays");

    assert_eq!(thief.get("/").await.json(), json!({ "user": null, "visits": 0, "cart": [], "flash": [] }));
    let refused = thief.post("/cart", &json!({ "item": "stolen" })).await.error(409);
    assert!(refused.starts_with("Nothing was changed"), "{refused}");
    assert_eq!(browser.get("/").await.json()["cart"], json!(["pear"]));
}

#[tokio::test]
async fn signing_in_again_changes_the_id_again() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    let mut before = browser.clone();
    browser.sign_in("Ann").await;
    assert_eq!((browser.user().await, before.user().await), (json!("Ann"), Value::Null));
    assert_eq!(browser.get("/sessions").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn another_user_does_not_see_what_one_left() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    browser.post("/cart", &json!({ "item": "secret" })).await;
    let answer = browser.post("/login", &json!({ "name": "Bob" })).await;
    assert_eq!(answer.json(), json!({ "user": "Bob", "visits": 0, "cart": [] }));
}

#[tokio::test]
async fn a_user_sees_and_ends_their_other_session_and_nobody_elses() {
    let server = home().start().await;
    let (mut laptop, mut phone, mut stranger) = (Browser::new(&server), Browser::new(&server), Browser::new(&server));
    laptop.sign_in("Ann").await;
    let phone_login = phone.request(Method::POST, "/login").header(ACCEPT, JSON);
    let firefox = "Mozilla/5.0 (Android 15; Mobile; rv:145.0) Gecko/145.0 Firefox/145.0";
    phone.send(phone_login.header("user-agent", firefox).form(&[("name", "Ann")])).await;
    stranger.sign_in("Bob").await;

    let listed = laptop.get("/sessions").await.json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 2, "{listed:?}");
    let other = listed.iter().find(|session| session["current"] == false).expect("the phone's");
    assert_eq!(other["device"], "Firefox on Android");
    assert!(other["created_at"].is_u64() && other["last_seen_at"].is_u64(), "{other}");

    let end = format!("/sessions/{}/end", other["key"].as_str().unwrap());
    assert_eq!(stranger.post(&end, &Value::Null).await.error(404), "You have no such session.");
    assert_eq!(phone.user().await, "Ann");

    let left = laptop.post(&end, &Value::Null).await.json();
    assert_eq!(left.as_array().unwrap().len(), 1, "{left}");
    assert_eq!(phone.user().await, Value::Null);
    assert_eq!(laptop.post(&end, &Value::Null).await.error(404), "You have no such session.");
    assert_eq!((laptop.user().await, stranger.user().await), (json!("Ann"), json!("Bob")));

    // Whoever was sent away can come back at once.
    phone.sign_in("Ann").await;
    assert_eq!(phone.user().await, "Ann");
}

#[tokio::test]
async fn all_other_sessions_end_at_once() {
    let server = home().start().await;
    let mut browsers = [(); 4].map(|()| Browser::new(&server));
    for browser in &mut browsers {
        browser.sign_in("Ann").await;
    }
    let [this, others @ ..] = &mut browsers;
    let left = this.post("/sessions/end-others", &Value::Null).await.json();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["current"]), (1, &json!(true)));
    for other in others {
        assert_eq!(other.user().await, Value::Null);
    }
    assert_eq!(this.user().await, "Ann");
}

#[tokio::test]
async fn ending_the_session_one_is_in_is_signing_out() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    let key = browser.get("/sessions").await.json()[0]["key"].as_str().unwrap().to_owned();
    assert_eq!(browser.post(&format!("/sessions/{key}/end"), &Value::Null).await.json(), json!([]));
    assert_eq!(browser.cookie, None, "the cookie is removed");
}

#[tokio::test]
async fn an_invented_id_is_not_adopted() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    let invented = format!("__Host-Http-axum-session={}", "A".repeat(43));
    browser.cookie = Some(invented.clone());
    assert!(browser.get("/").await.header("set-cookie").is_empty());
    browser.sign_in("Ann").await;
    assert_ne!(browser.cookie.as_ref(), Some(&invented));
    browser.cookie = Some(invented);
    assert_eq!(browser.user().await, Value::Null);
}

#[tokio::test]
async fn fifty_parallel_increments_count_fifty() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    let mut requests = JoinSet::new();
    for _ in 0..50 {
        let mut browser = browser.clone();
        requests.spawn(async move { browser.post("/count?delay_ms=20", &Value::Null).await.status });
    }
    assert_eq!(requests.join_all().await, [StatusCode::OK; 50]);
    assert_eq!(browser.count().await, 50);
}

#[tokio::test]
async fn of_pages_opened_at_once_all_count_and_one_shows_the_message() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let mut browser = browser.clone();
        requests.spawn(async move { browser.get("/").await.json()["flash"].clone() });
    }
    let flashes = requests.join_all().await;
    let shown: Vec<_> = flashes.iter().filter(|flash| **flash != json!([])).collect();
    assert_eq!(shown, [&json!([{ "level": "success", "message": "Welcome, Ann." }])]);
    assert_eq!(browser.get("/").await.json()["visits"], 21);
}

#[tokio::test]
async fn a_request_under_way_does_not_bring_back_a_session_that_signs_out() {
    let mut server = home().start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    let mut slow = browser.clone();
    let waiting = tokio::spawn(async move {
        let answer = slow.post("/count?delay_ms=500", &Value::Null).await;
        (slow, answer)
    });
    // Its session is loaded by then: the handler runs.
    server.logged("waiting before the write").await;
    let mut after = browser.clone();
    assert_eq!(browser.post("/logout", &Value::Null).await.status, StatusCode::OK);
    assert_ne!(browser.cookie, after.cookie, "the cookie is that of the session with the message");

    let (slow, answer) = waiting.await.unwrap();
    assert_eq!(answer.error(409), "Nothing was changed: the session has ended, or another request was faster.");
    assert!(answer.header("set-cookie").is_empty(), "{answer:?}");
    assert_eq!(slow.cookie, after.cookie);
    assert_eq!((after.user().await, after.count().await), (Value::Null, json!(0)));
}

#[tokio::test]
async fn what_never_asks_for_its_session_may_be_cached_for_all() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    for path in ["/untouched", "/style.css", "/app.js", "/icon.svg"] {
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert!(answer.header("vary").is_empty() && answer.header("set-cookie").is_empty(), "{path}: {answer:?}");
    }
    let vary = browser.get("/").await.header("vary").join(", ");
    assert!(vary.contains("Cookie") && vary.contains("Accept"), "{vary}");
}

#[tokio::test]
async fn a_cookie_that_makes_no_sense_is_an_empty_session() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    let good = browser.cookie.clone().unwrap();
    let other = format!("__Host-Http-axum-session={}", "A".repeat(43));
    let cookies: [&[&[u8]]; 6] = [
        &[b"__Host-Http-axum-session="],
        &[b"__Host-Http-axum-session=short"],
        &[b"=;;; ;=\"__Host-Http-axum-session"],
        &[&[b"__Host-Http-axum-session=", [b'A'; 30_000].as_slice()].concat()],
        &[b"__Host-Http-axum-session=\xff\xfe\x80"],
        &[b"\xff=1; __Host-Http-axum-session=\"\xe9\""],
    ];
    let strangers = Browser::new(&server);
    for lines in cookies {
        let mut request = strangers.request(Method::GET, "/").header(ACCEPT, JSON);
        for line in lines {
            request = request.header(COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        let answer = Answer::of(request.send().await.unwrap()).await;
        let shown: Vec<_> = lines.iter().map(|line| line[..line.len().min(80)].escape_ascii().to_string()).collect();
        assert_eq!(answer.status, StatusCode::OK, "{shown:?}");
        assert_eq!(answer.json()["user"], Value::Null, "{shown:?}");
        assert!(answer.header("set-cookie").is_empty(), "{shown:?}");
    }
    // One that arrives twice is the same one still, and beside one that nobody knows it is the one that counts.
    for pairs in [format!("{good}; {good}"), format!("{good}; {other}"), format!("{other}; {good}")] {
        browser.cookie = Some(pairs);
        assert_eq!(browser.user().await, "Ann");
    }
}
