//! Ends that were asked for, and that the store has not made yet.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::store::SessionKey;

/// How many ends a process tries to make at once, after the store has failed to.
const MOST: usize = 10_000;

/// Knows the keys that this process was asked to end, while it is still trying to. What comes with their ids meanwhile
/// is treated as if it had.
///
/// A crash of the process loses them: who was answered 503 must ask again.
#[derive(Default)]
pub(crate) struct Settling {
    /// Read before the keys are locked, since there are none nearly always.
    count: AtomicUsize,
    keys: Mutex<HashSet<SessionKey>>,
}

impl Settling {
    pub(crate) fn has(&self, key: &SessionKey) -> bool {
        self.count.load(Ordering::Acquire) > 0 && self.keys().contains(key)
    }

    /// Takes note of an end that is to be made; `false` if somebody is about to make it, or if there are too many.
    pub(crate) fn begin(&self, key: SessionKey) -> bool {
        let mut keys = self.keys();
        let new = keys.len() < MOST && keys.insert(key);
        self.count.store(keys.len(), Ordering::Release);
        new
    }

    /// Takes note that it was made, or given up.
    pub(crate) fn done(&self, key: &SessionKey) {
        let mut keys = self.keys();
        keys.remove(key);
        self.count.store(keys.len(), Ordering::Release);
    }

    fn keys(&self) -> MutexGuard<'_, HashSet<SessionKey>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_kept_than_a_process_can_work_off() {
        let settling = Settling::default();
        let key = |number: usize| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&number.to_be_bytes());
            SessionKey::from_bytes(bytes)
        };
        assert!((0..MOST).all(|number| settling.begin(key(number))));
        assert!(!settling.begin(key(0)), "it is on its way");
        assert!(!settling.begin(key(MOST)), "there are too many");
        assert!(settling.has(&key(0)) && !settling.has(&key(MOST)));
        (0..MOST).for_each(|number| settling.done(&key(number)));
        assert!(!settling.has(&key(0)));
        assert!(settling.begin(key(MOST)));
    }
}
