//! The cookie's name, path, domain, prefix and signature change while sessions live. Each test is a recipe of the page
//! `changing_the_cookie`.

mod support;

use std::time::Duration;

use session_core::cookie::{CookiePartition, CookiePrefix, FormerAttributes, SameSite, SigningKey, UnsignedCookies};
use session_core::{
    BuildError, CloseOutcome, CookieConfig, CookieLifetime, Handled, ManualClock, Owner, Session, SessionStore,
    Sessions, Timestamp,
};
use support::browser::Visit;
use support::faulty::{Fault, Faulty};
use support::{Browser, MINUTE, START, builder, count, store};

const HOST: &str = "https://www.example.org";

fn with(store: &(impl SessionStore + Clone), cookie: CookieConfig) -> Sessions {
    builder(store.clone()).0.cookie(cookie).build().unwrap()
}

/// A cookie that may have any attributes.
fn secure() -> CookieConfig {
    CookieConfig::default().with_prefix(CookiePrefix::Secure)
}

/// A cookie that anybody can plant, and the safest, of one base name.
fn weak() -> CookieConfig {
    CookieConfig::default().with_prefix(CookiePrefix::None)
}

/// When the last server stops that sets the weak cookie, in the tests of former names.
const CHANGED_AT: Timestamp = Timestamp::from_millis(START.as_millis() + 60_000);

fn strong() -> CookieConfig {
    CookieConfig::default().with_former_name("session", CHANGED_AT)
}

/// A server with the weak cookie, and one with the strong, on one store and one clock.
fn weak_and_strong() -> (Sessions, Sessions, ManualClock) {
    let (store, clock) = (store(), ManualClock::new(START));
    let with = |cookie| builder(store.clone()).0.cookie(cookie).clock(clock.clone()).build().unwrap();
    (with(weak()), with(strong()), clock)
}

fn login(session: &Session) {
    session.set_owner(Owner::new("ann").unwrap()).unwrap();
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
    let closed = new.close(&lazy, Handled::Completed).await;
    assert!(closed.set_cookie.is_none() && closed.removals.is_empty());
}

#[tokio::test]
async fn a_session_moves_from_a_former_name_to_the_present_one_at_once() {
    for handler in [(|_| {}) as fn(&Session), count, login] {
        let (weak, strong, clock) = weak_and_strong();
        let mut browser = Browser::on(HOST);
        browser.request(&weak, login).await;
        browser.request(&weak, count).await;
        let before = browser.clone();
        clock.advance(2 * MINUTE);
        assert_eq!(browser.request(&strong, handler).await, CloseOutcome::Renewed);
        assert_eq!(browser.value("session"), None);
        assert!(browser.value("__Host-session").is_some());
        let session = browser.open(&strong).load().await.unwrap();
        assert_eq!(session.owner().unwrap().as_str(), "ann");
        // From then on as any other.
        assert_eq!(browser.request(&strong, |_| {}).await, CloseOutcome::Unchanged);
        // The old id is dead, at the latest after the overlap.
        clock.advance(MINUTE);
        assert!(!before.is_known(&strong).await && !before.is_known(&weak).await);
    }
}

#[tokio::test]
async fn the_requests_of_a_page_that_come_with_the_former_name_at_once_all_see_the_session() {
    let (weak, strong, _) = weak_and_strong();
    let mut browser = Browser::on(HOST);
    browser.request(&weak, count).await;
    let mut open: Vec<_> = (0..4).map(|_| browser.open(&strong)).collect();
    let late = open.pop().unwrap();
    let mut set = 0;
    for lazy in &open {
        count(&lazy.load().await.unwrap());
    }
    for lazy in open {
        let closed = strong.close(&lazy, Handled::Completed).await;
        set += usize::from(closed.set_cookie.is_some());
        browser.take(&closed);
        closed.outcome.unwrap();
    }
    assert_eq!(set, 1, "there is one new id");
    assert_eq!(late.load().await.unwrap().get::<u64>("n").unwrap(), Some(4));
    let closed = strong.close(&late, Handled::Completed).await;
    assert!(closed.set_cookie.is_none() && closed.removals.is_empty());
    assert_eq!(browser.read(&strong, "n").await, Some(4));
}

