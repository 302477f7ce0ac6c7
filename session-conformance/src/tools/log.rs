//! What a clause has done so far; read when it fails, or hangs.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Remembers the steps. Clones share one memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<VecDeque<String>>>);

impl Log {
    /// A clause of many steps forgets how it began.
    const KEPT: usize = 5_000;

    fn steps(&self) -> MutexGuard<'_, VecDeque<String>> {
        // A clause that panicked still has steps to show.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what is about to be done.
    pub(crate) fn begin(&self, step: String) {
        let mut steps = self.steps();
        if steps.len() == Self::KEPT {
            steps.pop_front();
        }
        steps.push_back(step);
    }

    /// Notes what the latest step came to.
    pub(crate) fn end(&self, result: &str) {
        if let Some(step) = self.steps().back_mut() {
            step.push_str(" → ");
            step.push_str(result);
        }
    }

    /// Gives the steps, oldest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.steps().iter().cloned().collect()
    }
}

/// How many lines a reader is asked to go through.
const SHOWN: usize = 20;
/// What a failure names that is about no key.
const SWEEP: &str = "delete_expired";
/// How many of them are the last, whatever they are about.
const LAST: usize = 5;

/// Cuts many lines down to those that tell of the failure: the first, the last, and the latest that name
/// a key which the failure or the last line names.
pub(crate) fn what_matters(lines: Vec<String>, failure: &str) -> Vec<String> {
    if lines.len() <= SHOWN {
        return lines;
    }
    let mut named = [failure, lines.last().map_or("", String::as_str)].map(keys).concat();
    if failure.contains(SWEEP) {
        named = vec![SWEEP];
    }
    let about = |line: &str| named.iter().any(|name| line.contains(name));
    let latest = lines.len() - LAST;
    let mut shown: Vec<usize> = (latest..lines.len()).collect();
    let telling = (1..latest).rev().filter(|at| about(&lines[*at]));
    shown.extend(telling.take(SHOWN - LAST - 1));
    shown.push(0);
    shown.sort_unstable();
    let mut cut = Vec::new();
    let mut next = 0;
    for at in shown {
        match at - next {
            0 => {}
            1 => cut.push(lines[next].clone()),
            many => cut.push(format!("… {many} steps, left out here")),
        }
        cut.push(lines[at].clone());
        next = at + 1;
    }
    cut
}

/// Finds the keys that a text names.
fn keys(text: &str) -> Vec<&str> {
    let starts = text.match_indices("SessionKey(").map(|(at, _)| &text[at..]);
    starts.filter_map(|text| text.split_inclusive(')').next()).collect()
}

/// Writes each record whole where it is first seen, and by its version where it is seen again unchanged.
pub(crate) fn each_record_once(lines: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    lines.into_iter().map(|line| known_by_version(&line, &mut seen)).collect()
}

fn known_by_version(line: &str, seen: &mut HashSet<String>) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, record)) = rest.split_once("{ Version(") {
        let Some((record, after)) = record.split_once(" }") else { break };
        text.push_str(before);
        let version = record.split(')').next().unwrap_or_default();
        if seen.insert(record.to_owned()) {
            text.push_str(&format!("{{ Version({record} }}"));
        } else {
            text.push_str(&format!("{{ Version({version}), as above }}"));
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> Vec<String> {
        (0..count).map(|at| format!("{at} SessionKey({:02x}…)", at % 10)).collect()
    }

    #[test]
    fn a_step_is_shown_with_what_came_of_it() {
        let log = Log::default();
        log.begin("get".to_owned());
        log.end("None");
        log.begin("delete".to_owned());
        assert_eq!(log.lines(), ["get → None", "delete"]);
    }

    #[test]
    fn a_short_log_is_shown_whole() {
        assert_eq!(what_matters(lines(SHOWN), ""), lines(SHOWN));
    }

    #[test]
    fn of_a_long_log_the_ends_are_shown_and_what_the_failure_names() {
        let shown = what_matters(lines(60), "SessionKey(03…) once").join("\n");
        for at in [0, 3, 13, 23, 33, 43, 53, 55, 56, 57, 58, 59] {
            assert!(shown.contains(&lines(60)[at]), "{at} in {shown}");
        }
        // The last line is about a key, too.
        assert!(shown.contains("49 SessionKey(09…)"), "{shown}");
        assert!(shown.contains("… 2 steps, left out here") && !shown.contains("42 "), "{shown}");
    }

    #[test]
    fn a_long_log_of_one_key_is_cut_at_its_beginning() {
        let shown = what_matters(vec!["SessionKey(03…)".to_owned(); 100], "SessionKey(03…)");
        assert_eq!(shown.len(), SHOWN + 1);
        assert_eq!(shown[1], "… 80 steps, left out here");
    }

    #[test]
    fn a_record_seen_again_unchanged_is_named_by_its_version() {
        let (first, moved) = ("{ Version(0a), payload, expires 1ms }", "{ Version(0a), payload, expires 2ms }");
        let lines = [format!("put Create {first} → Stored"), format!("get → {first}"), format!("get → {moved}")];
        let told = each_record_once(lines.to_vec());
        assert_eq!(told[0], lines[0]);
        assert_eq!(told[1], "get → { Version(0a), as above }");
        assert_eq!(told[2], lines[2]);
    }
}
