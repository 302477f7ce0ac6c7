//! What must not happen after a write that failed, was refused, or got no answer.

mod support;

use std::num::NonZeroUsize;
use std::time::Duration;

use session_core::{
    CloseOutcome, ConflictPolicy, CookieLifetime, Handled, Owner, OwnerLimitAction, Session, SessionError, Sessions,
};
use support::faulty::{Fault, Faulty};
use support::{Browser, builder, count, sessions, store};

fn ann() -> Owner {
    Owner::new("ann").unwrap()
}

/// A browser with a session that was counted once, on a store that fails as it is told.
async fn begin() -> (Faulty, Sessions, Browser) {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    (faulty, sessions, browser)
}

/// Loses the next write, and all that is known of it.
fn lose(faulty: &Faulty) {
    faulty.next("put", Fault::LostCall);
    faulty.next("put", Fault::Hang);
}

/// Lets `first` come to where it waits for the store, before `second` goes on.
async fn after<T>(first: impl Future<Output = T>, second: impl Future<Output = ()>) -> T {
    let second = async {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        second.await;
    };
    tokio::join!(first, second).0
}

#[tokio::test]
async fn a_renewal_of_nothing_does_not_keep_a_transaction() {
    for prepare in [
        |session: &Session| session.renew().unwrap(),
        |session: &Session| {
            session.log_in(ann()).unwrap();
            session.log_out();
        },
    ] {
        let (sessions, _) = sessions(store());
        let session = Browser::default().open(&sessions).load().await.unwrap();
        prepare(&session);
        session.transaction::<_, SessionError, _>(|draft| draft.insert("a", 1)).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_transaction_did_not_write_is_not_written_later() {
    let (faulty, sessions, browser) = begin().await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    session.insert("x", 1).unwrap();
    faulty.next("put", Fault::Down);
    session.transaction::<_, SessionError, _>(|draft| draft.insert("x", 2)).await.unwrap_err();
    assert_eq!(session.get::<u64>("x").unwrap(), Some(1));
    // Another request is faster, so that the log is replayed.
    browser.clone().request(&sessions, count).await;
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    assert_eq!((browser.read(&sessions, "x").await, browser.read(&sessions, "n").await), (Some(1), Some(2)));
}

#[tokio::test(start_paused = true)]
async fn what_came_with_a_lost_renewal_never_gets_to_the_old_id() {
    let (faulty, sessions, mut browser) = begin().await;
    let old = browser.clone();
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    session.log_in(ann()).unwrap();
    session.insert("admin", 1).unwrap();
    lose(&faulty);
    assert!(matches!(session.commit().await, Err(SessionError::Indeterminate)));
    session.insert("y", 1).unwrap();
    session.commit().await.unwrap();
    browser.take(&sessions.close(&lazy, Handled::Completed).await);
    assert!(!old.is_known(&sessions).await);
    assert_eq!(browser.read(&sessions, "admin").await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_lost_change_of_owner_is_made_by_the_next_write() {
    for owner in [Some(Owner::new("bob").unwrap()), None] {
        let change = |session: &Session| match owner.clone() {
            Some(owner) => session.log_in(owner).unwrap(),
            None => session.log_out(),
        };
        let (faulty, sessions, mut browser) = begin().await;
        browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        change(&session);
        lose(&faulty);
        assert!(matches!(session.commit().await, Err(SessionError::Indeterminate)));
        change(&session);
        session.commit().await.unwrap();
        browser.take(&sessions.close(&lazy, Handled::Completed).await);
        assert_eq!(browser.open(&sessions).load().await.unwrap().owner(), owner);
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_after_a_lost_one_writes_what_was_lost() {
    for again in [false, true] {
        let (faulty, sessions, browser) = begin().await;
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        session.insert("x", 5).unwrap();
        lose(&faulty);
        assert!(matches!(session.commit().await, Err(SessionError::Indeterminate)));
        if again {
            session.commit().await.unwrap();
        }
        sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
        assert_eq!(browser.read(&sessions, "x").await, Some(5));
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_got_no_answer_does_not_take_a_place_of_its_owner() {
    let faulty = Faulty::new(store());
    let one = NonZeroUsize::new(1).unwrap();
    let sessions = builder(faulty.clone()).0.max_sessions_per_owner(one, OwnerLimitAction::Refuse).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    // The new record is stored, and the old one's retirement is lost.
    faulty.next("put", Fault::No);
    lose(&faulty);
    let login = |session: &Session| session.log_in(ann()).unwrap();
    let lost = browser.try_request(&sessions, login).await;
    assert!(matches!(lost.outcome, Err(SessionError::Indeterminate)));
    assert_eq!(browser.request(&sessions, login).await, CloseOutcome::Renewed);
}

#[tokio::test]
async fn what_a_close_discarded_or_failed_to_write_no_later_commit_writes() {
    for (handled, fault) in [(Handled::Failed, Fault::No), (Handled::Completed, Fault::Down)] {
        let (faulty, sessions, browser) = begin().await;
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        count(&session);
        session.log_in(ann()).unwrap();
        faulty.next("put", fault);
        let _ = sessions.close(&lazy, handled).await;
        faulty.heal();
        // A task of the handler's goes on.
        assert_eq!((session.owner(), session.get::<u64>("n").unwrap()), (None, Some(1)));
        session.insert("late", 1).unwrap();
        session.commit().await.unwrap();
        assert_eq!(browser.read(&sessions, "n").await, Some(1));
        assert_eq!(browser.read(&sessions, "late").await, Some(1));
        assert!(sessions.list(&ann()).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_destroy_during_a_close_that_fails_is_done() {
    let faulty = Faulty::new(store());
    let sessions = builder(faulty.clone()).0.on_conflict(ConflictPolicy::Reject).build().unwrap();
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    count(&session);
    faulty.next("put", Fault::Wait);
    let faster = async {
        browser.clone().request(&sessions, count).await;
        faulty.while_waiting(async || session.destroy()).await;
    };
    let closed = after(sessions.close(&lazy, Handled::Completed), faster).await;
    assert_eq!(closed.outcome.unwrap(), CloseOutcome::Destroyed);
    assert!(!browser.is_known(&sessions).await);
}

#[tokio::test(start_paused = true)]
async fn a_transaction_does_not_wait_for_itself() {
    let (faulty, sessions, browser) = begin().await;
    let session = browser.open(&sessions).load().await.unwrap();
    for fault in [Fault::Wait, Fault::No, Fault::Wait] {
        faulty.next("put", fault);
    }
    let others = async {
        browser.clone().request(&sessions, count).await;
        session.log_in(ann()).unwrap();
        faulty.while_waiting(async || ()).await;
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        browser.clone().request(&sessions, count).await;
        faulty.while_waiting(async || ()).await;
    };
    let begun = tokio::time::Instant::now();
    after(session.transaction::<_, SessionError, _>(|draft| draft.insert("a", 1)), others).await.unwrap();
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let key = sessions.list(&ann()).await.unwrap()[0].session_key();
    assert_eq!(sessions.get(&key).await.unwrap().unwrap().get::<u64>("n").unwrap(), Some(3));
}

#[tokio::test]
async fn a_conflict_that_discards_the_changes_discards_the_login_with_them() {
    let (_, sessions, mut browser) = begin().await;
    browser.request(&sessions, |session| session.insert("t", "T").unwrap()).await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    session.take::<String>("t").unwrap();
    session.log_in(ann()).unwrap();
    browser.request(&sessions, |session| session.remove("t").unwrap()).await;
    assert!(matches!(session.reload().await, Err(SessionError::Conflict)));
    assert_eq!((session.owner(), session.authenticated_at()), (None, None));
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    assert!(browser.is_known(&sessions).await && sessions.list(&ann()).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_was_set_before_a_reload_is_written_after_it() {
    let (_, sessions, browser) = begin().await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    session.insert("n", 1).unwrap();
    browser.clone().request(&sessions, count).await;
    session.reload().await.unwrap();
    assert_eq!(session.get::<u64>("n").unwrap(), Some(1));
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn a_session_that_expires_while_all_are_revoked_is_no_error() {
    let faulty = Faulty::new(store());
    let (sessions, clock) = sessions(faulty.clone());
    Browser::default().request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    clock.advance(Duration::from_millis(24 * 3_600_000 - 1));
    faulty.next("get", Fault::Wait);
    let (ann, expire) = (ann(), faulty.while_waiting(async || clock.advance(Duration::from_millis(1))));
    let (revoked, ()) = tokio::join!(sessions.revoke_all(&ann, None), expire);
    revoked.unwrap();
}

#[tokio::test]
async fn a_lifetime_that_was_committed_is_told_whatever_becomes_of_the_request() {
    let (_, sessions, browser) = begin().await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    session.set_cookie_lifetime(CookieLifetime::Persistent).unwrap();
    session.commit().await.unwrap();
    count(&session);
    let closed = sessions.close(&lazy, Handled::Failed).await;
    assert_eq!(closed.outcome.unwrap(), CloseOutcome::Discarded);
    assert!(closed.set_cookie.unwrap().contains("Max-Age="));
}
