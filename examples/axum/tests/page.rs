//! The page without JavaScript, and both forms of every answer.

mod support;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use support::{Browser, JSON, home};

#[tokio::test]
async fn forms_lead_back_to_the_page() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    for (path, fields, back) in [
        ("/login", &[("name", "Ann")][..], "/"),
        ("/cart", &[("item", "pear")], "/#cart"),
        ("/count", &[], "/#count"),
        ("/sessions/end-others", &[], "/#sessions"),
        ("/cart/empty", &[], "/#cart"),
        ("/logout", &[], "/"),
    ] {
        let answer = browser.form(path, fields).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, vec![back]), "{path}");
    }
    let answer = browser.form("/sessions/end-others", &[]).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, vec!["/"]), "signed out");
}

#[tokio::test]
async fn the_page_shows_the_state_once_signed_in() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    let page = browser.page("/").await;
    assert!(page.body.contains("no session yet") && page.body.contains("action=\"/login\""), "{}", page.body);
    assert_eq!(page.header("set-cookie"), Vec::<&str>::new());

    browser.form("/login", &[("name", "Ann")]).await;
    browser.form("/cart", &[("item", "pear")]).await;
    browser.form("/count", &[]).await;
    let page = browser.page("/").await.body;
    for part in ["Hello, Ann", "Welcome, Ann.", "<li>pear</li>", "data-count>1<", "this one", "<time datetime=\"20"] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    assert!(!browser.page("/").await.body.contains("Welcome, Ann."), "a message is shown once");
}

#[tokio::test]
async fn what_visitors_write_is_text_and_nothing_else() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    let evil = "<script>alert('&\"1')</script>";
    let login = browser.request(Method::POST, "/login").header("user-agent", evil).form(&[("name", evil)]);
    browser.send(login).await;
    browser.form("/cart", &[("item", evil)]).await;
    let page = browser.page("/").await;
    assert!(!page.body.contains("<script>") && page.body.contains("alert("), "{}", page.body);
    let [policy] = page.header("content-security-policy")[..] else { panic!("{page:?}") };
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
}

#[tokio::test]
async fn a_text_that_is_empty_or_too_long_is_refused_with_a_message() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    for (path, field, most) in [("/login", "name", 60), ("/cart", "item", 80)] {
        for text in [String::new(), " \t".into(), "a\nb".into(), "ü".repeat(most + 1)] {
            let message = format!("The {field} must have 1 to {most} characters, and no line breaks.");
            assert_eq!(browser.post(path, &json!({ field: text })).await.error(422), message);
            let page = browser.form(path, &[(field, &text)]).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(page.body.contains(&message) && page.header("content-type") == ["text/html; charset=utf-8"]);
        }
        assert!(browser.post(path, &json!({})).await.error(422).contains(field));
        assert_eq!(browser.post(path, &json!({ field: "ü".repeat(most) })).await.status, StatusCode::OK);
        assert_eq!(browser.post(path, &json!({ field: "🦀".repeat(most) })).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_cart_has_an_end_that_fits_the_session() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    // The largest items there are, and a look at the page now and then, as people have.
    for count in 1..=100 {
        let item = format!("{count:03}{}", "🦀".repeat(77));
        assert_eq!(browser.post("/cart", &json!({ "item": item })).await.status, StatusCode::OK, "{count}");
        browser.get("/").await;
    }
    assert_eq!(
        browser.post("/cart", &json!({ "item": "pear" })).await.error(422),
        "The cart is full: it holds 100 items."
    );
    assert_eq!(browser.post("/cart/empty", &Value::Null).await.json()["cart"], json!([]));
}

#[tokio::test]
async fn every_error_has_two_forms() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    assert_eq!(browser.get("/nowhere").await.error(404), "There is no such page.");
    assert_eq!(browser.get("/sessions").await.error(401), "Sign in first.");
    assert!(browser.get("/logout").await.error(405).contains("Not Allowed"));
    assert!(browser.post("/count?delay_ms=soon", &Value::Null).await.error(400).contains("delay_ms"));

    let not_json = browser.request(Method::POST, "/login").header(ACCEPT, JSON).header(CONTENT_TYPE, JSON).body("{");
    browser.send(not_json).await.error(400);
    let image =
        browser.request(Method::POST, "/login").header(ACCEPT, JSON).header(CONTENT_TYPE, "image/png").body("1");
    browser.send(image).await.error(415);
    let endless = browser.request(Method::POST, "/login").header(ACCEPT, JSON).form(&[("name", "x".repeat(20_000))]);
    browser.send(endless).await.error(413);

    let page = browser.page("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.body.contains("There is no such page.") && page.body.contains("<html"), "{}", page.body);
    assert!(page.body.contains("href=\"/\">Back to the page"), "{}", page.body);
    assert_eq!(browser.page("/sessions").await.header("location"), ["/"]);
}

#[tokio::test]
async fn forms_of_other_sites_are_refused() {
    let server = home().start().await;
    let mut browser = Browser::new(&server);
    browser.sign_in("Ann").await;
    let own = server.url();
    for (headers, allowed) in [
        (&[("sec-fetch-site", "same-origin")][..], true),
        (&[("sec-fetch-site", "none")], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", own)], false),
        (&[("origin", own)], true),
        (&[("origin", "http://evil.test")], false),
        (&[("origin", "null")], false),
        (&[], true),
    ] {
        let mut request = browser.request(Method::POST, "/count").header(ACCEPT, JSON);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = browser.send(request).await;
        if allowed {
            assert_eq!(answer.status, StatusCode::OK, "{headers:?}");
        } else {
            assert_eq!(answer.error(403), "This form was sent from another site.", "{headers:?}");
        }
    }
    assert_eq!(browser.count().await, 4, "what was refused changed nothing");
}
