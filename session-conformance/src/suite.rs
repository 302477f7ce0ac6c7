//! The macro that emits one test per clause.

use std::ffi::OsString;
use std::io::Write;
use std::num::NonZeroUsize;

use crate::clause::{Capability, Clause, Numbered};
use crate::harness::Harness;
use crate::runner::{Outcome, run};

/// Emits one `#[test]` per clause for the harness.
///
/// ```
/// # use std::sync::Arc;
/// # use session_conformance::session_core::{BoxError, SessionStore};
/// # struct MyHarness;
/// # impl session_conformance::Harness for MyHarness {
/// #     async fn start() -> Result<Self, BoxError> { Ok(Self) }
/// #     fn store(&self) -> Arc<dyn SessionStore> { unreachable!() }
/// #     async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> { unreachable!() }
/// # }
/// mod everything {
/// #   use super::MyHarness;
///     session_conformance::suite!(MyHarness);
/// }
/// mod less {
/// #   use super::MyHarness;
///     session_conformance::suite!(MyHarness,
///         without { SWP: "native time-to-live", OWN: "no index", SCN: "cannot enumerate", WAT: "tells of nothing" },
///         except { REC_8: "may evict" });
/// }
/// # fn main() {}
/// ```
///
/// - `without` leaves out the clauses of a [`Capability`] that the store does not have. CAP-1 checks
///   that it really has not.
/// - `except` leaves out a single [`Clause`]. Nothing checks the reason: write it for the reader of
///   the test report.
///
/// Both come out as `ignored, <reason>`, so the report still names what was left out. Several suites
/// can stand in one file, each in a module of its own.
///
/// A clause that does not exist does not compile:
///
/// ```compile_fail
/// # use std::sync::Arc;
/// # use session_conformance::session_core::{BoxError, SessionStore};
/// # struct MyHarness;
/// # impl session_conformance::Harness for MyHarness {
/// #     async fn start() -> Result<Self, BoxError> { Ok(Self) }
/// #     fn store(&self) -> Arc<dyn SessionStore> { unreachable!() }
/// #     async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> { unreachable!() }
/// # }
/// session_conformance::suite!(MyHarness, except { REC_88: "no such clause" });
/// ```
///
/// nor does a group that does not exist, or that no store can do without:
///
/// ```compile_fail
/// # use std::sync::Arc;
/// # use session_conformance::session_core::{BoxError, SessionStore};
/// # struct MyHarness;
/// # impl session_conformance::Harness for MyHarness {
/// #     async fn start() -> Result<Self, BoxError> { Ok(Self) }
/// #     fn store(&self) -> Arc<dyn SessionStore> { unreachable!() }
/// #     async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> { unreachable!() }
/// # }
/// session_conformance::suite!(MyHarness, without { SWEEP: "no such group" });
/// ```
///
/// ```compile_fail
/// # use std::sync::Arc;
/// # use session_conformance::session_core::{BoxError, SessionStore};
/// # struct MyHarness;
/// # impl session_conformance::Harness for MyHarness {
/// #     async fn start() -> Result<Self, BoxError> { Ok(Self) }
/// #     fn store(&self) -> Arc<dyn SessionStore> { unreachable!() }
/// #     async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> { unreachable!() }
/// # }
/// session_conformance::suite!(MyHarness, without { PUT: "no store can do without" });
/// ```
#[macro_export]
macro_rules! suite {
    ($harness:ty
        $(, without { $($group:ident : $no_group:literal),* $(,)? })?
        $(, except { $($clause:ident : $no_clause:literal),* $(,)? })?
        $(,)?
    ) => {
        $crate::__suite! {
            ($) ($crate::__clauses, $crate::Clause, $crate::Capability) ($crate::__test::<$harness>)
            [$($($group $no_group)*)?] [$($($clause $no_clause)*)?]
        }
    };
}

