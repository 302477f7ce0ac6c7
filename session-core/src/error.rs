//! What can go wrong, typed. No error shows an id, a whole key, a payload or a password.

use std::borrow::Cow;
use std::time::Duration;

use thiserror::Error;

use crate::cookie::CookieError;
use crate::keys::KeyError;

/// Any error, as a cause.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Says that a store's backend failed.
///
/// An outcome that a caller decides on is a value ([`PutOutcome`](crate::PutOutcome), `bool`,
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
    /// Gives the name of the store that failed.
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
}

/// Says that the source of randomness failed, so that no id could be drawn.
#[derive(Debug, Error)]
#[error("the source of randomness failed")]
pub struct RandomError {
    source: BoxError,
}

impl RandomError {
    /// Wraps what the source said.
    pub fn new(source: impl Into<BoxError>) -> Self {
        Self { source: source.into() }
    }
}

/// Says that a text cannot be an [`Owner`](crate::Owner).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an owner has 1 to 255 bytes, this has {len}")]
pub struct OwnerError {
    /// How many bytes the text has.
    pub len: usize,
}

/// Says why [`put_new`](crate::SessionStoreExt::put_new) stored nothing that can be found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PutNewError {
    /// No id could be drawn.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Every id that was drawn was taken: the source of randomness, or the store, is broken.
    #[error("{attempts} ids in a row were taken")]
    Exhausted {
        /// How many ids were drawn.
        attempts: u32,
    },
}

/// Says that a payload cannot be written or read.
///
/// It tells where, never what: the parser's own words would quote the session's data.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the payload cannot be coded: {reason}")]
pub struct CodecError {
    reason: Cow<'static, str>,
    kind: CodecErrorKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CodecErrorKind {
    Broken,
    NoKey,
    UnknownFormat,
}

impl CodecError {
    /// Makes an error of a reason, which must not quote the payload.
    pub fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), kind: CodecErrorKind::Broken }
    }

    /// Makes an error that says that this program has not the key to the payload. Another may have it, so the record is
    /// kept.
    pub fn no_key(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), kind: CodecErrorKind::NoKey }
    }

    /// Tells whether it was made by [`no_key`](Self::no_key).
    #[must_use]
    pub fn lacks_key(&self) -> bool {
        self.kind == CodecErrorKind::NoKey
    }

    /// Makes an error that says that the payload is of a format that this program does not know. Another may know it, so
    /// the record is kept.
    pub fn unknown_format(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into(), kind: CodecErrorKind::UnknownFormat }
    }

    /// Tells whether it was made by [`unknown_format`](Self::unknown_format).
    #[must_use]
    pub fn is_unknown_format(&self) -> bool {
        self.kind == CodecErrorKind::UnknownFormat
    }

    pub(crate) fn json(error: &serde_json::Error) -> Self {
        Self::new(format!("JSON {:?} error in line {}, column {}", error.classify(), error.line(), error.column()))
    }
}

