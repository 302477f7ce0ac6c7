//! The shop in actix-web's own words, tried by actix-web's own test client.

#[path = "../examples/shop.rs"]
#[allow(dead_code, reason = "its `main` is not called here")]
mod shop;

use actix_http::Request;
use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, Error};
use session_core::web::actix_web::SessionMiddleware;

/// A browser, which keeps the cookie.
struct Browser<'a, S> {
    app: &'a S,
    cookie: String,
}

/// What it is answered.
struct Answer {
    status: StatusCode,
    location: Option<String>,
    body: String,
}

impl<'a, S, B> Browser<'a, S>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    fn of(app: &'a S) -> Self {
        Self { app, cookie: String::new() }
    }

    async fn send(&mut self, request: TestRequest) -> Answer {
        let request = request.insert_header((COOKIE, &*self.cookie)).insert_header((USER_AGENT, "<browser>/1"));
        let answer = call_service(self.app, request.insert_header((ACCEPT, "text/html")).to_request()).await;
        let header = |name| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        if let Some(set) = header(SET_COOKIE) {
            self.cookie = set.split(';').next().unwrap().to_owned();
        }
        let (status, location) = (answer.status(), header(LOCATION));
        Answer { status, location, body: String::from_utf8(read_body(answer).await.to_vec()).unwrap() }
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send(TestRequest::get().uri(path)).await
    }

    /// Sends a form, and gives where it leads.
    async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> String {
        let answer = self.send(TestRequest::post().uri(path).set_form(form)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}: {}", answer.body);
        answer.location.unwrap()
    }
}

/// The app, as `main` makes it.
macro_rules! app {
    () => {{
        let sessions = shop::sessions().unwrap();
        init_service(App::new().configure(shop::shop(&sessions)).wrap(SessionMiddleware::new(sessions))).await
    }};
}

const ANN: &[(&str, &str)] = &[("name", "Ann"), ("password", "demo")];

#[actix_web::test]
async fn a_visitor_fills_a_cart_and_keeps_it_through_the_login() {
    let app = app!();
    let mut ann = Browser::of(&app);
    assert!(ann.get("/").await.body.contains("Sign in"));
    assert_eq!(ann.cookie, "", "a look begins no session");
    assert_eq!(ann.post("/cart", &[("item", "a <pear>")]).await, "/");
    let before = ann.cookie.clone();
    assert_eq!(ann.post("/login", ANN).await, "/");
    assert_ne!(ann.cookie, before, "the login gives a new id");
    let page = ann.get("/").await.body;
    assert!(page.contains("Hello, Ann") && page.contains("<li>a &lt;pear&gt;</li>"), "{page}");
    assert_eq!(ann.post("/logout", &[]).await, "/");
    assert!(ann.get("/").await.body.contains("Sign in"));
}

#[actix_web::test]
async fn whoever_is_not_signed_in_comes_back_to_the_page_they_wanted() {
    let app = app!();
    let mut ann = Browser::of(&app);
    let sent = ann.get("/devices").await;
    assert_eq!((sent.status, sent.location.as_deref()), (StatusCode::SEE_OTHER, Some("/login?next=/devices")));
    let form = ann.get("/login?next=/devices").await.body;
    assert!(form.contains("name=next value=\"/devices\""), "{form}");
    let wrong =
        TestRequest::post().uri("/login").set_form([("name", "Ann"), ("password", "guess"), ("next", "/devices")]);
    let refused = ann.send(wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("value=\"/devices\""), "{}", refused.body);
    for (next, back) in [("/devices", "/devices"), ("//evil.example", "/")] {
        assert_eq!(ann.post("/login", &[ANN, &[("next", next)]].concat()).await, back);
    }
    let nobody = ann.send(TestRequest::post().uri("/login").set_form([("name", ""), ("password", "demo")])).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[actix_web::test]
async fn a_user_ends_their_session_on_another_device_and_nobody_elses() {
    let app = app!();
    let (mut laptop, mut phone, mut bob) = (Browser::of(&app), Browser::of(&app), Browser::of(&app));
    laptop.post("/login", ANN).await;
    phone.post("/login", ANN).await;
    bob.post("/login", &[("name", "Bob"), ("password", "demo")]).await;
    let list = laptop.get("/devices").await.body;
    assert_eq!(list.matches("&lt;browser&gt;").count(), 2, "{list}");
    let ends: Vec<_> = list.split("action=").skip(1).map(|rest| rest.split('>').next().unwrap()).collect();
    let this = list.split("<li>").skip(1).position(|row| row.contains(", this one")).unwrap();
    let (own, other) = (ends[this], ends[1 - this]);

    assert_eq!(bob.post(other, &[]).await, "/devices");
    assert_eq!(phone.get("/devices").await.status, StatusCode::OK, "Bob ended nothing");
    assert_eq!(laptop.post(other, &[]).await, "/devices");
    assert_eq!(phone.get("/devices").await.status, StatusCode::SEE_OTHER);
    assert_eq!(laptop.post(own, &[]).await, "/");
    assert_eq!(laptop.get("/devices").await.status, StatusCode::SEE_OTHER);
}
