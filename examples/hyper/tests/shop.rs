//! The shop in hyper's own words, asked without a server.

#[path = "../examples/shop.rs"]
#[allow(dead_code, reason = "its `main` is not called here")]
mod shop;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use hyper::{Request, StatusCode};
use session_core::Sessions;
use tower::ServiceExt;

/// A browser, which keeps the cookie.
struct Browser {
    sessions: Sessions,
    cookie: String,
}

/// What it is answered.
struct Answer {
    status: StatusCode,
    location: Option<String>,
    body: String,
}

impl Browser {
    fn of(sessions: &Sessions) -> Self {
        Self { sessions: sessions.clone(), cookie: String::new() }
    }

    async fn send(&mut self, method: &str, path: &str, form: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(COOKIE, &self.cookie)
            .header(USER_AGENT, "<browser>/1")
            .header(ACCEPT, "text/html")
            .body(Full::new(Bytes::from(form.to_owned())));
        let response = shop::app(self.sessions.clone()).oneshot(request.unwrap()).await.unwrap();
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        if let Some(set) = header(SET_COOKIE) {
            self.cookie = set.split(';').next().unwrap().to_owned();
        }
        let (status, location) = (response.status(), header(LOCATION));
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, location, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    /// Sends a form, and gives where it leads.
    async fn post(&mut self, path: &str, form: &str) -> String {
        let answer = self.send("POST", path, form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.body);
        answer.location.unwrap()
    }
}

#[tokio::test]
async fn a_visitor_fills_a_cart_and_keeps_it_through_the_login() {
    let mut ann = Browser::of(&shop::sessions().unwrap());
    assert!(ann.get("/").await.body.contains("Sign in"));
    assert_eq!(ann.cookie, "", "a look begins no session");
    assert_eq!(ann.post("/cart", "item=a+%3Cpear%3E").await, "/");
    let before = ann.cookie.clone();
    assert_eq!(ann.post("/login", "name=Ann&password=demo").await, "/");
    assert_ne!(ann.cookie, before, "the login gives a new id");
    let page = ann.get("/").await.body;
    assert!(page.contains("Hello, Ann") && page.contains("<li>a &lt;pear&gt;</li>"), "{page}");
    assert_eq!(ann.post("/logout", "").await, "/");
    assert!(ann.get("/").await.body.contains("Sign in"));
}

#[tokio::test]
async fn whoever_is_not_signed_in_comes_back_to_the_page_they_wanted() {
    let mut ann = Browser::of(&shop::sessions().unwrap());
    let sent = ann.get("/devices").await;
    assert_eq!((sent.status, sent.location.as_deref()), (StatusCode::SEE_OTHER, Some("/login?next=/devices")));
    let form = ann.get("/login?next=/devices").await.body;
    assert!(form.contains("name=next value=\"/devices\""), "{form}");
    let refused = ann.send("POST", "/login", "name=Ann&password=guess&next=/devices").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("value=\"/devices\""), "{}", refused.body);
    assert_eq!(ann.post("/login", "name=Ann&password=demo&next=/devices").await, "/devices");
    assert_eq!(ann.post("/login", "name=Ann&password=demo&next=//evil.example").await, "/");
    assert_eq!(ann.send("POST", "/login", "name=&password=demo").await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_user_ends_their_session_on_another_device_and_nobody_elses() {
    let sessions = shop::sessions().unwrap();
    let (mut laptop, mut phone, mut bob) = (Browser::of(&sessions), Browser::of(&sessions), Browser::of(&sessions));
    laptop.post("/login", "name=Ann&password=demo").await;
    phone.post("/login", "name=Ann&password=demo").await;
    bob.post("/login", "name=Bob&password=demo").await;
    let list = laptop.get("/devices").await.body;
    assert_eq!(list.matches("&lt;browser&gt;").count(), 2, "{list}");
    let ends: Vec<_> = list.split("action=").skip(1).map(|rest| rest.split('>').next().unwrap()).collect();
    let this = list.split("<li>").skip(1).position(|row| row.contains(", this one")).unwrap();
    let (own, other) = (ends[this], ends[1 - this]);

    assert_eq!(bob.post(other, "").await, "/devices");
    assert_eq!(phone.get("/devices").await.status, StatusCode::OK, "Bob ended nothing");
    assert_eq!(laptop.post(other, "").await, "/devices");
    assert_eq!(phone.get("/devices").await.status, StatusCode::SEE_OTHER);
    assert_eq!(laptop.post(own, "").await, "/");
    assert_eq!(laptop.get("/devices").await.status, StatusCode::SEE_OTHER);
}
