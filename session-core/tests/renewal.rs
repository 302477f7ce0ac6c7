//! Renewal every so often, and the overlap in which the old id still serves.

mod support;

use std::num::NonZeroUsize;
use std::time::Duration;

use session_core::cookie::CookieLifetime;
use session_core::{
    BuildError, CloseOutcome, CookieConfig, Expiry, Handled, ManualClock, Owner, SessionError, SessionStore, Sessions,
};
use session_ets::EtsStore;
use support::faulty::{Fault, Faulty};
use support::{Browser, MINUTE, START, builder, count, store};

const HOUR: Duration = Duration::from_secs(3600);
const OVERLAP: Duration = Duration::from_secs(20);

fn renewing(store: impl SessionStore) -> (Sessions, ManualClock) {
    let (builder, clock) = builder(store);
    (builder.renew_every(HOUR).renewal_overlap(OVERLAP).build().unwrap(), clock)
}

fn ann() -> Owner {
    Owner::new("ann").unwrap()
}

/// A browser whose session of ann's is due to be renewed.
async fn due(sessions: &Sessions, clock: &ManualClock) -> Browser {
    let mut browser = Browser::default();
    browser.request(sessions, |session| session.log_in(ann()).unwrap()).await;
    clock.advance(HOUR);
    browser
}

async fn live(store: &EtsStore) -> usize {
    let page = store.scan().unwrap().page(None, NonZeroUsize::new(100).unwrap()).await.unwrap();
    page.records.iter().filter(|(_, record)| record.owner.is_some()).count()
}

#[tokio::test]
async fn a_session_that_is_only_read_is_renewed_when_its_time_has_come_and_not_before() {
    let store = store();
    let (sessions, clock) = renewing(store.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    for _ in 0..3 {
        clock.advance(HOUR - Duration::from_millis(1));
        let old = browser.clone();
        assert_ne!(browser.request(&sessions, |_| {}).await, CloseOutcome::Renewed);
        assert_eq!(browser.cookie(), old.cookie());
        clock.advance(Duration::from_millis(1));
        assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Renewed);
        assert_ne!(browser.cookie(), old.cookie());
        assert_eq!(live(&store).await, 1);
    }
}

#[tokio::test]
async fn it_is_off_unless_asked_for() {
    let (sessions, clock) = support::sessions(store());
    let mut browser = due(&sessions, &clock).await;
    let old = browser.cookie();
    browser.request(&sessions, count).await;
    assert_eq!(browser.cookie(), old);
}

#[tokio::test]
async fn the_old_id_serves_requests_that_are_under_way_and_gives_no_cookie() {
    let (builder, clock) = builder(store());
    let cookie = CookieConfig::default().with_lifetime(CookieLifetime::Persistent);
    let sessions = builder.cookie(cookie).renew_every(HOUR).renewal_overlap(OVERLAP).build().unwrap();
    let mut browser = due(&sessions, &clock).await;
    let mut straggler = browser.clone();
    let under_way = browser.open(&sessions);
    count(&under_way.load().await.unwrap());
    browser.request(&sessions, count).await;

    // One loaded the session before it was renewed.
    let closed = sessions.close(&under_way, Handled::Completed).await;
    assert_eq!((closed.outcome.unwrap(), closed.set_cookie), (CloseOutcome::Written, None));
    // Another comes with the old id when the new one has been presented.
    assert_eq!(browser.request(&sessions, |_| ()).await, CloseOutcome::Written);
    clock.advance(OVERLAP - Duration::from_millis(1));
    let closed = straggler.try_request(&sessions, count).await;
    assert_eq!((closed.outcome.unwrap(), closed.set_cookie), (CloseOutcome::Written, None));
    assert_eq!(browser.read(&sessions, "n").await, Some(3));

    clock.advance(Duration::from_millis(1));
    assert!(!straggler.is_known(&sessions).await);
    assert_eq!(straggler.request(&sessions, count).await, CloseOutcome::Created, "it is as good as unknown");
    assert_eq!(browser.read(&sessions, "n").await, Some(3));
}

#[tokio::test]
async fn a_transaction_and_a_reload_go_on_under_the_new_key() {
    let (sessions, clock) = renewing(store());
    let mut browser = due(&sessions, &clock).await;
    let lazies = [browser.open(&sessions), browser.open(&sessions)];
    let [transacting, reloading] = [lazies[0].load().await.unwrap(), lazies[1].load().await.unwrap()];
    browser.request(&sessions, count).await;
    let done: Result<u64, SessionError> =
        transacting.transaction(|draft| draft.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)).await;
    assert_eq!(done.unwrap(), 2);
    reloading.reload().await.unwrap();
    assert_eq!(reloading.get::<u64>("n").unwrap(), Some(2));
    let key = browser.open(&sessions).load().await.unwrap().session_key();
    assert_eq!((transacting.session_key(), reloading.session_key()), (key, key));
    for lazy in &lazies {
        assert_eq!(sessions.close(lazy, Handled::Completed).await.set_cookie, None);
    }
}

