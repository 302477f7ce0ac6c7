//! Every interleaving of requests with one id that is due to be renewed, at the calls to the store.

mod support;

use std::sync::{Arc, Mutex};

use session_core::{
    CloseOutcome, Handled, ManualClock, Owner, ReadOnly, SessionError, SessionId, SessionStore, Sessions,
};
use session_ets::EtsStore;
use support::stepped::{Run, Stepped, Steps, Task, every_interleaving, now};
use support::{Browser, MINUTE, START, builder, count, live, store};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Read,
    /// Adds one to the counter.
    Write,
    /// Adds one to the counter in a transaction.
    Transact,
    /// Adds one to the counter and asks for a new id, as a change of privilege does.
    Renew,
    Logout,
    /// Ends the session from outside, by the key it had.
    Revoke,
}

const ACTS: [Act; 6] = [Act::Read, Act::Write, Act::Transact, Act::Renew, Act::Logout, Act::Revoke];

impl Act {
    fn ends(&self) -> bool {
        matches!(self, Self::Logout | Self::Revoke)
    }
}

#[derive(Debug, Default)]
struct Told {
    counted: u64,
    gone: u64,
    /// Each with the id that it was given.
    renewed_to: Vec<Browser>,
}

struct World {
    store: EtsStore,
    sessions: Sessions,
    clock: ManualClock,
    browser: Browser,
    told: Arc<Mutex<Told>>,
}

fn renewing(store: impl SessionStore) -> (Sessions, ManualClock) {
    let (builder, clock) = builder(store);
    (builder.renew_every(MINUTE * 60).build().unwrap(), clock)
}

fn owner() -> Owner {
    Owner::new("ann").unwrap()
}

fn begin(acts: &[Act]) -> (World, Run) {
    let store = store();
    let (plain, clock) = renewing(store.clone());
    let steps = Steps::new(clock.clone());
    let stepped = Stepped::new(store.clone(), steps.clone());
    let sessions = builder(stepped).0.clock(clock.clone()).renew_every(MINUTE * 60).build().unwrap();
    let mut browser = Browser::default();
    now(async { browser.request(&plain, |session| session.log_in(owner()).unwrap()).await });
    clock.advance(MINUTE * 60);
    let told = Arc::new(Mutex::new(Told::default()));
    let tasks = acts.iter().map(|act| task(*act, sessions.clone(), browser.clone(), Arc::clone(&told))).collect();
    (World { store, sessions: plain, clock, browser, told }, Run { tasks, steps, crash: None })
}

fn task(act: Act, sessions: Sessions, mut browser: Browser, told: Arc<Mutex<Told>>) -> Task {
    Box::pin(async move {
        if act == Act::Revoke {
            let encoded = browser.value("__Host-Http-session").unwrap();
            sessions.revoke(&SessionId::parse(encoded.as_bytes()).unwrap().key()).await.unwrap();
            return;
        }
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        let mut transacted = false;
        match act {
            Act::Read => {}
            Act::Write => count(&session),
            Act::Transact => {
                let add = session.transaction(|draft| draft.update("n", |n: Option<u64>| n.unwrap_or(0) + 1));
                transacted = add.await.is_ok();
            }
            Act::Renew => {
                if session.renew().is_ok() {
                    count(&session);
                }
            }
            Act::Logout => session.destroy(),
            Act::Revoke => unreachable!(),
        }
        let closed = sessions.close(&lazy, Handled::Completed).await;
        let mut told = told.lock().unwrap();
        let outcome = match &closed.outcome {
            Err(SessionError::Gone | SessionError::ReadOnly(ReadOnly::Retired)) => CloseOutcome::Gone,
            outcome => *outcome.as_ref().unwrap(),
        };
        let wrote = matches!(outcome, CloseOutcome::Written | CloseOutcome::Renewed);
        let counts = matches!(act, Act::Write | Act::Renew);
        told.counted += u64::from((counts && wrote) || transacted);
        told.gone += u64::from(counts && !wrote);
        if outcome == CloseOutcome::Renewed {
            browser.take(&closed);
            told.renewed_to.push(browser);
        }
    })
}

fn check(world: World, acts: &[Act], order: &[usize]) {
    let World { store, sessions, clock, browser, told } = world;
    let told = told.lock().unwrap();
    let what = || format!("{acts:?} in the order {order:?}: {told:?}");
    now(async {
        let standing = live(&store, START + MINUTE * 61).await;
        if acts.iter().any(Act::ends) {
            assert_eq!(standing, 0, "a session outlived its end after {}", what());
            for known in told.renewed_to.iter().chain([&browser]) {
                assert!(!known.is_known(&sessions).await, "an id outlived its end after {}", what());
            }
            return;
        }
        assert_eq!(standing, 1, "not one session left after {}", what());
        let listed = sessions.list(&owner()).await.unwrap();
        let read = sessions.get(&listed[0].session_key()).await.unwrap().unwrap();
        let counted = read.get::<u64>("n").unwrap().unwrap_or(0);
        assert_eq!(counted, told.counted, "an update was lost or made up after {}", what());
        let mut alive = 0;
        for renewed in &told.renewed_to {
            alive += u32::from(renewed.is_known(&sessions).await);
        }
        assert_eq!(alive, 1, "not one of the new ids lives after {}", what());
        if !acts.contains(&Act::Renew) {
            assert_eq!(
                (told.renewed_to.len(), told.gone),
                (1, 0),
                "renewed twice, or changes discarded after {}",
                what()
            );
            assert!(browser.is_known(&sessions).await, "the old id does not serve after {}", what());
        }
        clock.advance(MINUTE);
        if !acts.contains(&Act::Renew) {
            // The answer that carried the new id may have been lost.
            assert!(browser.is_known(&sessions).await, "the old id serves no longer after {}", what());
        }
        for mut renewed in told.renewed_to.iter().cloned() {
            renewed.request(&sessions, |_| ()).await;
        }
        clock.advance(MINUTE);
        assert!(!browser.is_known(&sessions).await, "the old id serves for ever after {}", what());
    });
}

fn run_all(acts: &[Act]) -> usize {
    every_interleaving(|| begin(acts), |world, order| check(world, acts, order))
}

#[test]
fn every_pair_keeps_its_promises() {
    for (i, a) in ACTS.into_iter().enumerate() {
        for b in ACTS.into_iter().skip(i) {
            assert!(run_all(&[a, b]) >= 3, "{a:?} and {b:?} have too few interleavings");
        }
    }
}

/// Only those that are quickly done: three requests that are all due have more interleavings than can be run.
#[test]
fn two_requests_and_a_revocation_keep_their_promises() {
    let mut runs = 0;
    for requests in [[Act::Read, Act::Read], [Act::Read, Act::Write], [Act::Write, Act::Write]] {
        runs += run_all(&[requests[0], requests[1], Act::Revoke]);
    }
    println!("{runs} interleavings");
    assert!(runs > 10_000, "only {runs} interleavings");
}
