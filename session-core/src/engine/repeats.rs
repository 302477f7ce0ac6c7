//! What a log is told of what fails over and over.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long no more is said of what has just been said.
pub(crate) const QUIET: Duration = Duration::from_secs(10);

/// Has the log hear at once of what fails, and then every ten seconds how often more it did: an outage fails thousands of
/// requests a second in the same way.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    kinds: Mutex<Vec<Said>>,
    /// Something was left out. Read with every call that succeeds, so without the lock.
    is_owing: AtomicBool,
}

#[derive(Debug)]
struct Said {
    what: What,
    at: Instant,
    left_out: u64,
}

/// An event's name, and the kind of the error.
pub(crate) type What = (&'static str, &'static str);

impl Repeats {
    /// Says how often it was left out since it was said last, if it is to be said again now; `None` if it is left out.
    pub(crate) fn say(&self, what: What) -> Option<u64> {
        let now = Instant::now();
        let mut kinds = self.kinds();
        let Some(said) = kinds.iter_mut().find(|said| said.what == what) else {
            kinds.push(Said { what, at: now, left_out: 0 });
            return Some(0);
        };
        if now.duration_since(said.at) < QUIET {
            said.left_out += 1;
            self.is_owing.store(true, Ordering::Relaxed);
            return None;
        }
        said.at = now;
        Some(std::mem::take(&mut said.left_out))
    }

    /// Gives what was left out, and how often, and has not come again since.
    pub(crate) fn owed(&self) -> Vec<(What, u64)> {
        if !self.is_owing.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let now = Instant::now();
        let mut kinds = self.kinds();
        let overdue = kinds.iter_mut().filter(|said| said.left_out > 0 && now.duration_since(said.at) >= QUIET);
        let owed = overdue.map(|said| {
            said.at = now;
            (said.what, std::mem::take(&mut said.left_out))
        });
        let owed = owed.collect();
        self.is_owing.store(kinds.iter().any(|said| said.left_out > 0), Ordering::Relaxed);
        owed
    }

    fn kinds(&self) -> MutexGuard<'_, Vec<Said>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn nothing_is_lost_of_what_is_left_out() {
        let repeats = Repeats::default();
        let (down, full) = (("store_failed", "unavailable"), ("store_failed", "full"));
        assert_eq!(repeats.say(down), Some(0));
        assert_eq!((repeats.say(down), repeats.say(down)), (None, None));
        assert_eq!(repeats.say(full), Some(0), "another kind is news");
        assert!(repeats.owed().is_empty(), "it is too early");
        advance(QUIET).await;
        assert_eq!(repeats.say(down), Some(2));
        assert_eq!(repeats.say(down), None);
        advance(QUIET).await;
        assert_eq!(repeats.owed(), [(down, 1)]);
        assert!(repeats.owed().is_empty());
        advance(QUIET).await;
        assert_eq!(repeats.say(down), Some(0));
    }
}
