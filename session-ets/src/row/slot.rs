//! One row: as the table keeps it, and as it is shown.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use session_core::{Record, SessionKey, Timestamp};

use crate::index::Sequence;

/// One row as it stood at one moment: Plug's `{key, data, timestamp}`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The session's key.
    pub key: SessionKey,
    /// What is stored under it.
    pub record: Arc<Record>,
    /// When a verb of the store last read or wrote the row, by the table's clock.
    pub timestamp: Timestamp,
}

/// Holds what the table keeps under a key.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) record: Arc<Record>,
    /// The row's place in the owner index; `None` if the record has no owner.
    pub(crate) sequence: Option<Sequence>,
    // Atomic, because readers move it and share the row's guard.
    timestamp: AtomicU64,
}

impl Slot {
    pub(crate) fn new(record: Arc<Record>, sequence: Option<Sequence>, now: Timestamp) -> Self {
        Self { record, sequence, timestamp: AtomicU64::new(now.as_millis()) }
    }

    /// Moves the timestamp to `now`.
    pub(crate) fn stamp(&self, now: Timestamp) {
        // Many reads fall into one millisecond; a store less leaves the line in other cores' caches.
        if self.timestamp.load(Ordering::Relaxed) != now.as_millis() {
            self.timestamp.store(now.as_millis(), Ordering::Relaxed);
        }
    }

    /// Shows the row without moving its timestamp.
    pub(crate) fn row(&self, key: SessionKey) -> Row {
        let timestamp = Timestamp::from_millis(self.timestamp.load(Ordering::Relaxed));
        Row { key, record: Arc::clone(&self.record), timestamp }
    }
}
