//! Concurrent histories of one key, and whether some order of the calls explains them.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use session_core::{PutOutcome, Record, SessionKey, Timestamp, Version};

use crate::model::show;
use crate::model::spec::{Answer, Op, State, step};

/// The task of what is called while no other runs.
pub(crate) const ALONE: usize = usize::MAX;

/// Writes who made a call, and between which moments it took effect.
pub(crate) fn who(task: usize, began: u64, ended: Option<u64>) -> String {
    let ended = ended.map_or("…".to_owned(), |it| it.to_string());
    if task == ALONE { "alone:".to_owned() } else { format!("task {task} [{began}..{ended}]") }
}

/// One call, with the moments between which it took effect.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) task: usize,
    pub(crate) op: Op,
    /// `None` if no answer has come yet: it may take effect later, or never.
    pub(crate) answer: Option<Answer>,
    pub(crate) began: u64,
    pub(crate) ended: u64,
}

impl Call {
    /// Writes the call on one line, with the key if it could be another.
    pub(crate) fn line(&self, base: Timestamp, key: Option<&SessionKey>) -> String {
        let key = key.map_or(String::new(), |key| format!(" {}", show::key(key)));
        let (verb, rest) = self.op.show(base);
        let who = who(self.task, self.began, self.answer.as_ref().map(|_| self.ended));
        let answer = self.answer.as_ref().map_or("no answer yet".to_owned(), |it| it.show(base));
        format!("{who} {verb}{key}{rest} → {answer}")
    }
}

/// Tells whether the calls can be put in an order in which each follows all that ended before it began,
/// and gives the answer that the model gives.
///
/// Wing and Gong's search: pick a call that no other precedes, try it on the model, go on with the
/// rest. Lowe's memory keeps it from searching twice from one state and set of calls. At most 64 calls.
pub(crate) fn is_linearizable(calls: &[Call]) -> bool {
    assert!(calls.len() <= 64, "a set of calls is held in 64 bits");
    search(calls, 0, &None, &mut HashSet::new())
}

/// A state, short: within one history a version says all but the two times that a touch moves.
type Short = Option<(Version, Timestamp, Timestamp)>;

fn search(calls: &[Call], done: u64, state: &State, seen: &mut HashSet<(u64, Short)>) -> bool {
    let left = || calls.iter().enumerate().filter(|(at, _)| done & (1 << at) == 0);
    if left().all(|(_, call)| call.answer.is_none()) {
        return true;
    }
    let short = state.as_ref().map(|it| (it.version, it.last_seen_at, it.expires_at));
    if !seen.insert((done, short)) {
        return false;
    }
    let first_end = left().filter(|(_, call)| call.answer.is_some()).map(|(_, call)| call.ended).min();
    left().filter(|(_, call)| first_end.is_none_or(|end| call.began < end)).any(|(at, call)| {
        let (answer, next) = step(state, &call.op);
        call.answer.as_ref().is_none_or(|came| *came == answer) && search(calls, done | 1 << at, &next, seen)
    })
}

/// Cuts a history that cannot be explained down to few calls that cannot be explained either.
///
/// First to its shortest beginning; then it drops calls, as long as the rest stays without an explanation
/// whatever the dropped ones did: those that changed nothing, and writes that no answer left speaks of, each
/// of which may have taken effect at any moment, or never.
pub(crate) fn smallest_failing(calls: &[Call]) -> Vec<Call> {
    let mut left = shortest_failing(calls);
    let mut excused = Vec::new();
    let mut at = left.len();
    while at > 0 {
        at -= 1;
        let mut rest = left.clone();
        let dropped = rest.remove(at);
        let mut pardoned = excused.clone();
        match dropped.effect() {
            Effect::None => {}
            Effect::Wrote(version) if rest.iter().any(|call| call.speaks_of(version)) => continue,
            Effect::Touched(seen, until) if rest.iter().any(|call| call.shows_times(seen, until)) => continue,
            Effect::Wrote(_) | Effect::Touched(..) | Effect::Deleted => {
                pardoned.push(Call { answer: None, ended: u64::MAX, ..dropped })
            }
        }
        if !is_linearizable(&[&rest[..], &pardoned[..]].concat()) {
            (left, excused) = (rest, pardoned);
            // What it spoke of may be dropped now, too.
            at = left.len();
        }
    }
    left
}

/// Finds writes of which one has undone the other: they replaced the same version. Empty if there are none.
pub(crate) fn lost_update(calls: &[Call]) -> Vec<Call> {
    let replaced = |call: &Call| match (&call.op, &call.answer) {
        (Op::Put(_, put), Some(Answer::Put(PutOutcome::Stored))) => put.replaces(),
        _ => None,
    };
    let replaces = calls.iter().filter_map(|call| Some((replaced(call)?, call)));
    let mut by_version: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (version, call) in replaces {
        by_version.entry(version.as_u64()).or_default().push(call.clone());
    }
    by_version.into_values().filter(|calls| calls.len() > 1).min_by_key(|calls| calls[0].began).unwrap_or_default()
}

