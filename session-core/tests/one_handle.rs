//! One handle in several hands: what one task does while another writes, and what a handle does after a write
//! whose outcome nobody knows.

mod support;

use std::time::Duration;

use session_core::{CloseOutcome, CookieLifetime, Handled, Owner, ReadOnly, Session, SessionError, Sessions};
use support::faulty::{Fault, Faulty};
use support::{Browser, builder, count, sessions, store};

fn ann() -> Owner {
    Owner::new("ann").unwrap()
}

/// A browser with a session that was counted once, on a store that can be made to wait.
async fn begin() -> (Faulty, Sessions, Browser) {
    let faulty = Faulty::new(store());
    let (sessions, _) = sessions(faulty.clone());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    (faulty, sessions, browser)
}

#[tokio::test]
async fn a_destroy_during_a_commit_or_a_transaction_ends_what_they_write() {
    for transact in [false, true] {
        let (faulty, sessions, browser) = begin().await;
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        count(&session);
        faulty.next("put", Fault::Wait);
        let write = async {
            match transact {
                true => session.transaction::<_, SessionError, _>(|draft| draft.insert("a", 1)).await,
                false => session.commit().await,
            }
        };
        let (written, ()) = tokio::join!(write, faulty.while_waiting(async || session.destroy()));
        written.unwrap();
        assert!(session.keys().is_empty() && session.session_key().is_none());
        assert_eq!(sessions.close(&lazy, Handled::Completed).await.outcome.unwrap(), CloseOutcome::Destroyed);
        assert!(!browser.is_known(&sessions).await);
    }
}

#[tokio::test]
async fn a_login_during_a_commit_or_a_transaction_is_neither_lost_nor_given_the_old_id() {
    for verb in ["put", "get"] {
        let (faulty, sessions, mut browser) = begin().await;
        let old = browser.clone();
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        count(&session);
        faulty.next(verb, Fault::Wait);
        let write = async {
            match verb {
                "get" => session.transaction::<_, SessionError, _>(|draft| draft.insert("a", 1)).await,
                _ => session.commit().await,
            }
        };
        let (written, ()) = tokio::join!(write, faulty.while_waiting(async || session.log_in(ann()).unwrap()));
        written.unwrap();
        browser.take(&sessions.close(&lazy, Handled::Completed).await);
        assert_eq!(browser.open(&sessions).load().await.unwrap().owner(), Some(ann()), "{verb}");
        assert_eq!(browser.read(&sessions, "n").await, Some(2));
        assert!(!old.is_known(&sessions).await, "{verb}: the id from before the login is alive");
    }
}

#[tokio::test]
async fn a_destroy_while_the_request_is_closed_ends_what_was_renewed() {
    let (faulty, sessions, mut browser) = begin().await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    session.log_in(ann()).unwrap();
    faulty.next("put", Fault::Wait);
    let close = sessions.close(&lazy, Handled::Completed);
    let (closed, ()) = tokio::join!(close, faulty.while_waiting(async || session.destroy()));
    browser.take(&closed);
    assert_eq!((closed.outcome.unwrap(), browser.cookie()), (CloseOutcome::Destroyed, None));
    assert!(sessions.list(&ann()).await.unwrap().is_empty());
}

#[tokio::test]
async fn ignore_neither_writes_an_owner_under_the_old_id_nor_sets_a_cookie() {
    let (_, sessions, mut browser) = begin().await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    session.log_in(ann()).unwrap();
    session.ignore().unwrap();
    // A commit writes all the same, and as a login must be written.
    session.commit().await.unwrap();
    let old = browser.clone();
    browser.take(&sessions.close(&lazy, Handled::Completed).await);
    assert!(!old.is_known(&sessions).await && browser.is_known(&sessions).await);
    let persistent = |session: &session_core::Session| {
        session.set_cookie_lifetime(CookieLifetime::Persistent).unwrap();
        session.ignore().unwrap();
    };
    assert_eq!(browser.try_request(&sessions, persistent).await.set_cookie, None);
}

