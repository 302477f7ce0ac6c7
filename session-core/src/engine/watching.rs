//! Who is told of changes: whoever waits for the end of a session, and the near cache.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::near::{Mark, NearCache};
use crate::store::{Keeper, Notice, Record, SessionKey, SessionStore, Watcher};

/// Hands on what the store tells, and what this process changes itself, to whoever waits for the end of that session and
/// to the near cache.
#[derive(Default)]
pub(crate) struct Watching {
    waiting: Arc<Waiting>,
    /// Hears the store, from the first who wants to know on.
    listening: Keeper,
}

#[derive(Default)]
struct Waiting {
    by_key: Mutex<HashMap<SessionKey, watch::Sender<Heard>>>,
    /// The store tells of every end.
    is_fed: AtomicBool,
    near: Option<NearCache>,
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
    pub(crate) fn new(near: Option<NearCache>) -> Self {
        let waiting = Waiting { near, ..Waiting::default() };
        Self { waiting: Arc::new(waiting), listening: Keeper::default() }
    }

    /// Waits for what is heard of the session from now on, and has the store tell of it, if it can.
    pub(crate) fn wait_for(&self, key: SessionKey, store: &dyn SessionStore) -> Watched {
        self.hear(store);
        self.waiting.watched(key)
    }

    /// Gives the near cache, if there is one.
    pub(crate) fn near(&self) -> Option<&NearCache> {
        self.waiting.near.as_ref()
    }

    /// Marks how things are, for what is about to be read and may be kept; `None` if nothing is.
    pub(crate) fn mark(&self, key: &SessionKey, store: &dyn SessionStore) -> Option<Mark> {
        self.near().map(|near| {
            self.hear(store);
            near.mark(key)
        })
    }

    /// Keeps what was read since `mark`.
    pub(crate) fn keep(&self, mark: Option<Mark>, key: &SessionKey, record: &Arc<Record>) {
        if let (Some(near), Some(mark)) = (self.near(), mark) {
            near.keep(mark, key, record);
        }
    }

    /// Says that this process is changing what stands under the key: it has once what this gives is dropped.
    pub(crate) fn changing(&self, key: &SessionKey) -> Changing<'_> {
        Changing { near: self.near(), key: *key }
    }

    /// Takes note that this process has ended what stood under the key. The near cache knows it as any
    /// [change](Self::changing).
    pub(crate) fn ended(&self, key: &SessionKey) {
        self.waiting.wake(key);
    }

    /// Hears the store, if it tells anything.
    fn hear(&self, store: &dyn SessionStore) {
        self.listening.keep(|| Some(Arc::clone(&self.waiting).hear(store.watch()?.watcher())));
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
        if let Some(near) = &self.near {
            near.changed(key);
        }
        self.wake(key);
    }

    /// Has whoever waits for the session's end look.
    fn wake(&self, key: &SessionKey) {
        if let Some(heard) = self.by_key().get(key) {
            heard.send_modify(|heard| heard.changes = heard.changes.wrapping_add(1));
        }
    }

    fn gap(&self, is_fed: bool) {
        self.is_fed.store(is_fed, Ordering::Release);
        if let Some(near) = &self.near {
            near.gap(is_fed);
        }
        for heard in self.by_key().values() {
            heard.send_modify(|heard| heard.gaps = heard.gaps.wrapping_add(1));
        }
    }
}

/// A change that is under way.
pub(crate) struct Changing<'a> {
    near: Option<&'a NearCache>,
    key: SessionKey,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        if let Some(near) = self.near {
            near.changed(&self.key);
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
        watching.ended(same.key());
        watching.ended(&SessionKey::from_bytes([3; 32]));
        assert_eq!(*ear.borrow_and_update(), Heard { changes: 1, gaps: 0 });
        assert!(!other.ear().has_changed().unwrap());
        drop(ear);
        drop((same, other));
        assert_eq!(waiting(&watching), 0);
    }
}
