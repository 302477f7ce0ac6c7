//! What many tasks have called at once; read when a race fails.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use session_core::{SessionKey, Timestamp};

use crate::model::history::{Call, who};
use crate::tools::seed::Place;

/// Remembers the calls of one round, with the moments between which each took effect. Clones share one
/// memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    moments: AtomicU64,
    round: Mutex<RoundCalls>,
}

#[derive(Debug)]
struct RoundCalls {
    /// `None` where there is no round.
    place: Option<Place>,
    turns: Turns,
    base: Timestamp,
    calls: VecDeque<Traced>,
}

impl Default for RoundCalls {
    fn default() -> Self {
        Self { place: None, turns: Turns::None, base: Timestamp::MIN, calls: VecDeque::new() }
    }
}

/// Whose turn it is when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turns {
    /// There is but one task.
    None,
    /// As it was drawn.
    Drawn,
    /// As it happens.
    Threads,
}

#[derive(Clone, Debug)]
enum Traced {
    /// Kept as it was, and written only if somebody asks: a race must not wait for that.
    OnKey(SessionKey, Call),
    OnMany {
        task: usize,
        text: String,
        began: u64,
        ended: u64,
    },
}

impl Trace {
    /// Long rounds forget how they began.
    const KEPT: usize = 5_000;

    fn round(&self) -> MutexGuard<'_, RoundCalls> {
        self.0.round.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the calls: they would tell a reader nothing.
    pub(crate) fn clear(&self) {
        self.round().calls.clear();
    }

    /// Begins a new round.
    pub(crate) fn begin(&self, place: Place, base: Timestamp) {
        *self.round() = RoundCalls { place: Some(place), base, ..RoundCalls::default() };
        self.0.moments.store(0, Ordering::SeqCst);
    }

    /// Notes how the tasks of the round take turns.
    pub(crate) fn runs(&self, turns: Turns) {
        self.round().turns = turns;
    }

    /// Ends the last round.
    pub(crate) fn end(&self) {
        *self.round() = RoundCalls::default();
    }

    /// Gives the round, and how its tasks took turns; `None` if there is none.
    pub(crate) fn place(&self) -> Option<(Place, Turns)> {
        let round = self.round();
        Some((round.place?, round.turns))
    }

    pub(crate) fn moment(&self) -> u64 {
        self.0.moments.fetch_add(1, Ordering::SeqCst)
    }

    /// Adds a call on a key, which has just ended.
    pub(crate) fn on_key(&self, key: SessionKey, call: Call) {
        self.add(Traced::OnKey(key, call));
    }

    /// Adds a call on many keys, which has just ended.
    pub(crate) fn on_many(&self, task: usize, text: String, began: u64) {
        self.add(Traced::OnMany { task, text, began, ended: self.moment() });
    }

    fn add(&self, call: Traced) {
        let calls = &mut self.round().calls;
        if calls.len() == Self::KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// Gives the calls on these keys.
    pub(crate) fn of(&self, keys: impl Fn(&SessionKey) -> bool) -> Vec<Call> {
        let round = self.round();
        let on_key = round.calls.iter().filter_map(|call| match call {
            Traced::OnKey(key, call) if keys(key) => Some(call.clone()),
            _ => None,
        });
        on_key.collect()
    }

    /// Writes the calls, one a line, in the order in which they began, below what they are; empty if there
    /// were none.
    pub(crate) fn lines(&self) -> Vec<String> {
        let round = self.round();
        let mut lines: Vec<_> = round.calls.iter().map(|call| call.line(round.base)).collect();
        lines.sort_unstable();
        let turns = if round.turns == Turns::Threads { "on threads" } else { "in turns that were drawn" };
        let title = round.place.filter(|_| !lines.is_empty()).map(|place| {
            format!("round {}, {turns}, with the moments at which each call began and ended:", place.round)
        });
        title.into_iter().chain(lines.into_iter().map(|(_, line)| line)).collect()
    }
}

impl Traced {
    fn line(&self, base: Timestamp) -> (u64, String) {
        match self {
            Self::OnKey(key, call) => (call.began, call.line(base, Some(key))),
            Self::OnMany { task, text, began, ended } => {
                (*began, format!("{} {text}", who(*task, *began, Some(*ended))))
            }
        }
    }
}
