//! The shop in poem's own words, and poem's middleware around the sessions, tried by poem's own client.

mod middleware;
#[path = "../examples/shop.rs"]
#[expect(dead_code, reason = "its `main` is not called here")]
mod shop;

use poem::Endpoint;
use poem::http::StatusCode;
use poem::http::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use poem::test::{TestClient, TestResponse};

/// A browser, which keeps its cookie.
struct Browser<'a, E> {
    shop: &'a TestClient<E>,
    cookie: String,
}

impl<'a, E: Endpoint> Browser<'a, E> {
    fn of(shop: &'a TestClient<E>) -> Self {
        Self { shop, cookie: String::new() }
    }

    fn keep(&mut self, answer: TestResponse) -> TestResponse {
        if let Some(set) = answer.0.headers().get(SET_COOKIE) {
            self.cookie = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
        answer
    }

    async fn get(&mut self, path: &str) -> TestResponse {
        let request = self.shop.get(path).header(ACCEPT, "text/html").header(COOKIE, &self.cookie);
        let answer = request.send().await;
        self.keep(answer)
    }

    async fn page(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        answer.assert_status_is_ok();
        answer.0.into_body().into_string().await.unwrap()
    }

    /// Sends a form, and gives what is answered.
    async fn send(&mut self, path: &str, form: &[(&str, &str)]) -> TestResponse {
        let request = self.shop.post(path).header(USER_AGENT, "<browser>/1").header(COOKIE, &self.cookie);
        let answer = request.form(&form).send().await;
        self.keep(answer)
    }

    /// Sends a form, and gives where it leads.
    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> String {
        location(self.send(path, form).await)
    }
}

fn location(answer: TestResponse) -> String {
    answer.assert_status(StatusCode::SEE_OTHER);
    answer.0.headers()[LOCATION].to_str().unwrap().to_owned()
}

fn shop() -> TestClient<impl Endpoint> {
    TestClient::new(shop::app(shop::sessions().unwrap()))
}

const ANN: [(&str, &str); 2] = [("name", "Ann"), ("password", "demo")];

#[tokio::test]
async fn a_visitor_fills_a_cart_and_keeps_it_through_the_login() {
    let shop = shop();
    let mut ann = Browser::of(&shop);
    assert!(ann.page("/").await.contains("Sign in"));
    assert_eq!(ann.cookie, "", "a look begins no session");
    assert_eq!(ann.post("/cart", &[("item", "a <pear>")]).await, "/");
    let before = ann.cookie.clone();
    assert_eq!(ann.post("/login", &ANN).await, "/");
    assert_ne!(ann.cookie, before, "the login gives a new id");
    let page = ann.page("/").await;
    assert!(page.contains("Hello, Ann") && page.contains("<li>a &lt;pear&gt;</li>"), "{page}");
    assert_eq!(ann.post("/logout", &[]).await, "/");
    assert!(ann.page("/").await.contains("Sign in"));
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_the_login_and_comes_back() {
    let shop = shop();
    let mut ann = Browser::of(&shop);
    let login = location(ann.get("/devices").await);
    assert_eq!(login, "/login?next=/devices");
    assert!(ann.page(&login).await.contains("value=\"/devices\""));
    let wrong = [("name", "Ann"), ("password", "guess"), ("next", "/devices")];
    let refused = ann.send("/login", &wrong).await;
    refused.assert_status(StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.0.into_body().into_string().await.unwrap().contains("value=\"/devices\""));
    let right = [("name", "Ann"), ("password", "demo"), ("next", "/devices")];
    assert_eq!(ann.post("/login", &right).await, "/devices");
    assert!(ann.page("/devices").await.contains("&lt;browser&gt;, this one"));
    let astray = [("name", "Ann"), ("password", "demo"), ("next", "//evil.example")];
    assert_eq!(ann.post("/login", &astray).await, "/");
    shop.get("/devices").send().await.assert_status(StatusCode::UNAUTHORIZED);
    let nameless = ann.send("/login", &[("name", ""), ("password", "demo")]).await;
    nameless.assert_status(StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_user_ends_the_session_of_another_device_and_of_this_one() {
    let shop = shop();
    let (mut here, mut there, mut eve) = (Browser::of(&shop), Browser::of(&shop), Browser::of(&shop));
    here.post("/login", &ANN).await;
    there.post("/login", &ANN).await;
    eve.post("/login", &[("name", "Eve"), ("password", "demo")]).await;
    let page = here.page("/devices").await;
    let ends: Vec<_> = page.match_indices("/devices/").map(|(at, _)| page[at..].split('>').next().unwrap()).collect();
    let (this, other) = match page.split("</li>").next().unwrap().contains(", this one") {
        true => (ends[0], ends[1]),
        false => (ends[1], ends[0]),
    };
    eve.post(other, &[]).await;
    assert!(there.page("/").await.contains("Hello, Ann"), "it is none of Eve's");
    assert_eq!(here.post(other, &[]).await, "/devices");
    assert!(there.page("/").await.contains("Sign in"));
    assert_eq!(here.post(this, &[]).await, "/");
    assert!(here.page("/").await.contains("Sign in"));
}