#[tokio::test]
async fn what_began_or_was_given_an_id_after_the_change_does_not_count_under_the_former_name() {
    type Planted = fn(&Session);
    let (begun, renewed, logged_in): (Planted, Planted, Planted) = (count, |session| session.renew().unwrap(), login);
    for (before, after) in [(None, begun), (Some(begun), renewed), (Some(begun), logged_in)] {
        let (weak, strong, clock) = weak_and_strong();
        let mut attacker = Browser::on(HOST);
        if let Some(before) = before {
            attacker.request(&weak, before).await;
        }
        clock.advance(MINUTE);
        // By a server that knows of the change: then it says when an id was given.
        let named = if before.is_some() { &strong } else { &weak };
        attacker.request(named, after).await;
        let name = if before.is_some() { "__Host-session" } else { "session" };
        let id = attacker.value(name).unwrap();
        let mut visitor = Browser::on(HOST);
        visitor.plant(&format!("session={id}; Path=/; Secure; Domain=example.org")).unwrap();
        assert!(!visitor.is_known(&strong).await, "{name}");
        // Who begins a session there begins one of their own, under the present name.
        assert_eq!(visitor.request(&strong, count).await, CloseOutcome::Created);
        assert_ne!(visitor.value("__Host-session").unwrap(), id);
        assert_eq!(visitor.read(&strong, "n").await, Some(1));
    }
}

#[tokio::test]
async fn a_former_name_counts_for_nothing_beside_the_present_one_dead_or_malformed() {
    let (weak, strong, _) = weak_and_strong();
    let mut browser = Browser::on(HOST);
    browser.request(&weak, count).await;
    let planted = browser.cookie().unwrap();
    for present in [format!("__Host-session={}", "x".repeat(43)), "__Host-session=".to_owned()] {
        let mut victim = Browser::with(&present);
        victim.plant(&format!("{planted}; Path=/; Secure")).unwrap();
        assert!(!victim.is_known(&strong).await);
    }
    // An own session beside it stays.
    let mut victim = Browser::default();
    victim.request(&strong, |session| session.insert("n", 7).unwrap()).await;
    victim.plant(&format!("{planted}; Path=/; Secure")).unwrap();
    assert_eq!(victim.read(&strong, "n").await, Some(7));
    // And a logout leaves nothing behind that would count again.
    victim.request(&strong, |session| session.destroy()).await;
    assert_eq!(victim.cookie(), None);
}

#[tokio::test]
async fn what_came_under_a_former_name_is_given_no_present_cookie_without_a_new_id() {
    let (store, clock) = (Faulty::new(store()), ManualClock::new(START));
    let with = |cookie| builder(store.clone()).0.cookie(cookie).clock(clock.clone()).build().unwrap();
    let persistent = |cookie: CookieConfig| cookie.with_lifetime(CookieLifetime::Persistent);
    let (weak, strong) = (with(persistent(weak())), with(persistent(strong())));
    let mut browser = Browser::on(HOST);
    browser.request(&weak, count).await;
    let id = browser.value("session");
    // Neither by a failed request, nor where the new one cannot be stored.
    for (fault, handled) in [(Fault::No, Handled::Failed), (Fault::Down, Handled::Completed)] {
        store.next("put", fault);
        let lazy = browser.open(&strong);
        lazy.load().await.unwrap();
        let closed = strong.close(&lazy, handled).await;
        browser.take(&closed);
        assert_eq!(closed.outcome.unwrap(), CloseOutcome::Unchanged);
        store.heal();
    }
    assert_eq!((browser.value("session"), browser.value("__Host-session")), (id.clone(), None));
    assert_eq!(browser.request(&strong, |_| {}).await, CloseOutcome::Renewed);
    assert_ne!(browser.value("__Host-session"), id);
}

#[tokio::test]
async fn a_logout_under_a_former_name_removes_that() {
    let (weak, strong, _) = weak_and_strong();
    let mut browser = Browser::on(HOST);
    browser.request(&weak, login).await;
    let before = browser.clone();
    assert_eq!(browser.request(&strong, |session| session.destroy()).await, CloseOutcome::Destroyed);
    assert_eq!(browser.cookie(), None);
    assert!(!before.is_known(&weak).await);
}

