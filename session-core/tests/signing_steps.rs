//! Signing is introduced while sessions live: a recipe of the page `changing_the_cookie`.

mod support;

use session_core::cookie::{SigningKey, UnsignedCookies};
use session_core::{CloseOutcome, CookieConfig, ManualClock, Owner, Session, SessionStore, Sessions, Timestamp};
use support::faulty::Faulty;
use support::{Browser, MINUTE, START, builder, count, store};

/// A server with that cookie.
fn with(store: &(impl SessionStore + Clone), cookie: CookieConfig) -> Sessions {
    builder(store.clone()).0.cookie(cookie).build().unwrap()
}

/// When the last server of the old kind stops.
const CHANGED_AT: Timestamp = Timestamp::from_millis(START.as_millis() + 60_000);

fn login(session: &Session) {
    session.log_in(Owner::new("ann").unwrap()).unwrap();
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
    let (before, unsigned) = (browser.clone(), browser.value("__Host-Http-session").unwrap());
    assert_eq!(browser.request(&taken, |_| {}).await, CloseOutcome::Touched);
    let value = browser.value("__Host-Http-session").unwrap();
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
    let mut forger = Browser::with(&format!("__Host-Http-session={}A", "x".repeat(42)));
    let early = with(&store, steps_to_signing()[2].clone());
    store.calls();
    assert_eq!(forger.request(&early, count).await, CloseOutcome::Created);
    assert_eq!(store.calls(), ["get", "put"]);
    assert!(!forger.cookie().unwrap().contains("xxx"));
}

#[tokio::test]
async fn a_signing_key_is_replaced_while_servers_of_two_steps_run_side_by_side() {
    let store = store();
    let signed_by = |keys: &[u8]| {
        let keys = keys.iter().map(|key| SigningKey::new([*key; 32]).unwrap());
        with(&store, CookieConfig::default().with_signing_keys(keys))
    };
    let steps = [&[1][..], &[1, 2], &[2, 1], &[2]].map(signed_by);
    let mut browser = Browser::default();
    browser.request(&steps[0], login).await;
    for pair in steps.windows(2) {
        for server in [&pair[0], &pair[1], &pair[0], &pair[1]] {
            assert_eq!(browser.request(server, |session| session.renew().unwrap()).await, CloseOutcome::Renewed);
            assert!(browser.open(server).load().await.unwrap().owner().is_some());
        }
    }
    // Without the step in between, servers that have not been restarted yet know nobody who was given a cookie by one that has.
    let mut early = Browser::default();
    early.request(&steps[2], login).await;
    assert!(early.is_known(&steps[1]).await && !early.is_known(&steps[0]).await);
}
