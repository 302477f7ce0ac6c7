//! Connections that stay open: how they learn that their session is over, and keep it alive.

mod support;

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use session_core::{Expiry, Handled, ManualClock, Owner, Session, SessionError, Sessions};
use support::faulty::{Fault, Faulty, Feed};
use support::{Browser, MINUTE, builder, count, store};
use tokio::time::{Instant, advance};

const LOOK: Duration = Duration::from_secs(15);

/// A socket: a handle whose request has been answered.
async fn socket(sessions: &Sessions, browser: &mut Browser) -> Session {
    let lazy = browser.open(sessions);
    let session = lazy.load().await.unwrap();
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    session
}

fn ann() -> Owner {
    Owner::new("ann").unwrap()
}

/// Moves both clocks until the session is found to be over, and tells how long that took; `None` if it lives that long.
async fn over_within(session: &Session, clock: &ManualClock, most: Duration) -> Option<Duration> {
    let began = Instant::now();
    let mut ended = pin!(session.ended());
    let step = Duration::from_millis(500);
    loop {
        let looked = std::future::poll_fn(|cx| std::task::Poll::Ready(ended.as_mut().poll(cx).is_ready()));
        if looked.await {
            return Some(began.elapsed());
        }
        if began.elapsed() >= most {
            return None;
        }
        clock.advance(step);
        advance(step).await;
    }
}

