//! Which rows belong to whom.
//!
//! # Why a session that changes its key is never missed
//!
//! To renew, the core creates the new record and then replaces the old one by one without owner. A
//! `list` that has passed the new one's place before it is there, and reaches the old one's row when
//! the owner is gone from it, would show neither. It cannot happen here:
//!
//! 1. Every entry takes the next number of one counter, and takes it *under the lock of its owner's
//!    partition*. So an entry comes into an owner's list behind all that a reader has seen there.
//! 2. `list` goes through the numbers upwards, and decides whether there is a next page *after* it has
//!    looked at the rows. If a row has lost its owner by then, the `Create` before it was over, so the
//!    new entry is in the list, behind the cursor by (1), and the page has a next one.
//!
//! Should the new one be renewed in its turn, the same holds for the next; the chain ends with the
//! first that is still there when its page is looked up, or with a reader that reads on for as long as
//! sessions are renewed faster than a page is read.
//!
//! The number also marks one stay with one owner. A row that leaves A and comes back stands in A's list
//! anew, and its old entry, should a reader have copied it, no longer matches the row. So each stay is
//! listed once at most, and a record that was A's throughout, which has one stay, exactly once.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::num::NonZeroU64;
use std::ops::Bound::{Excluded, Included};

use session_core::{Owner, SessionKey};

use super::lock::lock;
use super::sync::{AtomicU64, Mutex, Ordering};

const PARTITIONS: usize = 256;

/// Numbers the entries of the index in the order in which they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sequence(pub(crate) NonZeroU64);

impl Sequence {
    const MIN: Self = Self(NonZeroU64::MIN);
    const MAX: Self = Self(NonZeroU64::MAX);
}

type Entries = BTreeMap<(Owner, Sequence), SessionKey>;

/// Orders the keys by owner and sequence, in partitions by a hash of the owner.
///
/// One flat map instead of a set per owner: most owners have one or two sessions, and a set of its own
/// would cost each of them a B-tree node of eleven places.
#[derive(Debug)]
pub(crate) struct OwnerIndex {
    partitions: Box<[Mutex<Entries>]>,
    // Seeded at random: owners may be chosen by whoever signs up.
    hasher: RandomState,
    last: AtomicU64,
}

impl OwnerIndex {
    pub(crate) fn new() -> Self {
        Self {
            partitions: (0..PARTITIONS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            last: AtomicU64::new(0),
        }
    }

    /// Enters a key at the end of its owner's list.
    pub(crate) fn insert(&self, owner: &Owner, key: &SessionKey) -> Sequence {
        let mut entries = lock(self.partition(owner));
        // Drawn under the lock: see the module page. The lock orders the draws of one owner, so the
        // counter itself need not.
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let sequence = Sequence(NonZeroU64::new(number).expect("2^64 entries are not made in a lifetime"));
        entries.insert((owner.clone(), sequence), *key);
        sequence
    }

    /// Takes an entry out; does nothing if there was no owner.
    pub(crate) fn remove(&self, owner: Option<Owner>, sequence: Option<Sequence>) {
        if let (Some(owner), Some(sequence)) = (owner, sequence) {
            let partition = self.partition(&owner);
            lock(partition).remove(&(owner, sequence));
        }
    }

    /// Gives the owner's entries behind `after`, at most `limit`.
    pub(crate) fn page(&self, owner: &Owner, after: Option<Sequence>, limit: usize) -> Vec<(Sequence, SessionKey)> {
        let from = match after {
            Some(after) => Excluded((owner.clone(), after)),
            None => Included((owner.clone(), Sequence::MIN)),
        };
        let to = Included((owner.clone(), Sequence::MAX));
        let entries = lock(self.partition(owner));
        entries.range((from, to)).take(limit).map(|((_, sequence), key)| (*sequence, *key)).collect()
    }

    /// Tells whether the owner has entries behind `after`.
    pub(crate) fn has_more(&self, owner: &Owner, after: Sequence) -> bool {
        !self.page(owner, Some(after), 1).is_empty()
    }

    fn partition(&self, owner: &Owner) -> &Mutex<Entries> {
        let hash = self.hasher.hash_one(owner);
        &self.partitions[hash as usize % PARTITIONS]
    }
}
