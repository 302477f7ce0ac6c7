//! The cookie's name, path, domain, prefix and signature change while sessions live. Each test is a recipe of the page
//! `changing_the_cookie`.

mod support;

use session_core::{BuildError, CookieConfig, Sessions};
use support::{Browser, builder, count, store};

#[tokio::test]
async fn who_names_the_old_scope_finds_the_sessions_of_the_old_name() {
    let store = store();
    let with = |config: CookieConfig| builder(store.clone()).0.cookie(config);
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
