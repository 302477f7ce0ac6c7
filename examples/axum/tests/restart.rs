//! Starting and stopping.

mod support;

use std::fs;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use support::{Browser, Signal, home, in_time};

#[tokio::test]
async fn sessions_outlive_a_restart_and_the_file_does_not_outlive_the_load() {
    let home = home();
    let server = home.start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    browser.post("/cart", &json!({ "item": "pear" })).await;
    server.stop().await;
    assert!(home.session_file().exists());

    let server = home.start().await;
    assert!(!home.session_file().exists(), "what is loaded twice brings back who signed out meanwhile");
    let mut browser = browser.at(&server);
    let state = browser.get("/").await.json();
    assert_eq!((&state["user"], &state["cart"]), (&json!("Ann"), &json!(["pear"])));
    assert_eq!(browser.get("/sessions").await.json().as_array().unwrap().len(), 1);

    let mut signed_out = browser.clone();
    browser.post("/logout", &Value::Null).await;
    server.stop().await;
    let server = home.start().await;
    signed_out = signed_out.at(&server);
    assert_eq!(signed_out.user().await, Value::Null);
}

#[tokio::test]
async fn a_request_under_way_is_answered_and_saved_before_the_end() {
    let home = home();
    let mut server = home.start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    let mut slow = browser.clone();
    let waiting = tokio::spawn(async move { slow.post("/count?delay_ms=300", &Value::Null).await });
    server.logged("waiting before the write").await;
    server.signal(Signal::INT);
    assert_eq!(waiting.await.unwrap().json(), json!({ "count": 1 }));
    assert!(server.ended().await.success());

    let server = home.start().await;
    assert_eq!(browser.at(&server).count().await, 1);
}

#[tokio::test]
async fn neither_a_silent_connection_nor_half_a_request_holds_up_the_end() {
    let home = home();
    let server = home.start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    let _silent = TcpStream::connect(server.address()).await.unwrap();
    let mut half = TcpStream::connect(server.address()).await.unwrap();
    half.write_all(b"POST /count HTTP/1.1\r\nHost: localhost\r\nContent-Le").await.unwrap();
    // One more answer, so that both have been accepted.
    assert_eq!(browser.user().await, "Ann");
    server.stop().await;
    let server = home.start().await;
    assert_eq!(browser.at(&server).user().await, "Ann");
}

#[tokio::test]
async fn a_cookie_for_anywhere_goes_over_plain_http_to_any_host() {
    let server = home().start_with(&[("SESSION_COOKIE", "anywhere")]).await;
    let mut browser = Browser::new(&server);
    let login = browser.request(reqwest::Method::POST, "/login").header("host", "shop.test").form(&[("name", "Ann")]);
    let answer = browser.send(login).await;
    let [cookie] = answer.header("set-cookie")[..] else { panic!("{answer:?}") };
    assert!(cookie.starts_with("axum-session=") && !cookie.contains("Secure"), "{cookie}");
    assert_eq!(browser.user().await, "Ann");
}

#[tokio::test]
async fn a_setting_that_makes_no_sense_ends_the_start_and_says_what_does() {
    for (name, value, allowed) in [
        ("PORT", "http", "a number from 0 to 65535"),
        ("SESSION_COOKIE", "Secure", "\"secure\", the default, or \"development\" or \"anywhere\""),
    ] {
        let output = in_time(name, home().command().env(name, value).output()).await.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(name) && said.contains(value) && said.contains(allowed), "{said}");
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_loaded_ends_the_start_and_stays() {
    let home = home();
    fs::write(home.session_file(), "not a table").unwrap();
    let output = in_time("the end", home.command().output()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("it is not a saved session table"), "{said}");
    assert_eq!(fs::read_to_string(home.session_file()).unwrap(), "not a table");
}

#[tokio::test]
async fn a_server_that_gets_no_port_leaves_the_others_file_alone() {
    let (home, other_home) = (home(), home());
    let other = other_home.start().await;
    Browser::new(&other).sign_in("Ann").await;
    let port = other.address().rsplit_once(':').unwrap().1;
    fs::write(home.session_file(), "whatever it is").unwrap();
    let output = in_time("the end", home.command().env("PORT", port).output()).await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains(&format!("cannot listen on port {port}")), "{said}");
    assert_eq!(fs::read_to_string(home.session_file()).unwrap(), "whatever it is");
    assert_eq!(Browser::new(&other).get("/").await.status, StatusCode::OK);
}