#[tokio::test(start_paused = true)]
async fn where_nothing_tells_a_logout_elsewhere_a_revocation_and_a_login_end_a_socket_within_two_looks() {
    for end in ["logout", "revoke", "login", "deleted"] {
        let backend = store();
        let (builder, clock) = builder(Faulty::fed_by(backend.clone(), Feed::None));
        let here = builder.build().unwrap();
        // Another process.
        let sessions = support::builder(backend).0.build().unwrap();
        let mut browser = Browser::default();
        browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
        let session = socket(&here, &mut browser).await;
        assert_eq!(over_within(&session, &clock, LOOK * 4).await, None, "it lives");
        let key = session.session_key().unwrap();
        match end {
            "logout" => drop(browser.request(&sessions, |session| session.log_out()).await),
            "revoke" => drop(sessions.revoke(&key).await.unwrap()),
            // Whoever listens under the old id may be another.
            "login" => drop(browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await),
            _ => drop(sessions.store().delete(&key).await.unwrap()),
        }
        let took = over_within(&session, &clock, LOOK * 2).await;
        assert!(took.is_some_and(|took| took <= LOOK), "{end}: {took:?}");
        assert!(matches!(session.commit().await, Err(SessionError::Gone)), "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_socket_ends_at_its_deadline_unless_something_uses_the_session() {
    let (builder, clock) = builder(store());
    let sessions = builder.expiry(Expiry::default().with_idle(MINUTE * 10)).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let session = socket(&sessions, &mut browser).await;
    for _ in 0..4 {
        assert_eq!(over_within(&session, &clock, MINUTE * 8).await, None);
        session.touch().await.unwrap();
    }
    let took = over_within(&session, &clock, MINUTE * 20).await.unwrap();
    assert!((MINUTE * 10..MINUTE * 10 + LOOK).contains(&took), "{took:?}");
    assert!(matches!(session.touch().await, Err(SessionError::Gone)));
}

#[tokio::test(start_paused = true)]
async fn a_routine_renewal_is_followed_however_long_ago_it_was() {
    let (builder, clock) = builder(store());
    let sessions = builder.renew_every(MINUTE * 5).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let (watching, writing) = (socket(&sessions, &mut browser).await, socket(&sessions, &mut browser).await);
    for n in 1..=3 {
        clock.advance(MINUTE * 6);
        // The page gets a new id, presents it, and the old one opens nothing any more.
        let old = browser.clone();
        browser.request(&sessions, count).await;
        assert_ne!(browser.cookie(), old.cookie(), "it was renewed");
        browser.request(&sessions, count).await;
        clock.advance(MINUTE * 2);
        assert_eq!(old.read(&sessions, "n").await, None::<u64>);
        assert_eq!(over_within(&watching, &clock, LOOK * 2).await, None, "after {n} renewals");
    }
    // Neither one that was told of each, nor one that never looked, loses what it writes.
    for socket in [&watching, &writing] {
        count(socket);
        socket.commit().await.unwrap();
    }
    assert_eq!(browser.read(&sessions, "n").await, Some(9));
    browser.request(&sessions, |session| session.log_out()).await;
    assert!(over_within(&watching, &clock, LOOK * 2).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn while_the_store_fails_nobody_is_thrown_out() {
    let faulty = Faulty::new(store());
    let faults = faulty.clone();
    let (builder, clock) = builder(faulty);
    let sessions = builder.build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let session = socket(&sessions, &mut browser).await;
    for _ in 0..50 {
        faults.next("get", Fault::Down);
    }
    assert_eq!(over_within(&session, &clock, MINUTE * 5).await, None);
    faults.heal();
    browser.request(&sessions, |session| session.log_out()).await;
    assert!(over_within(&session, &clock, LOOK * 2).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_idle_socket_reads_the_store_as_often_as_was_said() {
    let faulty = Faulty::fed_by(store(), Feed::None);
    let calls = faulty.clone();
    let (builder, clock) = builder(faulty);
    let sessions = builder.look_every(Duration::from_secs(30)).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let session = socket(&sessions, &mut browser).await;
    calls.calls();
    assert_eq!(over_within(&session, &clock, MINUTE * 10).await, None);
    let calls = calls.calls();
    assert!((19..=21).contains(&calls.len()) && calls.iter().all(|call| *call == "get"), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_loop_that_waits_anew_for_each_message_looks_no_oftener_and_sees_the_end() {
    let faulty = Faulty::fed_by(store(), Feed::None);
    let calls = faulty.clone();
    let sessions = builder(faulty).0.build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let session = socket(&sessions, &mut browser).await;
    calls.calls();
    let messages = async |number: u32| {
        for _ in 0..number {
            tokio::select! {
                () = session.ended() => return true,
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
        false
    };
    assert!(!messages(600).await, "it lives");
    assert!((3..=5).contains(&calls.calls().len()));
    browser.request(&sessions, |session| session.log_out()).await;
    assert!(messages(160).await, "it ended within a look");
}

#[tokio::test(start_paused = true)]
async fn who_has_no_session_is_not_waited_for_and_no_touch_begins_one() {
    let (builder, _) = builder(store());
    let sessions = builder.build().unwrap();
    let session = socket(&sessions, &mut Browser::default()).await;
    session.ended().await;
    session.touch().await.unwrap();
    assert!(session.is_new());
    assert!(
        matches!(Sessions::builder(store()).look_every(MINUTE * 2).build(), Err(error) if error.to_string().contains("60s"))
    );
}

#[tokio::test]
async fn a_touch_is_written_once_per_interval_and_a_commit_without_changes_looks() {
    let faulty = Faulty::new(store());
    let calls = faulty.clone();
    let (builder, clock) = builder(faulty);
    let sessions = builder.touch_interval(MINUTE).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let session = socket(&sessions, &mut browser).await;
    calls.calls();
    for _ in 0..10 {
        session.touch().await.unwrap();
    }
    assert_eq!(calls.calls(), [""; 0]);
    let before = session.expires_at().unwrap();
    clock.advance(MINUTE);
    for _ in 0..10 {
        session.touch().await.unwrap();
    }
    assert_eq!((calls.calls(), session.expires_at().unwrap()), (vec!["touch"], before + MINUTE));
    // Another request writes it, and so moves the deadline.
    clock.advance(MINUTE);
    browser.request(&sessions, count).await;
    session.touch().await.unwrap();
    assert_eq!(session.get::<u64>("n").unwrap(), Some(2));
    calls.calls();
    session.commit().await.unwrap();
    assert_eq!(calls.calls(), ["get"]);
    browser.request(&sessions, |session| session.log_out()).await;
    assert!(matches!(session.commit().await, Err(SessionError::Gone)));
}
