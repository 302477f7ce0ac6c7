//! What is said of clauses that peers fail: what a peer documents as its choice, what is ours alone, and what it has not got.

use std::path::Path;
use std::{fs, io};

use serde_json::Value;
use session_conformance::Failure;
use session_conformance::http::Clause;

use super::line::Outcome;

/// The notes of `session-conformance/peers/http/notes.json`, of which the first that fits counts. A note names a failure: its
/// clauses and its peers (all of both, where it names none), what was `expected` there, and what `came`, each in part.
pub(crate) struct Notes(Vec<Note>);

struct Note {
    clauses: Vec<String>,
    peers: Vec<String>,
    expected: String,
    came: String,
    outcome: Outcome,
    why: String,
}

impl Notes {
    pub(crate) fn read(folder: &Path) -> io::Result<Self> {
        let notes: Vec<Value> = serde_json::from_slice(&fs::read(folder.join("http/notes.json"))?)?;
        let read = notes.iter().map(|note| {
            Note::of(note).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("notes.json: {note}")))
        });
        read.collect::<io::Result<_>>().map(Self)
    }

    /// Gives what kind of failure this is of a peer, and why; `None` where nothing is noted.
    pub(crate) fn on(&self, peer: &str, failure: &Failure<Clause>) -> Option<(Outcome, &str)> {
        let fits = |names: &[String], name: &str| names.is_empty() || names.iter().any(|it| it == name);
        let note = self.0.iter().find(|note| {
            fits(&note.clauses, failure.clause.id())
                && fits(&note.peers, peer)
                && failure.expected.contains(&note.expected)
                && failure.came.contains(&note.came)
        })?;
        Some((note.outcome, &note.why))
    }

    /// Gives the choices that are noted of a peer alone, each with its clauses.
    pub(crate) fn choices<'a>(&'a self, peer: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.0.iter().filter(move |note| note.peers == [peer] && note.outcome == Outcome::Choice);
        own.flat_map(|note| note.clauses.iter().map(String::as_str))
    }
}

impl Note {
    fn of(note: &Value) -> Option<Self> {
        let texts = |name: &str| -> Option<Vec<String>> {
            let all = note.get(name).map_or(Some(&[][..]), |it| it.as_array().map(Vec::as_slice))?;
            all.iter().map(|it| it.as_str().map(str::to_owned)).collect()
        };
        let text = |name: &str| note.get(name).map_or(Some(""), Value::as_str).map(str::to_owned);
        let outcome = text("outcome")?;
        Some(Self {
            clauses: texts("clauses")?,
            peers: texts("peers")?,
            expected: text("expected")?,
            came: text("came")?,
            outcome: Outcome::ALL.into_iter().find(|it| it.name() == outcome)?,
            why: text("why").filter(|why| !why.is_empty())?,
        })
    }
}
