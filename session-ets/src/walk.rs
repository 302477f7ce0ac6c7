//! What goes over many rows: the sweep, the pages of one owner, the pages of all.
//!
//! Each goes from an index to the rows, so each looks at a row again before it believes the index: see
//! the lock order in `index.rs`.

use std::num::NonZeroUsize;
use std::sync::Arc;

use session_core::{Owner, Record, SessionKey, Timestamp};

use crate::index::{PARTITIONS, Sequence, partition_of};
use crate::table::Table;

/// Holds a page of records, and the mark behind which the next one begins; `None` if there is none.
pub(crate) type Part<Mark> = (Vec<(SessionKey, Arc<Record>)>, Option<Mark>);

impl Table {
    /// Removes at most `limit` rows that are due at or before `before`, the oldest deadline first.
    pub(crate) fn remove_due(&self, before: Timestamp, limit: NonZeroUsize) -> usize {
        self.indexes()
            .expiry
            .due(before)
            // A row that was touched or replaced since the index named it stays.
            .filter(|key| self.remove_if(key, |record| !record.is_live_at(before)))
            .take(limit.get())
            .count()
    }

    /// Gives a page of the owner's records. `index/owners.rs` says why it misses nothing.
    pub(crate) fn owned_by(&self, owner: &Owner, after: Option<Sequence>, limit: NonZeroUsize) -> Part<Sequence> {
        let entries = self.indexes().owners.page(owner, after, limit.get());
        let last = entries.last().map(|(sequence, _)| *sequence);
        let records =
            entries.into_iter().filter_map(|(sequence, key)| Some((key, self.read_owned(&key, sequence)?))).collect();
        // Only now, when the rows have been looked at.
        let next = last.filter(|last| self.indexes().owners.has_more(owner, *last));
        (records, next)
    }

    /// Gives a page of all records, in the order of their keys: touches move a row in the index, but
    /// never to another key.
    pub(crate) fn all(&self, after: Option<&SessionKey>, limit: NonZeroUsize) -> Part<SessionKey> {
        let mut records = Vec::new();
        let first = after.map_or(0, partition_of);
        for partition in first..PARTITIONS {
            let room = limit.get() - records.len();
            let (keys, more) = self.indexes().expiry.keys_after(partition, after, room);
            let last = keys.last().copied();
            records.extend(keys.into_iter().filter_map(|key| Some((key, self.lookup(&key)?.record))));
            if more || records.len() == limit.get() {
                return (records, last);
            }
        }
        (records, None)
    }
}
