//! What goes over many rows: the sweep, the pages of one owner, the pages of all.
//!
//! Each goes from an index to the rows, so each looks at a row again before it believes the index: see
//! the lock order in `index/mod.rs`.

use std::num::NonZeroUsize;
use std::sync::Arc;

use session_core::{Owner, Page, Record, SessionKey, Timestamp};

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
        self.owned_by_looking(owner, after, limit, |key, sequence| self.read_owned(key, sequence))
    }

    /// The same, by a `look` of the caller's: what happens between the index and the rows is decided here,
    /// so a test must be able to make it happen.
    fn owned_by_looking(
        &self,
        owner: &Owner,
        after: Option<Sequence>,
        limit: NonZeroUsize,
        look: impl Fn(&SessionKey, Sequence) -> Option<Arc<Record>>,
    ) -> Part<Sequence> {
        let entries = self.indexes().owners.page(owner, after, limit.get());
        let (mut records, mut last, mut room) = (Vec::new(), None, Room::of_a_page());
        for (sequence, key) in entries {
            last = Some(sequence);
            if let Some(record) = look(&key, sequence) {
                room.take(&record);
                records.push((key, record));
            }
            if room.is_gone() {
                break;
            }
        }
        // Only now, when the rows have been looked at.
        let next = last.filter(|last| self.indexes().owners.has_more(owner, *last));
        (records, next)
    }

    /// Gives a page of all records, in the order of their keys: touches move a row in the index, but
    /// never to another key.
    pub(crate) fn all(&self, after: Option<&SessionKey>, limit: NonZeroUsize) -> Part<SessionKey> {
        let (mut records, mut room) = (Vec::new(), Room::of_a_page());
        let first = after.map_or(0, partition_of);
        for partition in first..PARTITIONS {
            let (keys, more) = self.indexes().expiry.keys_after(partition, after, limit.get() - records.len());
            let last = keys.last().copied();
            for key in keys {
                let Some(row) = self.lookup(&key) else { continue };
                room.take(&row.record);
                records.push((key, row.record));
                if room.is_gone() {
                    return (records, Some(key));
                }
            }
            if more || records.len() == limit.get() {
                return (records, last);
            }
        }
        (records, None)
    }
}

/// How many more bytes of payloads there are to be on a page.
#[derive(Debug)]
struct Room(usize);

impl Room {
    fn of_a_page() -> Self {
        Self(Page::BYTES)
    }

    fn take(&mut self, record: &Record) {
        self.0 = self.0.saturating_sub(record.payload.len());
    }

    fn is_gone(&self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use session_core::{Bytes, Version};

    use super::*;

    fn record(owner: Option<&Owner>) -> Arc<Record> {
        Arc::new(Record {
            version: Version::from_u64(1),
            payload: Bytes::new(),
            owner: owner.cloned(),
            created_at: Timestamp::MIN,
            last_seen_at: Timestamp::MIN,
            expires_at: Timestamp::MAX,
        })
    }

    #[test]
    fn a_session_renewed_between_the_index_and_its_row_is_on_the_next_page() {
        let (table, ann) = (Table::private(), Owner::new("ann").unwrap());
        let [old, new] = [1, 2].map(|byte| SessionKey::from_bytes([byte; 32]));
        assert!(table.insert(&old, &record(Some(&ann))).unwrap().is_none());

        let (records, next) = table.owned_by_looking(&ann, None, NonZeroUsize::MAX, |key, sequence| {
            assert!(table.insert(&new, &record(Some(&ann))).unwrap().is_none());
            assert!(table.update(&old, |standing| *standing = record(None)).is_some());
            table.read_owned(key, sequence)
        });
        assert!(records.is_empty(), "the old one has lost its owner");
        assert!(next.is_some(), "or nobody would look for the new one");
        let (records, next) = table.owned_by(&ann, next, NonZeroUsize::MAX);
        assert_eq!(records.iter().map(|(key, _)| *key).collect::<Vec<_>>(), [new]);
        assert_eq!(next, None);
    }

    #[test]
    fn a_row_that_left_and_came_back_is_given_under_its_new_place_alone() {
        let (table, ann) = (Table::private(), Owner::new("ann").unwrap());
        let key = SessionKey::from_bytes([1; 32]);
        assert!(table.insert(&key, &record(Some(&ann))).unwrap().is_none());

        let (records, next) = table.owned_by_looking(&ann, None, NonZeroUsize::MAX, |key, sequence| {
            for owner in [None, Some(&ann)] {
                assert!(table.update(key, |standing| *standing = record(owner)).is_some());
            }
            table.read_owned(key, sequence)
        });
        assert!(records.is_empty());
        assert_eq!(table.owned_by(&ann, next, NonZeroUsize::MAX).0.len(), 1);
    }
}
