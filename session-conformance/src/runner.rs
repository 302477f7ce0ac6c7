//! Runs a clause on a thread and a runtime of its own, under a watchdog.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

use crate::check::{Check, Failure, Stop, broken, panic_text, with_causes};
use crate::clause::{Capability, Clause};
use crate::clauses;
use crate::erased::Terms;
use crate::harness::Harness;
use crate::tools::case::Case;
use crate::tools::listen::Heard;
use crate::tools::log::{Log, each_record_once, what_matters};
use crate::tools::names::shorten;
use crate::tools::seed::Seed;
use crate::tools::trace::{Trace, Turns};

/// What running a clause came to.
#[derive(Clone, Debug)]
#[must_use]
#[non_exhaustive]
pub enum Outcome<C = Clause> {
    /// The store keeps the clause, as far as a test can tell.
    Passed,
    /// The clause could not be checked on this store, for this reason.
    NotApplicable(String),
    /// The store breaks the clause.
    Failed(Failure<C>),
}

impl<C> Outcome<C> {
    /// Returns the failure; `None` if there is none.
    #[must_use]
    pub fn failure(self) -> Option<Failure<C>> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

impl Outcome {
    /// Asserts that the store keeps the clause, for a test that runs one alone.
    ///
    /// # Panics
    /// If it breaks the clause, and says how; or if nothing could be checked, and says why.
    #[track_caller]
    pub fn assert_passed(&self) {
        match self {
            Self::Passed => {}
            Self::NotApplicable(reason) => panic!("nothing was checked: {reason}"),
            Self::Failed(failure) => panic!("{failure}"),
        }
    }
}

/// Runs one clause against a store that is declared to do `without` some capabilities.
///
/// [`suite!`](crate::suite) is the usual way; this is for reports, and for tests of the suite itself.
/// A store that panics or hangs fails; where it hangs, its thread is left behind.
pub fn run<H: Harness>(clause: Clause, without: &[Capability]) -> Outcome {
    if let Some(capability) = clause.group().capability()
        && without.contains(&capability)
    {
        return Outcome::NotApplicable(format!("the store is declared to be without {capability:?}"));
    }
    let seed = match Seed::asked(std::env::var_os(Seed::VARIABLE)) {
        Ok(seed) => seed,
        Err(error) => {
            let expected = "a seed, or none".to_owned();
            return Outcome::Failed(Failure { clause, done: Vec::new(), expected, came: error, replay: None });
        }
    };
    let (log, trace) = (Log::default(), Trace::default());
    let (told, traced) = (log.clone(), trace.clone());
    let (terms, without) = (Terms::of::<H>(), without.to_vec());
    let time_limit = terms.time_limit;
    let (heard, hears) = (Heard::default(), clause == Clause::FLT_7);
    let listens = hears.then(|| heard.clone());
    let hint = "where the backend is as slow as that, raise the harness's TIME_LIMIT";
    match watched(clause.id(), time_limit, hint, listens, move || {
        on_runtime(terms, clause, without, told, traced, heard, seed)
    }) {
        Ok(()) => Outcome::Passed,
        Err(Stop::NotApplicable(reason)) => Outcome::NotApplicable(reason),
        Err(Stop::Broken { mut expected, mut came }) => {
            let told = format!("{expected}\n{came}");
            let mut done = what_matters(log.lines(), &told);
            done.extend(what_matters(trace.lines(), &told));
            let mut done = each_record_once(done);
            shorten(done.iter_mut().chain([&mut expected, &mut came]));
            let replay = Some(replay(seed, &trace));
            Outcome::Failed(Failure { clause, done, expected, came, replay })
        }
    }
}

/// Says how to run again what failed, as far as that can be done.
fn replay(seed: Seed, trace: &Trace) -> String {
    let (variable, number) = (Seed::VARIABLE, seed.number);
    match trace.place() {
        Some((place, Turns::None | Turns::Drawn)) => {
            let seed = Seed { number, only: Some(place) };
            format!("{variable}={seed} runs this round again, with the same draws, each turn included")
        }
        Some((_, Turns::Threads)) => {
            let seed = Seed { number, only: None };
            format!("{variable}={seed} draws the same again, but not the turns that threads took")
        }
        None => format!("{variable}={} draws the same again", Seed { number, only: None }),
    }
}

/// Checks a clause on a thread and a runtime of its own, and gives it up when its time is over. What is said there is heard
/// by whom `listens` names; `hint` says what to do where that time is too short.
pub(crate) fn watched<F: Future<Output = Check>>(
    clause: &str,
    time_limit: Duration,
    hint: &str,
    listens: Option<Heard>,
    check: impl FnOnce() -> F + Send + 'static,
) -> Check {
    let (done, verdict) = channel();
    let body = move || {
        if let Some(heard) = &listens {
            heard.listen();
        }
        let runtime = match runtime(listens) {
            Ok(runtime) => runtime,
            Err(error) => {
                let _ = done.send(Ok(broken("a runtime", error.to_string())));
                return;
            }
        };
        let on_runtime = AssertUnwindSafe(|| runtime.block_on(Box::pin(check())));
        // Nobody listens any more once the watchdog has barked.
        let _ = done.send(catch_unwind(on_runtime));
        // A store may have left a thread that never ends.
        runtime.shutdown_timeout(Duration::from_secs(1));
    };
    if let Err(error) = thread::Builder::new().name(format!("clause {clause}")).spawn(body) {
        return broken("a thread", error.to_string());
    }
    // The clause is waited for from outside, so that a store which blocks its thread is noticed, too.
    match verdict.recv_timeout(time_limit) {
        Ok(Ok(check)) => check,
        Ok(Err(panic)) => broken("no panic", panic_text(&*panic)),
        Err(RecvTimeoutError::Timeout) => {
            let came = format!("none: the last step done hangs, or all are slow; {hint}");
            broken(format!("an end within {time_limit:?}"), came)
        }
        Err(RecvTimeoutError::Disconnected) => broken("a verdict", "the clause's thread ended without one"),
    }
}

fn runtime(listens: Option<Heard>) -> std::io::Result<Runtime> {
    // Two workers: races need threads, and any more would only wait for each other on small machines.
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all();
    if let Some(heard) = listens {
        builder.on_thread_start(move || heard.listen());
    }
    builder.build()
}

async fn on_runtime(
    terms: Terms,
    clause: Clause,
    without: Vec<Capability>,
    log: Log,
    trace: Trace,
    heard: Heard,
    seed: Seed,
) -> Check {
    let case = match Case::start(terms, without, log, trace, heard, seed).await {
        Ok(case) => case,
        Err(error) => return broken("the harness starts", with_causes(&*error)),
    };
    let check = async {
        // These are about the first `init`, or that of another version, so they get a store that has seen none.
        if !matches!(clause, Clause::FLT_3 | Clause::FLT_6 | Clause::VER_1 | Clause::VER_2) {
            case.store.init().await?;
        }
        clauses::check(clause, &case).await
    }
    .await;
    case.harness.stop().await;
    check
}
