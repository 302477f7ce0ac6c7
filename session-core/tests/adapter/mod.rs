//! What every adapter must do, told once: each framework's test brings an app and a way to send it requests.
//!
//! The app has these routes, for any method that its framework takes:
//!
//! | route | does |
//! |---|---|
//! | `/add` | adds one, and answers the sum, by the error of the session if that fails |
//! | `/read` | reads |
//! | `/tested` | asks whether there is a cookie |
//! | `/redirect` | adds one, and leads to `/read` by 303 |
//! | `/stream` | adds one, and answers `one two` in two chunks |
//! | `/cached` | adds one, and may be cached by all: `public, max-age=60`, `Vary: Accept` |
//! | `/fail` | adds one, and answers 502 |
//! | `/broken` | adds one, and returns an error of the framework's with 502 |
//! | `/refused` | adds one, and returns an error of the framework's with 422 |
//! | `/logout-and-fail` | destroys the session, and answers 500 |
//! | `/wrong-type` | returns the error of a read of the wrong type |
//! | `/end-wrongly` | destroys the session, and returns an error of a session |
//! | `/named` | adds one to the session of the `Sessions` that are named `Shop` |
//! | `/both` | adds one to the innermost session, and 40 to the outermost |
//! | `/untouched` | does not ask for its session |
//!
//! Where the `Sessions` [want](wants_own_answers) it, errors are answered in the way of an application of that framework:
//! with their status, and `own 409` for 409.

mod answers; // errors, several sessions, and what is told once

pub(crate) use answers::*;
use session_core::cookie::{CookiePrefix, FormerAttributes};
use session_core::{CookieConfig, Sessions};

use crate::support::faulty::{Fault, Faulty};
use crate::support::{Browser, builder, count, sessions, store};

/// An answer, in no framework's words.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() <= 1, "{self:?}");
        all.first().copied()
    }
}

/// The name of `Sessions`.
pub(crate) struct Shop;

/// Tells whether errors at these sessions are to be answered by the application.
pub(crate) fn wants_own_answers(sessions: &Sessions) -> bool {
    sessions.cookie_name().ends_with("own")
}

/// Gives what the application answers to an error.
pub(crate) fn own(status: u16) -> String {
    format!("own {status}")
}

