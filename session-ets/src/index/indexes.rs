//! Both indexes, and how they follow a row.

use session_core::{Owner, Record, SessionKey, Timestamp};

use super::expiry::ExpiryIndex;
use super::owners::{OwnerIndex, Sequence};
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
