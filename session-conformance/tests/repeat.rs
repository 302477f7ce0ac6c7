//! A clause runs as often as the environment asks for, each time on a fresh harness.

mod support;

use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_conformance::session_core::{BoxError, Limits, SessionStore};
use session_conformance::{Clause, Harness};

/// Set where the third start is to fail: in the processes that the tests below make.
const FAILS: &str = "FAILS_THE_THIRD";

/// A correct store, but for one start.
struct FailsTheThird(support::Correct);

static STARTS: AtomicUsize = AtomicUsize::new(0);

impl Harness for FailsTheThird {
    async fn start() -> Result<Self, BoxError> {
        match STARTS.fetch_add(1, Ordering::SeqCst) + 1 {
            3 if std::env::var_os(FAILS).is_some() => Err("the third start".into()),
            _ => Ok(Self(support::Correct::start().await?)),
        }
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        self.0.store()
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        self.0.another_handle().await
    }

    fn limits(&self) -> Limits {
        self.0.limits()
    }
}

const NAME: &str = "a_clause_that_fails_in_its_third_run";

#[test]
fn a_clause_that_fails_in_its_third_run() {
    session_conformance::__test::<FailsTheThird>(Clause::REC_1, &[]);
}

fn run(times: &str) -> (Output, String) {
    let this = std::env::current_exe().expect("a path");
    let mut command = Command::new(this);
    command.args(["--exact", NAME]).env("SESSION_TEST_REPEAT", times).env(FAILS, "yes");
    let output = command.output().expect("a process");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("running 1 test"), "{shown}");
    (output, shown)
}

#[test]
fn each_clause_runs_as_often_as_it_is_asked_to() {
    let (output, shown) = run("2");
    assert!(output.status.success(), "{shown}");
    for times in ["3", "20"] {
        let (output, shown) = run(times);
        assert!(!output.status.success(), "{shown}");
        assert!(shown.contains(&format!("in run 3 of {times}")), "{shown}");
        assert!(shown.contains("the third start"), "{shown}");
    }
}

#[test]
fn a_number_that_is_none_is_an_error() {
    let (output, shown) = run("often");
    assert!(!output.status.success(), "{shown}");
    assert!(shown.contains("SESSION_TEST_REPEAT") && shown.contains("often"), "{shown}");
}
