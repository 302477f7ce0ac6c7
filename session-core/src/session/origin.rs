//! Where a session comes from, and so what may become of it.

use std::sync::Arc;

use crate::engine::{ReadOnly, SessionError};
use crate::store::{Record, SessionKey};

/// Where a session comes from, and so what may become of it.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// Nothing is stored yet.
    New,
    /// This record is stored, or was when it was last read or written.
    Stored { key: SessionKey, record: Arc<Record> },
    /// The request came with a retired id.
    Retired { successor: Option<SessionKey> },
    /// The store failed, and the policy is to go on without.
    StoreFailed { key: SessionKey },
    /// What is there is for other servers to read: this one writes, ends and removes nothing.
    LeftAlone { key: SessionKey, why: ReadOnly },
    /// The request came with several different ids, and none of them can be told to be the session's.
    SeveralCookies {
        /// Each was looked at, or one of them lives.
        all_seen: bool,
    },
    /// It was there, and is no more; under this key, if it was stored. It may have a successor there.
    Ended { key: Option<SessionKey> },
}

/// What a handle may do that came by a retired id is decided here; what the id still opens, where it is read and ended,
/// in `request/retirement.rs`.
impl Origin {
    /// Gives the record that is stored; `None` if none is, or nobody knows.
    pub(crate) fn record(&self) -> Option<&Arc<Record>> {
        match self {
            Self::Stored { record, .. } => Some(record),
            _ => None,
        }
    }

    /// Says why the session was read-only from the start; `None` if it was not.
    pub(crate) fn read_only(&self) -> Option<ReadOnly> {
        match self {
            Self::Retired { .. } => Some(ReadOnly::Retired),
            Self::StoreFailed { .. } => Some(ReadOnly::StoreFailed),
            Self::LeftAlone { why, .. } => Some(*why),
            Self::SeveralCookies { .. } => Some(ReadOnly::SeveralCookies),
            Self::New | Self::Stored { .. } | Self::Ended { .. } => None,
        }
    }

    /// Gives the key under which, or behind which, a `destroy` finds what it ends; `None` if there is nothing to end.
    ///
    /// # Errors
    /// `ReadOnly` where this server cannot tell what has to end.
    pub(crate) fn to_end(&self) -> Result<Option<SessionKey>, SessionError> {
        match *self {
            Self::Stored { key, .. } | Self::StoreFailed { key } => Ok(Some(key)),
            // The visitor wants to log out, and holds the id of a moment ago: it is the session of now that ends.
            Self::Ended { key } => Ok(key),
            Self::Retired { successor } => Ok(successor),
            // It may be retired, with a live successor, and then it is not what has to end.
            Self::LeftAlone { why, .. } => Err(SessionError::ReadOnly(why)),
            // What nobody looked at may live, and to say that it ended would be untrue.
            Self::SeveralCookies { all_seen: false } => Err(SessionError::ReadOnly(ReadOnly::SeveralCookies)),
            Self::New | Self::SeveralCookies { .. } => Ok(None),
        }
    }

    /// Gives what is left when the session turns out to be over.
    pub(crate) fn ended(&self) -> Self {
        let key = match *self {
            Self::Stored { key, .. } | Self::StoreFailed { key } | Self::LeftAlone { key, .. } => Some(key),
            Self::Ended { key } => key,
            Self::New | Self::Retired { .. } | Self::SeveralCookies { .. } => None,
        };
        Self::Ended { key }
    }

    /// Tells whether a login begins a session here although nothing else may be written.
    ///
    /// A browser that was logged out elsewhere, or whose last login got no answer, still holds a retired id
    /// for a while, and must be able to log in. A straggler's mere write must not: its cookie would take the
    /// place of a login's. Nor where several sessions are presented, none of which is picked: a login ends them.
    pub(crate) fn login_starts_anew(&self) -> bool {
        matches!(self, Self::Retired { .. } | Self::SeveralCookies { all_seen: true })
    }

    /// Tells whether the browser's cookie is this session's to remove. Not one with a retired id: what the browser has
    /// by now may be the cookie of the session that came after. Nor one that another server may read, or nobody looked at.
    pub(crate) fn owns_cookie(&self) -> bool {
        !matches!(self, Self::Retired { .. } | Self::LeftAlone { .. } | Self::SeveralCookies { all_seen: false })
    }
}
