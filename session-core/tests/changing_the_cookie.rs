//! The cookie's scope, path, domain and partition change while sessions live: recipes of the page `changing_the_cookie`.

mod support;

use session_core::cookie::{CookiePartition, CookiePrefix, FormerAttributes, SameSite, SigningKey, UnsignedCookies};
use session_core::{
    BuildError, CloseOutcome, CookieConfig, Handled, Owner, RequestHead, Session, SessionError, SessionStore, Sessions,
    Timestamp,
};
use support::browser::{How, Visit};
use support::{Browser, START, builder, count, store};

const HOST: &str = "https://www.example.org";

/// A server with that cookie.
fn with(store: &(impl SessionStore + Clone), cookie: CookieConfig) -> Sessions {
    builder(store.clone()).0.cookie(cookie).build().unwrap()
}

/// A cookie that may have any attributes.
fn secure() -> CookieConfig {
    CookieConfig::default().with_prefix(CookiePrefix::Secure)
}

/// A cookie that anybody can plant.
fn weak() -> CookieConfig {
    CookieConfig::default().with_prefix(CookiePrefix::None)
}

/// When the last server of the old kind stops.
const CHANGED_AT: Timestamp = Timestamp::from_millis(START.as_millis() + 60_000);

fn login(session: &Session) {
    session.log_in(Owner::new("ann").unwrap()).unwrap();
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
    let id = browser.value("__Host-Http-session").unwrap();
    let renamed = Browser::with(&format!("__Host-Http-sid={id}"));
    let unnamed = with(CookieConfig::new("sid")).build().unwrap();
    assert_eq!(renamed.read(&unnamed, "n").await, None);
    let named = with(CookieConfig::new("sid")).scope("session").build().unwrap();
    assert_eq!(renamed.read(&named, "n").await, Some(1));
    // The other way round, and between names of which none is the default's.
    let (shop, store_front) = (with(CookieConfig::new("shop")), with(CookieConfig::default()).scope("shop"));
    let mut browser = Browser::default();
    browser.request(&shop.build().unwrap(), count).await;
    let id = browser.value("__Host-Http-shop").unwrap();
    let renamed = Browser::with(&format!("__Host-Http-session={id}"));
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
    let closed = new.close(&lazy, Handled::Completed).await;
    assert!(closed.set_cookie.is_none() && closed.removals.is_empty());
}

#[tokio::test]
async fn who_read_the_session_before_a_login_does_not_give_the_old_id_again_after_it() {
    let (one, two) = (weak().with_domain("example.org"), weak());
    let named = two.clone().with_former_attributes(former().with_domain("example.org"));
    let unsigned = || weak().with_signing_keys([SigningKey::new([1; 32]).unwrap()]);
    let until = UnsignedCookies::TakenUntil(CHANGED_AT);
    for (old, new) in [(one, named), (two, unsigned().with_unsigned_cookies(until))] {
        for handler in [(|_| {}) as fn(&Session), |session| session.ignore().unwrap()] {
            let store = store();
            let (old, new) = (with(&store, old.clone()), with(&store, new.clone()));
            let mut browser = Browser::on(HOST);
            browser.request(&old, count).await;
            let cookie = browser.cookie().unwrap();
            browser.plant(&format!("{cookie}; Path=/; Secure")).unwrap();
            let (slow, failed) = (browser.open(&new), browser.open(&new));
            handler(&slow.load().await.unwrap());
            failed.load().await.unwrap();
            browser.request(&new, login).await;
            let now = browser.value("session");
            for (lazy, handled) in [(slow, Handled::Completed), (failed, Handled::Failed)] {
                let closed = new.close(&lazy, handled).await;
                assert!(closed.set_cookie.is_none() && closed.removals.is_empty());
                browser.take(&closed);
            }
            assert_eq!(browser.value("session"), now);
            assert!(browser.open(&new).load().await.unwrap().owner().is_some());
        }
    }
}

