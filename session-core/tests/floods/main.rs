//! What requests cost that come without a session, or with one they made up, and what a full store does.

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "metrics")]
mod cookies; // forged signatures, and more cookies than anybody has
#[cfg(feature = "metrics")]
mod figures; // what is counted of a flood
#[cfg(feature = "near")]
mod near; // invented ids and reloads where what was read is kept
#[cfg(feature = "metrics")]
mod owner; // one account with 100,000 sessions
#[cfg(feature = "metrics")]
mod reloads; // one session asked for over and over

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use session_core::cookie::{SigningKey, UnsignedCookies};
use session_core::{
    Clock, CloseOutcome, CookieConfig, Handled, RequestHead, SessionError, SessionId, Sessions, StoreError, Timestamp,
};
use session_ets::{EtsStore, Table, TableConfig};
#[cfg(feature = "metrics")]
use support::builder;
use support::faulty::Faulty;
use support::{Browser, START, count, sessions, store};

const FLOOD: u32 = 100_000;

/// When every session is past its deadline, and the sweep's grace as well.
const LONG_AFTER: Duration = Duration::from_secs(60 * 24 * 60 * 60);

/// An id that nobody was given, and as many different ones as there are numbers.
fn invented(number: u32) -> String {
    let encoded = format!("{number:0>42}A");
    assert!(SessionId::parse(encoded.as_bytes()).is_some());
    format!("__Host-Http-session={encoded}")
}

/// Sends a request whose page looks for something in the session, and writes nothing.
async fn reads(sessions: &Sessions, cookie: Option<String>) -> Option<String> {
    let lazy = sessions.open(RequestHead::new("POST").with_cookies(cookie.iter().map(String::as_bytes)));
    assert_eq!(lazy.load().await.unwrap().get::<u64>("n").unwrap(), None);
    let closed = sessions.close(&lazy, Handled::Completed).await;
    assert_eq!(closed.outcome.unwrap(), CloseOutcome::Unchanged);
    closed.set_cookie.map(|cookie| cookie.to_string())
}

#[tokio::test]
async fn invented_ids_cost_a_look_up_each_and_leave_nothing_behind() {
    let table = Table::private();
    let store = Faulty::new(EtsStore::new(table.clone()));
    let (sessions, _) = sessions(store.clone());
    for number in 0..FLOOD {
        assert_eq!(reads(&sessions, Some(invented(number))).await, None);
        assert_eq!(store.calls(), ["get"]);
    }
    assert_eq!((table.len(), table.info().memory), (0, 0));
}

#[tokio::test]
async fn visitors_without_a_cookie_never_reach_the_store_and_get_none() {
    let store = Faulty::new(store());
    let (sessions, _) = sessions(store.clone());
    for _ in 0..FLOOD {
        assert_eq!(reads(&sessions, None).await, None);
    }
    assert_eq!(store.calls(), [""; 0]);
}

#[tokio::test]
async fn a_page_that_does_not_ask_never_reaches_the_store_whatever_the_cookie() {
    let store = Faulty::new(store());
    let (sessions, _) = sessions(store.clone());
    for number in 0..FLOOD {
        let lazy = sessions.open(RequestHead::new("POST").with_cookies([invented(number).as_bytes()]));
        let closed = sessions.close(&lazy, Handled::Completed).await;
        assert_eq!((closed.outcome.unwrap(), closed.set_cookie), (CloseOutcome::Untouched, None));
    }
    assert_eq!(store.calls(), [""; 0]);
}

#[tokio::test]
async fn one_request_is_four_look_ups_at_most_however_many_cookies_it_has() {
    let store = Faulty::new(store());
    let (sessions, _) = sessions(store.clone());
    let many: Vec<_> = (0..10_000).map(invented).collect();
    let same = vec![invented(7); 10_000];
    let junk = vec![format!("__Host-Http-session={}", "x".repeat(1 << 20))];
    for (cookies, calls) in [(&many, 4), (&same, 1), (&junk, 0)] {
        // In one header, and in one each.
        assert_eq!(reads(&sessions, Some(cookies.join("; "))).await, None);
        assert_eq!(store.calls().len(), calls);
        let lazy = sessions.open(RequestHead::new("POST").with_cookies(cookies.iter().map(String::as_bytes)));
        assert!(lazy.load().await.unwrap().is_new());
        assert_eq!(store.calls().len(), calls);
    }
}

