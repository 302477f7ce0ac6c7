//! Counts what a table holds, and says when it is full.

use std::mem::size_of;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use session_core::{Owner, Record, SessionKey, Timestamp};

use crate::error::EtsError;
use crate::row::Slot;

// The estimate takes each container at its usual fill: the map's buckets are 0.44 to 0.88 full, the
// nodes of a B-tree 0.55 (filled in order) to 0.69 (at random).
const BUCKET: usize = (size_of::<(SessionKey, Slot)>() + 1) * 5 / 3;
const RECORD: usize = size_of::<Record>() + ARC_COUNTS;
const EXPIRY_ENTRY: usize = size_of::<(Timestamp, SessionKey)>() * 7 / 4;
const OWNER_ENTRY: usize = size_of::<(Owner, u64, SessionKey)>() * 7 / 4;
const ARC_COUNTS: usize = 2 * size_of::<usize>();

/// Counts rows and bytes.
///
/// All orderings are relaxed: each counter is right by itself, and nothing is read on the strength of
/// it. A change of a row is counted while the row's guard is held, so neither counter goes below zero.
#[derive(Debug)]
pub(crate) struct Usage {
    capacity: Option<usize>,
    rows: AtomicUsize,
    bytes: AtomicUsize,
}

impl Usage {
    pub(crate) fn new(capacity: Option<usize>) -> Self {
        Self { capacity, rows: AtomicUsize::new(0), bytes: AtomicUsize::new(0) }
    }

    /// Takes places for `rows`, all or none. To look first and count later would let two writers
    /// into the last place.
    pub(crate) fn reserve(&self, rows: usize) -> Result<(), EtsError> {
        let capacity = self.capacity.unwrap_or(usize::MAX);
        self.rows
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                held.checked_add(rows).filter(|held| *held <= capacity)
            })
            .map(drop)
            .map_err(|_| EtsError::Full { capacity, rows })
    }

    /// Gives places back.
    pub(crate) fn release(&self, rows: usize) {
        self.rows.fetch_sub(rows, Ordering::Relaxed);
    }

    /// Counts a row's bytes, which were `was` and are `is`.
    pub(crate) fn resize(&self, was: usize, is: usize) {
        if was != is {
            // Wraps around where it shrinks, which is the same as to subtract.
            self.bytes.fetch_add(is.wrapping_sub(was), Ordering::Relaxed);
        }
    }

    pub(crate) fn capacity(&self) -> Option<usize> {
        self.capacity
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// Estimates the bytes that the rows and their index entries take.
    pub(crate) fn memory(&self) -> usize {
        self.rows() * (BUCKET + RECORD + EXPIRY_ENTRY) + self.bytes.load(Ordering::Relaxed)
    }
}

/// Gives the bytes that a record takes beyond those that every row takes.
pub(crate) fn extra_bytes(record: &Arc<Record>) -> usize {
    let owner = record.owner.as_ref().map_or(0, |owner| OWNER_ENTRY + ARC_COUNTS + owner.as_str().len());
    record.payload.len() + owner
}
