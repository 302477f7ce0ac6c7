//! Which row is due when, so that a sweep costs what expired and not what is stored.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Mutex;

use session_core::{SessionKey, Timestamp};

use super::lock::lock;

/// How many parts the index has: enough that writers seldom meet, few enough to look at them all.
pub(crate) const PARTITIONS: usize = 1 << PARTITION_BITS;
const PARTITION_BITS: u32 = 10;

type Entry = (Timestamp, SessionKey);

/// Orders the keys by deadline, in one partition per prefix of the key.
///
/// A row stays in one partition for life, and moves within it under one lock. So every look into a
/// partition finds each of its rows exactly once, which also makes this the list of all keys.
#[derive(Debug)]
pub(crate) struct ExpiryIndex {
    partitions: Box<[Mutex<BTreeSet<Entry>>]>,
}

/// Gives the partition of a key. Partitions are in the order of the keys.
pub(crate) fn partition_of(key: &SessionKey) -> usize {
    let [a, b, ..] = *key.as_bytes();
    usize::from(u16::from_be_bytes([a, b]) >> (u16::BITS - PARTITION_BITS))
}

impl ExpiryIndex {
    pub(crate) fn new() -> Self {
        Self { partitions: (0..PARTITIONS).map(|_| Mutex::default()).collect() }
    }

    pub(crate) fn insert(&self, key: &SessionKey, deadline: Timestamp) {
        lock(self.partition(key)).insert((deadline, *key));
    }

    pub(crate) fn remove(&self, key: &SessionKey, deadline: Timestamp) {
        lock(self.partition(key)).remove(&(deadline, *key));
    }

    /// Moves a key to another deadline, as one step.
    pub(crate) fn shift(&self, key: &SessionKey, from: Timestamp, to: Timestamp) {
        if from != to {
            let mut entries = lock(self.partition(key));
            entries.remove(&(from, *key));
            entries.insert((to, *key));
        }
    }

    /// Gives what is due at or before `before`, the oldest deadline first over all partitions.
    pub(crate) fn due(&self, before: Timestamp) -> Due<'_> {
        let heads = self.partitions.iter().filter_map(|partition| lock(partition).first().copied());
        let heads = heads.filter(|(deadline, _)| *deadline <= before).map(Reverse).collect();
        Due { index: self, before, heads, given: None }
    }

    /// Gives the keys of a partition.
    pub(crate) fn keys(&self, partition: usize) -> Vec<SessionKey> {
        lock(&self.partitions[partition]).iter().map(|(_, key)| *key).collect()
    }

    /// Gives the keys of a partition behind `after`, in their order, at most `limit`, and whether there
    /// are more.
    pub(crate) fn keys_after(
        &self,
        partition: usize,
        after: Option<&SessionKey>,
        limit: usize,
    ) -> (Vec<SessionKey>, bool) {
        let mut keys = self.keys(partition);
        keys.retain(|key| Some(key) > after);
        let more = keys.len() > limit;
        if more {
            keys.select_nth_unstable(limit);
            keys.truncate(limit);
        }
        keys.sort_unstable();
        (keys, more)
    }

    fn partition(&self, key: &SessionKey) -> &Mutex<BTreeSet<Entry>> {
        &self.partitions[partition_of(key)]
    }
}

/// Merges the partitions, each of which is in order, by a heap of their heads.
#[derive(Debug)]
pub(crate) struct Due<'a> {
    index: &'a ExpiryIndex,
    before: Timestamp,
    heads: BinaryHeap<Reverse<Entry>>,
    given: Option<Entry>,
}

impl Iterator for Due<'_> {
    type Item = SessionKey;

    fn next(&mut self) -> Option<SessionKey> {
        if let Some(given) = self.given.take() {
            // Forwards only, so that the walk ends although others go on writing. It looks into the
            // partition as late as this, when the caller has removed the entry given.
            let entries = lock(self.index.partition(&given.1));
            let next = entries.range((Excluded(given), Unbounded)).next();
            self.heads.extend(next.filter(|(deadline, _)| *deadline <= self.before).copied().map(Reverse));
        }
        let Reverse(entry) = self.heads.pop()?;
        self.given = Some(entry);
        Some(entry.1)
    }
}