/// Sends requests to an app.
pub(crate) trait Client {
    async fn send(&self, method: &str, path: &str, headers: &[(&'static str, String)]) -> Answer;
}

impl Browser {
    pub(crate) async fn fetch(&mut self, client: &impl Client, method: &str, path: &str) -> Answer {
        let visit = self.visit(path);
        let mut headers = vec![("host", visit.authority())];
        headers.extend(self.header(&visit).map(|cookie| ("cookie", cookie)));
        let answer = client.send(method, path, &headers).await;
        let set_cookies = answer.all("set-cookie").into_iter().map(str::to_owned).collect();
        self.hold(visit, set_cookies, answer).deliver()
    }

    pub(crate) async fn get(&mut self, client: &impl Client, path: &str) -> Answer {
        self.fetch(client, "GET", path).await
    }
}

/// Makes the tests, given a function that makes a client of the app with the `Sessions`, the outermost first.
macro_rules! adapter_tests {
    ($start:path: $($claim:ident),+ $(,)?) => {
        $(#[tokio::test]
        async fn $claim() {
            crate::adapter::$claim(async |sessions| $start(sessions).await).await;
        })+
    };
    ($start:path) => {
        crate::adapter::adapter_tests!($start:
            a_cookie_is_set_by_a_write_alone,
            an_untouched_route_has_no_headers_of_ours_and_a_read_one_varies,
            a_response_that_sets_the_cookie_is_private,
            a_redirect_and_a_stream_leave_after_the_session_is_stored,
            a_server_error_saves_nothing_but_a_logout,
            an_error_that_is_none_of_the_servers_saves_and_has_the_headers,
            a_store_that_fails_is_a_503_without_a_cookie,
            a_logout_that_fails_removes_the_cookie_all_the_same,
            a_logout_removes_what_the_cookie_was_before,
            an_answer_whose_changes_were_dropped_is_not_sent,
            an_error_of_the_sessions_is_a_response,
            a_missing_middleware_is_told,
            an_error_is_answered_by_one_text_wherever_it_is_made,
            one_failure_is_one_line_of_the_log,
            an_error_is_answered_by_the_application_wherever_it_is_made,
            an_answer_of_the_applications_keeps_the_cookies_of_other_sessions,
            two_on_one_route_do_not_collide,
            a_handler_names_the_session_that_it_means,
            two_with_cookies_of_one_name_are_an_error,
            a_development_cookie_is_refused_but_on_loopback,
            a_development_cookie_needs_no_host_in_this_process,
            a_cookie_that_browsers_drop_is_told_once,
            head_and_options_are_as_other_requests,
        );
    };
}
pub(crate) use adapter_tests;

pub(crate) type List = Vec<Sessions>;

pub(crate) async fn a_cookie_is_set_by_a_write_alone<C: Client>(start: impl AsyncFn(List) -> C) {
    let (sessions, _) = sessions(store());
    let app = start(vec![sessions.clone()]).await;
    let mut browser = Browser::default();
    assert_eq!(browser.get(&app, "/read").await.one("set-cookie"), None);
    assert_eq!(browser.get(&app, "/add").await.body, "1");
    assert!(browser.cookie().unwrap().starts_with("__Host-Http-session="));
    let answer = browser.get(&app, "/add").await;
    assert_eq!((answer.one("set-cookie"), answer.body.as_str()), (None, "2"));
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
}

pub(crate) async fn an_untouched_route_has_no_headers_of_ours_and_a_read_one_varies<C: Client>(
    start: impl AsyncFn(List) -> C,
) {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let app = start(vec![sessions]).await;
    let mut browser = Browser::default();
    browser.get(&app, "/add").await;
    faulty.calls();
    let answer = browser.get(&app, "/untouched").await;
    assert_eq!((answer.one("vary"), answer.one("set-cookie")), (None, None));
    assert_eq!(browser.get(&app, "/tested").await.one("vary"), Some("Cookie"));
    assert!(faulty.calls().is_empty());
    let answer = browser.get(&app, "/read").await;
    assert_eq!((answer.one("vary"), answer.one("cache-control")), (Some("Cookie"), None));
    assert_eq!(faulty.calls(), ["get"]);
    assert_eq!(browser.get(&app, "/missing").await.status, 404);
}

pub(crate) async fn a_response_that_sets_the_cookie_is_private<C: Client>(start: impl AsyncFn(List) -> C) {
    let (sessions, _) = sessions(store());
    let app = start(vec![sessions]).await;
    let mut browser = Browser::default();
    let answer = browser.get(&app, "/cached").await;
    assert_eq!(answer.one("cache-control"), Some("max-age=60, private"));
    assert_eq!(answer.one("vary").unwrap().to_ascii_lowercase(), "accept, cookie");
    // Without a cookie to set, what may be cached is the handler's business.
    assert_eq!(browser.get(&app, "/cached").await.one("cache-control"), Some("public, max-age=60"));
}

pub(crate) async fn a_redirect_and_a_stream_leave_after_the_session_is_stored<C: Client>(
    start: impl AsyncFn(List) -> C,
) {
    let (sessions, _) = sessions(store());
    let app = start(vec![sessions.clone()]).await;
    let mut browser = Browser::default();
    let answer = browser.get(&app, "/redirect").await;
    assert_eq!((answer.status, answer.one("location")), (303, Some("/read")));
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    assert_eq!(browser.get(&app, "/stream").await.body, "one two");
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
}

pub(crate) async fn a_server_error_saves_nothing_but_a_logout<C: Client>(start: impl AsyncFn(List) -> C) {
    let (sessions, _) = sessions(store());
    let app = start(vec![sessions.clone()]).await;
    let mut browser = Browser::default();
    browser.get(&app, "/add").await;
    for path in ["/fail", "/broken"] {
        let answer = browser.get(&app, path).await;
        assert_eq!((answer.status, answer.one("vary")), (502, Some("Cookie")), "{path}");
        assert_eq!(browser.read(&sessions, "n").await, Some(1), "{path}");
    }
    let old = browser.clone();
    assert_eq!(browser.get(&app, "/logout-and-fail").await.status, 500);
    assert_eq!(browser.cookie(), None);
    assert!(!old.is_known(&sessions).await);
}

pub(crate) async fn an_error_that_is_none_of_the_servers_saves_and_has_the_headers<C: Client>(
    start: impl AsyncFn(List) -> C,
) {
    let (sessions, _) = sessions(store());
    let app = start(vec![sessions.clone()]).await;
    let mut browser = Browser::default();
    let answer = browser.get(&app, "/refused").await;
    assert_eq!((answer.status, answer.one("vary")), (422, Some("Cookie")));
    assert_eq!(answer.one("cache-control"), Some("private"));
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

pub(crate) async fn a_store_that_fails_is_a_503_without_a_cookie<C: Client>(start: impl AsyncFn(List) -> C) {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let app = start(vec![sessions]).await;
    let mut browser = Browser::default();
    browser.get(&app, "/add").await;
    for (verb, path) in [("get", "/read"), ("put", "/add")] {
        faulty.next(verb, Fault::Down);
        let answer = browser.get(&app, path).await;
        assert_eq!((answer.status, answer.one("set-cookie")), (503, None), "{verb}");
        assert_eq!(answer.one("cache-control"), Some("no-store"), "{verb}");
        assert!(!answer.body.contains("faulty"), "{answer:?}");
    }
    assert_eq!(browser.get(&app, "/add").await.body, "2");
}

pub(crate) async fn a_logout_that_fails_removes_the_cookie_all_the_same<C: Client>(start: impl AsyncFn(List) -> C) {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let app = start(vec![sessions]).await;
    let mut browser = Browser::default();
    browser.get(&app, "/add").await;
    faulty.next("put", Fault::Down);
    assert_eq!(browser.get(&app, "/logout-and-fail").await.status, 503);
    assert_eq!(browser.cookie(), None);
}

pub(crate) async fn a_logout_removes_what_the_cookie_was_before<C: Client>(start: impl AsyncFn(List) -> C) {
    let store = store();
    let cookie = CookieConfig::default().with_prefix(CookiePrefix::None);
    let with = |cookie| builder(store.clone()).0.cookie(cookie).build().unwrap();
    let wide = with(cookie.clone().with_domain("example.org"));
    let narrow = with(
        cookie
            .with_former_attributes(FormerAttributes::default().with_domain("example.org"))
            .with_former_attributes(FormerAttributes::default().with_path("/shop")),
    );
    let mut browser = Browser::default();
    browser.request(&wide, count).await;
    let app = start(vec![narrow]).await;
    assert_eq!(browser.get(&app, "/add").await.body, "2");
    let answer = browser.get(&app, "/logout-and-fail").await;
    let removed = answer.all("set-cookie");
    assert!(removed.len() == 3 && removed.iter().all(|set| set.contains("Max-Age=0")), "{removed:?}");
    assert_eq!(browser.cookie(), None);
}

pub(crate) async fn an_answer_whose_changes_were_dropped_is_not_sent<C: Client>(start: impl AsyncFn(List) -> C) {
    let (sessions, _) = sessions(store());
    let app = start(vec![sessions.clone()]).await;
    let mut browser = Browser::default();
    browser.get(&app, "/add").await;
    let mut straggler = browser.clone();
    browser.request(&sessions, |session| session.destroy()).await;
    let answer = straggler.fetch(&app, "POST", "/add").await;
    assert_eq!((answer.status, answer.one("set-cookie")), (409, None));
    assert_eq!(answer.one("cache-control"), Some("no-store"));
    assert_ne!(answer.body, "1");
    assert_eq!(straggler.get(&app, "/read").await.status, 200);
    assert_eq!(straggler.get(&app, "/add").await.status, 200, "a page is shown, whatever it left in the session");
}

pub(crate) async fn an_error_of_the_sessions_is_a_response<C: Client>(start: impl AsyncFn(List) -> C) {
    let (sessions, _) = sessions(store());
    let app = start(vec![sessions]).await;
    let mut browser = Browser::default();
    browser.get(&app, "/add").await;
    let answer = browser.get(&app, "/wrong-type").await;
    assert_eq!((answer.status, answer.one("cache-control")), (500, Some("no-store")));
    assert!(!answer.body.contains("alloc::"), "{answer:?}");
}

pub(crate) async fn a_missing_middleware_is_told<C: Client>(start: impl AsyncFn(List) -> C) {
    let app = start(Vec::new()).await;
    for path in ["/read", "/tested"] {
        let answer = Browser::default().get(&app, path).await;
        assert_eq!((answer.status, answer.one("set-cookie")), (500, None));
    }
}

pub(crate) async fn two_on_one_route_do_not_collide<C: Client>(start: impl AsyncFn(List) -> C) {
    let store = store();
    let shop = builder(store.clone()).0.cookie(CookieConfig::new("shop")).build().unwrap();
    let admin = builder(store).0.cookie(CookieConfig::new("admin")).build().unwrap();
    // Twice is once.
    let app = start(vec![shop.clone(), shop.clone(), admin.clone()]).await;
    let answer = app.send("GET", "/both", &[]).await;
    let cookies = answer.all("set-cookie");
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    for cookie in cookies {
        let mut browser = Browser::default();
        browser.plant(cookie).unwrap();
        let is_shop = cookie.starts_with("__Host-Http-shop=");
        assert_eq!(browser.read(&shop, "n").await, is_shop.then_some(40));
        assert_eq!(browser.read(&admin, "n").await, (!is_shop).then_some(1));
    }
    assert_eq!(answer.one("vary"), Some("Cookie"));
}

pub(crate) async fn a_development_cookie_is_refused_but_on_loopback<C: Client>(start: impl AsyncFn(List) -> C) {
    let sessions = builder(store()).0.cookie(CookieConfig::development()).build().unwrap();
    let app = start(vec![sessions]).await;
    for (host, status) in [("localhost:3000", 200), ("0.0.0.0:3000", 200), ("[::]:3000", 200), ("example.org", 500)] {
        let answer = app.send("GET", "/add", &[("host", host.to_owned())]).await;
        assert_eq!((answer.status, answer.all("set-cookie").len()), (status, usize::from(status == 200)), "{host}");
    }
    for proxy in ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"] {
        let headers = [("host", "localhost:3000".to_owned()), (proxy, "192.0.2.7".to_owned())];
        let answer = app.send("GET", "/add", &headers).await;
        assert_eq!((answer.status, answer.all("set-cookie").len()), (500, 0), "{proxy}");
    }
}

pub(crate) async fn head_and_options_are_as_other_requests<C: Client>(start: impl AsyncFn(List) -> C) {
    let (sessions, _) = sessions(store());
    let app = start(vec![sessions.clone()]).await;
    let mut browser = Browser::default();
    browser.get(&app, "/add").await;
    assert_eq!(browser.fetch(&app, "HEAD", "/read").await.one("vary"), Some("Cookie"));
    assert_eq!(browser.fetch(&app, "HEAD", "/untouched").await.one("vary"), None);
    assert_eq!(browser.fetch(&app, "OPTIONS", "/untouched").await.one("vary"), None);
    let mut newcomer = Browser::default();
    newcomer.fetch(&app, "HEAD", "/add").await;
    assert_eq!(newcomer.read(&sessions, "n").await, Some(1));
}