#[tokio::test]
async fn a_logout_during_the_overlap_ends_both_ids_whichever_it_comes_with() {
    for by_straggler in [false, true] {
        let store = store();
        let (sessions, clock) = renewing(store.clone());
        let mut browser = due(&sessions, &clock).await;
        let mut straggler = browser.clone();
        browser.request(&sessions, count).await;
        let under_way = straggler.open(&sessions);
        count(&under_way.load().await.unwrap());
        let who = if by_straggler { &mut straggler } else { &mut browser };
        let ids = who.clone();
        assert_eq!(who.request(&sessions, |session| session.destroy()).await, CloseOutcome::Destroyed);
        assert_eq!(who.cookie(), None, "the cookie is removed");
        for dead in [&browser, &straggler, &ids] {
            assert!(!dead.is_known(&sessions).await);
        }
        let late = sessions.close(&under_way, Handled::Completed).await;
        assert!(matches!(late.outcome, Err(SessionError::Gone)) && late.set_cookie.is_none());
        assert_eq!(live(&store).await, 0);
    }
}

#[tokio::test]
async fn a_change_of_privilege_has_no_overlap() {
    let (sessions, clock) = renewing(store());
    let mut browser = due(&sessions, &clock).await;
    // It is due, and asked for as well: the old id is dead at once.
    let old = browser.clone();
    assert_eq!(browser.request(&sessions, |s| s.log_in(ann()).unwrap()).await, CloseOutcome::Renewed);
    assert!(!old.is_known(&sessions).await);

    // A straggler's ends what it was renewed to, and so the way there.
    clock.advance(HOUR);
    let mut straggler = browser.clone();
    browser.request(&sessions, count).await;
    let old = straggler.clone();
    assert_eq!(straggler.request(&sessions, |s| s.renew().unwrap()).await, CloseOutcome::Renewed);
    assert!(straggler.is_known(&sessions).await);
    assert!(!browser.is_known(&sessions).await && !old.is_known(&sessions).await);

    // One that loaded before the renewal does so, too, and keeps what others wrote.
    clock.advance(HOUR);
    let under_way = straggler.open(&sessions);
    under_way.load().await.unwrap().log_in(ann()).unwrap();
    let mut other = straggler.clone();
    other.request(&sessions, count).await;
    let closed = sessions.close(&under_way, Handled::Completed).await;
    assert_eq!(closed.outcome.as_ref().unwrap(), &CloseOutcome::Renewed);
    assert!(!straggler.is_known(&sessions).await && !other.is_known(&sessions).await);
    straggler.take(&closed);
    assert_eq!(straggler.read(&sessions, "n").await, Some(2));
}

#[tokio::test]
async fn the_absolute_timeout_holds_over_all_renewals() {
    let (builder, clock) = builder(store());
    let expiry = Expiry::default().with_idle(None).with_absolute(HOUR * 5 + MINUTE);
    let sessions = builder.expiry(expiry).renew_every(HOUR).build().unwrap();
    let mut browser = due(&sessions, &clock).await;
    for _ in 0..5 {
        assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Renewed);
        let session = browser.open(&sessions).load().await.unwrap();
        assert_eq!((session.created_at(), session.expires_at()), (Some(START), Some(START + HOUR * 5 + MINUTE)));
        drop(session);
        clock.advance(if browser.is_known(&sessions).await { HOUR } else { Duration::ZERO });
    }
    assert!(!browser.is_known(&sessions).await);
}

#[tokio::test]
async fn a_renewal_that_fails_fails_no_request_that_only_read() {
    let faulty = Faulty::new(store());
    let (sessions, clock) = renewing(faulty.clone());
    let mut browser = due(&sessions, &clock).await;
    faulty.next("put", Fault::Down);
    assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Unchanged);
    assert!(browser.is_known(&sessions).await);
    assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Renewed);
    clock.advance(HOUR);
    faulty.next("put", Fault::Down);
    assert!(browser.try_request(&sessions, count).await.outcome.is_err(), "a change must not be lost in silence");
}

#[tokio::test]
async fn an_overlap_that_cannot_work_does_not_build() {
    for (every, overlap) in [(HOUR, MINUTE * 2), (OVERLAP, OVERLAP), (Duration::ZERO, Duration::ZERO)] {
        let built = builder(store()).0.renew_every(every).renewal_overlap(overlap).build();
        assert!(matches!(built, Err(BuildError::RenewalOverlap { .. })), "{every:?} {overlap:?}");
    }
    assert!(builder(store()).0.renew_every(HOUR).renewal_overlap(Duration::ZERO).build().is_ok());
}
