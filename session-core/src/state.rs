//! What a handle knows of its session between the load and the end of the request.

use std::sync::Arc;

use crate::changes::Draft;
use crate::clock::Timestamp;
use crate::cookie::CookieLifetime;
use crate::error::{ReadOnly, SessionError};
use crate::id::{SessionId, SessionKey};
use crate::record::{Owner, Record};

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
    /// The request came with several different ids.
    SeveralCookies,
    /// It was there, and is no more.
    Ended,
}

/// What the handler wants to become of the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Keep,
    Renew,
    Destroy,
    Ignore,
}

/// What the browser has been told of the session's cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// It has none, or one that names no session.
    Nothing,
    /// It has this session's, of this lifetime and with this deadline.
    Cookie { lifetime: CookieLifetime, expires_at: Timestamp },
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) origin: Origin,
    pub(crate) draft: Draft,
    pub(crate) fate: Fate,
    /// A change of owner that is not written yet.
    pub(crate) new_owner: Option<Option<Owner>>,
    /// The id that the browser holds or is to be given.
    pub(crate) id: Option<SessionId>,
    /// What the browser knows; where that differs from what is stored, a cookie is due.
    pub(crate) told: Told,
    /// The request came with a cookie of our name, whatever its value.
    pub(crate) presented: bool,
    /// The response has left, or is about to.
    pub(crate) closed: bool,
}

impl State {
    pub(crate) fn record(&self) -> Option<&Arc<Record>> {
        match &self.origin {
            Origin::Stored { record, .. } => Some(record),
            _ => None,
        }
    }

    /// Gives the owner as the handler sees it.
    pub(crate) fn owner(&self) -> Option<&Owner> {
        match &self.new_owner {
            Some(new) => new.as_ref(),
            None => self.record().and_then(|record| record.owner.as_ref()),
        }
    }

    /// Tells whether a write would say anything new.
    pub(crate) fn is_changed(&self) -> bool {
        !self.draft.log().is_empty() || self.new_owner.is_some() || self.fate == Fate::Renew
    }

    /// Says why nothing can be written, if so.
    pub(crate) fn check_writable(&self) -> Result<(), SessionError> {
        match self.origin {
            _ if self.fate == Fate::Destroy => Err(SessionError::Destroyed),
            Origin::New if self.closed => Err(SessionError::ResponseSent),
            Origin::New | Origin::Stored { .. } => Ok(()),
            Origin::Retired { .. } => Err(SessionError::ReadOnly(ReadOnly::Retired)),
            Origin::StoreFailed { .. } => Err(SessionError::ReadOnly(ReadOnly::StoreFailed)),
            Origin::SeveralCookies => Err(SessionError::ReadOnly(ReadOnly::SeveralCookies)),
            Origin::Ended => Err(SessionError::Gone),
        }
    }

    /// Says why there is nothing to commit, if so; a `destroy` that is not done yet can be, whatever it ends.
    pub(crate) fn check_committable(&self) -> Result<(), SessionError> {
        match (self.fate, &self.origin) {
            (Fate::Destroy, Origin::Ended) => Err(SessionError::Destroyed),
            (Fate::Destroy, _) => Ok(()),
            _ => self.check_writable(),
        }
    }

    /// Prepares for a change of id.
    ///
    /// A browser that was logged out elsewhere still holds its retired id for a while, and must be able
    /// to log in. So a session that was ended, not renewed, may start anew here, where the handler asks
    /// for a new id in so many words; a straggler's mere write does not.
    pub(crate) fn check_renewable(&mut self) -> Result<(), SessionError> {
        if self.closed {
            return Err(SessionError::ResponseSent);
        }
        if let (Origin::Retired { successor: None }, Fate::Keep | Fate::Ignore) = (&self.origin, self.fate) {
            self.origin = Origin::New;
        }
        self.check_writable()
    }

    /// Takes note of a new id, for which the browser needs a cookie.
    pub(crate) fn renewed(&mut self, id: SessionId) {
        self.id = Some(id);
        self.told = Told::Nothing;
        self.new_owner = None;
        if self.fate == Fate::Renew {
            self.fate = Fate::Keep;
        }
    }

    /// Takes note that the session is over, with all changes that were not written.
    pub(crate) fn ended(&mut self) {
        self.origin = Origin::Ended;
        self.new_owner = None;
        self.draft.discard();
        if self.fate == Fate::Renew {
            self.fate = Fate::Keep;
        }
    }

    /// Takes note of a touch.
    pub(crate) fn touched(&mut self, seen: Timestamp, expires_at: Timestamp) {
        if let Origin::Stored { record, .. } = &mut self.origin {
            let record = Arc::make_mut(record);
            record.last_seen_at = record.last_seen_at.max(seen);
            record.expires_at = record.expires_at.max(expires_at);
        }
    }
}