#[tokio::test]
async fn path_domain_and_partition_change_while_old_and_new_servers_run_side_by_side() {
    let framed = || CookieConfig::default().with_same_site(SameSite::None);
    let partitioned = || framed().with_partition(CookiePartition::ByTopLevelSite);
    for (old, new, named) in [
        (secure(), secure().with_domain("example.org"), former()),
        (secure().with_domain("example.org"), secure(), former().with_domain("example.org")),
        (secure(), secure().with_path("/shop"), former()),
        (secure().with_path("/shop"), secure(), former().with_path("/shop")),
        (framed(), partitioned(), former()),
        (partitioned(), framed(), former().with_partition(CookiePartition::ByTopLevelSite)),
    ] {
        let store = store();
        let (old, new) = (with(&store, old), with(&store, new.with_former_attributes(named)));
        let mut browser = Browser::on("https://www.example.org/shop/");
        browser.request(&old, login).await;
        for (n, server) in [&old, &new].into_iter().cycle().take(12).enumerate() {
            // Each gives the session an id now and then.
            browser.request(server, if n % 3 == 0 { login_again } else { count }).await;
            let session = browser.open(server).load().await.unwrap();
            assert!(session.owner().is_some() && session.read_only().is_none(), "{n}");
        }
        // The new ones alone: the session has a cookie as they set it, once it was given an id, and no other.
        browser.request(&new, login_again).await;
        browser.request(&new, |_| {}).await;
        assert_eq!(browser.cookie().unwrap().matches('=').count(), 1);
        assert_eq!(browser.try_request(&new, |_| {}).await.set_cookie, None);
        assert_eq!(browser.read(&new, "n").await, Some(8));
        let mut out = browser.clone();
        out.request(&new, |session| session.destroy()).await;
        assert_eq!((out.cookie(), browser.is_known(&new).await), (None, false));
    }
}

fn login_again(session: &Session) {
    session.log_in(Owner::new("ann").unwrap()).unwrap();
}

#[tokio::test]
async fn a_frame_of_another_site_keeps_the_session_that_all_shared_and_has_its_own_from_then_on() {
    let framed = CookieConfig::default().with_same_site(SameSite::None);
    let store = store();
    let shared = with(&store, framed.clone());
    let partitioned = framed.with_partition(CookiePartition::ByTopLevelSite).with_former_attributes(former());
    let partitioned = with(&store, partitioned);
    let mut browser = Browser::on(HOST);
    let visit = |portal| Visit::to(HOST).from(portal, How::Embedded);
    let (a, b) = (visit("https://portal-a.example/"), visit("https://portal-b.example/"));
    request(&mut browser, &a, &shared, login).await.unwrap();
    for portal in [&a, &b] {
        request(&mut browser, portal, &partitioned, |session| assert!(session.owner().is_some())).await.unwrap();
    }
    request(&mut browser, &a, &partitioned, login_again).await.unwrap();
    request(&mut browser, &a, &partitioned, |session| assert!(session.owner().is_some())).await.unwrap();
    // The answer in the frame removed the one for all, beside which there is one for the frames of a.
    assert!(browser.header(&a).is_some_and(|cookie| cookie.matches('=').count() == 1));
    assert_eq!(browser.header(&b), None);
    request(&mut browser, &b, &partitioned, login).await.unwrap();
    assert_ne!(browser.header(&a), browser.header(&b));
    for portal in [&a, &b] {
        request(&mut browser, portal, &partitioned, |session| assert!(session.owner().is_some())).await.unwrap();
    }
}

/// Sends a request that is not for the site's first page, or not from it.
async fn request(
    browser: &mut Browser,
    visit: &Visit,
    sessions: &Sessions,
    handler: impl FnOnce(&Session),
) -> Result<CloseOutcome, SessionError> {
    let lazy = sessions.open(RequestHead::new("POST").with_cookies(browser.header(visit).iter().map(String::as_bytes)));
    handler(&lazy.load().await.unwrap());
    let closed = sessions.close(&lazy, Handled::Completed).await;
    let set: Vec<_> = closed.set_cookie.into_iter().chain(closed.removals).collect();
    browser.receive(visit, &set);
    closed.outcome
}
