//! What a `put` may do, and what it did.

use std::sync::Arc;

use super::{Record, Version};

/// Says what a [`put`](super::SessionStore::put) may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// Store under a free key, and touch no other.
    Create,
    /// Replace exactly this version, and never create.
    Replace(Version),
}

/// Says what a [`put`](super::SessionStore::put) did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a put that did not store is not an error"]
pub enum PutOutcome {
    /// The record is stored, by this call or by the same write before it.
    Stored,
    /// `Create`, and the key is taken.
    Exists,
    /// `Replace`, and somebody was faster: here is what stands there now. Never of the version that was
    /// to be replaced.
    Conflict(Arc<Record>),
    /// `Replace`, and there is nothing live to replace. It is never created again.
    Gone,
}
