//! The indexes that follow the rows: by deadline, and by owner.
//!
//! # The lock order
//!
//! **Row, then index; one index lock at a time; nothing after it.**
//!
//! A writer holds the guard of the row while it changes the indexes, so whoever holds a row's guard
//! finds the indexes as that row says. A walk goes the other way, from the index to the rows: it
//! copies what it needs under the index lock, lets go, and only then looks at the rows. What it
//! copied may be old by then, so it asks each row again.
//!
//! No code of a caller runs under any of these locks, not even a clock's.

mod expiry;
mod owners;

use std::sync::{Mutex, MutexGuard, PoisonError};

use session_core::{Owner, Record, SessionKey, Timestamp};

pub(crate) use expiry::{ExpiryIndex, PARTITIONS, partition_of};
pub(crate) use owners::{OwnerIndex, Sequence};

use crate::row::Slot;

/// Holds both indexes of a table.
#[derive(Debug)]
pub(crate) struct Indexes {
    pub(crate) expiry: ExpiryIndex,
    pub(crate) owners: OwnerIndex,
}

/// Says where a row stands in the indexes.
#[derive(Debug)]
pub(crate) struct Place {
    expires_at: Timestamp,
    owner: Option<Owner>,
    sequence: Option<Sequence>,
}

impl Place {
    pub(crate) fn of(slot: &Slot) -> Self {
        Self { expires_at: slot.record.expires_at, owner: slot.record.owner.clone(), sequence: slot.sequence }
    }
}

/// All of these are called with the row's guard held.
impl Indexes {
    pub(crate) fn new() -> Self {
        Self { expiry: ExpiryIndex::new(), owners: OwnerIndex::new() }
    }

    /// Enters a new row.
    pub(crate) fn insert(&self, key: &SessionKey, record: &Record) -> Option<Sequence> {
        self.expiry.insert(key, record.expires_at);
        record.owner.as_ref().map(|owner| self.owners.insert(owner, key))
    }

    /// Moves a row from where it `was` to where `record` puts it.
    pub(crate) fn follow(&self, key: &SessionKey, was: Place, record: &Record) -> Option<Sequence> {
        self.expiry.shift(key, was.expires_at, record.expires_at);
        if was.owner == record.owner {
            // The same owner's entry keeps its place, or a page of `list` would give it twice.
            return was.sequence;
        }
        let sequence = record.owner.as_ref().map(|owner| self.owners.insert(owner, key));
        self.owners.remove(was.owner, was.sequence);
        sequence
    }

    /// Takes a row out.
    pub(crate) fn remove(&self, key: &SessionKey, was: Place) {
        self.expiry.remove(key, was.expires_at);
        self.owners.remove(was.owner, was.sequence);
    }
}

/// Locks, also after another holder panicked: what stands under these locks changes in single steps
/// of the standard library's collections, so a panic leaves none of them half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_under_a_lock_does_not_spoil_it() {
        let mutex = Mutex::new(1);
        std::thread::scope(|scope| {
            let holder = scope.spawn(|| {
                let _guard = mutex.lock();
                panic!("on purpose");
            });
            assert!(holder.join().is_err());
        });
        assert!(mutex.is_poisoned());
        assert_eq!(*lock(&mutex), 1);
    }
}
