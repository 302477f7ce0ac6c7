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
//!
//! The rows themselves are the table's, and the walks over many of them stand in `walk.rs`.

mod expiry; // which row is due when
mod indexes; // both, and how they follow a row
mod lock; // how a lock is taken
mod owners; // which rows belong to whom
mod sync; // what a test may put another in the place of
#[cfg(test)]
mod tests;

pub(crate) use expiry::{PARTITIONS, partition_of};
pub(crate) use indexes::{Indexes, Place};
pub(crate) use lock::lock;
pub(crate) use owners::Sequence;
