//! The cookie's name and prefix change while sessions live: recipes of the page `changing_the_cookie`.

mod support;

use std::time::Duration;

use session_core::cookie::{CookiePrefix, FormerAttributes, SigningKey};
use session_core::{
    CloseOutcome, CookieConfig, CookieLifetime, Handled, ManualClock, Owner, Session, Sessions, Timestamp,
};
use support::browser::Refused;
use support::faulty::{Fault, Faulty};
use support::{Browser, MINUTE, START, builder, count, store};

const HOST: &str = "https://www.example.org";

/// A cookie that may have any attributes.
fn secure() -> CookieConfig {
    CookieConfig::default().with_prefix(CookiePrefix::Secure)
}

fn former() -> FormerAttributes {
    FormerAttributes::default()
}

/// A cookie that anybody can plant.
fn weak() -> CookieConfig {
    CookieConfig::default().with_prefix(CookiePrefix::None)
}

/// When the last server of the old kind stops.
const CHANGED_AT: Timestamp = Timestamp::from_millis(START.as_millis() + 60_000);

/// The default before: a cookie that a script can plant.
fn host() -> CookieConfig {
    CookieConfig::default().with_prefix(CookiePrefix::Host)
}

fn keys() -> [SigningKey; 1] {
    [SigningKey::new([1; 32]).unwrap()]
}

/// The safest cookie of the same base name.
fn strong() -> CookieConfig {
    after("session")
}

fn after(former_name: &str) -> CookieConfig {
    CookieConfig::default().with_former_name(former_name, CHANGED_AT)
}

/// The cookies that the strong one may come after, their names, and with what an attacker plants them: a sibling domain
/// with its own, a script with the page's.
fn formers() -> [(CookieConfig, &'static str, &'static str); 2] {
    [(weak(), "session", "Path=/; Secure; Domain=example.org"), (host(), "__Host-session", "Path=/; Secure")]
}

/// A server with a former cookie, and one with the strong, on one store and one clock.
fn former_and_strong(cookie: CookieConfig, name: &str) -> (Sessions, Sessions, ManualClock) {
    let (store, clock) = (store(), ManualClock::new(START));
    let with = |cookie| builder(store.clone()).0.cookie(cookie).clock(clock.clone()).build().unwrap();
    (with(cookie), with(after(name)), clock)
}

fn weak_and_strong() -> (Sessions, Sessions, ManualClock) {
    former_and_strong(weak(), "session")
}

fn login(session: &Session) {
    session.log_in(Owner::new("ann").unwrap()).unwrap();
}

#[tokio::test]
async fn a_session_moves_from_a_former_name_to_the_present_one_at_once() {
    for (handler, is_login) in [((|_| {}) as fn(&Session), false), (count, false), (login, true)] {
        for (cookie, name, _) in formers() {
            let (former, strong, clock) = former_and_strong(cookie, name);
            let mut browser = Browser::on(HOST);
            browser.request(&former, login).await;
            browser.request(&former, count).await;
            let before = browser.clone();
            clock.advance(2 * MINUTE);
            assert_eq!(browser.request(&strong, handler).await, CloseOutcome::Renewed);
            assert_eq!(browser.value(name), None);
            assert!(browser.value("__Host-Http-session").is_some());
            let session = browser.open(&strong).load().await.unwrap();
            assert_eq!(session.owner().unwrap().as_str(), "ann");
            // From then on as any other, once the new id was presented; after a login the old one is dead at once.
            let outcome = browser.request(&strong, |_| {}).await;
            assert_eq!(outcome, if is_login { CloseOutcome::Unchanged } else { CloseOutcome::Written });
            assert_eq!(browser.request(&strong, |_| {}).await, CloseOutcome::Unchanged);
            // The old id is dead, at the latest after the overlap.
            clock.advance(MINUTE);
            assert!(!before.is_known(&strong).await && !before.is_known(&former).await);
        }
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
        for (cookie, former_name, attributes) in formers() {
            let (former, strong, clock) = former_and_strong(cookie, former_name);
            let mut attacker = Browser::on(HOST);
            if let Some(before) = before {
                attacker.request(&former, before).await;
            }
            clock.advance(MINUTE);
            // By a server that knows of the change: then it says when an id was given.
            let named = if before.is_some() { &strong } else { &former };
            attacker.request(named, after).await;
            let name = if before.is_some() { "__Host-Http-session" } else { former_name };
            let id = attacker.value(name).unwrap();
            let mut visitor = Browser::on(HOST);
            visitor.plant(&format!("{former_name}={id}; {attributes}")).unwrap();
            // Nobody can do so with the present name.
            assert_eq!(visitor.plant(&format!("__Host-Http-session={id}; {attributes}")), Err(Refused::Prefix));
            assert!(!visitor.is_known(&strong).await, "{name}");
            // Who begins a session there begins one of their own, under the present name.
            assert_eq!(visitor.request(&strong, count).await, CloseOutcome::Created);
            assert_ne!(visitor.value("__Host-Http-session").unwrap(), id);
            assert_eq!(visitor.read(&strong, "n").await, Some(1));
        }
    }
}

