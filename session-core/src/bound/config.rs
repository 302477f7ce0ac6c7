//! How sessions are bound to devices, as the application sets it.

use std::time::Duration;

use crate::cookie::SigningKey;

/// How sessions are bound to the device that their visitor signed in on; for
/// [`SessionsBuilder::device_bound`](crate::SessionsBuilder::device_bound). The page [`guide::device_bound`](crate::guide)
/// has what it protects from, and what not.
///
/// ```
/// use session_core::{DeviceBound, OnUnproven, SecretKeys, Sessions};
/// use std::time::Duration;
/// # use session_core::{BuildError, SessionStore};
/// # fn run(store: impl SessionStore, keys: &SecretKeys) -> Result<Sessions, BuildError> {
/// let bound = DeviceBound::new(keys.signing_keys())
///     .with_lifetime(Duration::from_secs(300))
///     .on_unproven(OnUnproven::StepUp);
/// Sessions::builder(store).device_bound(bound).build()
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "`SessionsBuilder::device_bound` takes it"]
pub struct DeviceBound {
    pub(super) keys: Vec<SigningKey>,
    pub(super) path: String,
    pub(super) lifetime: Duration,
    pub(super) offer: BindingOffer,
    pub(super) algorithms: Vec<DeviceAlgorithm>,
    pub(super) on_unproven: OnUnproven,
    pub(super) on_skipped: Option<OnUnproven>,
    pub(super) excluded: Vec<String>,
    pub(super) initiators: Vec<String>,
}

/// Which sessions browsers are offered to bind. It is always one of somebody's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindingOffer {
    /// Each that somebody logs in to.
    #[default]
    EveryLogin,
    /// Those of which a handler asks for it, by [`Session::offer_binding`](crate::Session::offer_binding).
    WhereAsked,
}

/// What a request gets that comes with the cookie of a bound session, and without the device's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnUnproven {
    /// An empty session of nobody's, which cannot be written ([`ReadOnly::Unproven`](crate::ReadOnly::Unproven)). Whoever
    /// signs in goes on with the session, under a new id, and its browser is offered to bind it anew.
    #[default]
    Refuse,
    /// The session, but no proof of who its owner is counts as fresh, however late it was:
    /// [`is_authenticated_within`](crate::Session::is_authenticated_within) is `false`, and
    /// [`SignedInWithin`](crate::web) sends to where it is confirmed.
    StepUp,
    /// The session, as ever. The [event](crate::events) `device_unproven` tells of it: for the time in which one looks
    /// whom it would meet.
    Log,
}

/// An algorithm by which devices sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, for devices whose chip knows nothing else.
    Rs256,
}

impl DeviceAlgorithm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }
}

impl DeviceBound {
    /// Begins with the secret keys of which the first makes, and all verify, the device cookie and the challenges. All
    /// servers have the same. They may be those that [sign the session cookie](crate::CookieConfig::with_signing_keys).
    ///
    /// To change keys put the new one in front, and drop the old one once the [lifetime](Self::with_lifetime) has passed.
    pub fn new(keys: impl IntoIterator<Item = SigningKey>) -> Self {
        Self {
            keys: keys.into_iter().collect(),
            path: "/dbsc".to_owned(),
            lifetime: Duration::from_secs(600),
            offer: BindingOffer::default(),
            algorithms: vec![DeviceAlgorithm::Es256, DeviceAlgorithm::Rs256],
            on_unproven: OnUnproven::default(),
            on_skipped: None,
            excluded: Vec::new(),
            initiators: Vec::new(),
        }
    }

    /// Sets under which path browsers register and refresh: by `POST` to `register` and `refresh` below it. The default is
    /// `/dbsc`. The layer answers these, so it must be one that sees whole paths; no route is needed.
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sets how long the device cookie lives, after which the device proves itself anew: from a minute to a day. The default is
    /// 10 minutes. For so long a copy of *all* cookies is of use elsewhere.
    pub fn with_lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Sets which sessions browsers are offered to bind. The default is [`BindingOffer::EveryLogin`].
    pub fn with_offer(mut self, offer: BindingOffer) -> Self {
        self.offer = offer;
        self
    }

    /// Sets by which algorithms devices may sign, the one preferred first. The default is both.
    pub fn with_algorithms(mut self, algorithms: impl IntoIterator<Item = DeviceAlgorithm>) -> Self {
        self.algorithms = algorithms.into_iter().collect();
        self
    }

    /// Sets what a request gets that comes without the device cookie. The default is [`OnUnproven::Refuse`].
    pub fn on_unproven(mut self, policy: OnUnproven) -> Self {
        self.on_unproven = policy;
        self
    }

    /// Sets what it gets where its browser says, by `Secure-Session-Skipped`, that it could not refresh. The default is what
    /// every other gets.
    ///
    /// **Whoever has stolen a cookie can say so, too.** What is laxer here is laxer for thieves.
    pub fn on_skipped(mut self, policy: OnUnproven) -> Self {
        self.on_skipped = Some(policy);
        self
    }

    /// Leaves a path and what is below it out of the scope: browsers send requests there without a refresh, so that what
    /// needs no session, such as images, never waits for one. A handler there that asks for its session all the same may
    /// find it unproven.
    pub fn exclude(mut self, path: impl Into<String>) -> Self {
        self.excluded.push(path.into());
        self
    }

    /// Names a host, such as `*.example.org`, whose pages may have this one's session refreshed by what they embed of it.
    /// By default it is this origin's alone.
    pub fn allow_initiator(mut self, host: impl Into<String>) -> Self {
        self.initiators.push(host.into());
        self
    }
}
