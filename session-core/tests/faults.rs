//! What a request gets when the store fails, hangs, loses replies or keeps garbage, and when a client hangs up.

mod support;

use std::time::Duration;

use session_core::{
    CloseOutcome, FailurePolicy, Handled, Owner, Put, RandomError, RandomSource, ReadOnly, SessionError, SessionStore,
    StoreError,
};
use support::faulty::{Fault, Faulty};
use support::{Browser, builder, count, sessions, store};

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_or_hangs_fails_closed_by_the_deadline() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    faulty.next("get", Fault::Down);
    let error = browser.open(&sessions).load().await.unwrap_err();
    assert!(matches!(error, SessionError::Store(StoreError::Unavailable { .. })));
    assert_eq!(error.http_status(), 503);
    faulty.next("get", Fault::Hang);
    let begun = tokio::time::Instant::now();
    let lazy = browser.open(&sessions);
    let error = lazy.load().await.unwrap_err();
    assert!(matches!(error, SessionError::Timeout { .. }));
    assert_eq!((error.http_status(), begun.elapsed()), (503, Duration::from_secs(5)));
    // The same request may try again, and the store's recovery is seen at once.
    assert!(!lazy.load().await.unwrap().is_new());
    // A close that hangs ends by the deadline, too.
    faulty.next("put", Fault::Hang);
    count(&lazy.load().await.unwrap());
    let closed = sessions.close(&lazy, Handled::Completed).await;
    assert!(matches!(closed.outcome, Err(SessionError::Indeterminate)));
}

#[tokio::test]
async fn an_anonymous_session_is_empty_and_never_written_back() {
    let faulty = Faulty::new(store());
    let sessions = builder(faulty.clone()).0.on_failure(FailurePolicy::Anonymous).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    faulty.next("get", Fault::Down);
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    assert!(session.keys().is_empty());
    count(&session);
    let failed = |error| matches!(error, SessionError::ReadOnly(ReadOnly::StoreFailed));
    assert!(failed(session.renew().unwrap_err()));
    assert!(failed(session.log_in(Owner::new("ann").unwrap()).unwrap_err()));
    assert!(failed(session.commit().await.unwrap_err()));
    assert!(failed(session.transaction::<_, SessionError, _>(|draft| draft.insert("a", 1)).await.unwrap_err()));
    let closed = sessions.close(&lazy, Handled::Completed).await;
    assert_eq!((closed.outcome.unwrap(), closed.set_cookie), (CloseOutcome::Discarded, None));
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    // A logout is tried all the same.
    faulty.next("get", Fault::Down);
    assert_eq!(browser.clone().request(&sessions, |session| session.destroy()).await, CloseOutcome::Destroyed);
    assert!(!browser.is_known(&sessions).await);
}

#[tokio::test]
async fn a_logout_that_fails_is_an_error_and_removes_the_cookie_all_the_same() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    faulty.next("put", Fault::Down);
    let closed = browser.try_request(&sessions, |session| session.destroy()).await;
    assert_eq!(closed.outcome.unwrap_err().http_status(), 503);
    assert_eq!(browser.cookie(), None);
}

#[tokio::test]
async fn a_touch_that_fails_never_fails_a_request() {
    let faulty = Faulty::new(store());
    let (sessions, clock) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    clock.advance(Duration::from_secs(12 * 3600));
    faulty.next("touch", Fault::Down);
    assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Unchanged);
    assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Touched);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_resolved_by_the_same_write_and_counts_once() {
    for fault in [Fault::LostReply, Fault::LostCall] {
        let faulty = Faulty::new(store());
        let (sessions, _) = sessions(faulty.clone());
        let mut browser = Browser::default();
        faulty.next("put", fault);
        browser.request(&sessions, count).await;
        assert_eq!(faulty.inner.table().len(), 1, "{fault:?} left a second session");
        faulty.next("put", fault);
        faulty.next("put", fault);
        assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Written);
        assert_eq!(browser.read(&sessions, "n").await, Some(2));
        for _ in 0..2 {
            faulty.next("put", fault);
        }
        assert_eq!(browser.request(&sessions, |session| session.renew().unwrap()).await, CloseOutcome::Renewed);
        faulty.next("put", fault);
        assert_eq!(browser.request(&sessions, |session| session.destroy()).await, CloseOutcome::Destroyed);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_write_overtaken_by_another_is_never_replayed() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    count(&session);
    // Stored, and its reply lost; before it is sent again, another request writes.
    faulty.next("put", Fault::LostReply);
    let mut closing = Box::pin(sessions.close(&lazy, Handled::Completed));
    assert!(std::future::poll_fn(|cx| std::task::Poll::Ready(closing.as_mut().poll(cx).is_pending())).await);
    browser.request(&sessions, count).await;
    // Whether it happened cannot be told from outside, so nobody is told that it did.
    assert!(matches!(closing.await.outcome, Err(SessionError::Indeterminate)));
    assert_eq!(browser.read(&sessions, "n").await, Some(3), "counted twice or not at all");
}

