//! The words in which clauses say what they expect, and the value that says it did not come.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Debug, Write};

use crate::clause::{Clause, Numbered};

/// How a store, or a server, broke a clause.
///
/// It prints as the clause's id and sentence, what was done, what was expected and what came, and whether another run of the
/// clause may come out otherwise.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure<C = Clause> {
    /// The clause that was broken.
    pub clause: C,
    /// What was done up to then, the last step last.
    pub done: Vec<String>,
    /// What the contract asks for.
    pub expected: String,
    /// What came instead.
    pub came: String,
    /// How to run it again, where that is more than to run it.
    pub replay: Option<String>,
}

impl<C: Numbered> fmt::Display for Failure<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} is broken: {}", self.clause, self.clause.sentence())?;
        write_block(f, "done", &self.done.join("\n"))?;
        write_block(f, "expected", &self.expected)?;
        write_block(f, "came", &self.came)?;
        write_block(f, "kind", &self.clause.kind().unwrap_or_default())?;
        write_block(f, "replay", self.replay.as_deref().unwrap_or_default())
    }
}

impl<C: Numbered> Error for Failure<C> {}

fn write_block(f: &mut fmt::Formatter<'_>, title: &str, text: &str) -> fmt::Result {
    for (number, line) in text.lines().enumerate() {
        let title = if number == 0 { title } else { "" };
        writeln!(f, "  {title:>8}  {line}")?;
    }
    Ok(())
}

/// What a clause, or a step of one, comes to.
pub(crate) type Check<T = ()> = Result<T, Stop>;

/// Why a clause ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The store broke it.
    Broken { expected: String, came: String },
    /// It could not be checked, for this reason.
    NotApplicable(String),
}

impl Stop {
    /// Adds what the failure itself does not show.
    pub(crate) fn with(self, note: &str) -> Self {
        match self {
            Self::Broken { expected, came } => Self::Broken { expected, came: format!("{came}\n{note}") },
            other => other,
        }
    }
}

/// Ends the clause: something else was expected.
pub(crate) fn broken<T>(expected: impl Into<String>, came: impl Into<String>) -> Check<T> {
    Err(Stop::Broken { expected: expected.into(), came: came.into() })
}

/// Ends the clause if `ok` does not hold.
pub(crate) fn ensure(ok: bool, expected: impl Into<String>, came: impl FnOnce() -> String) -> Check {
    if ok { Ok(()) } else { broken(expected, came()) }
}

/// Ends the clause if two values differ.
pub(crate) fn equal<T: PartialEq + Debug>(what: &str, expected: &T, came: &T) -> Check {
    ensure(expected == came, format!("{what}: {expected:?}"), || format!("{what}: {came:?}"))
}

/// Ends the clause: it cannot be checked here.
pub(crate) fn not_applicable<T>(reason: impl Into<String>) -> Check<T> {
    Err(Stop::NotApplicable(reason.into()))
}

/// Ends the clause if the step failed.
pub(crate) fn works<T, E: Into<Box<dyn Error + Send + Sync>>>(what: &str, result: Result<T, E>) -> Check<T> {
    result.or_else(|error| broken(format!("{what} works"), with_causes(&*error.into())))
}

/// Writes an error with its causes.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, "; because: {error}");
        cause = error.source();
    }
    text
}

/// Reads what a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("a panic: {}", text.unwrap_or("without a message"))
}
