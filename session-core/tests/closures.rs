//! Closures that use the session that they were given to: none hangs, on one worker and on two.

mod support;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use session_core::{Draft, Expiry, Handled, Owner, Session, SessionError, Sessions};
use support::{Browser, START, count, sessions, store};
use tokio::runtime::{Builder, Handle};
use tokio::task::block_in_place;

/// As long as a request may take whose closure does what it should not.
const SOON: Duration = Duration::from_secs(1);

fn on_workers<T: Send + 'static>(workers: usize, work: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = match workers {
        1 => Builder::new_current_thread().enable_all().build().unwrap(),
        more => Builder::new_multi_thread().worker_threads(more).enable_all().build().unwrap(),
    };
    // A thread that hangs can be waited for by nobody, so the test does it from without.
    let (done, answer) = std::sync::mpsc::channel();
    std::thread::spawn(move || done.send(runtime.block_on(async { tokio::spawn(work).await.unwrap() })));
    answer.recv_timeout(SOON * 10).expect("nothing hangs")
}

/// Waits for what a closure waits for that forgets where it is.
fn wait<T>(work: impl Future<Output = T>) -> T {
    match Handle::current().runtime_flavor() {
        tokio::runtime::RuntimeFlavor::MultiThread => block_in_place(|| Handle::current().block_on(work)),
        // Another executor than tokio's, which would panic.
        _ => spin(work),
    }
}

fn spin<T>(work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(done) = work.as_mut().poll(&mut cx) {
            return done;
        }
        std::thread::yield_now();
    }
}

async fn session(sessions: &Sessions) -> (Session, session_core::LazySession) {
    let mut browser = Browser::default();
    browser.request(sessions, |session| session.insert("n", 1).unwrap()).await;
    let lazy = browser.open(sessions);
    (lazy.load().await.unwrap(), lazy)
}

/// Ten requests, each of which misuses its session; all are answered soon.
fn ten_requests<T: std::fmt::Debug + Send + 'static, F: Future<Output = T> + Send + 'static>(
    misuse: impl Fn(Session) -> F + Clone + Send + Sync + 'static,
) -> Vec<T> {
    let mut all = Vec::new();
    for workers in [1, 2] {
        let misuse = misuse.clone();
        all.extend(on_workers(workers, async move {
            let (sessions, _) = sessions(store());
            let requests: Vec<_> = (0..10)
                .map(|_| {
                    let (sessions, misuse) = (sessions.clone(), misuse.clone());
                    tokio::spawn(async move {
                        let (session, lazy) = session(&sessions).await;
                        let answer = misuse(session).await;
                        let _ = sessions.close(&lazy, Handled::Completed).await;
                        answer
                    })
                })
                .collect();
            let mut answers = Vec::new();
            for request in requests {
                answers.push(tokio::time::timeout(SOON, request).await.expect("it is answered soon").unwrap());
            }
            answers
        }));
    }
    all
}

#[test]
fn an_update_may_read_its_session_and_set_other_values() {
    let answers = ten_requests(|session| async move {
        let own = session.clone();
        session.update("n", move |n: Option<u64>| {
            own.insert("other", own.get::<u64>("n").unwrap()).unwrap();
            assert_eq!((own.owner(), own.is_new(), own.keys().len()), (None, false, 2));
            n.unwrap() + 1
        })?;
        Ok::<_, SessionError>((session.get::<u64>("n")?, session.get::<u64>("other")?))
    });
    assert!(answers.into_iter().all(|answer| answer.unwrap() == (Some(2), Some(1))));
}

#[test]
fn an_update_that_sets_its_own_value_otherwise_is_an_error() {
    let answers = ten_requests(|session| async move {
        let own = session.clone();
        let updated = session.update("n", move |n: Option<u64>| {
            own.update("n", |n: Option<u64>| n.unwrap_or(0) + 1).unwrap();
            n.unwrap()
        });
        updated.map(drop)
    });
    assert!(answers.into_iter().all(|answer| matches!(answer, Err(SessionError::WithinClosure))));
}

