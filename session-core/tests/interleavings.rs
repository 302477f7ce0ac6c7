//! Every interleaving of writes, renewals, logouts and revocations of one session, at the calls to the store.

mod support;

use std::sync::{Arc, Mutex};

use session_core::{CloseOutcome, Handled, Owner, ReadOnly, SessionError, SessionKey, Sessions};
use session_ets::EtsStore;
use support::stepped::{Run, Stepped, Steps, Task, every_interleaving, now};
use support::{Browser, START, count, live, store};

/// What a task does with the session that all share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// Adds one to the counter.
    Write,
    /// Adds one to the counter and asks for a new id.
    Renew,
    /// Adds one to the counter in a transaction.
    Transact,
    Logout,
    Revoke,
    RevokeAll,
}

const ACTS: [Act; 6] = [Act::Write, Act::Renew, Act::Transact, Act::Logout, Act::Revoke, Act::RevokeAll];

impl Act {
    fn ends(self) -> bool {
        matches!(self, Self::Logout | Self::Revoke | Self::RevokeAll)
    }
}

/// What the tasks came to, as their callers were told.
#[derive(Debug, Default)]
struct Told {
    counted: u64,
    renewed: u64,
    gone: u64,
    /// Each with the id that it was given.
    renewed_to: Vec<Browser>,
}

struct World {
    store: EtsStore,
    sessions: Sessions,
    browser: Browser,
    told: Arc<Mutex<Told>>,
}

fn owner() -> Owner {
    Owner::new("ann").unwrap()
}

fn begin(acts: &[Act], crash: Option<(usize, usize)>) -> (World, Run) {
    let store = store();
    let (plain, clock) = support::builder(store.clone());
    let plain = plain.build().unwrap();
    let steps = Steps::new(clock.clone());
    let stepped = Stepped::new(store.clone(), steps.clone());
    let sessions = support::builder(stepped).0.clock(clock).build().unwrap();
    let mut browser = Browser::default();
    let key = now(async {
        browser.request(&plain, |session| session.log_in(owner()).unwrap()).await;
        browser.open(&plain).load().await.unwrap().session_key().unwrap()
    });
    let told = Arc::new(Mutex::new(Told::default()));
    let tasks = acts.iter().map(|act| task(*act, sessions.clone(), browser.clone(), key, Arc::clone(&told))).collect();
    (World { store, sessions: plain, browser, told }, Run { tasks, steps, crash })
}

fn task(act: Act, sessions: Sessions, mut browser: Browser, key: SessionKey, told: Arc<Mutex<Told>>) -> Task {
    Box::pin(async move {
        match act {
            Act::Revoke => drop(sessions.revoke(&key).await.unwrap()),
            Act::RevokeAll => drop(sessions.revoke_all(&owner(), None).await.unwrap()),
            _ => {
                let lazy = browser.open(&sessions);
                let session = lazy.load().await.unwrap();
                let loaded = !session.is_new();
                let mut transacted = false;
                match act {
                    Act::Write => count(&session),
                    Act::Renew if loaded => {
                        count(&session);
                        session.renew().unwrap();
                    }
                    Act::Logout => session.destroy(),
                    Act::Transact if loaded => {
                        let done =
                            session.transaction(|draft| draft.update("n", |n: Option<u64>| n.unwrap_or(0) + 1)).await;
                        transacted = done.is_ok();
                    }
                    _ => {}
                }
                let closed = sessions.close(&lazy, Handled::Completed).await;
                let mut told = told.lock().unwrap();
                let outcome = match &closed.outcome {
                    // The second came with an id that was retired already.
                    Err(SessionError::Gone | SessionError::ReadOnly(ReadOnly::Retired)) => CloseOutcome::Gone,
                    outcome => *outcome.as_ref().unwrap(),
                };
                match outcome {
                    CloseOutcome::Written => told.counted += 1,
                    CloseOutcome::Renewed => {
                        told.counted += 1;
                        told.renewed += 1;
                        browser.take(&closed);
                        told.renewed_to.push(browser);
                    }
                    CloseOutcome::Unchanged if transacted => told.counted += 1,
                    CloseOutcome::Gone => told.gone += 1,
                    CloseOutcome::Destroyed => assert_eq!(act, Act::Logout),
                    // A task that had nothing to change, since it came with such an id.
                    CloseOutcome::Unchanged => told.gone += 1,
                    other => panic!("{act:?} came to {other:?}"),
                }
            }
        }
    })
}

