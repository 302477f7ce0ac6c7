//! Turns for the writers of one key in this process.

use lockable::{LockPool, Lockable};

use crate::id::SessionKey;

/// Lets the writers of a key that has seen a conflict go one after the other.
///
/// Versions alone keep every update; turns keep a crowd of writers from replaying their changes again
/// and again for one that gets through.
pub(crate) struct Queue(LockPool<SessionKey>);

/// Holds a writer's turn until it is dropped.
pub(crate) type Turn<'a> = <LockPool<SessionKey> as Lockable<SessionKey, ()>>::Guard<'a>;

impl Queue {
    pub(crate) fn new() -> Self {
        Self(LockPool::new())
    }

    /// Gives the turn if nobody has it.
    pub(crate) fn try_turn(&self, key: SessionKey) -> Option<Turn<'_>> {
        self.0.try_lock(key)
    }

    /// Waits for the turn.
    pub(crate) async fn turn(&self, key: SessionKey) -> Turn<'_> {
        self.0.async_lock(key).await
    }
}