#[tokio::test]
async fn a_former_name_counts_for_nothing_beside_the_present_one_dead_or_malformed() {
    for (cookie, name, _) in formers() {
        let (former, strong, _) = former_and_strong(cookie, name);
        let mut browser = Browser::on(HOST);
        browser.request(&former, count).await;
        let planted = browser.cookie().unwrap();
        for present in [format!("__Host-Http-session={}", "x".repeat(43)), "__Host-Http-session=".to_owned()] {
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
    assert_eq!((browser.value("session"), browser.value("__Host-Http-session")), (id.clone(), None));
    assert_eq!(browser.request(&strong, |_| {}).await, CloseOutcome::Renewed);
    assert_ne!(browser.value("__Host-Http-session"), id);
}

#[tokio::test]
async fn a_logout_under_a_former_name_removes_that() {
    // With what its prefix asks for, else browsers would keep it.
    for (name, prefix) in [
        ("session", CookiePrefix::None),
        ("__Secure-session", CookiePrefix::Secure),
        ("__Http-session", CookiePrefix::Http),
        ("__Host-session", CookiePrefix::Host),
    ] {
        let (former, strong, _) = former_and_strong(CookieConfig::default().with_prefix(prefix), name);
        let mut browser = Browser::on(HOST);
        browser.request(&former, login).await;
        assert!(browser.value(name).is_some());
        let before = browser.clone();
        assert_eq!(browser.request(&strong, |session| session.destroy()).await, CloseOutcome::Destroyed);
        assert_eq!(browser.cookie(), None);
        assert!(!before.is_known(&former).await);
    }
}

#[tokio::test]
async fn names_and_prefixes_change_while_old_and_new_servers_run_side_by_side() {
    let secure_of_all = || secure().with_domain("example.org");
    for (old, coming, new) in [
        (
            CookieConfig::default(),
            "__Host-Http-sid",
            CookieConfig::new("sid").with_former_name("__Host-Http-session", CHANGED_AT),
        ),
        (
            secure_of_all(),
            "__Host-Http-session",
            CookieConfig::default()
                .with_former_name("__Secure-session", CHANGED_AT)
                .with_former_attributes(former().with_domain("example.org")),
        ),
        (weak(), "__Host-Http-session", strong()),
        // The recipe for who had the default before.
        (host(), "__Host-Http-session", after("__Host-session")),
        (host().with_signing_keys(keys()), "__Host-Http-session", after("__Host-session").with_signing_keys(keys())),
        // A way back is one, too.
        (CookieConfig::default(), "__Host-session", host().with_former_name("__Host-Http-session", CHANGED_AT)),
        (CookieConfig::default(), "__Http-session", after("__Host-Http-session").with_prefix(CookiePrefix::Http)),
        (
            CookieConfig::default().with_prefix(CookiePrefix::Http).with_domain("example.org"),
            "__Host-Http-session",
            after("__Http-session").with_former_attributes(former().with_domain("example.org")),
        ),
        (
            secure_of_all(),
            "__Host-Http-shop",
            CookieConfig::new("shop")
                .with_former_name("__Secure-session", CHANGED_AT)
                .with_former_attributes(former().with_domain("example.org")),
        ),
    ] {
        let (store, clock) = (store(), ManualClock::new(START));
        let with = |cookie| builder(store.clone()).0.cookie(cookie).scope("session").clock(clock.clone()).build();
        let knowing = old.clone().with_former_name(coming, Timestamp::MAX);
        let steps = [with(old).unwrap(), with(knowing).unwrap(), with(new).unwrap()];
        let mut browser = Browser::on(HOST);
        browser.request(&steps[0], login).await;
        let mut visits = 0;
        for [old, new] in [[&steps[0], &steps[1]], [&steps[1], &steps[2]]] {
            for server in [old, new].into_iter().cycle().take(10) {
                browser.request(server, count).await;
                visits += 1;
                let session = browser.open(server).load().await.unwrap();
                assert_eq!((session.get("n").unwrap(), session.owner().is_some()), (Some(visits), true));
                clock.advance(Duration::from_secs(1));
            }
        }
        browser.request(&steps[2], |_| {}).await;
        let cookie = browser.cookie().unwrap();
        assert!(cookie.starts_with(coming) && cookie.matches('=').count() == 1, "{coming}");
    }
}
