//! The shop in salvo's own words, and salvo's middleware around the sessions, tried by salvo's own client.

mod middleware;
#[path = "../examples/shop.rs"]
#[expect(dead_code, reason = "its `main` is not called here")]
mod shop;

use salvo::http::header::{COOKIE, LOCATION, SET_COOKIE};
use salvo::prelude::{Response, Service, StatusCode};
use salvo::test::{ResponseExt, TestClient};

/// A browser, which keeps its cookie.
struct Browser<'a> {
    shop: &'a Service,
    cookie: String,
}

impl<'a> Browser<'a> {
    fn of(shop: &'a Service) -> Self {
        Self { shop, cookie: String::new() }
    }

    fn keep(&mut self, answer: &Response) {
        if let Some(set) = answer.headers().get(SET_COOKIE) {
            self.cookie = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
    }

    async fn get(&mut self, path: &str) -> Response {
        let request = TestClient::get(format!("http://localhost{path}")).add_header("accept", "text/html", true);
        let answer = request.add_header(COOKIE, &self.cookie, true).send(self.shop).await;
        self.keep(&answer);
        answer
    }

    async fn page(&mut self, path: &str) -> String {
        self.get(path).await.take_string().await.unwrap()
    }

    /// Sends a form, and gives what is answered.
    async fn send(&mut self, path: &str, form: &[(&str, &str)]) -> Response {
        let request = TestClient::post(format!("http://localhost{path}")).add_header("user-agent", "<browser>/1", true);
        let answer = request.add_header(COOKIE, &self.cookie, true).form(&form).send(self.shop).await;
        self.keep(&answer);
        answer
    }

    /// Sends a form, and gives where it leads.
    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> String {
        location(&self.send(path, form).await)
    }
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status_code, Some(StatusCode::SEE_OTHER), "{answer:?}");
    answer.headers()[LOCATION].to_str().unwrap().to_owned()
}

fn shop() -> Service {
    Service::new(shop::app(shop::sessions().unwrap()))
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
    let login = location(&ann.get("/devices").await);
    assert_eq!(login, "/login?next=/devices");
    assert!(ann.page(&login).await.contains("value=\"/devices\""));
    let wrong = [("name", "Ann"), ("password", "guess"), ("next", "/devices")];
    let mut refused = ann.send("/login", &wrong).await;
    assert_eq!(refused.status_code, Some(StatusCode::UNPROCESSABLE_ENTITY));
    assert!(refused.take_string().await.unwrap().contains("value=\"/devices\""));
    let right = [("name", "Ann"), ("password", "demo"), ("next", "/devices")];
    assert_eq!(ann.post("/login", &right).await, "/devices");
    assert!(ann.page("/devices").await.contains("&lt;browser&gt;, this one"));
    let astray = [("name", "Ann"), ("password", "demo"), ("next", "//evil.example")];
    assert_eq!(ann.post("/login", &astray).await, "/");
    let program = TestClient::get("http://localhost/devices").send(&shop).await;
    assert_eq!(program.status_code, Some(StatusCode::UNAUTHORIZED));
    let nameless = ann.send("/login", &[("name", ""), ("password", "demo")]).await;
    assert_eq!(nameless.status_code, Some(StatusCode::UNPROCESSABLE_ENTITY));
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
