//! What a clause came to on a store, as a line of JSON.

use anyhow::Result;
use serde::Serialize;
use session_conformance::{Clause, Outcome};

use crate::column::Column;

#[derive(Debug, Serialize)]
pub(crate) struct Line {
    kind: &'static str,
    peer: String,
    language: &'static str,
    clause: &'static str,
    outcome: &'static str,
    text: String,
}

impl Line {
    /// Runs the clause, unless the store does without.
    pub(crate) fn of(column: &Column, clause: Clause) -> Result<Self> {
        let (outcome, text) = came(column, clause);
        Ok(Self { kind: "store", peer: column.title()?, language: "Rust", clause: clause.id(), outcome, text })
    }

    pub(crate) fn outcome(&self) -> &'static str {
        self.outcome
    }
}

fn came(column: &Column, clause: Clause) -> (&'static str, String) {
    if let Some(why) = column.left_out(clause) {
        return ("left_out", why.to_owned());
    }
    match column.run(clause) {
        Outcome::Passed => ("passed", String::new()),
        Outcome::NotApplicable(why) => ("left_out", why),
        Outcome::Failed(failure) => {
            let text = failure.to_string();
            if text.contains("there are three ways to get one") {
                return ("left_out", failure.came);
            }
            // An error is the store's own, whatever was asked of it.
            match column.note(clause).filter(|_| !failure.expected.ends_with(" works")) {
                None => ("failed", text),
                Some(why) => ("ours_only", format!("{why}\n\n{text}")),
            }
        }
        // There is no other today.
        other => ("failed", format!("{other:?}")),
    }
}
