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
    /// The request came with the id of a session that is over, and is as good as a newcomer. What is left of that one
    /// stands here, for who begins a session to mark.
    Dead { key: SessionKey, record: Arc<Record> },
    /// The request came with the id of a session that its browser ended a moment ago, or that was ended while the request
    /// was on its way.
    Straggler { key: SessionKey },
    /// The store failed, and the policy is to go on without.
    StoreFailed { key: SessionKey },
    /// What is there is for other servers to read: this one writes, ends and removes nothing.
    LeftAlone { why: ReadOnly },
    /// The request came with several different ids, and none of them can be told to be the session's.
    SeveralCookies {
        /// Each was looked at, or one of them lives.
        all_seen: bool,
    },
    /// The session is bound to a device, and the request did not prove that it comes from that.
    #[cfg_attr(not(feature = "device-bound"), allow(dead_code, reason = "nothing is asked for a proof"))]
    Unproven { key: SessionKey },
    /// It was there, and is no more; under this key, if it was stored. It may have a successor there.
    Ended { key: Option<SessionKey> },
}

/// What a handle may do that came by a dead id is decided here; what the id still opens, where it is read and ended, in
/// `request/retirement.rs` and `request/dead.rs`.
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
            Self::Straggler { .. } => Some(ReadOnly::Retired),
            Self::StoreFailed { .. } => Some(ReadOnly::StoreFailed),
            Self::LeftAlone { why } => Some(*why),
            Self::SeveralCookies { .. } => Some(ReadOnly::SeveralCookies),
            Self::Unproven { .. } => Some(ReadOnly::Unproven),
            Self::New | Self::Stored { .. } | Self::Dead { .. } | Self::Ended { .. } => None,
        }
    }

    /// Tells whether a login begins anew where nothing else can be written.
    pub(crate) fn yields_to_logins(&self) -> bool {
        matches!(
            self,
            Self::Straggler { .. } | Self::SeveralCookies { .. } | Self::Unproven { .. } | Self::Ended { .. }
        )
    }

    /// Says why nobody can log in here; `None` if they can, whatever else they cannot. A browser that was logged out
    /// elsewhere, or whose last login got no answer, still holds an id that opens nothing.
    pub(crate) fn refuses_logins(&self) -> Option<ReadOnly> {
        match self {
            // Its cookie might be one of those that nobody looks at.
            Self::StoreFailed { .. } | Self::LeftAlone { .. } | Self::SeveralCookies { all_seen: false } => {
                self.read_only()
            }
            _ => None,
        }
    }

    /// Gives the key under which, or behind which, there is a session to end or to log in to; `None` if there is none.
    ///
    /// # Errors
    /// `ReadOnly` where this server cannot tell what has to end.
    pub(crate) fn key(&self) -> Result<Option<SessionKey>, SessionError> {
        match *self {
            // A logout ends it, whoever asks: that is no thief's gain.
            Self::Stored { key, .. } | Self::StoreFailed { key } | Self::Unproven { key } => Ok(Some(key)),
            // The visitor wants to log out, and holds the id of a moment ago: it is the session of now that ends.
            Self::Dead { key, .. } | Self::Straggler { key } => Ok(Some(key)),
            Self::Ended { key } => Ok(key),
            // It may be retired, with a live successor, and then it is not what has to end.
            Self::LeftAlone { why } => Err(SessionError::ReadOnly(why)),
            // What nobody looked at may live, and to say that it ended would be untrue.
            Self::SeveralCookies { all_seen: false } => Err(SessionError::ReadOnly(ReadOnly::SeveralCookies)),
            Self::New | Self::SeveralCookies { .. } => Ok(None),
        }
    }

    /// Gives what is left when the session turns out to be over.
    pub(crate) fn ended(&self) -> Self {
        Self::Ended { key: self.key().unwrap_or_default() }
    }

    /// Tells whether the browser's cookie goes if this cannot be ended. Not a straggler's: what the browser has by now may
    /// be the cookie of the session that came after.
    pub(crate) fn holds_cookie(&self) -> bool {
        matches!(self, Self::Stored { .. } | Self::StoreFailed { .. } | Self::Unproven { .. })
    }
}
