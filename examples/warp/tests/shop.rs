//! The shop in warp's own words, tried by warp's own test client.

#[path = "../examples/shop.rs"]
#[allow(dead_code, reason = "its `main` is not called here")]
mod shop;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use session_core::web::tower::SessionLayer;
use session_core::{Handled, RequestHead, Sessions};
use tower::{ServiceBuilder, ServiceExt};
use warp::http::header::{LOCATION, SET_COOKIE, VARY};
use warp::http::{HeaderName, Request, Response, StatusCode};

/// A browser, which keeps the cookie.
struct Browser {
    sessions: Sessions,
    cookie: String,
}

fn header(response: &Response<Bytes>, name: HeaderName) -> Option<&str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

fn body(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

impl Browser {
    fn of(sessions: &Sessions) -> Self {
        Self { sessions: sessions.clone(), cookie: String::new() }
    }

    /// Calls the filters with a session, as the layer does.
    async fn send(&mut self, method: &str, path: &str, form: &str) -> Response<Bytes> {
        let head = RequestHead::new(method).with_cookies([self.cookie.as_bytes()]).may_lack_host();
        let session = self.sessions.open(head);
        let request = warp::test::request().method(method).path(path).extension(session.clone());
        let request = request.header("user-agent", "<browser>/1").header("accept", "text/html").body(form);
        let mut response = request.reply(&shop::routes(&self.sessions)).await;
        let is_failed = response.status().is_server_error();
        let mut closed =
            self.sessions.close(&session, if is_failed { Handled::Failed } else { Handled::Completed }).await;
        closed.add_to(response.headers_mut());
        if let Some(set) = header(&response, SET_COOKIE) {
            self.cookie = set.split(';').next().unwrap().to_owned();
        }
        response
    }

    async fn get(&mut self, path: &str) -> Response<Bytes> {
        self.send("GET", path, "").await
    }

    /// Sends a form, and gives where it leads.
    async fn post(&mut self, path: &str, form: &str) -> String {
        let response = self.send("POST", path, form).await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{path}: {}", body(&response));
        header(&response, LOCATION).unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_visitor_fills_a_cart_and_keeps_it_through_the_login() {
    let mut ann = Browser::of(&shop::sessions().unwrap());
    assert!(body(&ann.get("/").await).contains("Sign in"));
    assert_eq!(ann.cookie, "", "a look begins no session");
    assert_eq!(ann.post("/cart", "item=a+%3Cpear%3E").await, "/");
    let before = ann.cookie.clone();
    assert_eq!(ann.post("/login", "name=Ann&password=demo").await, "/");
    assert_ne!(ann.cookie, before, "the login gives a new id");
    let page = ann.get("/").await;
    let page = body(&page);
    assert!(page.contains("Hello, Ann") && page.contains("<li>a &lt;pear&gt;</li>"), "{page}");
    assert_eq!(ann.post("/logout", "").await, "/");
    assert!(body(&ann.get("/").await).contains("Sign in"));
}

#[tokio::test]
async fn whoever_is_not_signed_in_comes_back_to_the_page_they_wanted() {
    let mut ann = Browser::of(&shop::sessions().unwrap());
    let sent = ann.get("/devices").await;
    assert_eq!((sent.status(), header(&sent, LOCATION)), (StatusCode::SEE_OTHER, Some("/login?next=/devices")));
    let form = ann.get("/login?next=/devices").await;
    assert!(body(&form).contains("name=next value=\"/devices\""), "{}", body(&form));
    let refused = ann.send("POST", "/login", "name=Ann&password=guess&next=/devices").await;
    assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(body(&refused).contains("value=\"/devices\""), "{}", body(&refused));
    assert_eq!(ann.post("/login", "name=Ann&password=demo&next=/devices").await, "/devices");
    assert_eq!(ann.post("/login", "name=Ann&password=demo&next=//evil.example").await, "/");
    assert_eq!(ann.send("POST", "/login", "name=&password=demo").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_user_ends_their_session_on_another_device_and_nobody_elses() {
    let sessions = shop::sessions().unwrap();
    let (mut laptop, mut phone, mut bob) = (Browser::of(&sessions), Browser::of(&sessions), Browser::of(&sessions));
    laptop.post("/login", "name=Ann&password=demo").await;
    phone.post("/login", "name=Ann&password=demo").await;
    bob.post("/login", "name=Bob&password=demo").await;
    let list = laptop.get("/devices").await;
    let list = body(&list);
    assert_eq!(list.matches("&lt;browser&gt;").count(), 2, "{list}");
    let ends: Vec<_> = list.split("action=").skip(1).map(|rest| rest.split('>').next().unwrap()).collect();
    let this = list.split("<li>").skip(1).position(|row| row.contains(", this one")).unwrap();
    let (own, other) = (ends[this], ends[1 - this]);

    assert_eq!(bob.post(other, "").await, "/devices");
    assert_eq!(phone.get("/devices").await.status(), StatusCode::OK, "Bob ended nothing");
    assert_eq!(laptop.post(other, "").await, "/devices");
    assert_eq!(phone.get("/devices").await.status(), StatusCode::SEE_OTHER);
    assert_eq!(laptop.post(own, "").await, "/");
    assert_eq!(laptop.get("/devices").await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_filters_as_a_service_have_their_sessions_from_the_layer() {
    let sessions = shop::sessions().unwrap();
    let filters = warp::service(shop::routes(&sessions));
    let app = ServiceBuilder::new().layer(SessionLayer::new(sessions)).service(filters);
    let request = Request::post("/cart").body(Full::new(Bytes::from("item=pear"))).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()[VARY], "Cookie");
    let cookie = response.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap();
    let request = Request::get("/").header("cookie", cookie).body(Full::new(Bytes::new())).unwrap();
    let page = app.oneshot(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    assert!(std::str::from_utf8(&page).unwrap().contains("<li>pear</li>"));
}