fn check(world: World, acts: &[Act], order: &[usize]) {
    let World { store, sessions, browser, told } = world;
    let told = told.lock().unwrap();
    let what = || format!("{acts:?} in the order {order:?}: {told:?}");
    now(async {
        let live = live(&store, START).await;
        let listed = sessions.list(&owner()).await.unwrap();
        assert_eq!(listed.len(), live, "the list and the store differ after {}", what());
        if acts.iter().any(|act| act.ends()) {
            assert_eq!(live, 0, "a session outlived its end after {}", what());
            for known in told.renewed_to.iter().chain([&browser]) {
                assert!(!known.is_known(&sessions).await, "an id outlived its end after {}", what());
            }
            return;
        }
        assert_eq!(live, 1, "not one session left after {}", what());
        let read = sessions.get(&listed[0].session_key()).await.unwrap().unwrap();
        let counted = read.get::<u64>("n").unwrap().unwrap_or(0);
        assert_eq!(counted, told.counted, "an update was lost or made up after {}", what());
        let renewals = acts.iter().filter(|act| **act == Act::Renew).count();
        if renewals > 0 {
            assert_eq!(told.renewed, 1, "not one renewal won after {}", what());
            assert!(!browser.is_known(&sessions).await, "the old id lives after {}", what());
            assert!(told.renewed_to[0].is_known(&sessions).await, "the new id is dead after {}", what());
        } else {
            assert_eq!(told.gone, 0, "a change was discarded for nothing after {}", what());
        }
    });
}

fn run_all(acts: &[Act], crash: Option<(usize, usize)>, check: impl Fn(World, &[usize])) -> usize {
    every_interleaving(|| begin(acts, crash), check)
}

#[test]
fn every_pair_keeps_its_promises() {
    for (i, a) in ACTS.into_iter().enumerate() {
        for b in ACTS.into_iter().skip(i) {
            let acts = [a, b];
            let runs = run_all(&acts, None, |world, order| check(world, &acts, order));
            assert!(runs >= 6, "{acts:?} has only {runs} interleavings");
        }
    }
}

#[test]
fn every_three_keep_their_promises() {
    let mut runs = 0;
    for (i, a) in ACTS.into_iter().enumerate() {
        for (j, b) in ACTS.into_iter().enumerate().skip(i) {
            for c in ACTS.into_iter().skip(j) {
                let acts = [a, b, c];
                runs += run_all(&acts, None, |world, order| check(world, &acts, order));
            }
        }
    }
    println!("{runs} interleavings");
    assert!(runs > 10_000, "only {runs} interleavings");
}

#[test]
fn a_crash_anywhere_loses_nothing_that_was_acknowledged() {
    for crashing in ACTS {
        for other in ACTS {
            for step in 1..8 {
                let acts = [crashing, other];
                run_all(&acts, Some((0, step)), |world, order| {
                    let World { store, sessions, browser, told } = world;
                    let told = told.lock().unwrap();
                    let what = || format!("{crashing:?} died at step {step} beside {other:?}, {order:?}: {told:?}");
                    now(async {
                        if other.ends() {
                            // What nobody was given the id of may be left behind, and it is the list that finds it.
                            for known in told.renewed_to.iter().chain([&browser]) {
                                assert!(!known.is_known(&sessions).await, "not ended: {}", what());
                            }
                            sessions.revoke_all(&owner(), None).await.unwrap();
                            assert_eq!(live(&store, START).await, 0, "cannot be ended: {}", what());
                        } else if !crashing.ends() && crashing != Act::Renew {
                            let key = sessions.list(&owner()).await.unwrap()[0].session_key();
                            let left = sessions.get(&key).await.unwrap().unwrap();
                            let counted = left.get::<u64>("n").unwrap().unwrap_or(0);
                            assert!(counted == told.counted || counted == told.counted + 1, "{counted}: {}", what());
                        }
                    });
                });
            }
        }
    }
}
