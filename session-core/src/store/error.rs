//! How a store fails. No error shows an id, a whole key, a payload or a password.

use thiserror::Error;

/// Any error, as a cause.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The failure of a store's backend.
///
/// An outcome that a caller decides on is a value ([`PutOutcome`](super::PutOutcome), `bool`,
/// `Option`); an error means that the backend did not do its work. Each names the store and keeps
/// its cause.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The backend could not be reached, or refused for now: nothing was done, and a later try may
    /// succeed.
    #[error("{store}: the backend is unavailable; nothing was done")]
    Unavailable {
        /// The store's name.
        store: &'static str,
        /// Why.
        source: BoxError,
    },
    /// The operation took longer than allowed. A write may have happened or not.
    #[error("{store}: the operation took too long")]
    Timeout {
        /// The store's name.
        store: &'static str,
    },
    /// The reply to a write was lost: it happened or not. Send the *same* write again to learn.
    #[error("{store}: the reply to a write was lost; it may have happened")]
    Indeterminate {
        /// The store's name.
        store: &'static str,
        /// Why.
        source: BoxError,
    },
    /// What is stored under the key is of a format that this version of the store does not know. Another version may
    /// know it, so the core leaves it alone. It can still be deleted.
    #[error("{store}: the stored record is of a format that is not known here")]
    UnknownFormat {
        /// The store's name.
        store: &'static str,
        /// Which format it is.
        source: BoxError,
    },
    /// What is stored under the key cannot be read. It can still be deleted.
    #[error("{store}: the stored record is corrupt")]
    Corrupt {
        /// The store's name.
        store: &'static str,
        /// What is wrong with it.
        source: BoxError,
    },
    /// The payload is longer than the store takes. Nothing was changed.
    #[error("{store}: the payload is longer than {limit} bytes")]
    TooLarge {
        /// The store's name.
        store: &'static str,
        /// The most bytes a payload may have.
        limit: usize,
    },
    /// The store has no room left. Nothing was changed.
    #[error("{store}: the store is full")]
    Full {
        /// The store's name.
        store: &'static str,
        /// What ran out.
        source: BoxError,
    },
    /// The store was set up wrongly; no retry helps until somebody mends it.
    #[error("{store}: the store is misconfigured")]
    Misconfigured {
        /// The store's name.
        store: &'static str,
        /// What to mend.
        source: BoxError,
    },
    /// The cursor does not come from this store.
    #[error("{store}: the cursor is not one of this store's")]
    InvalidCursor {
        /// The store's name.
        store: &'static str,
    },
    /// The backend failed in a way that none of the others describes.
    #[error("{store}: the backend failed")]
    Backend {
        /// The store's name.
        store: &'static str,
        /// What it said.
        source: BoxError,
    },
}

impl StoreError {
    /// Returns the name of the store that failed.
    #[must_use]
    pub fn store(&self) -> &'static str {
        match self {
            Self::Unavailable { store, .. }
            | Self::Timeout { store }
            | Self::Indeterminate { store, .. }
            | Self::UnknownFormat { store, .. }
            | Self::Corrupt { store, .. }
            | Self::TooLarge { store, .. }
            | Self::Full { store, .. }
            | Self::Misconfigured { store, .. }
            | Self::InvalidCursor { store }
            | Self::Backend { store, .. } => store,
        }
    }

    /// Returns what kind of failure it is, as one word for logs, spans and metrics: the variant's name with
    /// underscores.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "unavailable",
            Self::Timeout { .. } => "timeout",
            Self::Indeterminate { .. } => "indeterminate",
            Self::UnknownFormat { .. } => "unknown_format",
            Self::Corrupt { .. } => "corrupt",
            Self::TooLarge { .. } => "too_large",
            Self::Full { .. } => "full",
            Self::Misconfigured { .. } => "misconfigured",
            Self::InvalidCursor { .. } => "invalid_cursor",
            Self::Backend { .. } => "backend",
        }
    }

    /// All that [`kind`](Self::kind) gives.
    #[cfg(feature = "metrics")]
    pub(crate) const KINDS: [&'static str; 10] = [
        "unavailable",
        "timeout",
        "indeterminate",
        "unknown_format",
        "corrupt",
        "too_large",
        "full",
        "misconfigured",
        "invalid_cursor",
        "backend",
    ];
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_among_those_that_are_counted() {
        let (store, source) = ("a store", || "why".into());
        let all = [
            StoreError::Unavailable { store, source: source() },
            StoreError::Timeout { store },
            StoreError::Indeterminate { store, source: source() },
            StoreError::UnknownFormat { store, source: source() },
            StoreError::Corrupt { store, source: source() },
            StoreError::TooLarge { store, limit: 1 },
            StoreError::Full { store, source: source() },
            StoreError::Misconfigured { store, source: source() },
            StoreError::InvalidCursor { store },
            StoreError::Backend { store, source: source() },
        ];
        assert_eq!(all.map(|error| error.kind()), StoreError::KINDS);
    }
}
