//! The cookie's name, path, domain, prefix and signature change while sessions live. Each test is a recipe of the page
//! `changing_the_cookie`.

mod support;

use session_core::cookie::{CookiePartition, CookiePrefix, FormerAttributes, SameSite};
use session_core::{BuildError, CookieConfig, SessionStore, Sessions};
use support::browser::Visit;
use support::{Browser, builder, count, store};

const HOST: &str = "https://www.example.org";

fn with(store: &(impl SessionStore + Clone), cookie: CookieConfig) -> Sessions {
    builder(store.clone()).0.cookie(cookie).build().unwrap()
}

/// A cookie that may have any attributes.
fn secure() -> CookieConfig {
    CookieConfig::default().with_prefix(CookiePrefix::Secure)
}

fn former() -> FormerAttributes {
    FormerAttributes::default()
}

#[tokio::test]
async fn who_names_the_old_scope_finds_the_sessions_of_the_old_name() {
    let store = store();
    let with = |cookie: CookieConfig| builder(store.clone()).0.cookie(cookie);
    let old = with(CookieConfig::default()).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&old, count).await;
    let id = browser.value("__Host-session").unwrap();
    let renamed = Browser::with(&format!("__Host-sid={id}"));
    let unnamed = with(CookieConfig::new("sid")).build().unwrap();
    assert_eq!(renamed.read(&unnamed, "n").await, None);
    let named = with(CookieConfig::new("sid")).scope("session").build().unwrap();
    assert_eq!(renamed.read(&named, "n").await, Some(1));
    // The other way round, and between names of which none is the default's.
    let (shop, store_front) = (with(CookieConfig::new("shop")), with(CookieConfig::default()).scope("shop"));
    let mut browser = Browser::default();
    browser.request(&shop.build().unwrap(), count).await;
    let id = browser.value("__Host-shop").unwrap();
    let renamed = Browser::with(&format!("__Host-session={id}"));
    assert_eq!(renamed.read(&store_front.build().unwrap(), "n").await, Some(1));
    assert_eq!(renamed.read(&old, "n").await, None);
}

#[test]
fn a_scope_is_a_name() {
    let with = |scope: &str| -> Result<Sessions, BuildError> { builder(store()).0.scope(scope).build() };
    for scope in ["session", "a", "shop-2.old_", &"a".repeat(255)] {
        assert!(with(scope).is_ok(), "{scope}");
    }
    for scope in ["", "a b", "é", "a;b", "a\n", &"a".repeat(256)] {
        assert!(matches!(with(scope), Err(BuildError::Scope { name, .. }) if name == scope), "{scope}");
    }
}

#[tokio::test]
async fn a_logout_removes_the_cookie_of_a_former_path_domain_or_partition() {
    let partitioned = || secure().with_same_site(SameSite::None).with_partition(CookiePartition::ByTopLevelSite);
    for (old, new, named) in [
        (secure().with_domain("example.org"), secure(), former().with_domain("example.org")),
        (secure(), secure().with_domain("example.org"), former()),
        (secure(), partitioned(), former()),
        (partitioned(), secure(), former().with_partition(CookiePartition::ByTopLevelSite)),
    ] {
        let store = store();
        let (old, unnamed) = (with(&store, old), with(&store, new.clone()));
        let new = with(&store, new.with_former_attributes(named));
        for (sessions, left) in [(&unnamed, true), (&new, false)] {
            let mut browser = Browser::on(HOST);
            browser.request(&old, count).await;
            // It is known at once, whatever it was set with.
            assert_eq!(browser.read(sessions, "n").await, Some(1));
            browser.request(sessions, |session| session.destroy()).await;
            assert_eq!(browser.cookie().is_some(), left);
        }
    }
}

#[tokio::test]
async fn of_one_cookie_under_two_domains_the_former_one_is_removed() {
    let store = store();
    let old = with(&store, secure().with_domain("example.org"));
    let new = with(&store, secure().with_former_attributes(former().with_domain("example.org")));
    let mut browser = Browser::on(HOST);
    browser.request(&old, count).await;
    let cookie = browser.cookie().unwrap();
    browser.plant(&format!("{cookie}; Path=/; Secure")).unwrap();
    browser.request(&new, |_| {}).await;
    assert_eq!(browser.cookie().unwrap(), cookie);
    assert_eq!(browser.header(&Visit::to("https://other.example.org/")), None);
    // Which is done once.
    let closed = browser.try_request(&new, |_| {}).await;
    assert!(closed.set_cookie.is_none() && closed.removals.is_empty());
    // A page that does not ask for its session says nothing.
    browser.request(&old, |session| session.renew().unwrap()).await;
    let lazy = browser.open(&new);
    let closed = new.close(&lazy, session_core::Handled::Completed).await;
    assert!(closed.set_cookie.is_none() && closed.removals.is_empty());
}
