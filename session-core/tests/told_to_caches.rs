//! What caches and browsers are told of a response.

mod support;

use std::borrow::Cow;

use session_core::{CloseOutcome, Closed, Owner, ResponseHeaders, Session, Sessions, SiteData};
use support::{Browser, builder, count, sessions, store};

/// A response's headers, as an adapter has them.
#[derive(Clone, Debug, Default)]
struct Lines(Vec<(String, String)>);

impl Lines {
    fn of(lines: &[(&str, &str)]) -> Self {
        Self(lines.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
    }

    fn get(&self, name: &str) -> Option<String> {
        let values: Vec<_> = self.0.iter().filter(|line| line.0 == name).map(|line| &*line.1).collect();
        (!values.is_empty()).then(|| values.join(" | "))
    }
}

impl ResponseHeaders for Lines {
    fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.0.iter().filter(move |line| line.0 == name).map(|line| line.1.as_bytes())
    }

    fn names(&self) -> impl Iterator<Item: AsRef<str>> {
        self.0.iter().map(|line| &line.0)
    }

    fn set(&mut self, name: &str, value: Cow<'static, str>) {
        self.0.retain(|line| line.0 != name);
        self.0.push((name.to_owned(), value.into_owned()));
    }

    fn add_cookie(&mut self, value: String) {
        self.0.push(("set-cookie".to_owned(), value));
    }
}

async fn ann(sessions: &Sessions) -> Browser {
    let mut browser = Browser::default();
    browser.request(sessions, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
    browser
}

async fn closed(browser: &mut Browser, sessions: &Sessions, handler: impl FnOnce(&Session)) -> Closed {
    browser.try_request(sessions, handler).await
}

/// Gives the headers of the response to `handler`, which has `lines` itself.
async fn told(browser: &mut Browser, sessions: &Sessions, lines: &[(&str, &str)], handler: fn(&Session)) -> Lines {
    let mut closed = closed(browser, sessions, handler).await;
    let mut headers = Lines::of(lines);
    closed.add_to(&mut headers);
    headers
}

fn look(session: &Session) {
    let _ = session.owner();
}

#[tokio::test]
async fn what_an_owner_sees_is_stored_nowhere_unless_the_handler_said_otherwise() {
    let (sessions, _) = sessions(store());
    let mut ann = ann(&sessions).await;
    for handler in [look, count, Session::destroy] {
        let headers = told(&mut ann.clone(), &sessions, &[], handler).await;
        assert_eq!(headers.get("cache-control").as_deref(), Some("no-store"));
        assert_eq!(headers.get("vary").as_deref(), Some("Cookie"));
    }
    let mut ann = {
        ann.request(&sessions, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
        ann
    };
    let kept = told(&mut ann, &sessions, &[("cache-control", "max-age=60")], look).await;
    assert_eq!(kept.get("cache-control").as_deref(), Some("max-age=60"));
    let written = told(&mut ann, &sessions, &[("cache-control", "public, max-age=60")], |session| {
        session.renew().unwrap();
    });
    assert_eq!(written.await.get("cache-control").as_deref(), Some("max-age=60, private"));
}

#[tokio::test]
async fn the_answer_to_a_login_is_stored_nowhere() {
    let (sessions, _) = sessions(store());
    let log_in = |session: &Session| session.log_in(Owner::new("ann").unwrap()).unwrap();
    let headers = told(&mut Browser::default(), &sessions, &[], log_in).await;
    assert_eq!(headers.get("cache-control").as_deref(), Some("no-store"));
}

#[tokio::test]
async fn what_nobody_in_particular_sees_may_be_kept_by_the_browser() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    let begun = told(&mut browser, &sessions, &[], count).await;
    assert_eq!(
        begun.get("cache-control").as_deref(),
        Some("private"),
        "but by no shared cache, since it sets the cookie"
    );
    assert_eq!(told(&mut browser, &sessions, &[], look).await.get("cache-control"), None);
}

#[tokio::test]
async fn targeted_headers_follow_where_the_cookie_is_set_or_an_owner_sees_it() {
    let (sessions, _) = sessions(store());
    let targeted =
        ["cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control", "vercel-cdn-cache-control"];
    for name in targeted {
        let lines = [(name, "max-age=600"), ("cache-control", "max-age=60")];
        let begun = told(&mut Browser::default(), &sessions, &lines, count).await;
        assert_eq!(begun.get(name).as_deref(), Some("no-store"));
        assert_eq!(begun.get("cache-control").as_deref(), Some("max-age=60, private"));

        let mut ann = ann(&sessions).await;
        let seen = told(&mut ann, &sessions, &[(name, "max-age=600")], look).await;
        assert_eq!(seen.get(name).as_deref(), Some("no-store"), "nobody said so by Cache-Control");
        let said = told(&mut ann, &sessions, &lines, look).await;
        assert_eq!(said.get(name).as_deref(), Some("max-age=600"), "the handler knows what it says");

        let strict = told(&mut Browser::default(), &sessions, &[(name, "no-store, max-age=1")], count).await;
        assert_eq!(strict.get(name).as_deref(), Some("no-store, max-age=1"));
    }
    let untouched = told(&mut Browser::default(), &sessions, &[("cdn-cache-control", "max-age=1")], look).await;
    assert_eq!(untouched.get("cdn-cache-control").as_deref(), Some("max-age=1"));
}

#[tokio::test]
async fn a_logout_tells_what_else_to_forget_where_that_is_set() {
    let both = [SiteData::Cache, SiteData::Storage];
    let sessions = builder(store()).0.clear_site_data(both).build().unwrap();
    let mut browser = ann(&sessions).await;
    for handler in [look, count] {
        assert_eq!(told(&mut browser, &sessions, &[], handler).await.get("clear-site-data"), None);
    }
    let out = told(&mut browser.clone(), &sessions, &[], Session::log_out).await;
    assert_eq!(out.get("clear-site-data").as_deref(), Some("\"cache\", \"storage\""));
    // Another request has ended it.
    let late = told(&mut browser.clone(), &sessions, &[], Session::log_out).await;
    assert_eq!(late.get("clear-site-data"), None);

    let mut browser = ann(&sessions).await;
    let over = |session: &Session| session.log_in(Owner::new("bea").unwrap()).unwrap();
    let own = told(&mut browser, &sessions, &[("clear-site-data", "\"cookies\"")], over).await;
    assert_eq!(own.get("clear-site-data").as_deref(), Some("\"cookies\""), "the handler's own stands");
}

#[tokio::test]
async fn by_default_a_logout_tells_nothing_more() {
    let (sessions, _) = sessions(store());
    let mut browser = ann(&sessions).await;
    let out = told(&mut browser, &sessions, &[], Session::log_out).await;
    assert_eq!(out.get("clear-site-data"), None);
    assert!(out.get("set-cookie").unwrap().contains("Max-Age=0"));
}

#[tokio::test]
async fn what_it_has_to_say_is_said_once() {
    let (sessions, _) = sessions(store());
    let mut closed = closed(&mut Browser::default(), &sessions, count).await;
    let mut headers = Lines::default();
    closed.add_to(&mut headers);
    closed.add_to(&mut headers);
    assert_eq!(headers.0.iter().filter(|line| line.0 == "set-cookie").count(), 1);
    assert!(matches!(closed.outcome, Ok(CloseOutcome::Created)));
}
