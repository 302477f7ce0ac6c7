//! The backend is one variable: the same program on each of them, and its sessions outlive it there.

mod support;

use serde_json::{Value, json};
use session_conformance::servers::{MariaDb, Postgres, Redis};

use support::{Browser, home};

/// Signs in, ends the server, and goes on with the next one; signs out, and stays so.
async fn sessions_outlive_the_server(store: &str, named: &str) {
    let (home, settings) = (home(), [("SESSION_STORE", store)]);
    let server = home.start_with(&settings).await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    browser.post("/cart", &json!({ "item": "pear" })).await;
    assert!(browser.page("/").await.body.contains(named), "the page names the store");
    server.stop().await;

    let server = home.start_with(&settings).await;
    let mut browser = browser.at(&server);
    let state = browser.get("/").await.json();
    assert_eq!((&state["user"], &state["cart"]), (&json!("Ann"), &json!(["pear"])));
    let signed_out = browser.clone();
    browser.post("/logout", &Value::Null).await;
    server.stop().await;

    let server = home.start_with(&settings).await;
    assert_eq!(signed_out.at(&server).user().await, Value::Null);
    assert!(!home.session_file().exists(), "what a store keeps is kept once");
    server.stop().await;
}

#[tokio::test]
async fn sessions_outlive_the_server_in_a_file_of_sqlite() {
    sessions_outlive_the_server("sqlite://sessions.db", "SQLite").await;
}

#[tokio::test]
async fn sessions_outlive_the_server_in_postgresql() {
    let server = Postgres::start().await.unwrap_or_else(|error| panic!("{error}"));
    sessions_outlive_the_server(server.url(), "PostgreSQL").await;
}

#[tokio::test]
async fn sessions_outlive_the_server_in_mariadb() {
    let server = MariaDb::start().await.unwrap_or_else(|error| panic!("{error}"));
    sessions_outlive_the_server(server.url(), "MySQL or MariaDB").await;
}

#[tokio::test]
async fn sessions_outlive_the_server_in_redis() {
    let server = Redis::start().await.unwrap_or_else(|error| panic!("{error}"));
    sessions_outlive_the_server(server.url(), "Redis").await;
}

#[tokio::test]
async fn pages_are_shown_from_what_was_read_before_where_that_is_asked_for() {
    let home = home();
    for (near, most) in [("off", 10), ("told", 2)] {
        let settings = [("SESSION_TEST", "1"), ("SESSION_NEAR", near)];
        let server = home.start_with(&settings).await;
        let mut browser = Browser::new(&server);
        browser.post("/count", &Value::Null).await;
        let asked = async |browser: &mut Browser| browser.get("/test/store").await.json()["get"].as_u64().unwrap();
        // What was read before the store could be heard is read again.
        browser.get("/count").await;
        let before = asked(&mut browser).await;
        for _ in 0..10 {
            assert_eq!(browser.get("/count").await.json()["count"], 1);
        }
        let gets = asked(&mut browser).await - before;
        assert!(gets <= most && (near != "off" || gets == most), "{near}: {gets}");
        server.stop().await;
    }
}
