//! What all parts of a `Sessions` share, in one place.

use std::any::TypeId;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

#[cfg(feature = "_web")]
use super::LoginPage;
use super::clearing::Clearing;
use super::deadline::Deadline;
use super::observe::Observer;
use super::once::Once;
use super::settings::{ConflictPolicy, FailurePolicy, GonePolicy, OnServerError, OwnerLimit, Renewal};
use super::settling::Settling;
use super::turns::Turns;
use super::watching::Watching;
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
    /// What began earlier is over.
    pub(crate) not_before: Timestamp,
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
    /// Binds sessions to devices.
    #[cfg(feature = "device-bound")]
    pub(crate) devices: Option<crate::bound::Devices>,
    /// How long after its end a session's id is a straggler's rather than a newcomer's.
    pub(crate) straggler_window: Duration,
    pub(crate) turns: Turns,
    /// What this process was asked to end, and is still trying to.
    pub(crate) settling: Settling,
    /// For whom sessions that are too many are ended in the background.
    pub(crate) clearing: Arc<Clearing>,
    /// The value of the header `Clear-Site-Data` with which a logout is answered.
    pub(crate) clear_site_data: Option<Arc<str>>,
    /// By which name handlers ask for a session of these.
    #[cfg_attr(not(feature = "_extractors"), expect(dead_code, reason = "extractors alone ask for one by its name"))]
    pub(crate) name: Option<TypeId>,
    /// Who is told of changes: the near cache, and who waits for an end.
    pub(crate) watching: Watching,
    /// How often a session is looked at whose end is waited for.
    pub(crate) look_every: Duration,
    /// Where browsers are sent to sign in.
    #[cfg(feature = "_web")]
    pub(crate) login_page: Option<LoginPage>,
    /// Whether the cookie is set where browsers drop it.
    pub(crate) plain_http: Once,
    /// Whether handlers ask for a session where there are several.
    pub(crate) several_sessions: Once,
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

    /// Gives the deadline of a session that began at `created_at` and was last used at `seen`. The absolute timeout
    /// counts from the last proof of who its owner is, if there was one.
    pub(crate) fn deadline_of(&self, contents: &Contents, created_at: Timestamp, seen: Timestamp) -> Timestamp {
        self.expiry_of(contents).deadline(began(contents, created_at), seen)
    }

    /// Tells whether a session is over at `now` by what its payload says, whatever deadline stands beside it in the store.
    pub(crate) fn is_over(&self, record: &Record, contents: &Contents, now: Timestamp) -> bool {
        self.deadline_of(contents, record.created_at, now) <= now
            || began(contents, record.created_at) < self.not_before
    }

    /// Tells whether what was decoded is a session of this one's that is not over at `now`.
    pub(crate) fn opens(&self, record: &Record, contents: &Contents, now: Timestamp) -> bool {
        contents.reserved.scope == self.scope && record.is_live_at(now) && !self.is_over(record, contents, now)
    }

    /// Tells whether the owner proved who they are within `window`.
    pub(crate) fn logged_in_within(&self, contents: &Contents, window: Duration) -> bool {
        contents.reserved.authenticated_at.is_some_and(|at| self.now().since(at) < window)
    }

    /// Tells whether this process was asked to end the session under `key`, and the store has not done it yet.
    pub(crate) fn is_settling(&self, key: &SessionKey) -> bool {
        self.settling.has(key)
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

/// Tells since when a session holds: since the last proof of who its owner is, if there was one.
fn began(contents: &Contents, created_at: Timestamp) -> Timestamp {
    contents.reserved.authenticated_at.map_or(created_at, |proof| proof.max(created_at))
}
