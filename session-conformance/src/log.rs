//! What a clause has done so far; read when it fails, or hangs.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Remembers the latest steps. Clones share one memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log(Arc<Mutex<Steps>>);

#[derive(Debug, Default)]
struct Steps {
    forgotten: usize,
    latest: VecDeque<String>,
}

impl Log {
    const SHOWN: usize = 16;

    fn steps(&self) -> MutexGuard<'_, Steps> {
        // A clause that panicked still has steps to show.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what is about to be done.
    pub(crate) fn begin(&self, step: String) {
        let mut steps = self.steps();
        steps.latest.push_back(step);
        if steps.latest.len() > Self::SHOWN {
            steps.latest.pop_front();
            steps.forgotten += 1;
        }
    }

    /// Notes what the latest step came to.
    pub(crate) fn end(&self, result: &str) {
        if let Some(step) = self.steps().latest.back_mut() {
            step.push_str(" → ");
            step.push_str(result);
        }
    }

    /// Gives the steps, oldest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        let steps = self.steps();
        let earlier = (steps.forgotten > 0).then(|| format!("({} earlier steps)", steps.forgotten));
        earlier.into_iter().chain(steps.latest.iter().cloned()).collect()
    }
}