/// Writes a macro into the caller's module that puts the reason on the tests that are left out, and
/// sends every clause through it. A macro by example can tell two names apart only by a pattern, and
/// the names are the caller's: hence the macro in the macro, and `$d`, which stands for its `$`.
#[doc(hidden)]
#[macro_export]
macro_rules! __suite {
    (($d:tt) ($list:path, $clause_of:path, $capability:path) ($run:expr)
        [$($group:ident $no_group:literal)*] [$($clause:ident $no_clause:literal)*]
    ) => {
        // What is misspelt fails here.
        const _: &[$clause_of] = {
            use $clause_of as Clause;
            &[$(Clause::$clause),*]
        };
        const __SESSION_CONFORMANCE_WITHOUT: &[$capability] = {
            use $capability as Capability;
            &[$(Capability::$group),*]
        };

        #[allow(unused_macros)]
        macro_rules! __session_conformance_test {
            $(($d group:ident $clause $d($d test:tt)*) => {
                #[ignore = $no_clause]
                $d($d test)*
            };)*
            $(($group $d clause:ident $d($d test:tt)*) => {
                #[ignore = $no_group]
                $d($d test)*
            };)*
            ($d group:ident $d clause:ident $d($d test:tt)*) => {
                $d($d test)*
            };
        }

        $list! { $crate::__tests, { __session_conformance_test ($clause_of) ($run) } }
    };
}

/// Writes the tests, each through the caller's macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ({ $emit:ident ($clause_of:path) ($run:expr) }
        $($group:ident { $($clause:ident $id:literal $function:ident $sentence:literal;)+ })+
    ) => {
        $($($emit! { $group $clause
            #[test]
            fn $function() {
                use $clause_of as Clause;
                ($run)(Clause::$clause, __SESSION_CONFORMANCE_WITHOUT);
            }
        })+)+
    };
}

/// Runs one clause as the body of a test, as often as the environment asks for.
#[doc(hidden)]
#[track_caller]
pub fn __test<H: Harness>(clause: Clause, without: &[Capability]) {
    tell(clause, || run::<H>(clause, without));
}

/// Ends a test as its clause came out, of as many runs as the environment asks for.
#[track_caller]
pub(crate) fn tell<C: Numbered>(clause: C, run: impl Fn() -> Outcome<C>) {
    let times = repeats(std::env::var_os(REPEAT)).unwrap_or_else(|error| panic!("{error}"));
    let outcome = repeated(times, run).unwrap_or_else(|failure| panic!("{failure}"));
    // Past the test runner's capture, so that a clause that checked nothing is never silent.
    if let Some(reason) = outcome {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        let _ = writeln!(std::io::stderr(), "{test}: {clause} not applicable: {reason}");
    }
}

/// Says how often each clause is run, each time on a fresh harness.
const REPEAT: &str = "SESSION_TEST_REPEAT";

fn repeats(asked: Option<OsString>) -> Result<NonZeroUsize, String> {
    let Some(asked) = asked else { return Ok(NonZeroUsize::MIN) };
    let number = asked.to_str().and_then(|asked| asked.parse().ok());
    number.ok_or_else(|| format!("{REPEAT} is how often to run each clause, a number from 1, and not {asked:?}"))
}

/// Runs until it fails, or so many times; gives why nothing could be checked, if so.
fn repeated<C: Numbered>(times: NonZeroUsize, run: impl Fn() -> Outcome<C>) -> Result<Option<String>, String> {
    for number in 1..=times.get() {
        match run() {
            Outcome::Passed => {}
            Outcome::NotApplicable(reason) => return Ok(Some(reason)),
            Outcome::Failed(failure) if times.get() == 1 => return Err(failure.to_string()),
            Outcome::Failed(failure) => return Err(format!("in run {number} of {times}:\n{failure}")),
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_runs_is_one_unless_it_is_asked_for() {
        let number = |asked: Option<&str>| repeats(asked.map(OsString::from)).map(NonZeroUsize::get);
        assert_eq!(number(None), Ok(1));
        assert_eq!(number(Some("20")), Ok(20));
        for wrong in ["", "0", "-1", "many", "20 "] {
            assert!(number(Some(wrong)).unwrap_err().contains(REPEAT), "{wrong:?}");
        }
    }
}
