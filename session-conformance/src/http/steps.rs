//! What was done with a server; read when a clause fails.

use std::sync::{Arc, Mutex, PoisonError};

/// What was done, for the failure to tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps(Arc<Mutex<Vec<String>>>);

impl Steps {
    pub(super) fn add(&self, step: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
