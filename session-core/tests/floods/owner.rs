//! One account with 100,000 sessions: listed, ended, and brought down to a limit.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use session_core::{
    Bytes, CloseOutcome, Owner, OwnerLimitAction, Put, PutOutcome, Record, SessionError, SessionKey, SessionStore,
    Sessions, Version,
};
use session_ets::EtsStore;

use super::figures::{Figures, calls, counted, these};
use super::support::faulty::Faulty;
use super::support::{Browser, START, builder, count, store};

const MANY: u64 = 100_000;

/// How many of them a page of the store's index has.
const PAGES: u64 = MANY / 100;

fn ann() -> Owner {
    Owner::new("ann").unwrap()
}

fn key(number: u64) -> SessionKey {
    // Scattered, as the hashes of ids are.
    let words = [13, 26, 39, 52_u32].map(|turn| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(turn));
    let bytes = words.map(u64::to_be_bytes);
    SessionKey::from_bytes(*bytes.as_flattened().first_chunk().unwrap())
}

/// A store with so many sessions of one owner's, of which each began a millisecond after the one before.
async fn crowded() -> EtsStore {
    let store = store();
    for number in 0..MANY {
        let at = START - Duration::from_millis(MANY - number);
        let record = Record {
            version: Version::random().unwrap(),
            payload: Bytes::from_static(b"\x01\x00{}"),
            owner: Some(ann()),
            created_at: at,
            last_seen_at: at,
            expires_at: at + Duration::from_secs(24 * 3600),
        };
        assert!(matches!(store.put(&key(number), &record, Put::Create).await, Ok(PutOutcome::Stored)));
    }
    store
}

async fn signed_in(sessions: &Sessions, name: &str) -> Browser {
    let mut browser = Browser::default();
    browser.request(sessions, |session| session.log_in(Owner::new(name).unwrap()).unwrap()).await;
    browser
}

/// Waits until as many were counted of `event`, and gives how many there are of each.
async fn until(figures: &Figures, event: &str, number: u64) -> u64 {
    let (begun, mut counted) = (Instant::now(), 0);
    while counted < number {
        assert!(begun.elapsed() < Duration::from_secs(120), "{counted} of {number} are counted");
        tokio::task::yield_now().await;
        counted += figures.take().get(event).copied().unwrap_or(0);
    }
    counted
}

#[tokio::test]
async fn a_list_reads_each_page_once_and_gives_the_last_used() {
    let (sessions, figures) = counted(builder(crowded().await).0);
    let listed: Vec<_> = sessions.list(&ann()).await.unwrap().iter().map(|info| info.session_key()).collect();
    let newest: Vec<_> = (0..MANY).rev().take(Sessions::MOST_LISTED).map(key).collect();
    assert!(listed == newest, "not those that were used last");
    assert_eq!(figures.take(), these([("list", PAGES)]));
    // One page of it is one call, wherever it begins.
    let limit = NonZeroUsize::new(50).unwrap();
    let mut after = None;
    for _ in 0..3 {
        let page = sessions.page_owned(&ann(), after.as_ref(), limit).await.unwrap();
        assert_eq!(page.sessions.len(), 50);
        assert_eq!(figures.take(), these([("list", 1)]));
        after = page.next;
    }
}

#[tokio::test]
async fn all_are_ended_by_two_calls_each_and_counted_one_by_one() {
    let ets = crowded().await;
    let store = Faulty::new(ets.clone());
    let (builder, clock) = builder(store.clone());
    let (sessions, figures) = counted(builder);
    let (here, bob) = (signed_in(&sessions, "ann").await, signed_in(&sessions, "bob").await);
    let own = here.open(&sessions).load().await.unwrap().session_key().unwrap();
    figures.take();
    calls(&store);
    assert_eq!(sessions.revoke_all(&ann(), Some(&own)).await.unwrap(), MANY);
    let counted = figures.take();
    assert_eq!((counted["revoked"], counted["put"]), (MANY, MANY));
    // The session that is spared is looked up with each page, and a second pass finds that nothing is left.
    assert!(counted["get"] <= MANY + 2 * PAGES + 10, "{counted:?}");
    assert!(counted["list"] <= PAGES + 10, "{counted:?}");
    assert!(here.is_known(&sessions).await && bob.is_known(&sessions).await);
    assert_eq!(sessions.list(&ann()).await.unwrap().len(), 1);
    // What is left of them holds nothing, is nobody's, and is gone with the next sweep after some minutes.
    clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(sessions.sweep().await.unwrap(), MANY);
}

#[tokio::test]
async fn a_limit_that_is_set_late_holds_up_a_login_for_twenty_ends_and_the_rest_is_counted_behind_it() {
    let store = Faulty::new(crowded().await);
    let three = NonZeroUsize::new(3).unwrap();
    let (builder, clock) = builder(store.clone());
    let (sessions, figures) = counted(builder.max_sessions_per_owner(three, OwnerLimitAction::EvictOldest));
    let first = signed_in(&sessions, "ann").await;
    let waited_for = figures.take();
    assert!(waited_for["list"] <= 10 && waited_for["evicted"] <= 20, "{waited_for:?}");
    assert!(waited_for.iter().filter(|(name, _)| ["get", "put"].contains(&&***name)).all(|(_, calls)| *calls <= 30));
    // Those who log in meanwhile wait no longer, and make no second who ends.
    let mut evicted = waited_for["evicted"];
    let mut later = Vec::new();
    for _ in 0..5 {
        clock.advance(Duration::from_secs(1));
        later.push(signed_in(&sessions, "ann").await);
        let counted = figures.take();
        evicted += counted.get("evicted").copied().unwrap_or(0);
    }
    evicted += until(&figures, "evicted", MANY + 6 - 3 - evicted).await;
    assert_eq!(evicted, MANY + 6 - 3, "each is ended once");
    assert_eq!(sessions.list(&ann()).await.unwrap().len(), 3);
    assert!(!first.is_known(&sessions).await);
    for (number, browser) in later.iter().enumerate() {
        assert_eq!(browser.is_known(&sessions).await, number >= 2, "login {number}");
    }
}

#[tokio::test]
async fn who_is_refused_costs_a_page_however_often_they_come() {
    let store = Faulty::new(crowded().await);
    let three = NonZeroUsize::new(3).unwrap();
    let (sessions, figures) = counted(builder(store.clone()).0.max_sessions_per_owner(three, OwnerLimitAction::Refuse));
    let mut browser = Browser::default();
    assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Created);
    figures.take();
    for _ in 0..1_000 {
        let closed = browser.try_request(&sessions, |session| session.log_in(ann()).unwrap()).await;
        assert!(matches!(closed.outcome, Err(SessionError::TooManySessions { max: 3 })));
        // Theirs is stored before they are counted, and removed again.
        let each = [("get", 1), ("put", 1), ("list", 1), ("delete", 1), ("close_failed", 1)];
        assert_eq!(figures.take(), these(each));
    }
    assert_eq!(store.inner.table().len(), MANY as usize + 1);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}