/// What a call may have done.
enum Effect {
    None,
    Wrote(Version),
    Touched(Timestamp, Timestamp),
    Deleted,
}

impl Call {
    fn effect(&self) -> Effect {
        match (&self.op, &self.answer) {
            (Op::Get, _) => Effect::None,
            (Op::Put(record, _), None | Some(Answer::Put(PutOutcome::Stored))) => Effect::Wrote(record.version),
            (Op::Touch(_, seen, until), None | Some(Answer::Done(true))) => Effect::Touched(*seen, *until),
            (Op::Delete, None | Some(Answer::Done(true))) => Effect::Deleted,
            _ => Effect::None,
        }
    }

    fn shown(&self) -> Option<&Record> {
        match &self.answer {
            Some(Answer::Got(Some(found)) | Answer::Put(PutOutcome::Conflict(found))) => Some(found),
            _ => None,
        }
    }

    /// Tells whether the reader would ask where one of these times came from.
    fn shows_times(&self, seen: Timestamp, until: Timestamp) -> bool {
        self.shown().is_some_and(|it| it.last_seen_at == seen || it.expires_at == until)
    }

    /// Tells whether the reader would ask where this version came from.
    fn speaks_of(&self, version: Version) -> bool {
        let shown = self.shown().map(|found| found.version);
        let asked = match (&self.op, &self.answer) {
            (Op::Put(_, put), Some(Answer::Put(PutOutcome::Stored))) => put.replaces(),
            (Op::Touch(asked, ..), Some(Answer::Done(true))) => Some(*asked),
            _ => None,
        };
        [shown, asked].contains(&Some(version))
    }
}

/// Cuts a history that cannot be explained down to its shortest beginning that cannot be explained
/// either.
fn shortest_failing(calls: &[Call]) -> Vec<Call> {
    let mut ends: Vec<_> = calls.iter().filter(|call| call.answer.is_some()).map(|call| call.ended).collect();
    ends.sort_unstable();
    let beginnings = ends.into_iter().map(|end| until(calls, end));
    beginnings.into_iter().find(|it| !is_linearizable(it)).unwrap_or_else(|| calls.to_vec())
}

/// What was known at the moment `end`.
fn until(calls: &[Call], end: u64) -> Vec<Call> {
    let known = calls.iter().filter(|call| call.began <= end).cloned();
    known.map(|call| if call.ended > end { Call { answer: None, ended: u64::MAX, ..call } } else { call }).collect()
}

/// Writes a history, one call a line, in the order in which they began.
pub(crate) fn show(base: Timestamp, calls: &[Call]) -> String {
    let mut calls: Vec<_> = calls.iter().collect();
    calls.sort_by_key(|call| call.began);
    let mut text = String::new();
    for call in calls {
        let _ = writeln!(text, "{}", call.line(base, None));
    }
    text
}

#[cfg(test)]
mod tests {
    use session_core::Put;

    use super::*;
    use crate::tools::draw::{Draw, SECOND};

    fn draw() -> Draw {
        Draw::new(Timestamp::from_millis(1_000_000_000_000), 7)
    }

    fn call(began: u64, ended: u64, op: Op, answer: Answer) -> Call {
        Call { task: 0, op, answer: Some(answer), began, ended }
    }

    fn create(began: u64, ended: u64, record: &Record) -> Call {
        call(began, ended, Op::Put(record.clone(), Put::Create), Answer::Put(PutOutcome::Stored))
    }

    fn replace(began: u64, ended: u64, version: Version, record: &Record) -> Call {
        call(began, ended, Op::Put(record.clone(), Put::Replace(version)), Answer::Put(PutOutcome::Stored))
    }

    fn got(began: u64, ended: u64, record: Option<&Record>) -> Call {
        call(began, ended, Op::Get, Answer::Got(record.cloned().map(Into::into)))
    }

    #[test]
    fn a_read_at_the_time_of_a_write_sees_either_state() {
        let record = draw().record();
        for seen in [None, Some(&record)] {
            assert!(is_linearizable(&[create(0, 3, &record), got(1, 2, seen)]));
        }
    }

    #[test]
    fn a_read_after_a_write_sees_it() {
        let record = draw().record();
        assert!(is_linearizable(&[create(0, 1, &record), got(2, 3, Some(&record))]));
        assert!(!is_linearizable(&[create(0, 1, &record), got(2, 3, None)]));
    }

    #[test]
    fn two_reads_during_a_write_do_not_go_back() {
        let record = draw().record();
        let write = create(0, 9, &record);
        assert!(is_linearizable(&[write.clone(), got(1, 2, None), got(3, 4, Some(&record))]));
        assert!(!is_linearizable(&[write, got(1, 2, Some(&record)), got(3, 4, None)]));
    }

