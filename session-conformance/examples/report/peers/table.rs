//! The table: clauses by peers.

use serde_json::{Value, json};

use super::line::{Kind, Line, Outcome};

/// What is known of all peers.
pub(crate) struct Table {
    /// The day on which it was made.
    pub(crate) date: String,
    pub(crate) lines: Vec<Line>,
    /// Who could not be had, and why.
    pub(crate) missing: Vec<(String, String)>,
}

/// A peer, and what came of each clause.
pub(crate) struct Column<'a> {
    pub(crate) peer: &'a str,
    pub(crate) language: &'a str,
    lines: Vec<&'a Line>,
}

impl Table {
    /// Gives the peers of a suite, in the order in which they were asked.
    pub(crate) fn columns(&self, kind: Kind) -> Vec<Column<'_>> {
        let mut columns: Vec<Column<'_>> = Vec::new();
        for line in self.lines.iter().filter(|line| line.kind == kind) {
            match columns.iter_mut().find(|column| column.peer == line.peer) {
                Some(column) => column.lines.push(line),
                None => columns.push(Column { peer: &line.peer, language: &line.language, lines: vec![line] }),
            }
        }
        columns
    }

    /// Writes it for programs.
    pub(crate) fn json(&self) -> Value {
        let missing: Vec<_> = self.missing.iter().map(|(peer, why)| json!({ "peer": peer, "why": why })).collect();
        let lines: Vec<_> = self.lines.iter().map(Line::json).collect();
        json!({
            "suite": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION"), "date": self.date,
            "missing": missing, "lines": lines,
        })
    }
}

impl<'a> Column<'a> {
    /// Gives what came of a clause; `None` where it was not asked.
    pub(crate) fn line(&self, clause: &str) -> Option<&'a Line> {
        self.lines.iter().copied().find(|line| line.clause == clause)
    }

    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.lines.iter().filter(|line| line.outcome == outcome).count()
    }

    /// Gives the name of the peer's page, and of its place on a page.
    pub(crate) fn slug(&self) -> String {
        let mut slug = String::new();
        for letter in self.peer.chars().map(|letter| letter.to_ascii_lowercase()) {
            if letter.is_ascii_alphanumeric() {
                slug.push(letter);
            } else if !slug.ends_with('-') {
                slug.push('-');
            }
        }
        slug.trim_matches('-').to_owned()
    }
}
