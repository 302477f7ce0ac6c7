//! The contract as a small sequential model of one key: which answers a store may give, and what
//! stands afterwards.

use std::sync::Arc;

use session_core::{Put, PutOutcome, Record, Timestamp, Version};

use crate::model::show;

/// What stands under a key.
pub(crate) type State = Option<Arc<Record>>;

/// One call on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Get,
    Put(Record, Put),
    Touch(Version, Timestamp, Timestamp),
    Delete,
}

/// What a call gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Got(State),
    Put(PutOutcome),
    Done(bool),
}

impl Op {
    /// Gives the time that the call brings with it.
    pub(crate) fn time(&self) -> Option<Timestamp> {
        match self {
            Self::Put(record, _) => Some(record.last_seen_at),
            Self::Touch(_, seen, _) => Some(*seen),
            Self::Get | Self::Delete => None,
        }
    }

    /// Writes the verb, and what comes after the key.
    pub(crate) fn show(&self, base: Timestamp) -> (&'static str, String) {
        match self {
            Self::Get => ("get", String::new()),
            Self::Put(record, put) => ("put", format!(" {put:?} {}", show::record(base, record))),
            Self::Touch(version, seen, until) => {
                let (seen, until) = (show::time(base, *seen), show::time(base, *until));
                ("touch", format!(" {version:?} seen {seen}, expires {until}"))
            }
            Self::Delete => ("delete", String::new()),
        }
    }
}

impl Answer {
    pub(crate) fn show(&self, base: Timestamp) -> String {
        match self {
            Self::Got(state) => show::found(base, state.as_deref()),
            Self::Put(outcome) => show::outcome(base, outcome),
            Self::Done(done) => done.to_string(),
        }
    }
}

/// Gives the answer to a call, and what stands after it.
pub(crate) fn step(state: &State, op: &Op) -> (Answer, State) {
    match op {
        Op::Get => (Answer::Got(state.clone()), state.clone()),
        Op::Delete => (Answer::Done(state.is_some()), None),
        Op::Put(record, put) => {
            let (outcome, state) = step_put(state, record, *put);
            (Answer::Put(outcome), state)
        }
        Op::Touch(version, seen, until) => match state {
            Some(stands) if stands.version == *version && stands.is_live_at(*seen) => {
                let moved = Record {
                    last_seen_at: stands.last_seen_at.max(*seen),
                    expires_at: stands.expires_at.max(*until),
                    ..(**stands).clone()
                };
                (Answer::Done(true), Some(Arc::new(moved)))
            }
            _ => (Answer::Done(false), state.clone()),
        },
    }
}

fn step_put(state: &State, record: &Record, put: Put) -> (PutOutcome, State) {
    let stored = || (PutOutcome::Stored, Some(Arc::new(record.clone())));
    match (state, put.replaces()) {
        (Some(stands), _) if stands.version == record.version => (PutOutcome::Stored, state.clone()),
        (None, None) => stored(),
        (Some(_), None) => (PutOutcome::Exists, state.clone()),
        (None, Some(_)) => (PutOutcome::Gone, None),
        (Some(stands), Some(_)) if !stands.is_live_at(record.last_seen_at) => (PutOutcome::Gone, state.clone()),
        (Some(stands), Some(version)) if stands.version != version => {
            (PutOutcome::Conflict(Arc::clone(stands)), state.clone())
        }
        (Some(_), Some(_)) => stored(),
    }
}

/// Tells whether the record may be absent at any moment: its deadline is past, by the latest time that
/// anybody has spoken of.
pub(crate) fn may_vanish(state: &State, latest: Timestamp) -> bool {
    state.as_ref().is_some_and(|stands| !stands.is_live_at(latest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::draw::Draw;

    #[test]
    fn the_order_of_the_rules_is_the_contracts() {
        let draw = Draw::new(Timestamp::from_millis(1_000_000_000_000), 7);
        let (first, second) = (draw.record(), draw.record());
        let state = Some(Arc::new(first.clone()));
        let put = |record: &Record, put| step(&state, &Op::Put(record.clone(), put)).0;
        // The same write, then absence and deadline, then the version.
        let late = |record: &Record| Record { last_seen_at: first.expires_at, ..record.clone() };
        assert_eq!(put(&late(&first), Put::Replace(second.version)), Answer::Put(PutOutcome::Stored));
        assert_eq!(put(&late(&second), Put::Replace(second.version)), Answer::Put(PutOutcome::Gone));
        let conflict = PutOutcome::Conflict(Arc::new(first.clone()));
        assert_eq!(put(&second, Put::Replace(second.version)), Answer::Put(conflict));
        assert_eq!(put(&second, Put::Create), Answer::Put(PutOutcome::Exists));
        for both in [Put::Replace(first.version), Put::End(first.version)] {
            assert_eq!(put(&second, both), Answer::Put(PutOutcome::Stored));
        }
    }
}
