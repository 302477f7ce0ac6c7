//! What can go wrong, typed, and how redb's errors become the contract's.

use std::io::ErrorKind;

use redb::Error as Redb;
use session_core::StoreError;
use thiserror::Error;
use tokio::task::JoinError;

/// How this store calls itself in errors.
pub(crate) const NAME: &str = "redb-store";

/// Says what redb did, or what is wrong with what it has; the cause of a [`StoreError`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RedbError {
    /// redb failed.
    #[error("redb failed")]
    Redb(#[source] Redb),
    /// The file has no tables of sessions.
    #[error("the file has no sessions' tables: call `init` once at the start")]
    NoTables,
    /// The tables, or a record, were written by another version of this store.
    #[error("it is of the format {0}, which this version does not know")]
    Format(u8),
    /// A record is none that this store wrote.
    #[error("it is no record: {0}")]
    Malformed(&'static str),
    /// The runtime is going down, and the work never began.
    #[error("the runtime is going down")]
    NotBegun(#[source] JoinError),
    /// The work panicked.
    #[error("the work panicked")]
    Panicked(#[source] JoinError),
}

impl<E: Into<Redb>> From<E> for RedbError {
    fn from(error: E) -> Self {
        match error.into() {
            Redb::TableDoesNotExist(_) => Self::NoTables,
            error => Self::Redb(error),
        }
    }
}

/// Says which it was: work on a thread that may block is cancelled before it begins, or never.
pub(crate) fn gave_up(error: JoinError) -> RedbError {
    if error.is_cancelled() { RedbError::NotBegun(error) } else { RedbError::Panicked(error) }
}

/// Turns what went wrong before anything was written into the contract's error.
impl From<RedbError> for StoreError {
    fn from(error: RedbError) -> Self {
        let store = NAME;
        match &error {
            RedbError::NoTables => Self::Misconfigured { store, source: error.into() },
            RedbError::Format(_) => Self::UnknownFormat { store, source: error.into() },
            RedbError::Malformed(_) => Self::Corrupt { store, source: error.into() },
            // Another process has the file, or another handle of this one.
            RedbError::Redb(Redb::DatabaseAlreadyOpen) => Self::Misconfigured { store, source: error.into() },
            RedbError::Redb(Redb::Io(cause)) if cause.kind() == ErrorKind::StorageFull => {
                Self::Full { store, source: error.into() }
            }
            RedbError::NotBegun(_) => Self::Unavailable { store, source: error.into() },
            RedbError::Redb(_) | RedbError::Panicked(_) => Self::Backend { store, source: error.into() },
        }
    }
}

/// Turns what went wrong with a write: unless it never began, whether it is on the disk cannot be told.
pub(crate) fn indeterminate(error: RedbError) -> StoreError {
    match error {
        error @ RedbError::NotBegun(_) => error.into(),
        error => StoreError::Indeterminate { store: NAME, source: error.into() },
    }
}