#[tokio::test]
async fn a_page_that_writes_takes_no_invented_id_and_stores_one_record_for_each_request() {
    let table = Table::private();
    let (sessions, clock) = sessions(EtsStore::new(table.clone()));
    for number in 0..1_000 {
        let mut browser = Browser::with(&invented(number));
        assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Created);
        assert_ne!(browser.cookie(), Some(invented(number)));
    }
    assert_eq!(table.len(), 1_000);
    clock.advance(LONG_AFTER);
    assert_eq!(sessions.sweep().await.unwrap(), 1_000);
    assert_eq!((table.len(), table.info().memory), (0, 0));
}

#[tokio::test]
async fn renewals_leave_one_retired_record_each_for_as_long_as_handles_need_that_are_older() {
    let table = Table::private();
    let (sessions, clock) = sessions(EtsStore::new(table.clone()));
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    for _ in 0..100 {
        browser.request(&sessions, |session| session.renew().unwrap()).await;
    }
    assert_eq!(table.len(), 101);
    // An hour, and the grace of a sweep.
    clock.advance(Duration::from_secs(75 * 60));
    assert_eq!(sessions.sweep().await.unwrap(), 100);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn a_full_table_refuses_newcomers_with_503_serves_who_is_there_and_has_room_after_a_sweep() {
    const ROOM: usize = 100;
    let table = Table::private_with(TableConfig::default().with_capacity(ROOM));
    let (sessions, clock) = sessions(EtsStore::new(table.clone()));
    let mut inside = vec![Browser::default(); ROOM];
    for browser in &mut inside {
        assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Created);
    }
    for _ in 0..ROOM {
        let mut late = Browser::default();
        let closed = late.try_request(&sessions, count).await;
        let error = closed.outcome.unwrap_err();
        assert!(matches!(error, SessionError::Store(StoreError::Full { .. })), "{error:?}");
        assert_eq!((error.http_status(), late.cookie()), (503, None));
    }
    // Nobody was pushed out, and all may go on writing.
    assert_eq!(table.len(), ROOM);
    for browser in &mut inside {
        assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Written);
        assert_eq!(browser.read(&sessions, "n").await, Some(2));
    }
    // Who may not be renewed for want of room may still leave.
    assert_eq!(inside[0].request(&sessions, |session| session.destroy()).await, CloseOutcome::Destroyed);

    clock.advance(LONG_AFTER);
    assert_eq!(sessions.sweep().await.unwrap(), ROOM as u64);
    assert_eq!(Browser::default().request(&sessions, count).await, CloseOutcome::Created);
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn metrics_have_as_many_labels_after_a_flood_as_before() {
    use metrics_util::debugging::DebuggingRecorder;

    let recorder = DebuggingRecorder::new();
    let figures = recorder.snapshotter();
    let _listening = metrics::set_default_local_recorder(&recorder);
    let sessions = builder(store()).0.metrics().build().unwrap();
    let kept = || figures.snapshot().into_vec().len();
    for junk in [invented(0), format!("{}; {}", invented(0), invented(1)), "__Host-Http-session=no-id".to_owned()] {
        reads(&sessions, Some(junk)).await;
    }
    let before = kept();
    for number in 0..FLOOD {
        let cookie = match number % 3 {
            0 => invented(number),
            1 => format!("{}; {}", invented(number), invented(number + 1)),
            _ => format!("__Host-Http-session={number}"),
        };
        reads(&sessions, Some(cookie)).await;
    }
    assert_eq!(kept(), before);
}

/// A clock that counts how often it is asked. Whoever reads an unsigned cookie while signing is introduced asks it.
#[derive(Clone, Debug, Default)]
struct Counting(Arc<AtomicUsize>);

impl Clock for Counting {
    fn now(&self) -> Timestamp {
        self.0.fetch_add(1, Ordering::Relaxed);
        START
    }
}

#[tokio::test]
async fn the_cookies_of_a_page_that_does_not_ask_are_never_read() {
    let clock = Counting::default();
    let config = CookieConfig::default()
        .with_signing_keys([SigningKey::new([1; 32]).unwrap()])
        .with_unsigned_cookies(UnsignedCookies::TakenUntil(Timestamp::MAX));
    let sessions = Sessions::builder(store()).clock(clock.clone()).cookie(config).build().unwrap();
    let cookies: Vec<_> = (0..600).map(invented).collect();
    let cookies = cookies.join("; ");
    let lazy = sessions.open(RequestHead::new("POST").with_cookies([cookies.as_bytes()]));
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    assert_eq!(clock.0.load(Ordering::Relaxed), 1, "when it was opened");
    // Who asks has them read, and that shows here.
    assert!(lazy.has_cookie() && clock.0.load(Ordering::Relaxed) > 1);
}
