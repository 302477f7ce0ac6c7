//! Whose end is waited for, and who is told of changes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::store::{Keeper, Notice, SessionKey, SessionStore, Watcher};

/// Hands on what the store tells to whoever waits for the end of that session, and what this process ends itself.
#[derive(Default)]
pub(crate) struct Watching {
    waiting: Arc<Waiting>,
    /// Hears the store, from the first who waits on.
    listening: Keeper,
}

#[derive(Default)]
struct Waiting {
    by_key: Mutex<HashMap<SessionKey, watch::Sender<Heard>>>,
    /// The store tells of every end.
    is_fed: AtomicBool,
}

/// What was heard of a session so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// How often it was changed.
    pub(crate) changes: u32,
    /// How often something may have been missed.
    pub(crate) gaps: u32,
}

impl Watching {
    /// Waits for what is heard of the session from now on, and has the store tell of it, if it can.
    pub(crate) fn wait_for(&self, key: SessionKey, store: &dyn SessionStore) -> Watched {
        self.listening.keep(|| Some(Arc::clone(&self.waiting).hear(store.watch()?.watcher())));
        self.waiting.watched(key)
    }

    /// Takes note that this process has changed what stands under the key.
    pub(crate) fn changed(&self, key: &SessionKey) {
        self.waiting.changed(key);
    }

    /// Tells whether the store tells of every end.
    pub(crate) fn is_fed(&self) -> bool {
        self.waiting.is_fed.load(Ordering::Acquire)
    }
}

impl Waiting {
    fn by_key(&self) -> MutexGuard<'_, HashMap<SessionKey, watch::Sender<Heard>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watched(self: &Arc<Self>, key: SessionKey) -> Watched {
        let mut by_key = self.by_key();
        let heard = by_key.entry(key).or_insert_with(|| watch::channel(Heard::default()).0).subscribe();
        Watched { waiting: Arc::clone(self), key, heard }
    }

    async fn hear(self: Arc<Self>, mut watcher: Watcher) {
        // Also when the task ends with its runtime: nobody hears the store then.
        let _unfed = Unfed(&self);
        while let Some(notice) = watcher.next().await {
            match notice {
                Notice::Changed(key) => self.changed(&key),
                Notice::Lost => self.gap(false),
                Notice::Resumed => self.gap(true),
            }
        }
    }

    fn changed(&self, key: &SessionKey) {
        if let Some(heard) = self.by_key().get(key) {
            heard.send_modify(|heard| heard.changes = heard.changes.wrapping_add(1));
        }
    }

    fn gap(&self, is_fed: bool) {
        self.is_fed.store(is_fed, Ordering::Release);
        for heard in self.by_key().values() {
            heard.send_modify(|heard| heard.gaps = heard.gaps.wrapping_add(1));
        }
    }
}

struct Unfed<'a>(&'a Waiting);

impl Drop for Unfed<'_> {
    fn drop(&mut self) {
        self.0.gap(false);
    }
}

/// Hears of one session, until it is dropped.
pub(crate) struct Watched {
    waiting: Arc<Waiting>,
    key: SessionKey,
    heard: watch::Receiver<Heard>,
}

impl Watched {
    pub(crate) fn key(&self) -> &SessionKey {
        &self.key
    }

    /// Gives one who waits for what is heard. It must be dropped before this.
    pub(crate) fn ear(&self) -> watch::Receiver<Heard> {
        self.heard.clone()
    }
}

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Watched").field(&self.key).finish()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let mut by_key = self.waiting.by_key();
        // This one's own receiver is still there.
        if by_key.get(&self.key).is_some_and(|heard| heard.receiver_count() <= 1) {
            by_key.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(watching: &Watching) -> usize {
        watching.waiting.by_key().len()
    }

    #[test]
    fn who_no_longer_waits_leaves_nothing() {
        let watching = Watching::default();
        let wait = |number| watching.waiting.watched(SessionKey::from_bytes([number; 32]));
        let (one, same, other) = (wait(1), wait(1), wait(2));
        assert_eq!(waiting(&watching), 2);
        drop(one);
        assert_eq!(waiting(&watching), 2);
        let mut ear = same.ear();
        watching.changed(same.key());
        watching.changed(&SessionKey::from_bytes([3; 32]));
        assert_eq!(*ear.borrow_and_update(), Heard { changes: 1, gaps: 0 });
        assert!(!other.ear().has_changed().unwrap());
        drop(ear);
        drop((same, other));
        assert_eq!(waiting(&watching), 0);
    }
}
