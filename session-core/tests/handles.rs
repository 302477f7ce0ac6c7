//! Handles that outlive their response, and what is decided at once: commit, reload, transaction.

mod support;

use std::sync::Arc;

use session_core::{CloseOutcome, Handled, SessionError};
use support::faulty::{Fault, Faulty};
use support::{Browser, count, sessions, store};

#[tokio::test]
async fn commit_writes_now_and_empties_the_log() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    assert!(session.is_new() && session.session_key().is_none());
    count(&session);
    session.commit().await.unwrap();
    assert!(session.session_key().is_some() && session.created_at().is_some());
    // Stored already, and the browser is told its id at close, also by a response that failed.
    let closed = sessions.close(&lazy, Handled::Failed).await;
    browser.take(&closed);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    // The response has left; a WebSocket goes on.
    count(&session);
    assert_eq!(browser.read(&sessions, "n").await, Some(1));
    session.commit().await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
    assert!(matches!(session.renew(), Err(SessionError::ResponseSent)));
}

#[tokio::test]
async fn a_first_write_after_the_response_is_an_error() {
    let (sessions, _) = sessions(store());
    let lazy = Browser::default().open(&sessions);
    let session = lazy.load().await.unwrap();
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    count(&session);
    assert!(matches!(session.commit().await, Err(SessionError::ResponseSent)));
    let transaction = session.transaction::<_, SessionError, _>(|draft| draft.insert("a", 1)).await;
    assert!(matches!(transaction, Err(SessionError::ResponseSent)));
}

#[tokio::test]
async fn reload_sees_what_others_wrote_and_keeps_what_is_not_written() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let session = browser.open(&sessions).load().await.unwrap();
    session.insert("mine", 1).unwrap();
    browser.request(&sessions, count).await;
    assert_eq!(session.get::<u64>("n").unwrap(), Some(1));
    session.reload().await.unwrap();
    assert_eq!((session.get("n").unwrap(), session.get("mine").unwrap()), (Some(2_u64), Some(1)));
    // And that it was ended elsewhere.
    browser.request(&sessions, |session| session.destroy()).await;
    assert!(matches!(session.reload().await, Err(SessionError::Gone)));
    assert!(matches!(session.commit().await, Err(SessionError::Gone)));
}

#[tokio::test]
async fn commit_after_destroy_ends_the_session_at_once() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    session.destroy();
    session.commit().await.unwrap();
    assert!(!browser.is_known(&sessions).await);
    // What the handle holds now is another session, in which there is nothing yet.
    assert!(session.is_new());
    session.commit().await.unwrap();
    let closed = sessions.close(&lazy, Handled::Completed).await;
    assert_eq!(closed.outcome.unwrap(), CloseOutcome::Destroyed);
    assert!(closed.set_cookie.unwrap().contains("Max-Age=0"));
}

#[tokio::test]
async fn a_ticket_is_given_to_one_of_many() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.insert("ticket", 42).unwrap()).await;
    let mut winners = 0;
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let session = browser.open(&sessions).load().await.unwrap();
        tasks.push(tokio::spawn(async move {
            session.transaction::<_, SessionError, _>(|draft| draft.take::<u64>("ticket")).await.unwrap()
        }));
    }
    for task in tasks {
        winners += u32::from(task.await.unwrap().is_some());
    }
    assert_eq!(winners, 1);
}

#[derive(Debug)]
enum BuyError {
    SoldOut,
    Session(SessionError),
}

impl From<SessionError> for BuyError {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

#[tokio::test]
async fn what_a_transaction_refuses_is_not_written() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.insert("stock", 1).unwrap()).await;
    let buy = async || {
        let session = browser.open(&sessions).load().await.unwrap();
        session
            .transaction(|draft| {
                draft.update("asked", |n: Option<u64>| n.unwrap_or(0) + 1)?;
                match draft.get::<u64>("stock")? {
                    Some(n @ 1..) => Ok(draft.insert("stock", n - 1)?),
                    _ => Err(BuyError::SoldOut),
                }
            })
            .await
    };
    buy().await.unwrap();
    match buy().await {
        Err(BuyError::SoldOut) => {}
        Err(BuyError::Session(error)) => panic!("{error}"),
        Ok(()) => panic!("sold twice"),
    }
    assert_eq!((browser.read(&sessions, "stock").await, browser.read(&sessions, "asked").await), (Some(0), Some(1)));
    // It decides on what is stored, not on what this request has read long ago.
    let stale = browser.open(&sessions).load().await.unwrap();
    browser.clone().request(&sessions, |session| session.insert("stock", 7).unwrap()).await;
    let left = stale.transaction::<_, SessionError, _>(|draft| draft.get::<u64>("stock")).await.unwrap();
    assert_eq!(left, Some(7));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_handle_in_many_tasks_counts_every_change_once() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    let session = browser.open(&sessions).load().await.unwrap();
    let start = Arc::new(tokio::sync::Barrier::new(8));
    let mut tasks = Vec::new();
    for task in 0..8 {
        let (session, start) = (session.clone(), Arc::clone(&start));
        tasks.push(tokio::spawn(async move {
            start.wait().await;
            for _ in 0..50 {
                if task % 2 == 0 {
                    count(&session);
                    session.commit().await.unwrap();
                } else {
                    let add = |n: Option<u64>| n.unwrap_or(0) + 1;
                    session.transaction::<_, SessionError, _>(move |draft| draft.update("n", add)).await.unwrap();
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(browser.read(&sessions, "n").await, Some(401));
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_is_dropped_neither_loses_nor_repeats_its_changes() {
    for polls in 0..3 {
        let faulty = Faulty::new(store());
        let (sessions, _) = sessions(faulty.clone());
        let mut browser = Browser::default();
        browser.request(&sessions, count).await;
        let session = browser.open(&sessions).load().await.unwrap();
        count(&session);
        faulty.next("put", Fault::LostReply);
        faulty.next("put", Fault::LostReply);
        let mut commit = Box::pin(session.commit());
        for _ in 0..polls {
            let pending =
                std::future::poll_fn(|cx| std::task::Poll::Ready(commit.as_mut().poll(cx).is_pending())).await;
            assert!(pending);
        }
        drop(commit);
        count(&session);
        session.commit().await.unwrap();
        assert_eq!(browser.read(&sessions, "n").await, Some(3), "after {polls} polls");
    }
}