#[tokio::test]
async fn a_prefix_a_name_and_a_domain_change_while_old_and_new_servers_run_side_by_side() {
    let (store, clock) = (store(), ManualClock::new(START));
    let with = |cookie| builder(store.clone()).0.cookie(cookie).scope("sid").clock(clock.clone()).build().unwrap();
    let old = CookieConfig::new("sid").with_prefix(CookiePrefix::Secure).with_domain("example.org");
    let new = CookieConfig::new("shop")
        .with_former_name("__Secure-sid", CHANGED_AT)
        .with_former_attributes(former().with_domain("example.org"));
    // Servers that know what is to come, before the first that sets it.
    let knowing = old.clone().with_former_name("__Host-shop", Timestamp::MAX);
    for steps in [[with(old), with(knowing.clone())], [with(knowing), with(new)]] {
        let mut browser = Browser::on(HOST);
        browser.request(&steps[0], login).await;
        for n in 1..=10 {
            browser.request(&steps[n % 2], count).await;
            assert_eq!(browser.read(&steps[n % 2], "n").await, Some(n as u64));
            clock.advance(Duration::from_secs(1));
        }
        browser.request(&steps[1], |_| {}).await;
        assert_eq!(browser.cookie().unwrap().matches('=').count(), 1);
    }
}

fn signed(unsigned: UnsignedCookies) -> CookieConfig {
    let keys = [SigningKey::new([1; 32]).unwrap()];
    CookieConfig::default().with_signing_keys(keys).with_unsigned_cookies(unsigned)
}

/// The steps by which signing is introduced, from none to done.
fn steps_to_signing() -> [CookieConfig; 4] {
    let until = UnsignedCookies::TakenUntil(CHANGED_AT);
    [CookieConfig::default(), signed(UnsignedCookies::Set), signed(until), signed(UnsignedCookies::Refused)]
}

#[tokio::test]
async fn signing_is_introduced_while_servers_of_two_steps_run_side_by_side() {
    let (store, clock) = (store(), ManualClock::new(START));
    let steps = steps_to_signing().map(|cookie| builder(store.clone()).0.cookie(cookie).clock(clock.clone()).build());
    let steps = steps.map(Result::unwrap);
    let mut browser = Browser::default();
    browser.request(&steps[0], login).await;
    let mut visits = 0;
    for [old, new] in [[&steps[0], &steps[1]], [&steps[1], &steps[2]]] {
        for n in 0..10 {
            // A server of the old step begins sessions, and renews them, as well.
            let mut late = Browser::default();
            late.request(old, login).await;
            for server in [old, new, old, new] {
                assert_eq!(late.request(server, |session| session.renew().unwrap()).await, CloseOutcome::Renewed);
                browser.request(server, count).await;
                visits += 1;
                let session = browser.open(server).load().await.unwrap();
                assert_eq!((session.get("n").unwrap(), session.owner().is_some()), (Some(visits), true), "{n}");
            }
        }
    }
    // The servers of the second step alone, then the last, when the time is over.
    browser.request(&steps[2], |_| {}).await;
    clock.advance(2 * MINUTE);
    for server in [&steps[2], &steps[3], &steps[2]] {
        assert_eq!(browser.read(server, "n").await, Some(visits));
    }
}

#[tokio::test]
async fn a_session_that_comes_by_an_unsigned_cookie_is_given_the_signed_one_at_once() {
    let store = Faulty::new(store());
    let [plain, _, taken, done] = steps_to_signing();
    let (plain, done) = (with(&store, plain), with(&store, done));
    let (taken, clock) = {
        let (builder, clock) = builder(store.clone());
        (builder.cookie(taken).build().unwrap(), clock)
    };
    let mut browser = Browser::default();
    browser.request(&plain, count).await;
    let (before, unsigned) = (browser.clone(), browser.value("__Host-session").unwrap());
    assert_eq!(browser.request(&taken, |_| {}).await, CloseOutcome::Touched);
    let value = browser.value("__Host-session").unwrap();
    assert!(value.starts_with(&format!("{unsigned}.")), "it is the same id, signed");
    assert_eq!(browser.try_request(&taken, |_| {}).await.set_cookie, None);
    assert_eq!(browser.read(&done, "n").await, Some(1));
    // After the time an unsigned one is none, and the store is not asked.
    assert!(before.is_known(&taken).await);
    clock.advance(MINUTE);
    store.calls();
    assert!(!before.is_known(&taken).await && !before.is_known(&done).await);
    assert_eq!(store.calls(), [""; 0]);
    // An id that somebody made up is looked up until then, and never adopted.
    let mut forger = Browser::with(&format!("__Host-session={}A", "x".repeat(42)));
    let early = with(&store, steps_to_signing()[2].clone());
    store.calls();
    assert_eq!(forger.request(&early, count).await, CloseOutcome::Created);
    assert_eq!(store.calls(), ["get", "put"]);
    assert!(!forger.cookie().unwrap().contains("xxx"));
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
