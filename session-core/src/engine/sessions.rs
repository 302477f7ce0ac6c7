//! The door to everything, and what is behind it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::backend::Backend;
use super::deadline::Deadline;
use super::observe::Observer;
use super::settings::{ConflictPolicy, FailurePolicy, GonePolicy, OnServerError, OwnerLimit, Renewal};
use super::turns::Turns;
use super::{EventKind, SessionError};
use crate::cookie::{CookieLifetime, Cookies};
use crate::payload::{Codec, Contents, Expiry, Kind};
use crate::store::{Clock, Owner, RandomSource, Record, SessionKey, SessionStore, Timestamp};

/// Opens and closes the sessions of an app, and lists and ends them from outside.
///
/// It is set up once, is cheap to clone, and is all that a web adapter needs: [`open`](Self::open) when a
/// request comes, [`LazySession::load`](crate::LazySession::load) when the handler asks, [`close`](Self::close) before the response
/// leaves.
///
/// Two of them in one app, a shop's and an admin's, need cookies of different names. They may share a store:
/// an id of the one is unknown to the other.
///
/// ```
/// # use std::sync::Arc;
/// # use session_core::{Handled, SessionError, SessionStore, Sessions};
/// # async fn run(store: Arc<dyn SessionStore>, cookie_header: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = Sessions::builder(store).build()?;
/// sessions.init().await?;
///
/// let lazy = sessions.open([cookie_header]);
/// let session = lazy.load().await?;
/// session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
/// let closed = sessions.close(&lazy, Handled::Completed).await;
/// if let Some(set_cookie) = closed.set_cookie {
///     // Add it to the response.
///     assert!(set_cookie.starts_with("__Host-session="));
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Sessions(Arc<Engine>);

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

impl Sessions {
    pub(crate) fn new(engine: Engine) -> Self {
        Self(Arc::new(engine))
    }

    /// Prepares the store: connects, checks, creates what it needs. Call it once at the start.
    ///
    /// # Errors
    /// `Store` or `Timeout` if that fails.
    pub async fn init(&self) -> Result<(), SessionError> {
        Backend::new(&self.0, &self.0.deadline()).init().await
    }

    /// Gives the name of the cookie.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        self.0.cookies.name()
    }

    /// Gives the store.
    #[must_use]
    pub fn store(&self) -> &dyn SessionStore {
        &*self.0.store
    }

    /// Tells whether both are the same `Sessions`.
    #[cfg(feature = "_web")]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.0
    }
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

    /// Gives how long browsers keep a session's cookie.
    pub(crate) fn lifetime_of(&self, contents: &Contents) -> CookieLifetime {
        contents.reserved.lifetime().unwrap_or(self.cookies.lifetime())
    }

    /// Decodes what stands in `record`.
    pub(crate) fn decode(&self, key: &SessionKey, record: &Record) -> Result<Kind<'static>, SessionError> {
        Ok(self.codec.decode(key, &record.payload)?.0)
    }

    /// Tells everybody who listens what happened. Never with a session's state locked: a hook is the application's.
    pub(crate) fn tell(&self, kind: EventKind<'_>, key: Option<SessionKey>, owner: Option<&Owner>) {
        self.observer.tell(kind, key, owner);
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("store", &self.0.store)
            .field("cookie", &self.cookie_name())
            .finish_non_exhaustive()
    }
}
