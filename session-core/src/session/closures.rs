//! Closures of the application's, which change values.
//!
//! None runs while what the handle knows is locked, so one that uses its own session after all finds it open. What waits for
//! the store, or for another write of the session, could wait for itself: it is told at once that a closure runs.

use std::cell::Cell;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;

use super::changes::{Apply, Change};
use super::value::{WrongTypes, read_or, write};
use super::{KeyOf, OnWrongType};
use crate::engine::SessionError;

/// How often a closure is run because its session had changed meanwhile. Requests change their session seldom and in a
/// moment, so whoever comes as far changes it himself.
pub(crate) const MOST_RUNS: usize = 100;

thread_local! {
    static RUNNING: Cell<u32> = const { Cell::new(0) };
}

/// Runs a closure of the application's.
pub(crate) fn run<T>(closure: impl FnOnce() -> T) -> T {
    /// It may panic.
    struct Running;

    impl Drop for Running {
        fn drop(&mut self) {
            RUNNING.set(RUNNING.get() - 1);
        }
    }

    RUNNING.set(RUNNING.get() + 1);
    let _running = Running;
    closure()
}

/// Says why a session cannot be written here, if so: a closure of the application's runs on this thread.
pub(crate) fn check_none_runs() -> Result<(), SessionError> {
    if RUNNING.get() == 0 { Ok(()) } else { Err(SessionError::WithinClosure) }
}

/// An update of one value.
pub(super) struct Update<F> {
    pub(super) name: SmolStr,
    policy: OnWrongType,
    change: F,
}

impl<F> Update<F> {
    pub(super) fn of<T>(key: impl KeyOf<T>, change: F) -> Self {
        Self { name: SmolStr::new(key.as_key()), policy: key.when_wrong_type(), change }
    }

    /// Makes it on the text of the old value, and gives the new value and its text.
    pub(super) fn make<T>(
        &self,
        old: Option<&str>,
        wrong: &mut WrongTypes,
    ) -> Result<(T, Option<SmolStr>), SessionError>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T,
    {
        let old = old.map_or(Ok(None), |text| read_or(&self.name, text, self.policy, || wrong))?;
        let new = run(|| (self.change)(old));
        let text = write(&self.name, &new)?;
        Ok((new, text))
    }

    /// Gives it as it is made again, on what another request wrote.
    pub(super) fn into_change<T>(self) -> Change
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        let key = self.name.clone();
        let apply: Apply = Arc::new(move |old, wrong| self.make(old, wrong).map(|(_, text)| text));
        Change::Update { key, apply }
    }
}