/// Says why a session did not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The value under the key is of another type, or was damaged in the store; it stays as it is.
    #[error("the value {key:?} is not a {expected}")]
    WrongType {
        /// The value's key.
        key: String,
        /// The type that was asked for.
        expected: &'static str,
    },
    /// The value cannot be written as JSON; nothing was changed. Why is not told, since a type's own words may
    /// quote the value.
    #[error("the value {key:?} cannot be written as JSON")]
    NotSerializable {
        /// The value's key.
        key: String,
    },
    /// The text cannot be an owner.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The timeouts cannot work.
    #[error("{0}")]
    InvalidExpiry(&'static str),
    /// The session was destroyed by this request.
    #[error("the session was destroyed")]
    Destroyed,
    /// The session cannot be written.
    #[error("the session is read-only: {0}")]
    ReadOnly(ReadOnly),
    /// The response has left, so that the browser can no longer be given an id.
    #[error("the response has left; a session can no longer be started or renewed")]
    ResponseSent,
    /// Somebody changed the session meanwhile, and the changes cannot be merged. Nothing was written.
    #[error("the session was changed by another request, and the changes cannot be merged")]
    Conflict,
    /// The session ended or was renewed meanwhile, by logout, revocation or expiry. The changes were
    /// discarded.
    #[error("the session has ended; the changes were discarded")]
    Gone,
    /// The store gave no answer to a write in time, and it cannot be told whether it happened. The changes
    /// count once at most: they are never replayed on what they may be part of.
    #[error("a write to the session may have happened or not")]
    Indeterminate,
    /// The session is too large. Nothing was written.
    #[error("the session is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes that a session may have.
        limit: usize,
    },
    /// The owner has as many sessions as allowed. Nothing was written.
    #[error("the owner has {max} sessions already")]
    TooManySessions {
        /// The most sessions that an owner may have.
        max: usize,
    },
    /// The store lacks a capability that this needs.
    #[error("the store has no {capability}")]
    Unsupported {
        /// The capability.
        capability: &'static str,
    },
    /// The cookie is configured for development, and the request was not made to a loopback host.
    #[error(
        "the development cookie is for loopback hosts alone; use the default cookie, or force it with \
         `CookieTransport::HttpAnywhere`"
    )]
    InsecureHost,
    /// The operation took longer than its deadline allows.
    #[error("the session store took longer than {after:?}")]
    Timeout {
        /// How long an operation may take.
        after: Duration,
    },
    /// The store failed.
    #[error("the session store failed")]
    Store(#[from] StoreError),
    /// No id could be drawn.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The session cannot be written or read.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

impl SessionError {
    /// Gives the HTTP status that answers a request which ends with this error.
    ///
    /// 503 where a later try may succeed, 409 where another request won, 413 for what is too large, 422
    /// for what cannot be an owner, 429 for too many sessions, 500 for what the application got wrong.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        if self.leaves_alone().is_some() {
            // Another server may know what this one does not.
            return 503;
        }
        match self {
            Self::Store(StoreError::TooLarge { .. }) => 413,
            Self::Timeout { .. } | Self::Store(_) | Self::Random(_) | Self::Indeterminate => 503,
            Self::ReadOnly(ReadOnly::StoreFailed) => 503,
            Self::Conflict | Self::Gone | Self::ReadOnly(_) => 409,
            Self::TooLarge { .. } => 413,
            Self::Owner(_) => 422,
            Self::TooManySessions { .. } => 429,
            Self::WrongType { .. }
            | Self::NotSerializable { .. }
            | Self::InvalidExpiry(_)
            | Self::Destroyed
            | Self::ResponseSent
            | Self::Unsupported { .. }
            | Self::InsecureHost
            | Self::Codec(_) => 500,
        }
    }

    /// Says why what is stored is not this server's to write or to end; `None` if the error says nothing like that.
    pub(crate) fn leaves_alone(&self) -> Option<ReadOnly> {
        match self {
            Self::Codec(error) if error.lacks_key() => Some(ReadOnly::NoKey),
            Self::Codec(error) if error.is_unknown_format() => Some(ReadOnly::UnknownFormat),
            Self::Store(StoreError::UnknownFormat { .. }) => Some(ReadOnly::UnknownFormat),
            Self::ReadOnly(why @ (ReadOnly::NoKey | ReadOnly::UnknownFormat)) => Some(*why),
            _ => None,
        }
    }
}

/// Says why a session is empty and can never be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadOnly {
    /// The store failed, and the failure policy says to go on without a session.
    #[error("the store failed when it was loaded")]
    StoreFailed,
    /// The request came with the id of a session that was renewed or ended a moment ago.
    #[error("the request came with an id that was renewed or ended")]
    Retired,
    /// The request came with several different session cookies, and nothing tells which is right.
    #[error("the request came with several different session cookies")]
    SeveralCookies,
    /// The session was sealed with a key that this server lacks. It is left alone: another server may have it.
    #[error("this server lacks the key to it")]
    NoKey,
    /// The session is of a format, or a kind, that this server does not know. It is left alone: another server may know
    /// it.
    #[error("it is of a format that this server does not know")]
    UnknownFormat,
}

/// Says why [`SessionsBuilder::build`](crate::SessionsBuilder::build) refuses, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The cookie cannot work.
    #[error(transparent)]
    Cookie(#[from] CookieError),
    /// The timeouts cannot work.
    #[error("the expiry cannot work: {0}; see `Expiry`")]
    Expiry(&'static str),
    /// A setting must not be zero.
    #[error("{setting} must be more than zero; leave it out for the default")]
    Zero {
        /// The setting.
        setting: &'static str,
    },
    /// The key of fingerprints cannot be used.
    #[error("the fingerprint key cannot be used")]
    FingerprintKey(#[source] KeyError),
    /// The touch interval is longer than the idle timeout, so that a session in use would end.
    #[error("the touch interval must be shorter than the idle timeout; leave it out for a twentieth of that")]
    TouchInterval,
    /// The overlap of renewals is too long.
    #[error("the overlap of renewals must be shorter than their interval, and {max:?} at most")]
    RenewalOverlap {
        /// The longest overlap.
        max: Duration,
    },
    /// The store lacks a capability that a setting needs.
    #[error("{setting} needs a store with {capability}")]
    Unsupported {
        /// The setting.
        setting: &'static str,
        /// The capability.
        capability: &'static str,
    },
}
