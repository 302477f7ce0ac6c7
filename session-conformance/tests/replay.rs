//! A race that failed somewhere is run again elsewhere by its seed: the same round, with the same turns.

mod support;

use std::process::Command;

use session_conformance::session_core::{Put, StoreError};
use session_conformance::{Clause, async_trait};
use support::{Fault, Faulty, PutCall, PutResult, TouchCall, gap};

/// Set where the store is to be wrong: in the processes that the tests below make.
const IS_WRONG: &str = "LOSES_UPDATES";

/// Looks, and then writes, wherever turns are drawn: threads would fail first, and each time otherwise.
#[derive(Debug, Default)]
struct LosesUpdates;

#[async_trait]
impl Fault for LosesUpdates {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let turns_are_drawn = tokio::task::try_id().is_none();
        match call.replaces() {
            Some(_) if turns_are_drawn && std::env::var_os(IS_WRONG).is_some() => {
                gap().await;
                match call.stands() {
                    Some(stands) => PutCall { put: Put::Replace(stands.version), ..call }.right().await,
                    None => call.right().await,
                }
            }
            _ => call.right().await,
        }
    }
}

/// Sets both times in `touch`, also back.
#[derive(Debug, Default)]
struct Shortens;

#[async_trait]
impl Fault for Shortens {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        if std::env::var_os(IS_WRONG).is_none() {
            return call.right().await;
        }
        let (seen, until) = (call.seen, call.until);
        call.right_then(|it| (it.last_seen_at, it.expires_at) = (seen, until)).await
    }
}

#[test]
fn one_of_many_replaces() {
    session_conformance::__test::<Faulty<LosesUpdates>>(Clause::PUT_9, &[]);
}

#[test]
fn histories() {
    session_conformance::__test::<Faulty<LosesUpdates>>(Clause::CON_1, &[]);
}

#[test]
fn sequences() {
    session_conformance::__test::<Faulty<Shortens>>(Clause::MOD_1, &[]);
}

/// Runs the test in a process of its own, and gives its failure.
fn failure(test: &str, seed: Option<&str>) -> String {
    let this = std::env::current_exe().expect("a path");
    let mut command = Command::new(this);
    command.args(["--exact", test]).env(IS_WRONG, "yes").env_remove("SESSION_TEST_SEED").env("RUST_BACKTRACE", "0");
    if let Some(seed) = seed {
        command.env("SESSION_TEST_SEED", seed);
    }
    let output = command.output().expect("a process");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(!output.status.success() && shown.contains("running 1 test"), "{shown}");
    let (_, failure) = shown.split_once("panicked at ").expect(&shown);
    let (_, failure) = failure.split_once('\n').expect(&shown);
    failure.split("\nfailures:").next().unwrap_or_default().trim().to_owned()
}

/// Finds the seed in a failure.
fn seed(failure: &str) -> &str {
    let (_, seed) = failure.split_once("replay  SESSION_TEST_SEED=").expect(failure);
    seed.split(' ').next().unwrap_or_default()
}

fn is_replayed(test: &str) {
    let first = failure(test, None);
    assert!(seed(&first).contains('@'), "{first}");
    for _ in 0..3 {
        assert_eq!(failure(test, Some(seed(&first))), first);
    }
    // Another run fails otherwise, and so does the same round of another seed.
    assert_ne!(failure(test, None), first);
}

#[test]
fn a_race_is_replayed_turn_by_turn() {
    is_replayed("one_of_many_replaces");
}

#[test]
fn a_history_is_replayed_turn_by_turn() {
    is_replayed("histories");
}

#[test]
fn a_sequence_is_replayed_and_shrinks_to_the_same() {
    is_replayed("sequences");
}

#[test]
fn all_rounds_run_again_from_a_seed_alone() {
    let first = failure("one_of_many_replaces", None);
    let (number, _) = seed(&first).split_once('@').expect(&first);
    assert_eq!(failure("one_of_many_replaces", Some(number)), first);
}

#[test]
fn a_seed_that_is_none_is_an_error() {
    let told = failure("sequences", Some("often"));
    assert!(told.contains("SESSION_TEST_SEED is what a failure has shown") && told.contains("often"), "{told}");
}
