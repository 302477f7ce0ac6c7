//! What is told of a session from outside.

use serde::de::DeserializeOwned;

use crate::engine::SessionError;
use crate::payload::{Contents, Labels};
use crate::request::Found;
use crate::session::{KeyOf, WrongTypes, names, present, read_or};
use crate::store::{Owner, Record, SessionKey, Timestamp};

/// A session from outside, as it was when it was read; without its values, which
/// [`Sessions::get`](crate::Sessions::get) reads.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    key: SessionKey,
    owner: Option<Owner>,
    created_at: Timestamp,
    last_seen_at: Timestamp,
    expires_at: Timestamp,
    authenticated_at: Option<Timestamp>,
    bound_at: Option<Timestamp>,
    labels: Labels,
}

impl SessionInfo {
    pub(super) fn new(key: SessionKey, record: &Record, contents: &Contents) -> Self {
        Self {
            key,
            owner: record.owner.clone(),
            created_at: record.created_at,
            last_seen_at: record.last_seen_at,
            expires_at: record.expires_at,
            authenticated_at: contents.reserved.authenticated_at,
            bound_at: contents.reserved.bound_at(),
            labels: contents.reserved.labels.clone(),
        }
    }

    /// Returns the key, by which the session can be [read](crate::Sessions::get) or [revoked](crate::Sessions::revoke).
    #[must_use]
    pub fn session_key(&self) -> SessionKey {
        self.key
    }

    /// Returns the owner; `None` if the session belongs to nobody.
    #[must_use]
    pub fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }

    /// Returns when the session began.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// Returns when the session was last used, to the precision of the touch interval.
    #[must_use]
    pub fn last_seen_at(&self) -> Timestamp {
        self.last_seen_at
    }

    /// Returns when the session ends unless it is used.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// Returns when the owner last proved who they are; `None` if never.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.authenticated_at
    }

    /// Returns when the session was [bound](crate::guide) to the device that its visitor signed in on; `None` if it is
    /// not.
    #[must_use]
    pub fn bound_at(&self) -> Option<Timestamp> {
        self.bound_at
    }

    /// Returns the text of a [label](crate::Session::set_label); `None` if there is none of the name.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name)
    }

    /// Returns all labels, each name with its text, sorted by name.
    pub fn labels(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter()
    }
}

/// A session as it was when it was read from outside, with its values.
#[derive(Clone, Debug)]
pub struct SessionSnapshot {
    info: SessionInfo,
    contents: Contents,
}

impl SessionSnapshot {
    /// Returns what a list would tell of it.
    #[must_use]
    pub fn info(&self) -> &SessionInfo {
        &self.info
    }

    /// Returns the names of all values, sorted.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        names(&self.contents)
    }

    /// Returns a value of the session; `None` if there is none.
    ///
    /// # Errors
    /// `WrongType` if it is of another type, unless its key says [what then holds](crate::OnWrongType). No event tells
    /// of it: here it is the caller's to know.
    pub fn get<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>, SessionError> {
        let Some(text) = present(&self.contents, key.as_key()) else { return Ok(None) };
        let mut untold = WrongTypes::default();
        read_or(key.as_key(), text, key.when_wrong_type(), || &mut untold)
    }
}

impl From<Found> for SessionSnapshot {
    fn from((key, record, contents): Found) -> Self {
        Self { info: SessionInfo::new(key, &record, &contents), contents }
    }
}
