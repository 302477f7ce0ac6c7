//! What all parts of a `Sessions` share, in one place.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::deadline::Deadline;
use super::observe::Observer;
use super::settings::{ConflictPolicy, FailurePolicy, GonePolicy, OnServerError, OwnerLimit, Renewal};
use super::turns::Turns;
use super::{EventKind, SessionError};
use crate::cookie::{CookieLifetime, Cookies};
use crate::payload::{Codec, Contents, Expiry, Kind, RecordHead};
use crate::store::{Clock, Owner, RandomSource, Record, SessionKey, SessionStore, Timestamp};

/// What all parts of a `Sessions` share.
pub(crate) struct Engine {
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) cookies: Cookies,
    /// Told apart from other `Sessions` on the same store by this; empty for the default name.
    pub(crate) scope: String,
    pub(crate) expiry: Expiry,
    pub(crate) touch_interval: Option<Duration>,
    pub(crate) codec: Box<dyn Codec>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn RandomSource>,
    pub(crate) conflict_policy: ConflictPolicy,
    pub(crate) failure_policy: FailurePolicy,
    pub(crate) gone_policy: GonePolicy,
    pub(crate) on_server_error: OnServerError,
    pub(crate) operation_timeout: Duration,
    pub(crate) max_payload: usize,
    pub(crate) owner_limit: Option<OwnerLimit>,
    pub(crate) renewal: Option<Renewal>,
    pub(crate) turns: Turns,
    pub(crate) observer: Observer,
}

impl Engine {
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Starts the time that an operation may take.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.operation_timeout)
    }

    pub(crate) fn new_contents(&self) -> Contents {
        Contents::new(&self.scope)
    }

    /// Gives the timeouts that hold for a session.
    pub(crate) fn expiry_of(&self, contents: &Contents) -> Expiry {
        contents.reserved.expiry().unwrap_or(self.expiry)
    }

    /// Tells whether a session is over by what its payload says, whatever deadline stands beside it in the store.
    pub(crate) fn is_over(&self, record: &Record, contents: &Contents) -> bool {
        let now = self.now();
        self.expiry_of(contents).deadline(record.created_at, now) <= now
    }

    /// Gives how long browsers keep a session's cookie.
    pub(crate) fn lifetime_of(&self, contents: &Contents) -> CookieLifetime {
        contents.reserved.lifetime().unwrap_or(self.cookies.lifetime())
    }

    /// Encodes what is to stand in a record that was begun at `created_at`.
    ///
    /// # Errors
    /// `Codec` if it cannot be written.
    pub(crate) fn encode(
        &self,
        key: &SessionKey,
        owner: Option<&Owner>,
        created_at: Timestamp,
        kind: Kind<'_>,
    ) -> Result<Bytes, SessionError> {
        let head = RecordHead::new(key, created_at, self.now()).with_owner(owner);
        Ok(self.codec.encode(&head, &kind.into())?)
    }

    /// Decodes what stands in `record`.
    ///
    /// # Errors
    /// `Codec` if it cannot be read, or is not what was written for this record.
    pub(crate) fn decode(&self, key: &SessionKey, record: &Record) -> Result<Kind<'static>, SessionError> {
        Ok(self.codec.decode(&RecordHead::of(key, record, self.now()), &record.payload)?.kind)
    }

    /// Tells everybody who listens what happened. Never with a session's state locked: a hook is the application's.
    pub(crate) fn tell(&self, kind: EventKind<'_>, key: Option<SessionKey>, owner: Option<&Owner>) {
        self.observer.tell(kind, key, owner);
    }
}
