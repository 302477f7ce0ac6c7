//! When sessions end, and what keeps them alive.

mod support;

use std::time::Duration;

use session_core::{CloseOutcome, CookieConfig, CookieLifetime, Expiry, SessionError};
use support::{Browser, MINUTE, builder, count, store};

fn expiry() -> Expiry {
    Expiry::default().with_idle(MINUTE * 20).with_absolute(MINUTE * 60)
}

#[tokio::test]
async fn a_session_ends_after_its_idle_timeout_and_reading_keeps_it_alive() {
    let (builder, clock) = builder(store());
    let sessions = builder.expiry(expiry()).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    for _ in 0..2 {
        clock.advance(MINUTE * 19);
        assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Touched);
    }
    clock.advance(MINUTE * 20);
    assert!(!browser.is_known(&sessions).await);
    // An expired session is a new one on the next write.
    assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Created);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn the_absolute_timeout_holds_over_use_and_renewal() {
    let (builder, clock) = builder(store());
    let sessions = builder.expiry(expiry()).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    for minute in 1..6 {
        clock.advance(MINUTE * 10);
        let renewed = browser.request(&sessions, |session| session.renew().unwrap()).await;
        assert_eq!(renewed, CloseOutcome::Renewed, "at {minute}");
    }
    clock.advance(MINUTE * 10);
    assert!(!browser.is_known(&sessions).await);
}

#[tokio::test]
async fn a_read_only_session_is_touched_once_in_a_twentieth_of_the_idle_timeout() {
    let (builder, clock) = builder(store());
    let sessions = builder.expiry(expiry()).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    clock.advance(MINUTE - Duration::from_millis(1));
    assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Unchanged);
    clock.advance(Duration::from_millis(1));
    assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Touched);
    assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Unchanged);
}

#[tokio::test]
async fn a_session_that_expires_while_its_request_runs_is_not_revived() {
    let (builder, clock) = builder(store());
    let sessions = builder.expiry(expiry()).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let wait = MINUTE * 20;
    let closed = browser.try_request(&sessions, |session| {
        count(session);
        clock.advance(wait);
    });
    assert!(matches!(closed.await.outcome, Err(SessionError::Gone)));
    assert!(!browser.is_known(&sessions).await);
}

#[tokio::test]
async fn the_cookie_is_the_browser_sessions_unless_asked_and_a_persistent_one_follows_the_deadline() {
    let (builder, clock) = builder(store());
    let sessions = builder.expiry(expiry()).build().unwrap();
    let mut browser = Browser::default();
    let first = browser.try_request(&sessions, count).await.set_cookie.unwrap();
    assert!(!first.contains("Max-Age") && !first.contains("Expires"), "{first}");
    // "Remember me".
    let remember = Expiry::default().with_idle(MINUTE * 1000).with_absolute(MINUTE * 5000);
    let closed = browser.try_request(&sessions, |session| {
        session.set_cookie_lifetime(CookieLifetime::Persistent).unwrap();
        session.set_expiry(remember).unwrap();
    });
    let second = closed.await.set_cookie.unwrap();
    assert!(second.contains("Max-Age=60000"), "{second}");
    // Not again while nothing moves, and again when the deadline does.
    assert_eq!(browser.try_request(&sessions, |_| {}).await.set_cookie, None);
    clock.advance(MINUTE * 500);
    let third = browser.try_request(&sessions, |_| {}).await.set_cookie.unwrap();
    assert!(third.contains("Max-Age=60000"), "{third}");
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    let refused = browser.open(&sessions).load().await.unwrap().set_expiry(expiry().with_idle(MINUTE * 100));
    assert!(matches!(refused, Err(SessionError::InvalidExpiry(_))));
}

#[tokio::test]
async fn a_persistent_cookie_can_be_the_default() {
    let (builder, _) = builder(store());
    let cookie = CookieConfig::default().with_lifetime(CookieLifetime::Persistent);
    let sessions = builder.expiry(expiry()).cookie(cookie).build().unwrap();
    let mut browser = Browser::default();
    let set = browser.try_request(&sessions, count).await.set_cookie.unwrap();
    assert!(set.contains("Max-Age=1200"), "{set}");
}
