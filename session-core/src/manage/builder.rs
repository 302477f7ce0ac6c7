//! Sets up [`Sessions`].

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

#[cfg(doc)]
use super::BuildError;
use crate::cookie::CookieConfig;
#[cfg(feature = "near")]
use crate::engine::Near;
use crate::engine::{
    ConflictPolicy, Event, FailurePolicy, FingerprintKey, GonePolicy, LoginPage, Observer, OnServerError, OwnerLimit,
    OwnerLimitAction, Renewal, Sessions, SiteData,
};
use crate::payload::{Codec, Expiry, Json};
use crate::store::{Clock, RandomSource, SessionStore, SystemClock, SystemRandom, Timestamp};

/// The settings of [`Sessions`]. Every setting has a default that is safe.
///
/// ```
/// # use std::sync::Arc;
/// # use session_core::{BuildError, SessionStore};
/// use session_core::cookie::{CookieConfig, CookieLifetime};
/// use session_core::{Expiry, Sessions};
/// use std::time::Duration;
///
/// # fn run(store: Arc<dyn SessionStore>) -> Result<(), BuildError> {
/// let sessions = Sessions::builder(store)
///     .cookie(CookieConfig::new("shop").with_lifetime(CookieLifetime::Persistent))
///     .expiry(Expiry::default().with_idle(Duration::from_secs(3600)))
///     .build()?;
/// assert_eq!(sessions.cookie_name(), "__Host-Http-shop");
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing happens before `build`"]
pub struct SessionsBuilder {
    pub(super) store: Arc<dyn SessionStore>,
    pub(super) cookie: CookieConfig,
    pub(super) scope: Option<String>,
    pub(super) expiry: Expiry,
    pub(super) not_before: Timestamp,
    pub(super) touch_interval: Option<Duration>,
    pub(super) codec: Box<dyn Codec>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn RandomSource>,
    pub(super) conflict_policy: ConflictPolicy,
    pub(super) failure_policy: FailurePolicy,
    pub(super) gone_policy: GonePolicy,
    pub(super) on_server_error: OnServerError,
    pub(super) operation_timeout: Duration,
    pub(super) max_payload: usize,
    pub(super) owner_limit: Option<OwnerLimit>,
    pub(super) observer: Observer,
    pub(super) renew_every: Option<Duration>,
    pub(super) renewal_overlap: Duration,
    pub(super) straggler_window: Option<Duration>,
    pub(super) clear_site_data: Vec<SiteData>,
    pub(super) login_page: Option<LoginPage>,
    pub(super) look_every: Duration,
    #[cfg(feature = "near")]
    pub(super) near: Option<Near>,
    pub(super) name: Option<std::any::TypeId>,
    #[cfg(feature = "device-bound")]
    pub(super) device_bound: Option<crate::bound::DeviceBound>,
    #[cfg(feature = "metrics")]
    pub(super) metrics: bool,
}

/// To set sessions up.
impl Sessions {
    /// Sets sessions up on a store, with defaults that are safe: see [`SessionsBuilder`].
    pub fn builder(store: impl SessionStore) -> SessionsBuilder {
        SessionsBuilder::new(Arc::new(store))
    }
}

impl SessionsBuilder {
    fn new(store: Arc<dyn SessionStore>) -> Self {
        Self {
            store,
            cookie: CookieConfig::default(),
            scope: None,
            expiry: Expiry::default(),
            not_before: Timestamp::MIN,
            touch_interval: None,
            codec: Box::new(Json),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            conflict_policy: ConflictPolicy::default(),
            failure_policy: FailurePolicy::default(),
            gone_policy: GonePolicy::default(),
            on_server_error: OnServerError::default(),
            operation_timeout: Duration::from_secs(5),
            max_payload: 64 * 1024,
            owner_limit: None,
            observer: Observer::default(),
            renew_every: None,
            renewal_overlap: Renewal::OVERLAP,
            straggler_window: None,
            clear_site_data: Vec::new(),
            login_page: None,
            look_every: Duration::from_secs(15),
            #[cfg(feature = "near")]
            near: None,
            name: None,
            #[cfg(feature = "device-bound")]
            device_bound: None,
            #[cfg(feature = "metrics")]
            metrics: false,
        }
    }

    /// Sets the cookie. The default is `__Host-Http-session`, for https. Chrome and Firefox take it over plain http on
    /// loopback as well; for Safari there, and for other hosts, see [`CookieConfig::development`].
    pub fn cookie(mut self, cookie: CookieConfig) -> Self {
        self.cookie = cookie;
        self
    }

    /// Names which sessions in the store are these `Sessions`', where several share it: an id of one scope is unknown to
    /// the others. The default is the cookie's name without prefix.
    ///
    /// It stands in every session, so **whoever changes the cookie's name names the old scope**, or all sessions are
    /// unknown from then on: `.cookie(CookieConfig::new("sid")).scope("session")`. The page
    /// [`changing_the_cookie`](crate::guide::changing_the_cookie) has the rest.
    pub fn scope(mut self, name: impl Into<String>) -> Self {
        self.scope = Some(name.into());
        self
    }