    #[test]
    fn one_version_is_not_replaced_twice() {
        let draw = draw();
        let (first, left, right) = (draw.record(), draw.record(), draw.record());
        let both = [create(0, 1, &first), replace(2, 9, first.version, &left), replace(3, 8, first.version, &right)];
        assert!(!is_linearizable(&both));
        let lost = Answer::Put(PutOutcome::Conflict(left.clone().into()));
        let loser = call(3, 8, Op::Put(right, Put::Replace(first.version)), lost);
        assert!(is_linearizable(&[create(0, 1, &first), replace(2, 9, first.version, &left), loser]));
    }

    #[test]
    fn a_deleted_record_does_not_come_back() {
        let draw = draw();
        let (first, second) = (draw.record(), draw.record());
        let delete = call(2, 5, Op::Delete, Answer::Done(true));
        let race = [create(0, 1, &first), delete, replace(3, 6, first.version, &second)];
        assert!(is_linearizable(&[&race[..], &[got(7, 8, None)]].concat()));
        assert!(!is_linearizable(&[&race[..], &[got(7, 8, Some(&second))]].concat()));
    }

    #[test]
    fn a_touch_is_not_lost() {
        let record = draw().record();
        let (seen, until) = (record.last_seen_at + SECOND, record.expires_at + SECOND);
        let touch = call(2, 3, Op::Touch(record.version, seen, until), Answer::Done(true));
        let moved = Record { last_seen_at: seen, expires_at: until, ..record.clone() };
        let before = [create(0, 1, &record), touch];
        assert!(is_linearizable(&[&before[..], &[got(4, 5, Some(&moved))]].concat()));
        assert!(!is_linearizable(&[&before[..], &[got(4, 5, Some(&record))]].concat()));
    }

    #[test]
    fn a_call_without_an_answer_may_have_taken_effect_or_not() {
        let record = draw().record();
        let pending = Call { answer: None, ended: u64::MAX, ..create(0, 1, &record) };
        for seen in [None, Some(&record)] {
            assert!(is_linearizable(&[pending.clone(), got(2, 3, seen)]));
        }
        assert!(!is_linearizable(&[pending, got(2, 3, Some(&record)), got(4, 5, None)]));
    }

    #[test]
    fn a_failing_history_is_cut_where_it_first_fails() {
        let draw = draw();
        let (first, second) = (draw.record(), draw.record());
        let calls = [
            create(0, 1, &first),
            replace(2, 7, first.version, &second),
            got(3, 4, None),
            got(5, 6, Some(&first)),
            got(8, 9, Some(&second)),
        ];
        let short = shortest_failing(&calls);
        assert_eq!(short.iter().map(|call| call.began).collect::<Vec<_>>(), [0, 2, 3]);
        assert!(short[1].answer.is_none(), "the replace had not ended then");
        assert_eq!(show(draw.base, &short).lines().count(), 3);
    }

    #[test]
    fn a_failing_history_keeps_only_the_calls_that_matter() {
        let draw = draw();
        let (first, left, right, last) = (draw.record(), draw.record(), draw.record(), draw.record());
        let (seen, until) = (first.last_seen_at + SECOND, first.expires_at + SECOND);
        let moved = Record { last_seen_at: seen, expires_at: until, ..first.clone() };
        let calls = [
            create(0, 1, &first),
            got(2, 3, Some(&first)),
            call(4, 5, Op::Touch(first.version, seen, until), Answer::Done(true)),
            got(6, 7, Some(&moved)),
            replace(8, 12, first.version, &left),
            replace(9, 13, first.version, &right),
            replace(14, 15, right.version, &last),
            got(16, 17, Some(&last)),
        ];
        let began = |calls: &[Call]| calls.iter().map(|call| call.began).collect::<Vec<_>>();
        // Two replaced one version; what was read and touched before is not why.
        assert_eq!(began(&smallest_failing(&calls)), [0, 8, 9]);
        // A read that only a touch explains is not shown without it.
        let half = Record { last_seen_at: seen, ..first.clone() };
        let torn = [&calls[..3], &[got(6, 7, Some(&half))]].concat();
        assert_eq!(began(&smallest_failing(&torn)), [0, 4, 6]);
    }

    #[test]
    fn many_calls_at_once_are_judged_quickly() {
        let draw = draw();
        let first = draw.record();
        let mut calls = vec![create(0, 1, &first)];
        let mut version = first.version;
        // 40 replaces at once, of which only one order fits, then a read that fits none.
        for at in 0..40 {
            let next = draw.record();
            calls.push(replace(2 + at, 100 + at, version, &next));
            version = next.version;
        }
        assert!(is_linearizable(&calls));
        calls.push(got(200, 201, Some(&first)));
        assert!(!is_linearizable(&calls));
    }
}
