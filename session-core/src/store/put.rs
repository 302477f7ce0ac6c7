//! What a `put` may do, and what it did.

use std::sync::Arc;

use super::{Record, Version};

/// What a [`put`](super::SessionStore::put) may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// Store under a free key, and touch no other.
    Create,
    /// Replace exactly this version, and never create.
    Replace(Version),
    /// Replace exactly this version, after which the key opens nothing, or only a successor: a logout, a revocation,
    /// a renewal.
    ///
    /// To a store it is a `Replace` in everything: the record that comes with it is stored, and stands until its
    /// deadline. What it says more is for a store that tells others of what it keeps: whoever holds the record that
    /// stood there has to let it go. The core cannot leave that to the payload, which is opaque.
    End(Version),
}

impl Put {
    /// Returns the version that is to be replaced, by [`Replace`](Self::Replace) or [`End`](Self::End); `None` for
    /// [`Create`](Self::Create).
    ///
    /// ```
    /// use session_core::{Put, Version};
    ///
    /// let version = Version::from_u64(7);
    /// assert_eq!(Put::End(version).replaces(), Put::Replace(version).replaces());
    /// assert_eq!(Put::Create.replaces(), None);
    /// ```
    #[must_use]
    pub const fn replaces(self) -> Option<Version> {
        match self {
            Self::Create => None,
            Self::Replace(version) | Self::End(version) => Some(version),
        }
    }
}

/// What a [`put`](super::SessionStore::put) did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a put that did not store is not an error"]
pub enum PutOutcome {
    /// The record is stored, by this call or by the same write before it.
    Stored,
    /// `Create`, and the key is taken; also by a record past its deadline.
    Exists,
    /// `Replace` or `End`, and somebody was faster: here is what stands there now. Never of the version that was
    /// to be replaced, and never of the version that was sent.
    Conflict(Arc<Record>),
    /// `Replace` or `End`, and there is nothing live to replace. It is never created again.
    Gone,
}
