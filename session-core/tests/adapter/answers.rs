//! What errors are answered by, whose session a handler is given where there are several, and what is told once.

use std::sync::{Arc, Mutex};

use session_core::{CookieConfig, EventKind, SessionError};

use super::{Answer, Client, List, Shop, own};
use crate::support::faulty::{Fault, Faulty};
use crate::support::log::Log;
use crate::support::{Browser, builder, sessions, store};

/// Has an extractor, a handler and the middleware fail, and gives what they answered.
async fn errors<C: Client>(start: impl AsyncFn(List) -> C, cookie: CookieConfig) -> Vec<(SessionError, Answer)> {
    let faulty = Faulty::new(store());
    let sessions = builder(faulty.clone()).0.cookie(cookie).build().unwrap();
    let app = start(vec![sessions.clone()]).await;
    let mut browser = Browser::default();
    browser.get(&app, "/add").await;
    let mut answers = Vec::new();
    for (verb, path) in [("get", "/read"), ("put", "/add")] {
        faulty.next(verb, Fault::Down);
        answers.push((SessionError::Indeterminate, browser.get(&app, path).await));
    }
    answers.push((SessionError::ResponseSent, browser.get(&app, "/wrong-type").await));
    let mut straggler = browser.clone();
    browser.request(&sessions, |session| session.destroy()).await;
    answers.push((SessionError::Gone, straggler.fetch(&app, "POST", "/add").await));
    for (error, answer) in &answers {
        assert_eq!((answer.status, answer.one("set-cookie")), (error.http_status(), None), "{answer:?}");
        assert_eq!(answer.one("cache-control"), Some("no-store"), "{answer:?}");
        assert!(answer.one("vary").is_some_and(|vary| vary.eq_ignore_ascii_case("cookie")), "{answer:?}");
    }
    answers
}

pub(crate) async fn an_error_is_answered_by_one_text_wherever_it_is_made<C: Client>(start: impl AsyncFn(List) -> C) {
    for (error, answer) in errors(start, CookieConfig::default()).await {
        assert_eq!(answer.body, error.http_text());
        assert_eq!(answer.one("content-type"), Some("text/plain; charset=utf-8"));
    }
}

pub(crate) async fn one_failure_is_one_line_of_the_log<C: Client>(start: impl AsyncFn(List) -> C) {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let app = start(vec![sessions.clone()]).await;
    let mut browser = Browser::default();
    browser.get(&app, "/add").await;
    // Each of another kind, since what fails again in the same way is left out for a while.
    let failures = [("get", Fault::Down, "/read"), ("put", Fault::Corrupt, "/add"), ("", Fault::No, "/wrong-type")];
    for (verb, fault, path) in failures {
        let log = Log::default();
        let listening = log.listen();
        faulty.next(verb, fault);
        assert!(browser.fetch(&app, "GET", path).await.status >= 500, "{path}");
        drop(listening);
        assert_eq!(log.lines("session_core").len(), 1, "{path}: {log:?}");
    }
    let mut straggler = browser.clone();
    browser.request(&sessions, |session| session.destroy()).await;
    let log = Log::default();
    let listening = log.listen();
    assert_eq!(straggler.fetch(&app, "POST", "/add").await.status, 409);
    drop(listening);
    assert_eq!(log.lines("session_core").len(), 1, "{log:?}");

    // What nobody else tells is told by whoever answers with it.
    let app = start(Vec::new()).await;
    let log = Log::default();
    let listening = log.listen();
    assert_eq!(Browser::default().get(&app, "/read").await.status, 500);
    drop(listening);
    assert_eq!(log.lines("session_core").len(), 1, "{log:?}");
}

pub(crate) async fn an_error_is_answered_by_the_application_wherever_it_is_made<C: Client>(
    start: impl AsyncFn(List) -> C,
) {
    for (error, answer) in errors(start, CookieConfig::new("own")).await {
        assert_eq!(answer.body, own(error.http_status()));
    }
}

