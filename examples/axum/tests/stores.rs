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
