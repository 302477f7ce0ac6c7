//! The table: clauses by peers.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::line::{Kind, Line, Outcome};
use crate::suites::Error;

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
    pub(crate) fn new(date: String) -> Self {
        Self { date, lines: Vec::new(), missing: Vec::new() }
    }

    /// Reads what was written for programs.
    pub(crate) fn read(path: &Path, date: String) -> Result<Self, Error> {
        let table: Value = serde_json::from_slice(&fs::read(path)?)?;
        let all = |name: &str| table[name].as_array().cloned().unwrap_or_default();
        let missing = all("missing").into_iter().map(|it| {
            let text = |name: &str| it[name].as_str().unwrap_or_default().to_owned();
            (text("peer"), text("why"))
        });
        let lines: Option<_> = all("lines").iter().map(|line| Line::parse(&line.to_string())).collect();
        Ok(Self { date, lines: lines.ok_or("table.json has a line that is none")?, missing: missing.collect() })
    }

    /// Puts lines in the place of those of the same peers, of whatever version, and else behind all others.
    pub(crate) fn replace(&mut self, name: &str, lines: Vec<Line>) {
        self.missing.retain(|(missing, _)| missing != name);
        let library = |line: &Line| (line.kind, line.peer.split(' ').next().map(str::to_owned));
        let new: BTreeSet<_> = lines.iter().map(library).collect();
        let place = self.lines.iter().position(|line| new.contains(&library(line)));
        self.lines.retain(|line| !new.contains(&library(line)));
        let place = place.unwrap_or(self.lines.len());
        self.lines.splice(place..place, lines);
    }

    /// Says that a peer could not be had.
    pub(crate) fn misses(&mut self, name: &str, why: String) {
        self.missing.retain(|(missing, _)| missing != name);
        self.missing.push((name.to_owned(), why));
    }

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
