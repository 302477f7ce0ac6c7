//! What one clause came to on one peer: a line of JSON, which the suite of stores in `session-conformance/peers` writes, too.

use serde_json::{Value, json};
use session_conformance::{CLAUSES, http};

/// What was held against a suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Http,
    Store,
}

/// What came of a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    /// It failed, and its documentation says that it means to do otherwise.
    Choice,
    /// It has not got what the clause is about, or no way for a test to bring it about.
    LeftOut,
    /// It failed, and whoever is not this project would: the clause asks for its words or its numbers.
    OursOnly,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) kind: Kind,
    /// With its version.
    pub(crate) peer: String,
    pub(crate) language: String,
    pub(crate) clause: String,
    pub(crate) outcome: Outcome,
    /// Why, or how it failed.
    pub(crate) text: String,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Http, Self::Store];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Store => "store",
        }
    }

    /// Gives the ids of its clauses, each with its sentence.
    pub(crate) fn clauses(self) -> Vec<(&'static str, &'static str)> {
        match self {
            Self::Http => http::CLAUSES.iter().map(|clause| (clause.id(), clause.sentence())).collect(),
            Self::Store => CLAUSES.iter().map(|clause| (clause.id(), clause.sentence())).collect(),
        }
    }
}

impl Outcome {
    pub(crate) const ALL: [Self; 5] = [Self::Passed, Self::Failed, Self::Choice, Self::OursOnly, Self::LeftOut];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Choice => "choice",
            Self::LeftOut => "left_out",
            Self::OursOnly => "ours_only",
        }
    }

    /// Gives the sign that stands in a cell.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Passed => "✓",
            Self::Failed => "✗",
            Self::Choice => "c",
            Self::LeftOut => "–",
            Self::OursOnly => "o",
        }
    }

    /// Says what the sign means.
    pub(crate) fn meaning(self) -> &'static str {
        match self {
            Self::Passed => "keeps the clause",
            Self::Failed => "breaks it",
            Self::Choice => "does otherwise, as its documentation says that it means to",
            Self::LeftOut => "has not got what the clause is about, or no way for a test to bring it about",
            Self::OursOnly => {
                "does otherwise, as whoever is not this project would: the clause asks for our words or numbers"
            }
        }
    }
}

impl Line {
    /// Reads a line of JSON.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let (kind, outcome) = (text("kind")?, text("outcome")?);
        Some(Self {
            kind: Kind::ALL.into_iter().find(|it| it.name() == kind)?,
            peer: text("peer")?,
            language: text("language")?,
            clause: text("clause")?,
            outcome: Outcome::ALL.into_iter().find(|it| it.name() == outcome)?,
            text: text("text").unwrap_or_default(),
        })
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "kind": self.kind.name(), "peer": self.peer, "language": self.language, "clause": self.clause,
            "outcome": self.outcome.name(), "text": self.text,
        })
    }
}
