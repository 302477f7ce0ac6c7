//! The door to everything: opens and closes requests, and ends sessions from outside.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::Deadline;
use crate::builder::SessionsBuilder;
use crate::clock::{Clock, Timestamp};
use crate::codec::Codec;
use crate::contents::Contents;
use crate::cookie::{CookieLifetime, Cookies};
use crate::error::SessionError;
use crate::events::Verb;
use crate::expiry::Expiry;
use crate::lazy::LazySession;
use crate::observe::Observer;
use crate::owner_limit::OwnerLimit;
use crate::queue::Queue;
use crate::random::RandomSource;
use crate::renewal::Renewal;
use crate::store::SessionStore;

/// Opens and closes the sessions of an app, and lists and ends them from outside.
///
/// It is set up once, is cheap to clone, and is all that a web adapter needs: [`open`](Self::open) when a
/// request comes, [`LazySession::load`] when the handler asks, [`close`](Self::close) before the response
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
pub struct Sessions(Arc<Inner>);

pub(crate) struct Inner {
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
    pub(crate) queue: Queue,
    pub(crate) observer: Observer,
    pub(crate) renewal: Option<Renewal>,
}

impl Sessions {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Sets sessions up on a store, with defaults that are safe: see [`SessionsBuilder`].
    pub fn builder(store: impl SessionStore) -> SessionsBuilder {
        SessionsBuilder::new(Arc::new(store))
    }

    /// Prepares the store: connects, checks, creates what it needs. Call it once at the start.
    ///
    /// # Errors
    /// `Store` or `Timeout` if that fails.
    pub async fn init(&self) -> Result<(), SessionError> {
        self.call(Verb::Init, None, &self.deadline(), self.store().init()).await
    }

    /// Opens a request, given the values of its `Cookie` headers. Costs no I/O and cannot fail.
    ///
    /// With a development cookie, use [`open_on_host`](Self::open_on_host).
    pub fn open<'a>(&self, cookie_headers: impl IntoIterator<Item = &'a [u8]>) -> LazySession {
        self.open_on_host(None, cookie_headers)
    }

    /// Opens a request, given the value of its `Host` header, too. Web adapters call this one: a development
    /// cookie is refused where the host is not loopback, or not known.
    pub fn open_on_host<'a>(
        &self,
        host: Option<&[u8]>,
        cookie_headers: impl IntoIterator<Item = &'a [u8]>,
    ) -> LazySession {
        let cookies = self.cookies();
        LazySession::new(self.clone(), cookies.read(cookie_headers), cookies.permits_host(host))
    }

    /// Gives the name of the cookie.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        self.cookies().name()
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

    pub(crate) fn cookies(&self) -> &Cookies {
        &self.0.cookies
    }

    pub(crate) fn scope(&self) -> &str {
        &self.0.scope
    }

    pub(crate) fn codec(&self) -> &dyn Codec {
        &*self.0.codec
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn random(&self) -> &dyn RandomSource {
        &*self.0.random
    }

    pub(crate) fn random_arc(&self) -> Arc<dyn RandomSource> {
        Arc::clone(&self.0.random)
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.0.queue
    }

    pub(crate) fn observer(&self) -> &Observer {
        &self.0.observer
    }

    pub(crate) fn renewal(&self) -> Option<Renewal> {
        self.0.renewal
    }

    pub(crate) fn conflict_policy(&self) -> ConflictPolicy {
        self.0.conflict_policy
    }

    pub(crate) fn failure_policy(&self) -> FailurePolicy {
        self.0.failure_policy
    }

    pub(crate) fn gone_policy(&self) -> GonePolicy {
        self.0.gone_policy
    }

    pub(crate) fn on_server_error(&self) -> OnServerError {
        self.0.on_server_error
    }

    pub(crate) fn max_payload(&self) -> usize {
        self.0.max_payload
    }

    pub(crate) fn owner_limit(&self) -> Option<OwnerLimit> {
        self.0.owner_limit
    }

    pub(crate) fn touch_interval(&self) -> Option<Duration> {
        self.0.touch_interval
    }

    /// Starts the time that an operation may take.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.0.operation_timeout)
    }

    pub(crate) fn new_contents(&self) -> Contents {
        Contents::new(self.scope())
    }

    /// Gives the timeouts that hold for a session.
    pub(crate) fn expiry_of(&self, contents: &Contents) -> Expiry {
        contents.reserved.expiry().unwrap_or(self.0.expiry)
    }

    /// Gives how long browsers keep a session's cookie.
    pub(crate) fn lifetime_of(&self, contents: &Contents) -> CookieLifetime {
        contents.reserved.lifetime().unwrap_or(self.cookies().lifetime())
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

/// Says what to do when another request has changed the session meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConflictPolicy {
    /// Make the changes again on what the other wrote. Nothing is lost.
    #[default]
    Merge,
    /// Write nothing, and end with [`SessionError::Conflict`].
    Reject,
    /// Write this request's view of the session over the other's. What the other changed is lost; a session
    /// that has ended stays ended.
    Overwrite,
}

/// Says what a request gets when the store fails to load its session.
///
/// A *write* that fails is an error under either policy: an answer that says "saved" must be true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailurePolicy {
    /// An error, which adapters answer with 503.
    #[default]
    FailClosed,
    /// An empty session that is never written, so that pages which can do without go on. What they change in it
    /// is dropped, and they are answered all the same; [`Session::read_only`](crate::Session::read_only) tells them.
    Anonymous,
}

/// Says what a request gets whose changes were dropped, because its session had ended: by logout, revocation or
/// expiry while it ran, or a moment before it came with the [retired](crate::ReadOnly::Retired) id of that. One that
/// came with [several](crate::ReadOnly::SeveralCookies) session cookies is treated likewise, and so is one whose session
/// this server [leaves alone](crate::ReadOnly::UnknownFormat), with 503.
///
/// A request that only read its session, or destroyed it, or said [`ignore`](crate::Session::ignore), or ended with a
/// server error, is answered under either policy. So is one that was told by an error of
/// [`commit`](crate::Session::commit), [`transaction`](crate::Session::transaction) or
/// [`reload`](crate::Session::reload), and changed nothing after that. One that logs in with a retired id
/// loses nothing: see [`Session::set_owner`](crate::Session::set_owner).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum GonePolicy {
    /// An error, which adapters answer with 409: an answer that says "saved" must be true.
    #[default]
    Refuse,
    /// The handler's answer, whatever it says. [`CloseOutcome`](crate::CloseOutcome) tells who looks at it.
    Answer,
}

/// Says what becomes of the changes of a request that ended with a server error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnServerError {
    /// They are discarded, as a transaction's would be. A `destroy` is done all the same.
    #[default]
    Discard,
    /// They are written.
    Save,
}