#[test]
fn an_update_that_logs_out_goes_on_in_the_new_session() {
    let answers = ten_requests(|session| async move {
        let own = session.clone();
        session.update("n", move |n: Option<u64>| {
            own.log_out();
            n.unwrap_or(7)
        })
    });
    assert!(answers.into_iter().all(|answer| answer.unwrap() == 7));
}

#[test]
fn what_waits_for_the_store_is_refused_within_a_closure() {
    let answers = ten_requests(|session| async move {
        let own = session.clone();
        let refused = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&refused);
        session.update("n", move |n: Option<u64>| {
            let errors = [
                wait(own.commit()).unwrap_err(),
                wait(own.reload()).unwrap_err(),
                wait(own.transaction(|draft| draft.remove("n"))).unwrap_err(),
            ];
            assert!(errors.iter().all(|error| matches!(error, SessionError::WithinClosure)), "{errors:?}");
            seen.fetch_add(1, Ordering::Relaxed);
            n.unwrap() + 1
        })?;
        // And when it is made again, on what another request wrote.
        let other = session.clone();
        other.transaction(|draft| draft.insert("n", 40)).await?;
        session.commit().await?;
        Ok::<_, SessionError>(refused.load(Ordering::Relaxed) > 0)
    });
    assert!(answers.into_iter().all(|answer| answer.unwrap()));
}

#[test]
fn a_transaction_may_look_at_its_session_and_not_wait_for_it() {
    let answers = ten_requests(|session| async move {
        let own = session.clone();
        session
            .transaction(move |draft: &mut Draft| {
                assert!(matches!(wait(own.commit()), Err(SessionError::WithinClosure)));
                assert_eq!(own.get::<u64>("n")?, Some(1));
                draft.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)
            })
            .await
    });
    assert!(answers.into_iter().all(|answer: Result<u64, _>| answer.unwrap() == 2));
}

#[test]
fn a_transaction_that_changes_its_session_beside_its_draft_is_an_error() {
    let answers = ten_requests(|session| async move {
        let own = session.clone();
        session.transaction(move |draft| own.insert("beside", 1).and_then(|()| draft.insert("n", 2))).await
    });
    assert!(answers.into_iter().all(|answer| matches!(answer, Err(SessionError::WithinClosure))));
}

#[test]
fn a_closure_that_runs_again_after_a_conflict_finds_its_session_open() {
    for workers in [1, 2] {
        let stored = on_workers(workers, async {
            let (sessions, _) = sessions(store());
            let mut browser = Browser::default();
            browser.request(&sessions, count).await;
            let (ours, theirs) = (browser.open(&sessions), browser.open(&sessions));
            let (session, other) = (ours.load().await.unwrap(), theirs.load().await.unwrap());
            let own = session.clone();
            let add = move |n: Option<u64>| {
                assert!(own.contains("n"));
                n.unwrap_or(0) + 1
            };
            session.update("n", add).unwrap();
            count(&other);
            sessions.close(&theirs, Handled::Completed).await.outcome.unwrap();
            sessions.close(&ours, Handled::Completed).await.outcome.unwrap();
            browser.read(&sessions, "n").await
        });
        assert_eq!(stored, Some(3));
    }
}

#[test]
fn many_tasks_of_one_request_update_one_value_and_none_is_lost() {
    let counted = on_workers(2, async {
        let (sessions, _) = sessions(store());
        let (session, _lazy) = session(&sessions).await;
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let session = session.clone();
                tokio::spawn(async move {
                    for _ in 0..500 {
                        session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1).unwrap();
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        session.get::<u64>("n").unwrap()
    });
    assert_eq!(counted, Some(8_001));
}

#[tokio::test]
async fn a_draft_knows_what_the_session_does() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser.request(&sessions, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    session
        .transaction(|draft| {
            assert_eq!(draft.owner().map(Owner::as_str), Some("ann"));
            assert_eq!((draft.authenticated_at(), draft.expiry()), (Some(START), None));
            draft.set_expiry(Expiry::default().with_idle(support::MINUTE))?;
            assert_eq!(draft.expiry().unwrap().idle, Some(support::MINUTE));
            Ok::<_, SessionError>(())
        })
        .await
        .unwrap();
    assert_eq!(session.expires_at(), Some(START + support::MINUTE));
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
}