#[tokio::test]
async fn what_cannot_be_read_is_removed_and_locks_nobody_out() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let key = browser.open(&sessions).load().await.unwrap().session_key().unwrap();
    // A payload that is none.
    let mut record = (*faulty.inner.get(&key).await.unwrap().unwrap()).clone();
    let put = Put::Replace(record.version);
    record.version = session_core::Version::random().unwrap();
    record.payload = session_core::Bytes::from_static(b"\x01{garbage");
    let _stored = faulty.inner.put(&key, &record, put).await.unwrap();
    assert!(!browser.is_known(&sessions).await);
    assert_eq!(faulty.inner.table().len(), 0);
    assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Created);
    // A record that is none.
    faulty.next("get", Fault::Corrupt);
    assert!(!browser.is_known(&sessions).await);
    assert_eq!(faulty.inner.table().len(), 0);
}

#[tokio::test]
async fn a_value_that_is_damaged_is_an_error_for_those_who_ask_until_it_is_set_anew() {
    let store = store();
    let (sessions, _) = sessions(store.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let key = browser.open(&sessions).load().await.unwrap().session_key().unwrap();
    let mut record = (*store.get(&key).await.unwrap().unwrap()).clone();
    let put = Put::Replace(record.version);
    record.version = session_core::Version::random().unwrap();
    let index = b"\x01\x02\x01\x04\x05\x01";
    record.payload = [&index[..], b"{\"n\":12x4,\"other\":7}"].concat().into();
    let _stored = store.put(&key, &record, put).await.unwrap();
    let session = browser.open(&sessions).load().await.unwrap();
    let error = session.get::<u32>("n").unwrap_err();
    assert!(matches!(error, SessionError::WrongType { .. }) && !format!("{error} {error:?}").contains("12x4"));
    assert_eq!(session.get::<u32>("other").unwrap(), Some(7));
    browser.request(&sessions, |session| session.insert("n", 1).unwrap()).await;
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[derive(Debug)]
struct NoRandom;

impl RandomSource for NoRandom {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError::new("no entropy"))
    }
}

#[tokio::test]
async fn without_randomness_there_is_no_session_rather_than_a_weak_one() {
    let store = store();
    let sessions = builder(store.clone()).0.random(NoRandom).build().unwrap();
    let mut browser = Browser::default();
    let closed = browser.try_request(&sessions, count).await;
    assert!(matches!(closed.outcome, Err(SessionError::Random(_))));
    assert_eq!((browser.cookie(), store.table().len()), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn a_close_that_nobody_waits_for_is_done_to_its_end() {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    for polls in 0..2 {
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        count(&session);
        // The write takes two tries, so that it is still under way when the client hangs up.
        faulty.next("put", Fault::LostCall);
        let mut closing = Box::pin(sessions.close(&lazy, Handled::Completed));
        for _ in 0..polls {
            std::future::poll_fn(|cx| {
                assert!(closing.as_mut().poll(cx).is_pending());
                std::task::Poll::Ready(())
            })
            .await;
        }
        drop(closing);
        // Time is paused, so this waits for the background alone.
        let expected = Some(polls + 2);
        tokio::time::timeout(Duration::from_secs(5), async {
            while browser.read(&sessions, "n").await != expected {
                tokio::task::yield_now().await;
                tokio::time::advance(Duration::from_millis(1)).await;
            }
        })
        .await
        .expect("the write was lost");
    }
    // A handler that was dropped after `destroy` has logged the user out.
    let lazy = browser.open(&sessions);
    lazy.load().await.unwrap().destroy();
    sessions.abandon(&lazy);
    tokio::time::timeout(Duration::from_secs(5), async {
        while browser.is_known(&sessions).await {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the logout was lost");
}