pub(crate) async fn an_answer_of_the_applications_keeps_the_cookies_of_other_sessions<C: Client>(
    start: impl AsyncFn(List) -> C,
) {
    for (outer, inner) in [("outer-own", "inner-own"), ("outer", "inner-own")] {
        let with = |name| builder(store()).0.cookie(CookieConfig::new(name)).build().unwrap();
        let (outer, inner) = (with(outer), with(inner));
        let app = start(vec![outer, inner.clone()]).await;
        let mut browser = Browser::default();
        browser.get(&app, "/add").await;
        assert_eq!(browser.read(&inner, "n").await, Some(1));
        let answer = browser.get(&app, "/end-wrongly").await;
        assert_eq!((answer.status, answer.body), (500, own(500)));
        assert_eq!(browser.cookie(), None, "the inner one has removed its cookie");
    }
}

pub(crate) async fn a_handler_names_the_session_that_it_means<C: Client>(start: impl AsyncFn(List) -> C) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    let store = store();
    let shop = builder(store.clone()).0.cookie(CookieConfig::new("shop")).named::<Shop>().build().unwrap();
    let admin = builder(store).0.cookie(CookieConfig::new("admin")).on_event(move |event| {
        if let EventKind::SeveralSessions { cookie, .. } = event.kind() {
            hook.lock().unwrap().push(cookie.to_owned());
        }
    });
    let admin = admin.build().unwrap();
    let app = start(vec![shop.clone(), admin.clone()]).await;
    let mut browser = Browser::default();
    assert_eq!(browser.get(&app, "/named").await.body, "1");
    assert_eq!(browser.read(&shop, "n").await, Some(1));
    assert_eq!(browser.read(&admin, "n").await, None);
    assert!(told.lock().unwrap().is_empty(), "who names one is told nothing");
    for _ in 0..2 {
        browser.get(&app, "/add").await;
    }
    assert_eq!(browser.read(&admin, "n").await, Some(2), "who names none has the innermost");
    assert_eq!(*told.lock().unwrap(), [admin.cookie_name()], "which is told once");

    let answer = Browser::default().get(&start(vec![admin]).await, "/named").await;
    assert_eq!((answer.status, answer.one("set-cookie")), (500, None));
    assert!(answer.body.contains("Shop"), "{answer:?}");
}

pub(crate) async fn two_with_cookies_of_one_name_are_an_error<C: Client>(start: impl AsyncFn(List) -> C) {
    let (one, other) = (sessions(store()).0, sessions(store()).0);
    let app = start(vec![one, other]).await;
    for path in ["/read", "/add"] {
        let answer = Browser::default().get(&app, path).await;
        assert_eq!((answer.status, answer.one("set-cookie")), (500, None), "{path}");
    }
    assert_eq!(Browser::default().get(&app, "/untouched").await.status, 200);
}

pub(crate) async fn a_development_cookie_needs_no_host_in_this_process<C: Client>(start: impl AsyncFn(List) -> C) {
    let app = start(vec![builder(store()).0.cookie(CookieConfig::development()).build().unwrap()]).await;
    let answer = app.send("GET", "/add", &[]).await;
    assert_eq!((answer.status, answer.all("set-cookie").len()), (200, 1));
    let answer = app.send("GET", "/add", &[("x-forwarded-for", "192.0.2.7".to_owned())]).await;
    assert_eq!((answer.status, answer.all("set-cookie").len()), (500, 0));
}

pub(crate) async fn a_cookie_that_browsers_drop_is_told_once<C: Client>(start: impl AsyncFn(List) -> C) {
    for (told_https, expected) in [(None, 1), (Some("https"), 0), (Some("http"), 1)] {
        let told = Arc::new(Mutex::new(0));
        let hook = Arc::clone(&told);
        let sessions = builder(store()).0.on_event(move |event| {
            if let EventKind::PlainHttp = event.kind() {
                *hook.lock().unwrap() += 1;
            }
        });
        let app = start(vec![sessions.build().unwrap()]).await;
        let mut headers = vec![("host", "192.168.1.20:3000".to_owned())];
        headers.extend(told_https.map(|proto| ("x-forwarded-proto", proto.to_owned())));
        app.send("GET", "/read", &headers).await;
        assert_eq!(*told.lock().unwrap(), 0, "nothing was set");
        for _ in 0..3 {
            assert_eq!(app.send("GET", "/add", &headers).await.all("set-cookie").len(), 1);
        }
        assert_eq!(*told.lock().unwrap(), expected, "{told_https:?}");
    }
}
