//! What a codec is told of the record around a payload.

use crate::store::{Owner, Record, SessionKey, Timestamp};

/// What stands in a record beside its payload, and stays as long as that does.
///
/// Version, last use and deadline are not here: a touch moves them without the codec. The core judges the absolute
/// timeout by [`created_at`](Self::created_at) and by what stands in the payload, so who writes a later deadline into
/// the store wins no more than the idle timeout.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RecordHead<'a> {
    /// The key that it stands under.
    pub key: &'a SessionKey,
    /// Whom the session belongs to; `None` if to nobody.
    pub owner: Option<&'a Owner>,
    /// When the session began.
    pub created_at: Timestamp,
    /// The present time, by the clock of the `Sessions` that writes or reads it.
    pub now: Timestamp,
}

impl<'a> RecordHead<'a> {
    /// Creates the head of a record that belongs to nobody.
    #[must_use]
    pub const fn new(key: &'a SessionKey, created_at: Timestamp, now: Timestamp) -> Self {
        Self { key, owner: None, created_at, now }
    }

    /// Creates the head of a record as it stands in a store.
    #[must_use]
    pub fn of(key: &'a SessionKey, record: &'a Record, now: Timestamp) -> Self {
        Self::new(key, record.created_at, now).with_owner(record.owner.as_ref())
    }

    /// Sets whom the session belongs to.
    #[must_use]
    pub fn with_owner(mut self, owner: Option<&'a Owner>) -> Self {
        self.owner = owner;
        self
    }
}