    /// Names these `Sessions` by a type, where a route has several: a handler asks for the session of the one that it means
    /// by `SessionOf` of that type, in `web`. The default is no name. What builds sessions need not know the framework.
    pub fn named<N: 'static>(mut self) -> Self {
        self.name = Some(std::any::TypeId::of::<N>());
        self
    }

    /// Sets the timeouts. The default is a day idle, and 30 days in all.
    pub fn expiry(mut self, expiry: Expiry) -> Self {
        self.expiry = expiry;
        self
    }

    /// Counts every session as over that began before `time`, or whose owner last proved who they are before it:
    /// everybody out, at once and without a walk over the store, as after a break-in. The default is none.
    ///
    /// It holds where it is set, so it must be on all servers; what other servers write meanwhile stays dead here. The
    /// records stay until they expire. Keep it for as long as the longest absolute timeout, after which nothing is that old.
    pub fn not_before(mut self, time: Timestamp) -> Self {
        self.not_before = time;
        self
    }

    /// Sets how long after the last time a session that is only read is written again, to move its deadline.
    ///
    /// A session may end that much early; the default is a twentieth of the idle timeout. It holds for
    /// sessions without an expiry of their own.
    pub fn touch_interval(mut self, interval: Duration) -> Self {
        self.touch_interval = Some(interval);
        self
    }

    /// Gives sessions a new id every so often, beside those for a change of privilege, so that a stolen id is of use
    /// for a while only. The default is not to.
    ///
    /// A request that is answered when the time has come carries the new id to the browser. The old one opens the session
    /// until the new one has been presented, since that answer may be lost, and for the [overlap](Self::renewal_overlap)
    /// after that, for requests that are under way; but never for longer than the idle timeout. A request with the old id
    /// is given no cookie before it is time for the next renewal. An old id that comes later opens nothing, and is
    /// [told](crate::events) as `old_id`. One that was renewed for a change of privilege is dead at once, as ever, and the
    /// absolute timeout holds over all renewals.
    ///
    /// Each renewal leaves a small record in the old one's place, for the idle timeout. Under [`ConflictPolicy::Reject`] a request that loaded the session before it was
    /// renewed cannot write it.
    pub fn renew_every(mut self, interval: Duration) -> Self {
        self.renew_every = Some(interval);
        self
    }

    /// Sets how long the old id serves once the new one has been presented. The default is 30 seconds; at most it is a
    /// minute.
    pub fn renewal_overlap(mut self, overlap: Duration) -> Self {
        self.renewal_overlap = overlap;
        self
    }

    /// Sets for how long after its end a session's id is a *straggler's*: of a request that was on its way when another
    /// one of the same browser logged out, logged in or was given a new id. Such a request finds an empty session, and can
    /// neither write it nor be given a cookie, which would take the place of the one that its browser has by now. After
    /// that the id is as good as unknown, and whoever presents it may begin a new session.
    ///
    /// The default is 10 seconds, or the [operation timeout](Self::operation_timeout) if that is longer. Servers' clocks
    /// should agree to within this.
    pub fn straggler_window(mut self, window: Duration) -> Self {
        self.straggler_window = Some(window);
        self
    }

    /// Sets how sessions are written. The default is [`Json`].
    pub fn codec(mut self, codec: impl Codec) -> Self {
        self.codec = Box::new(codec);
        self
    }

    /// Sets what to do when another request has changed the session meanwhile. The default is
    /// [`ConflictPolicy::Merge`].
    pub fn on_conflict(mut self, policy: ConflictPolicy) -> Self {
        self.conflict_policy = policy;
        self
    }

    /// Sets what a request gets when the store fails. The default is [`FailurePolicy::FailClosed`].
    pub fn on_failure(mut self, policy: FailurePolicy) -> Self {
        self.failure_policy = policy;
        self
    }

    /// Sets what a request gets whose changes were dropped because its session had ended. The default is
    /// [`GonePolicy::Refuse`].
    pub fn on_gone(mut self, policy: GonePolicy) -> Self {
        self.gone_policy = policy;
        self
    }

    /// Sets what becomes of the changes of a request that fails. The default is [`OnServerError::Discard`].
    pub fn on_server_error(mut self, policy: OnServerError) -> Self {
        self.on_server_error = policy;
        self
    }

    /// Sets how long loading, closing and every other operation may take. The default is 5 seconds.
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = timeout;
        self
    }

    /// Sets how many bytes a stored session may have. The default is 64 KiB, and never more than the store
    /// takes.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Sets how many sessions one owner may have, and what happens to one too many. The default is no limit.
    pub fn max_sessions_per_owner(mut self, max: NonZeroUsize, action: OwnerLimitAction) -> Self {
        self.owner_limit = Some(OwnerLimit { max, action });
        self
    }

    /// Tells the browser to forget more than the cookie, by `Clear-Site-Data`, in responses that end a session by a
    /// logout or a login as somebody else. The default is to tell nothing.
    ///
    /// Browsers heed it over https and on loopback, for the whole origin, so what other apps of it stored goes as well.
    /// It does not make them forget pages for their Back button; `no-store` does, which every page of somebody's session
    /// says, unless its handler sets `Cache-Control` itself. There is no way to name cookies: those of the whole site
    /// would go, and perhaps the one that this response sets.
    pub fn clear_site_data(mut self, what: impl IntoIterator<Item = SiteData>) -> Self {
        self.clear_site_data = what.into_iter().collect();
        self
    }

    /// Sets how often a session is looked at in the store whose [end](crate::Session::ended) is waited for, by a connection
    /// that stays open, while nothing [tells of ends](crate::Watch). The default is 15 seconds, which is four reads a minute
    /// for each; at most it is a minute, which is how often it is looked at where the store does tell.
    pub fn look_every(mut self, interval: Duration) -> Self {
        self.look_every = interval;
        self
    }

    /// Answers requests that only look by what this process has read before, if that still holds: see [`Near`]. The default
    /// is to ask the store each time.
    ///
    /// It costs memory, and a store that tells of all changes a note for each write to each process.
    #[cfg(feature = "near")]
    pub fn near(mut self, near: Near) -> Self {
        self.near = Some(near);
        self
    }

    /// Sets where browsers are sent by what wants somebody signed in, such as the extractor `SignedIn` in `web`. The
    /// default is nowhere: they are answered 401, as programs are.
    pub fn login_page(mut self, page: LoginPage) -> Self {
        self.login_page = Some(page);
        self
    }

    /// Binds sessions to the device that their visitor signed in on, where its browser can: a copy of the cookie is of no use
    /// without a key that the device keeps to itself. The default is not to. Browsers that cannot notice nothing.
    ///
    /// The page [`guide::device_bound`](crate::guide::device_bound) has how it goes, and what it protects from.
    #[cfg(feature = "device-bound")]
    pub fn device_bound(mut self, bound: crate::bound::DeviceBound) -> Self {
        self.device_bound = Some(bound);
        self
    }

    /// Adds a function that is given every [`Event`], such as an audit log; more than one may be added.
    ///
    /// It is called in the task of the request, and holds that up: what takes long, or waits, belongs behind a channel,
    /// where a full one drops the event. A panic in it is logged and hurts no request, where panics unwind.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{BuildError, SessionStore, Sessions};
    /// use session_core::EventKind;
    ///
    /// # fn run(store: Arc<dyn SessionStore>) -> Result<(), BuildError> {
    /// let (audit, _writer) = tokio::sync::mpsc::channel(1_000);
    /// let sessions = Sessions::builder(store)
    ///     .on_event(move |event| {
    ///         if let EventKind::Created | EventKind::Destroyed | EventKind::Revoked = event.kind() {
    ///             let line = (event.kind().name(), event.fingerprint(), event.owner().cloned());
    ///             let _ = audit.try_send(line);
    ///         }
    ///     })
    ///     .build()?;
    /// # Ok(()) }
    /// ```
    pub fn on_event(mut self, hook: impl Fn(&Event<'_>) + Send + Sync + 'static) -> Self {
        self.observer.add_hook(hook);
        self
    }

    /// Sets the key by which logs name sessions, so that those of several processes name one session alike, and a tool
    /// finds the session that a line is about. The default is one that each process draws.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use session_core::{BoxError, SecretKeys, SessionStore, Sessions};
    /// # fn run(store: Arc<dyn SessionStore>) -> Result<(), BoxError> {
    /// let mut sessions = Sessions::builder(store);
    /// // SESSION_FINGERPRINT_KEYS, or the file that SESSION_FINGERPRINT_KEYS_FILE names.
    /// if let Some(keys) = SecretKeys::from_env("SESSION_FINGERPRINT_KEYS")? {
    ///     sessions = sessions.fingerprint_key(keys.fingerprint_keys().next().expect("a list has one at least"));
    /// }
    /// let sessions = sessions.build()?;
    /// # Ok(()) }
    /// ```
    pub fn fingerprint_key(mut self, key: FingerprintKey) -> Self {
        self.observer.set_fingerprint_key(key);
        self
    }

    /// Counts and times what the store is asked, and counts events, on the facade of the crate `metrics`, whose recorder
    /// must be installed before. The page of [`events`](crate::events) has names and labels. The default is not to.
    #[cfg(feature = "metrics")]
    pub fn metrics(mut self) -> Self {
        self.metrics = true;
        self
    }

    /// Sets the clock, for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Sets the source of randomness, for tests of its failure.
    pub fn random(mut self, random: impl RandomSource) -> Self {
        self.random = Arc::new(random);
        self
    }
}