#[tokio::test(start_paused = true)]
async fn changes_whose_fate_is_unknown_count_once() {
    for fault in [Fault::LostReply, Fault::LostCall] {
        let (faulty, sessions, browser) = begin().await;
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        count(&session);
        faulty.next("put", fault);
        faulty.next("put", Fault::Hang);
        assert!(matches!(session.commit().await, Err(SessionError::Indeterminate)));
        // The next write learns from the version what became of the last: replayed if it was lost, else not.
        count(&session);
        session.commit().await.unwrap();
        sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
        assert_eq!(browser.read(&sessions, "n").await, Some(3), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_away_after_a_lost_reply_is_asked_again() {
    let (faulty, sessions, mut browser) = begin().await;
    for fault in [Fault::LostReply, Fault::Down, Fault::Down] {
        faulty.next("put", fault);
    }
    assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Written);
    for fault in [Fault::No, Fault::LostReply, Fault::Down] {
        faulty.next("put", fault);
    }
    assert_eq!(browser.request(&sessions, |session| session.renew().unwrap()).await, CloseOutcome::Renewed);
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn what_certainly_was_not_written_is_written_by_the_next_commit() {
    let (faulty, sessions, mut browser) = begin().await;
    let old = browser.clone();
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    count(&session);
    session.log_in(ann()).unwrap();
    faulty.next("put", Fault::Down);
    assert!(matches!(session.commit().await, Err(SessionError::Store(_))));
    session.commit().await.unwrap();
    browser.take(&sessions.close(&lazy, Handled::Completed).await);
    assert_eq!(browser.open(&sessions).load().await.unwrap().owner(), Some(ann()));
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
    assert!(!old.is_known(&sessions).await);
}

#[tokio::test]
async fn a_logout_reads_nothing_that_the_request_has_read_and_ends_what_was_written_since() {
    for writes_elsewhere in [false, true] {
        let (faulty, sessions, browser) = begin().await;
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        if writes_elsewhere {
            browser.clone().request(&sessions, count).await;
        }
        faulty.calls();
        session.log_out();
        assert_eq!(sessions.close(&lazy, Handled::Completed).await.outcome.unwrap(), CloseOutcome::Destroyed);
        let puts = if writes_elsewhere { 2 } else { 1 };
        assert_eq!(faulty.calls(), vec!["put"; puts]);
        assert!(!browser.is_known(&sessions).await);
    }
}

#[tokio::test]
async fn a_logout_after_a_renewal_elsewhere_ends_what_it_was_renewed_to() {
    let (_, sessions, browser) = begin().await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    let mut renewed = browser.clone();
    renewed.request(&sessions, |session| session.renew().unwrap()).await;
    count(&session);
    assert!(matches!(session.commit().await, Err(SessionError::Gone)));
    session.destroy();
    assert_eq!(sessions.close(&lazy, Handled::Completed).await.outcome.unwrap(), CloseOutcome::Destroyed);
    assert!(!renewed.is_known(&sessions).await);
}

#[tokio::test]
async fn a_logout_with_an_id_from_before_the_login_ends_the_session_and_removes_its_cookie() {
    let (_, sessions, browser) = begin().await;
    let mut now = browser.clone();
    now.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    let closed = browser.clone().try_request(&sessions, |session| session.destroy()).await;
    assert_eq!(closed.outcome.unwrap(), CloseOutcome::Destroyed);
    assert!(closed.set_cookie.unwrap().contains("Max-Age=0"), "it is that session's");
    assert!(!now.is_known(&sessions).await);
}

#[tokio::test]
async fn only_a_login_starts_anew_from_a_retired_id() {
    let (_, sessions, browser) = begin().await;
    browser.clone().request(&sessions, |session| session.destroy()).await;
    for act in [|_: &Session| (), |session: &Session| drop(session.renew())] {
        let mut straggler = browser.clone();
        let closed = straggler.try_request(&sessions, |session| {
            act(session);
            count(session);
        });
        let closed = closed.await;
        assert!(matches!(closed.outcome, Err(SessionError::ReadOnly(ReadOnly::Retired))));
        assert_eq!(closed.set_cookie, None);
    }
    // It has ended nothing, and so it begins nothing.
    let mut straggler = browser.clone();
    let closed = straggler.try_request(&sessions, |session| {
        session.log_out();
        count(session);
    });
    let closed = closed.await;
    assert!(matches!(closed.outcome, Err(SessionError::Gone)));
    assert_eq!(closed.set_cookie, None);
    let mut browser = browser;
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    assert!(browser.is_known(&sessions).await);
}

#[tokio::test]
async fn a_destroyed_session_reads_as_nobodys() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(ann()).unwrap()).await;
    let outcome = browser.request(&sessions, |session| {
        session.destroy();
        assert_eq!((session.owner(), session.session_key(), session.is_new()), (None, None, true));
    });
    assert_eq!(outcome.await, CloseOutcome::Destroyed);
}

#[tokio::test]
async fn a_session_first_loaded_after_the_response_cannot_be_started() {
    let (sessions, _) = sessions(store());
    let lazy = Browser::default().open(&sessions);
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    let session = lazy.load().await.unwrap();
    count(&session);
    assert!(matches!(session.commit().await, Err(SessionError::ResponseSent)));
    assert!(matches!(session.log_in(ann()), Err(SessionError::ResponseSent)));
}

#[tokio::test]
async fn a_commit_sets_a_value_to_what_this_handle_last_saw_all_the_same() {
    let (_, sessions, mut browser) = begin().await;
    let socket = browser.open(&sessions).load().await.unwrap();
    browser.request(&sessions, count).await;
    socket.insert("n", 1).unwrap();
    socket.commit().await.unwrap();
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
}

#[tokio::test]
async fn a_logout_in_a_handler_that_panics_is_done() {
    let (_, sessions, browser) = begin().await;
    struct Adapter(Sessions, session_core::LazySession);
    impl Drop for Adapter {
        fn drop(&mut self) {
            self.0.abandon(&self.1);
        }
    }
    let adapter = Adapter(sessions.clone(), browser.open(&sessions));
    let handler = tokio::spawn(async move {
        adapter.1.load().await.unwrap().destroy();
        panic!("a handler's bug");
    });
    assert!(handler.await.unwrap_err().is_panic());
    tokio::time::timeout(Duration::from_secs(10), async {
        while browser.is_known(&sessions).await {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the logout was lost");
}

#[tokio::test]
async fn an_endless_timeout_is_one() {
    let sessions = builder(store()).0.operation_timeout(Duration::MAX).build().unwrap();
    sessions.init().await.unwrap();
}

#[tokio::test]
async fn debug_of_what_closing_says_hides_the_id() {
    let (sessions, _) = sessions(store());
    let closed = Browser::default().try_request(&sessions, count).await;
    let id = closed.set_cookie.as_ref().unwrap().split(['=', ';']).nth(1).unwrap();
    assert_eq!(id.len(), 43);
    assert!(!format!("{closed:?}").contains(id));
}
