//! The browser that the tests have: tabs, thieves, answers in any order, redirects.

mod support;

use std::convert::Infallible;

use http::header::{COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{Method, Request, Response, StatusCode};
use session_core::{CookieConfig, Handled};
use support::browser::{How, Visit};
use support::{Browser, MINUTE, START, builder, count, sessions, store};
use tower::{Service, service_fn};

/// A site that answers as its path says: `/set/x` sets the cookie `a` to `x`, `/go/303/there` redirects. The body says
/// how it was asked.
fn site() -> impl Service<Request<String>, Response = Response<String>, Error = Infallible> {
    service_fn(async |request: Request<String>| {
        let header = |name| request.headers().get(name).map_or("", |value: &http::HeaderValue| value.to_str().unwrap());
        let path = request.uri().path();
        let said = [request.method().as_str(), header(HOST), path, header(COOKIE), request.body()].join(" ");
        let response = Response::builder();
        let response = match path.split('/').collect::<Vec<_>>()[1..] {
            ["set", value] => response.header(SET_COOKIE, format!("a={value}; Path=/; Secure")),
            ["go", status, ..] => {
                let location = path.splitn(4, '/').nth(3).unwrap();
                let location = location
                    .strip_prefix("away/")
                    .map_or(format!("/{location}"), |path| format!("https://idp.example/{path}"));
                response.status(status).header(LOCATION, location).header(SET_COOKIE, format!("{status}=1; Path=/"))
            }
            _ => response,
        };
        Ok(response.body(said).unwrap())
    })
}

fn get(path: &str) -> Request<String> {
    Request::get(path).body(String::new()).unwrap()
}

#[tokio::test]
async fn answers_reach_the_jar_when_they_are_delivered_and_in_that_order_or_never() {
    let (mut site, browser) = (site(), Browser::default());
    let first = browser.send(&mut site, get("/set/first")).await;
    let second = browser.send(&mut site, get("/set/second")).await;
    let lost = browser.send(&mut site, get("/set/lost")).await;
    assert_eq!(browser.cookie(), None);
    assert_eq!(second.deliver().status(), StatusCode::OK);
    drop(lost);
    assert_eq!(browser.cookie().unwrap(), "a=second");
    assert_eq!(first.content().body(), "GET example.org /set/first  ");
    first.deliver();
    assert_eq!(browser.cookie().unwrap(), "a=first");
}

#[tokio::test]
async fn tabs_share_a_jar_and_a_thief_has_a_copy() {
    let (mut site, mut browser) = (site(), Browser::default());
    browser.plant("a=1; Path=/; Secure").unwrap();
    let (tab, thief) = (browser.tab(), browser.clone());
    tab.send(&mut site, get("/set/2")).await.deliver();
    assert_eq!((browser.cookie().unwrap(), thief.cookie().unwrap()), ("a=2".to_owned(), "a=1".to_owned()));
    thief.send(&mut site, get("/set/3")).await.deliver();
    assert_eq!((browser.value("a").unwrap(), thief.value("a").unwrap()), ("2".to_owned(), "3".to_owned()));
}

#[tokio::test]
async fn redirects_are_followed_with_the_cookies_that_were_set_on_the_way() {
    let mut site = site();
    for (status, method, left) in [
        (301, "POST", "GET"),
        (302, "POST", "GET"),
        (302, "PUT", "PUT"),
        (303, "PUT", "GET"),
        (303, "HEAD", "HEAD"),
        (307, "POST", "POST"),
        (308, "POST", "POST"),
    ] {
        let mut browser = Browser::default();
        let request = Request::builder().method(method).uri(format!("/go/{status}/set/x"));
        let response = browser.follow(&mut site, request.body("body".to_owned()).unwrap()).await;
        let body = if left == method { "body" } else { "" };
        assert_eq!(*response.body(), format!("{left} example.org /set/x {status}=1 {body}"));
        assert_eq!(browser.cookie().unwrap(), format!("{status}=1; a=x"));
    }
    // To another site, which has cookies of its own, and does not see these.
    let mut browser = Browser::default();
    let response = browser.follow(&mut site, get("/go/302/away/set/x")).await;
    assert_eq!(response.body(), "GET idp.example /set/x  ");
    assert_eq!(browser.cookie().unwrap(), "302=1");
    assert_eq!(browser.header(&Visit::to("https://idp.example/")).unwrap(), "a=x");
}

#[tokio::test]
async fn a_form_of_another_site_brings_no_lax_cookie_and_its_answer_may_set_one() {
    let (mut site, mut browser) = (site(), Browser::default());
    browser.plant("lax=1; SameSite=Lax").unwrap();
    let callback = Visit::to("https://example.org/set/x").from("https://idp.example/", How::Form);
    let request = Request::builder().method(Method::POST).body("code".to_owned()).unwrap();
    let answer = browser.send_as(callback, &mut site, request).await;
    assert_eq!(answer.deliver().body(), "POST example.org /set/x  code");
    assert_eq!(browser.cookie().unwrap(), "lax=1; a=x");
}

#[tokio::test]
async fn a_cookie_expires_by_the_clock_it_was_given() {
    let clock = session_core::ManualClock::new(START);
    let mut browser = Browser::default().with_clock(clock.clone());
    browser.plant("a=1; Max-Age=60").unwrap();
    assert!(browser.cookie().is_some());
    clock.advance(MINUTE);
    assert_eq!((browser.cookie(), browser.value("a")), (None, None));
}

#[tokio::test]
async fn a_session_is_opened_by_the_jar_and_closed_into_it_whenever_its_response_comes() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    let late = browser.answer(&sessions, count).await;
    assert!(!browser.is_known(&sessions).await);
    // A request without a cookie meanwhile begins a session of its own, and the answer that comes last wins.
    browser.request(&sessions, |session| session.insert("n", 7).unwrap()).await;
    assert_eq!(browser.read(&sessions, "n").await, Some(7));
    late.deliver().outcome.unwrap();
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    // A logout whose response is lost: the cookie stays, and opens nothing.
    drop(browser.answer(&sessions, |session| session.destroy()).await);
    assert!(browser.cookie().is_some() && !browser.is_known(&sessions).await);
}

#[tokio::test]
async fn a_development_cookie_lives_on_loopback_alone() {
    let sessions = builder(store()).0.cookie(CookieConfig::development()).build().unwrap();
    let mut local = Browser::on("http://localhost:3000");
    local.request(&sessions, count).await;
    assert_eq!(local.read(&sessions, "n").await, Some(1));
    let elsewhere = Browser::on("http://example.org");
    let lazy = elsewhere.open(&sessions);
    assert!(lazy.load().await.is_err());
    assert!(elsewhere.hold_closed(sessions.close(&lazy, Handled::Completed).await).deliver().set_cookie.is_none());
}
