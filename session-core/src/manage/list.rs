//! Sessions from outside: listed.

use std::cmp::Reverse;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::engine::{Backend, SessionError, Sessions};
use crate::payload::Contents;
use crate::request::{Found, live_sessions};
use crate::session::{KeyOf, WrongTypes, present, read_or};
use crate::store::{Owner, Record, SessionKey, Timestamp};

/// Describes a session from outside, as it was when it was read.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    key: SessionKey,
    record: Arc<Record>,
    contents: Contents,
}

impl SessionInfo {
    /// Gives the key, by which the session can be [revoked](Sessions::revoke).
    #[must_use]
    pub fn session_key(&self) -> SessionKey {
        self.key
    }

    /// Gives the owner; `None` if the session belongs to nobody.
    #[must_use]
    pub fn owner(&self) -> Option<&Owner> {
        self.record.owner.as_ref()
    }

    /// Tells when the session began.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.record.created_at
    }

    /// Tells when the session was last used, to the precision of the touch interval.
    #[must_use]
    pub fn last_seen_at(&self) -> Timestamp {
        self.record.last_seen_at
    }

    /// Tells when the session ends unless it is used.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.record.expires_at
    }

    /// Tells when the owner last proved who they are; `None` if never.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.contents.reserved.authenticated_at
    }

    /// Reads a value of the session; `None` if there is none.
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

impl From<Found> for SessionInfo {
    fn from((key, record, contents): Found) -> Self {
        Self { key, record, contents }
    }
}

impl Sessions {
    /// Lists the owner's live sessions, the one used last first.
    ///
    /// # Errors
    /// `Unsupported` if the store keeps no index by owner; `Store` or `Timeout` as it fails.
    pub async fn list(&self, owner: &Owner) -> Result<Vec<SessionInfo>, SessionError> {
        let engine = self.engine();
        let found = live_sessions(Backend::new(engine, &engine.deadline()), owner).await?;
        let mut infos: Vec<_> = found.into_iter().map(SessionInfo::from).collect();
        infos.sort_by_key(|info| (Reverse(info.last_seen_at()), info.key));
        Ok(infos)
    }
}
