//! What one run of a clause works with.

use std::time::Duration;

use session_core::{BoxError, SessionKey, Timestamp};

use crate::check::{Check, not_applicable, works};
use crate::clause::Capability;
use crate::erased::{Erased, Terms};
use crate::harness::Corruption;
use crate::model::history::{ALONE, Call};
use crate::model::show;
use crate::tools::draw::Draw;
use crate::tools::handle::Handle;
use crate::tools::listen::Heard;
use crate::tools::log::Log;
use crate::tools::race::Rounds;
use crate::tools::seed::Seed;
use crate::tools::trace::Trace;

/// Holds one run of a clause: the harness, its store, and records to put there.
pub(crate) struct Case {
    pub(crate) harness: Box<dyn Erased>,
    pub(crate) store: Handle,
    pub(crate) draw: Draw,
    pub(crate) base: Timestamp,
    /// What the store was declared to do without.
    pub(crate) without: Vec<Capability>,
    /// How many rounds of a race there have to be at least.
    pub(crate) least_rounds: usize,
    pub(crate) cases: u32,
    pub(crate) time_limit: Duration,
    terms: Terms,
    seed: Seed,
    /// What was said by `tracing`, where somebody listens.
    pub(crate) heard: Heard,
    log: Log,
    trace: Trace,
}

/// Two handles, shared out among tasks that run at once.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    handles: [Handle; 2],
    trace: Trace,
}

impl Crowd {
    /// Gives the handle of a task: one of the two in turn.
    pub(crate) fn task(&self, number: usize) -> Handle {
        self.handles[number % 2].of_task(number, &self.trace)
    }

    /// Gives both, for what is done while no task runs.
    pub(crate) fn each(&self) -> [Handle; 2] {
        self.handles.clone().map(|handle| handle.of_task(ALONE, &self.trace))
    }
}

impl Case {
    /// Sets a case up, without `init`.
    pub(crate) async fn start(
        terms: Terms,
        without: Vec<Capability>,
        log: Log,
        trace: Trace,
        heard: Heard,
        seed: Seed,
    ) -> Result<Self, BoxError> {
        let harness = (terms.start)().await?;
        let base = harness.base_time();
        let store = Handle::new(harness.store(), base, "", log.clone());
        let Terms { rounds: least_rounds, cases, time_limit, .. } = terms;
        Ok(Self {
            store,
            draw: Draw::new(base, seed.number),
            base,
            without,
            least_rounds,
            cases,
            time_limit,
            terms,
            seed,
            heard,
            log,
            trace,
            harness,
        })
    }

    /// Sets up another case of the clause, which sees nothing of this one, and notes nothing in it.
    pub(crate) async fn apart(&self) -> Check<Self> {
        let (log, trace, heard) = (Log::default(), Trace::default(), Heard::default());
        let case = Self::start(self.terms, self.without.clone(), log, trace, heard, self.seed).await;
        let case = works("start of the harness", case)?;
        case.store.init().await?;
        Ok(case)
    }

    /// Damages what is stored under the key, and ends the clause where that cannot be done.
    pub(crate) async fn damage(&self, key: &SessionKey) -> Check {
        match works("corrupt of the harness", self.harness.corrupt(key).await)? {
            Corruption::Impossible(reason) => not_applicable(reason),
            Corruption::Planted => {
                self.note(format!("{} is damaged", show::key(key)));
                Ok(())
            }
        }
    }

    /// Gives a second handle on the backend, ready for use.
    pub(crate) async fn another_handle(&self) -> Check<Handle> {
        let handle = self.another_raw_handle().await?;
        handle.init().await?;
        Ok(handle)
    }

    /// Gives a second handle on the backend, without `init`.
    pub(crate) async fn another_raw_handle(&self) -> Check<Handle> {
        let store = works("another_handle of the harness", self.harness.another_handle().await)?;
        Ok(Handle::new(store, self.base, "second handle: ", self.log.clone()))
    }

    /// Gives the handle of an earlier version, without `init`, and ends the clause where there is none.
    pub(crate) async fn earlier(&self) -> Check<Handle> {
        match works("previous of the harness", self.harness.previous().await)? {
            Some(store) => Ok(Handle::new(store, self.base, "earlier version: ", self.log.clone())),
            None => not_applicable("the harness has no earlier version of the store"),
        }
    }

    /// Gives a handle of this version and one of an earlier, for tasks that run at once: those of odd number have the
    /// earlier.
    pub(crate) fn crowd_of_versions(&self, earlier: Handle) -> Crowd {
        Crowd { handles: [self.store.clone(), earlier], trace: self.trace.clone() }
    }

    /// Gives two handles for tasks that run at once: a lock inside one handle must not be what makes them
    /// agree.
    pub(crate) async fn crowd(&self) -> Check<Crowd> {
        let crowd = self.raw_crowd().await?;
        crowd.handles[1].init().await?;
        Ok(crowd)
    }

    /// Gives two handles, without `init` of the second.
    pub(crate) async fn raw_crowd(&self) -> Check<Crowd> {
        Ok(Crowd { handles: [self.store.clone(), self.another_raw_handle().await?], trace: self.trace.clone() })
    }

    /// Gives what the tasks of this round have called on the key.
    pub(crate) fn calls_on(&self, key: &SessionKey) -> Vec<Call> {
        self.trace.of(|it| it == key)
    }

    /// Gives what the tasks of this round have called on any key.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.trace.of(|_| true)
    }

    /// Forgets what the tasks of this round have called, where the failure shows what matters of it.
    pub(crate) fn forget_calls(&self) {
        self.trace.clear();
    }

    /// Counts the rounds of a race.
    pub(crate) fn rounds(&self) -> Rounds {
        self.rounds_of(self.least_rounds)
    }

    /// Counts the rounds of a race of which each is long.
    pub(crate) fn rounds_of(&self, least: usize) -> Rounds {
        Rounds::new(least, self.time_limit / 10, self.seed.only, self.draw.clone(), self.trace.clone())
    }

    /// Notes what many tasks are about to do.
    pub(crate) fn note(&self, step: impl Into<String>) {
        self.log.begin(step.into());
    }
}
