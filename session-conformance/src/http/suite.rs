//! The macro that emits one test per clause, and what runs one.

use std::process::Command;
use std::time::Duration;

use super::case::Case;
use super::clause::{Capability, Clause};
use super::clauses;
use crate::check::{Failure, Stop, with_causes};
use crate::runner::{Outcome, watched};
use crate::suite::tell;

/// Longer than any clause takes. It ends what hangs.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// Emits one `#[test]` per clause for a server, given a [`Command`] that starts it.
///
/// ```
/// use std::process::Command;
///
/// mod everything {
/// #   use super::Command;
///     session_conformance::http_suite!(Command::new("my-server"));
/// }
/// mod less {
/// #   use super::Command;
///     session_conformance::http_suite!(Command::new("my-server"),
///         without { LIVE: "neither events nor sockets" },
///         except { SAVE_6: "a panic ends the server" });
/// }
/// # fn main() {}
/// ```
///
/// `without` and `except` are those of [`suite!`](crate::suite). What does not exist does not compile:
///
/// ```compile_fail
/// session_conformance::http_suite!(std::process::Command::new("my-server"), except { SAVE_66: "no such clause" });
/// ```
#[macro_export]
macro_rules! http_suite {
    ($command:expr
        $(, without { $($group:ident : $no_group:literal),* $(,)? })?
        $(, except { $($clause:ident : $no_clause:literal),* $(,)? })?
        $(,)?
    ) => {
        $crate::__suite! {
            ($) ($crate::__http_clauses, $crate::http::Clause, $crate::http::Capability)
            (|clause, without| $crate::http::__test(|| $command, clause, without))
            [$($($group $no_group)*)?] [$($($clause $no_clause)*)?]
        }
    };
}

/// Runs one clause against the server that `command` starts, which is declared to do `without` some capabilities.
///
/// [`http_suite!`](crate::http_suite) is the usual way; this is for reports, and for tests of the suite itself.
pub fn run(command: impl Fn() -> Command + Send + 'static, clause: Clause, without: &[Capability]) -> Outcome<Clause> {
    if let Some(capability) = clause.group().capability()
        && without.contains(&capability)
    {
        return Outcome::NotApplicable(format!("the server is declared to be without {capability:?}"));
    }
    let case = match Case::new(command) {
        Ok(case) => case,
        Err(error) => {
            let (expected, came) = ("a folder of one's own".to_owned(), with_causes(&error));
            return Outcome::Failed(Failure { clause, done: Vec::new(), expected, came, replay: None });
        }
    };
    let steps = case.steps.clone();
    let check = watched(clause.id(), TIME_LIMIT, "the last requests tell which", None, move || async move {
        clauses::check(clause, &case).await
    });
    match check {
        Ok(()) => Outcome::Passed,
        Err(Stop::NotApplicable(reason)) => Outcome::NotApplicable(reason),
        Err(Stop::Broken { expected, came }) => {
            Outcome::Failed(Failure { clause, done: steps.lines(), expected, came, replay: None })
        }
    }
}

/// Runs one clause as the body of a test.
#[doc(hidden)]
#[track_caller]
pub fn __test(command: impl Fn() -> Command + Clone + Send + 'static, clause: Clause, without: &[Capability]) {
    tell(clause, || run(command.clone(), clause, without));
}
