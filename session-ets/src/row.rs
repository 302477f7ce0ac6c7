//! What stands in a table, and how an observer sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::vec;

use session_core::{Record, SessionKey, Timestamp};

use crate::index::{PARTITIONS, Sequence};
use crate::table::Table;

/// Shows one row as it stood at one moment: Plug's `{key, data, timestamp}`.
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

/// Walks over the rows of a table. [`Table::rows`] makes it.
///
/// It holds no lock between two rows, so the table may be used meanwhile, also from the loop's body.
/// A row that is there throughout is given once, as it stands when its turn comes.
#[derive(Debug)]
pub struct Rows<'a> {
    table: &'a Table,
    partition: usize,
    keys: vec::IntoIter<SessionKey>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table, partition: 0, keys: Vec::new().into_iter() }
    }
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            // A key whose row has gone since the keys were copied is passed over.
            if let Some(row) = self.keys.by_ref().find_map(|key| self.table.lookup(&key)) {
                return Some(row);
            }
            if self.partition == PARTITIONS {
                return None;
            }
            self.keys = self.table.indexes().expiry.keys(self.partition).into_iter();
            self.partition += 1;
        }
    }
}
