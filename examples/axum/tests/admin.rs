//! What the administrator may do, and nobody else.

mod support;

use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use support::{Browser, JSON, Server, home};

const END: &str = "/admin/end-everything";

async fn server(more: &[(&str, &str)]) -> Server {
    home().start_with(&[&[("SESSION_ADMIN", "Root")], more].concat()).await
}

async fn signed_in<const N: usize>(server: &Server, names: [&str; N]) -> [Browser; N] {
    let mut browsers = [(); N].map(|()| Browser::new(server));
    for (browser, name) in browsers.iter_mut().zip(names) {
        browser.sign_in(name).await;
    }
    browsers
}

fn confirmed() -> Value {
    json!({ "confirm": "everything" })
}

#[tokio::test]
async fn everything_ends_for_everybody_and_the_administrator_is_told() {
    let server = server(&[]).await;
    let [mut ann, mut phone, mut bob, mut root, mut other] =
        signed_in(&server, ["Ann", "Ann", "Bob", "Root", "Root"]).await;
    let mut nobody = Browser::new(&server);
    nobody.post("/cart", &json!({ "item": "pear" })).await;
    assert_eq!(root.get("/admin").await.json(), json!({ "sessions": 6, "users": 3, "more": false }));
    assert!(root.page("/").await.body.contains("href=\"/admin\""));

    assert_eq!(root.post(END, &confirmed()).await.json(), json!({ "ended": 6 }));
    for gone in [&mut ann, &mut phone, &mut bob, &mut other, &mut nobody] {
        assert_eq!(gone.get("/").await.json(), json!({ "user": null, "visits": 0, "cart": [], "flash": [] }));
    }
    let told = root.get("/").await.json();
    let message = "Everything has ended: 6 sessions. You are signed out, too.";
    assert_eq!((&told["user"], &told["flash"][0]), (&Value::Null, &json!({ "level": "warning", "message": message })));
    // And anybody may begin again.
    ann.sign_in("Ann").await;
    assert_eq!(ann.user().await, "Ann");
}

#[tokio::test]
async fn a_session_that_is_used_meanwhile_ends_as_well() {
    let server = server(&[]).await;
    let [mut ann, mut root] = signed_in(&server, ["Ann", "Root"]).await;
    let mut slow = ann.clone();
    let mut server = server;
    let waiting = tokio::spawn(async move { slow.post("/count?delay_ms=500", &Value::Null).await });
    server.logged("waiting before the write").await;
    assert_eq!(root.post(END, &confirmed()).await.status, StatusCode::OK);
    assert!(waiting.await.unwrap().error(409).starts_with("Nothing was changed"));
    assert_eq!(ann.user().await, Value::Null);
}

#[tokio::test]
async fn nobody_else_is_let_in() {
    let server = server(&[]).await;
    let [mut ann, mut root] = signed_in(&server, ["Ann", "Root"]).await;
    let mut nobody = Browser::new(&server);
    assert_eq!(nobody.get("/admin").await.error(401), "Sign in first.");
    assert_eq!(nobody.post(END, &confirmed()).await.error(401), "Sign in first.");
    assert_eq!(nobody.page("/admin").await.header("location"), ["/"]);
    assert_eq!(ann.get("/admin").await.error(403), "This is for the administrator.");
    assert_eq!(ann.post(END, &confirmed()).await.error(403), "This is for the administrator.");
    assert!(!ann.page("/").await.body.contains("href=\"/admin\""));
    assert_eq!((ann.user().await, root.user().await), (json!("Ann"), json!("Root")));
}

#[tokio::test]
async fn there_is_no_administrator_unless_one_is_named() {
    let server = home().start().await;
    let [mut root] = signed_in(&server, ["Root"]).await;
    assert_eq!(root.get("/admin").await.error(404), "There is no such page.");
    assert_eq!(root.post(END, &confirmed()).await.error(404), "There is no such page.");
    assert_eq!(root.user().await, "Root");
}

#[tokio::test]
async fn it_takes_a_word_that_is_meant_and_a_form_of_this_site() {
    let server = server(&[]).await;
    let [mut ann, mut root] = signed_in(&server, ["Ann", "Root"]).await;
    for input in [Value::Null, json!({}), json!({ "confirm": "" }), json!({ "confirm": "yes" })] {
        let answer = root.send(root.request(Method::POST, END).header(ACCEPT, JSON).form(&input)).await;
        assert_eq!(answer.error(422), "Tick the box first: this signs out everybody.", "{input}");
    }
    for (name, value) in [("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site"), ("origin", "null")] {
        let forged = root.request(Method::POST, END).header(ACCEPT, JSON).header(name, value).json(&confirmed());
        assert_eq!(root.send(forged).await.error(403), "This form was sent from another site.", "{name}: {value}");
    }
    // Nor does a link.
    assert_eq!(root.get(&format!("{END}?confirm=everything")).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!((ann.user().await, root.user().await), (json!("Ann"), json!("Root")));
    let form = root.page("/admin").await.body;
    assert!(form.contains("name=\"confirm\" value=\"everything\" required"), "{form}");
    let done = root.form(END, &[("confirm", "everything")]).await;
    assert_eq!((done.status, done.header("location")), (StatusCode::SEE_OTHER, vec!["/"]));
    assert_eq!(ann.user().await, Value::Null);
}

#[tokio::test]
async fn it_takes_a_fresh_proof_of_who_asks() {
    let server = server(&[("SESSION_TEST", "1")]).await;
    let [mut ann, mut root] = signed_in(&server, ["Ann", "Root"]).await;
    root.post("/test/clock?advance_ms=600001", &Value::Null).await;
    let refused = "You signed in more than ten minutes ago. Sign in again first.";
    assert_eq!(root.post(END, &confirmed()).await.error(403), refused);
    let page = root.page("/admin").await.body;
    assert!(page.contains("Sign in again as Root") && !page.contains("name=\"confirm\""), "{page}");
    assert_eq!(ann.user().await, "Ann");
    root.sign_in("Root").await;
    assert_eq!(root.post(END, &confirmed()).await.json(), json!({ "ended": 2 }));
}

#[tokio::test]
async fn the_second_kind_of_sessions_ends_too() {
    let server = server(&[("SESSION_SECOND", "other")]).await;
    let [mut root] = signed_in(&server, ["Root"]).await;
    let mut visitor = Browser::new(&server);
    for count in 1..=2 {
        assert_eq!(visitor.post("/second", &Value::Null).await.json(), json!({ "count": count }));
    }
    assert!(visitor.cookie.as_deref().unwrap().contains("other"));
    assert_eq!(root.post(END, &confirmed()).await.json(), json!({ "ended": 2 }));
    // What has just ended elsewhere begins anew.
    assert_eq!(visitor.post("/second", &Value::Null).await.json(), json!({ "count": 1 }));
}

#[tokio::test]
async fn while_the_store_is_down_nothing_is_said_to_have_ended() {
    let server = server(&[("SESSION_TEST", "1")]).await;
    let [mut root] = signed_in(&server, ["Root"]).await;
    let mut operator = Browser::new(&server);
    operator.post("/test/store?state=down", &Value::Null).await;
    root.post(END, &confirmed()).await.error(503);
    operator.post("/test/store?state=up", &Value::Null).await;
    assert_eq!(root.user().await, "Root");
}
