//! Changes by closures of the application's: each is made on a copy of what is there, and kept if that still holds then.

use std::sync::MutexGuard;

use serde::Serialize;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;

use super::changes::replay;
use super::closures::{MOST_RUNS, Update};
use super::state::{Rebased, State};
use super::{KeyOf, Session};
use crate::engine::SessionError;
use crate::payload::Contents;

impl Session {
    /// Sets a value to what `change` makes of the old one, and gives it as it is for now.
    ///
    /// If another request was written meanwhile, `change` runs again on what that one wrote, so no update is
    /// lost. It must therefore depend on its argument alone. What it returned last is what is stored; where the answer must
    /// be that one, use [`transaction`](Self::transaction). Where it makes `None` (of a `T` that is an `Option`), the value
    /// is removed; it is given `None` where there is no value.
    ///
    /// # Errors
    /// `WrongType` if the old value is of another type, unless its key says [what then holds](crate::OnWrongType);
    /// `NotSerializable` if the new one could not be read again. The old one stays. `WithinClosure` if `change` itself sets
    /// this value of the session.
    pub fn update<T, F>(&self, key: impl KeyOf<T>, change: F) -> Result<T, SessionError>
    where
        T: Serialize + DeserializeOwned,
        F: Fn(Option<T>) -> T + Send + Sync + 'static,
    {
        let update = Update::of(key, change);
        for _ in 0..MOST_RUNS {
            let (old, mut wrong) = {
                let state = self.state();
                (state.draft.text(&update.name).map(SmolStr::new), state.draft.wrong_types())
            };
            let made = update.make::<T>(old.as_deref(), &mut wrong);
            let mut state = self.state();
            state.draft.note(wrong);
            let holds = state.draft.text(&update.name) == old.as_deref();
            let done = match made {
                Ok((new, text)) if holds => {
                    let soft = state.draft.set(&update.name, text);
                    state.draft.push(update.into_change::<T>(), soft);
                    state.late |= state.closed;
                    Ok(new)
                }
                Ok(_) => {
                    self.unlock(state);
                    continue;
                }
                Err(error) => Err(error),
            };
            self.unlock(state);
            return done;
        }
        Err(SessionError::WithinClosure)
    }

    /// Locks what the handle knows, with the changes that nobody is writing yet as they are on `contents`.
    pub(crate) fn rebased_on(&self, contents: &Contents) -> (MutexGuard<'_, State>, Rebased) {
        for _ in 0..MOST_RUNS {
            let state = self.state();
            if state.draft.log().is_empty() {
                return (state, Rebased::Contents);
            }
            let (log, generation) = (state.draft.log().to_vec(), state.draft.generation());
            let mut wrong = state.draft.wrong_types();
            drop(state);
            let replayed = replay(&log, contents.clone(), &mut wrong);
            let mut state = self.state();
            state.draft.note(wrong);
            if state.draft.generation() == generation {
                return (state, replayed.map_or(Rebased::Impossible, Rebased::Changed));
            }
        }
        (self.state(), Rebased::Impossible)
    }
}
