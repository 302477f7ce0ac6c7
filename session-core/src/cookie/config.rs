//! How the cookie is set up.

use super::former::FormerName;
use super::{
    CookieLifetime, CookiePartition, CookiePrefix, CookieTransport, FormerAttributes, SameSite, SigningKey,
    UnsignedCookies,
};
use crate::store::Timestamp;

/// The settings of the session cookie.
///
/// What is not set keeps its default, which is the safest that works for most: see the
/// [module page](super). The config is checked when [`Sessions`](crate) are built of it.
///
/// ```
/// use session_core::cookie::{CookieConfig, CookiePrefix, SameSite};
///
/// // __Host-Http-session; Secure; HttpOnly; SameSite=Lax; Path=/
/// let safest = CookieConfig::default();
///
/// // Shared by all of example.org, which the prefixes `__Host-Http-` and `__Host-` forbid.
/// let shared = CookieConfig::new("shop")
///     .with_prefix(CookiePrefix::Secure)
///     .with_domain("example.org")
///     .with_same_site(SameSite::Strict);
/// assert!(format!("{shared:?}").contains("example.org"));
/// # let _ = safest;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CookieConfig {
    pub(super) name: String,
    pub(super) prefix: CookiePrefix,
    pub(super) transport: CookieTransport,
    pub(super) same_site: SameSite,
    pub(super) path: String,
    pub(super) domain: Option<String>,
    pub(super) partition: CookiePartition,
    pub(super) lifetime: CookieLifetime,
    // `None` is "not signed"; an empty list is a mistake that the check reports.
    pub(super) signing_keys: Option<Vec<SigningKey>>,
    pub(super) unsigned: UnsignedCookies,
    pub(super) former_attributes: Vec<FormerAttributes>,
    pub(super) former_names: Vec<FormerName>,
}

impl Default for CookieConfig {
    fn default() -> Self {
        Self::new("session")
    }
}

impl CookieConfig {
    /// Describes a cookie named `name`, to which the prefix is added: `shop` becomes `__Host-Http-shop`.
    ///
    /// Give each [`Sessions`](crate) of an app its own name.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            prefix: CookiePrefix::default(),
            transport: CookieTransport::default(),
            same_site: SameSite::default(),
            path: "/".to_owned(),
            domain: None,
            partition: CookiePartition::default(),
            lifetime: CookieLifetime::default(),
            signing_keys: None,
            unsigned: UnsignedCookies::default(),
            former_attributes: Vec::new(),
            former_names: Vec::new(),
        }
    }

    /// Describes a cookie for plain http on one's own machine: no prefix, not `Secure`, and used on
    /// nothing but loopback.
    ///
    /// It is for development, in Safari above all: Chrome and Firefox take the default cookie from `http://localhost` as
    /// well, Safari does not. On another host, and where `Forwarded` or `X-Forwarded-*` headers tell of a proxy in front, no
    /// session is opened, for such a cookie must not go live. Force it elsewhere, say in a test network without TLS or behind
    /// a proxy of one's own, by [`CookieTransport::HttpAnywhere`].
    ///
    /// ```
    /// use session_core::SessionError;
    /// use session_core::cookie::{CookieConfig, CookieTransport};
    /// # use session_core::{RequestHead, Session, Sessions};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn open(cookie: &CookieConfig, headers: &[(&str, &str)]) -> Result<Session, SessionError> {
    /// #     let store = session_ets::EtsStore::new(session_ets::Table::private());
    /// #     let sessions = Sessions::builder(store).cookie(cookie.clone()).build().unwrap();
    /// #     let header = |name: &str| headers.iter().find(|header| header.0 == name).map(|header| header.1.as_bytes());
    /// #     sessions.open(RequestHead::new("GET").with_headers(&header)).load().await
    /// # }
    ///
    /// let on_loopback = CookieConfig::development();
    /// let in_the_lab = CookieConfig::development().with_transport(CookieTransport::HttpAnywhere);
    ///
    /// // What becomes of requests with these headers.
    /// let (own, other) = (("host", "localhost:3000"), ("host", "192.168.1.7:3000"));
    /// let proxy = ("x-forwarded-for", "192.168.1.9");
    /// assert!(open(&on_loopback, &[own]).is_ok());
    /// assert!(matches!(open(&on_loopback, &[other]), Err(SessionError::InsecureHost)));
    /// assert!(matches!(open(&on_loopback, &[own, proxy]), Err(SessionError::BehindProxy { .. })));
    /// assert!(open(&in_the_lab, &[other]).is_ok() && open(&in_the_lab, &[own, proxy]).is_ok());
    /// ```
    #[must_use]
    pub fn development() -> Self {
        Self::default().with_prefix(CookiePrefix::None).with_transport(CookieTransport::HttpOnLoopback)
    }

    /// Sets the name, without prefix. The default is `session`, which says nothing of what runs here.
    ///
    /// Sessions that live know which name they were begun under: to change it without a logout, see
    /// [`changing_the_cookie`](crate::guide::changing_the_cookie).
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sets the prefix by which browsers enforce attributes. The default is [`CookiePrefix::HostHttp`].
    ///
    /// It is a part of the cookie's name: to change it without a logout, see
    /// [`changing_the_cookie`](crate::guide::changing_the_cookie).
    #[must_use]
    pub fn with_prefix(mut self, prefix: CookiePrefix) -> Self {
        self.prefix = prefix;
        self
    }

    /// Sets over what the cookie may travel. The default is [`CookieTransport::Https`].
    #[must_use]
    pub fn with_transport(mut self, transport: CookieTransport) -> Self {
        self.transport = transport;
        self
    }

    /// Sets which requests from other sites carry the cookie. The default is [`SameSite::Lax`].
    #[must_use]
    pub fn with_same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Limits the cookie to a path and what lies below. The default is `/`.
    ///
    /// It keeps requests small, not secrets: pages of one origin can reach each other whatever the
    /// path. [`CookiePrefix::HostHttp`] and [`CookiePrefix::Host`] allow `/` alone.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Sends the cookie to `domain` and all that lies below. Without it, the cookie goes to the host
    /// that set it and to no other, which is the default.
    ///
    /// Every host below the domain then sees the session. [`CookiePrefix::HostHttp`] and [`CookiePrefix::Host`] forbid it.
    #[must_use]
    pub fn with_domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Sets whether an embedded site has a cookie per embedding site. The default is
    /// [`CookiePartition::Shared`].
    #[must_use]
    pub fn with_partition(mut self, partition: CookiePartition) -> Self {
        self.partition = partition;
        self
    }

    /// Sets how long browsers keep the cookie of a session that does not choose for itself. The
    /// default is [`CookieLifetime::Browser`].
    #[must_use]
    pub fn with_lifetime(mut self, lifetime: CookieLifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Names what the cookie had before its path, domain or partition was changed; several may be named.
    ///
    /// Browsers keep one cookie for each, and send them all. Where a request presents several, its response sets the one
    /// that counts as it is now and removes the former ones; so does a logout, whatever is presented. Without this, a
    /// logout leaves them, and visitors with two live sessions have to log in again. The page
    /// [`changing_the_cookie`](crate::guide::changing_the_cookie) has recipes.
    ///
    /// ```
    /// use session_core::cookie::{CookieConfig, CookiePrefix, FormerAttributes};
    ///
    /// // It was shared by all of example.org.
    /// let config = CookieConfig::default()
    ///     .with_prefix(CookiePrefix::Secure)
    ///     .with_former_attributes(FormerAttributes::default().with_domain("example.org"));
    /// # let _ = config;
    /// ```
    #[must_use]
    pub fn with_former_attributes(mut self, attributes: FormerAttributes) -> Self {
        self.former_attributes.push(attributes);
        self
    }

    /// Names a whole name, with its prefix, that the cookie had before `changed_at`; several may be named.
    ///
    /// A cookie of that name counts where none of the present name is presented, and only for a session that began, and
    /// was last given an id, before `changed_at`. Its session is given a new id under the present name at once, and the
    /// former cookie is removed, with the attributes of the present one and of all
    /// [former ones](Self::with_former_attributes).
    ///
    /// The time is a guard. Who can plant a cookie under the former name, say a script under one that is not
    /// `__Host-Http-`, or a sibling domain under one that is not even `__Host-`, could go on planting sessions of their own as long as it counts; so only what was there before does. Give
    /// the time at which the last server stops that sets the former name, and take this out again an absolute timeout
    /// later. Where the bare name changes, too, name the old [scope](crate::SessionsBuilder::scope).
    #[must_use]
    pub fn with_former_name(mut self, whole_name: impl Into<String>, changed_at: Timestamp) -> Self {
        self.former_names.push(FormerName { name: whole_name.into(), changed_at });
        self
    }

    /// Signs the cookie: the first key signs, all of them verify. Without it, the default, the cookie
    /// is not signed.
    ///
    /// Ids are 256 random bits, so nobody guesses one with or without a signature. It lets forged
    /// cookies be told apart before the store is asked, and a cookie for one name is none for another.
    /// Switching it on at once ends every session; [`with_unsigned_cookies`](Self::with_unsigned_cookies)
    /// has the steps by which it ends none. Switching it off ends every session. To change keys without
    /// ending any, put the new one behind the old one on all servers, then in front, and drop the old one when the
    /// absolute timeout has passed: see [`SecretKeys`](crate::SecretKeys#rotation).
    ///
    /// ```
    /// use session_core::cookie::{CookieConfig, SigningKey};
    ///
    /// # let (new, old) = ([1; 32], [2; 32]);
    /// let keys = [SigningKey::new(new)?, SigningKey::new(old)?];
    /// let config = CookieConfig::default().with_signing_keys(keys);
    /// # let _ = config;
    /// # Ok::<(), session_core::cookie::CookieError>(())
    /// ```
    #[must_use]
    pub fn with_signing_keys(mut self, keys: impl IntoIterator<Item = SigningKey>) -> Self {
        self.signing_keys = Some(keys.into_iter().collect());
        self
    }

    /// Sets what becomes of unsigned cookies while signing is introduced. The default is [`UnsignedCookies::Refused`].
    ///
    /// First all servers are given the keys and [`UnsignedCookies::Set`], then [`UnsignedCookies::TakenUntil`], and when
    /// that time has passed nothing: at each moment every server takes what every other sets, so nobody is logged out.
    ///
    /// Until the end the signature protects nothing: who makes up ids has them looked up, and what was a cookie of another
    /// name may be presented under this one. Neither opens a session of somebody else's, with or without a signature.
    ///
    /// ```
    /// use session_core::Timestamp;
    /// use session_core::cookie::{CookieConfig, SigningKey, UnsignedCookies};
    ///
    /// # let (bytes, in_a_month) = ([1; 32], Timestamp::MAX);
    /// let signed = CookieConfig::default().with_signing_keys([SigningKey::new(bytes)?]);
    /// let first = signed.clone().with_unsigned_cookies(UnsignedCookies::Set);
    /// let second = signed.with_unsigned_cookies(UnsignedCookies::TakenUntil(in_a_month));
    /// # let _ = (first, second);
    /// # Ok::<(), session_core::cookie::CookieError>(())
    /// ```
    #[must_use]
    pub fn with_unsigned_cookies(mut self, unsigned: UnsignedCookies) -> Self {
        self.unsigned = unsigned;
        self
    }

    /// Gives the name with its prefix.
    pub(super) fn whole_name(&self) -> String {
        format!("{}{}", self.prefix.as_str(), self.name)
    }

    /// Gives the attributes that tell the cookie from others of its name.
    pub(super) fn present_attributes(&self) -> FormerAttributes {
        FormerAttributes { path: self.path.clone(), domain: self.domain.clone(), partition: self.partition }
    }

    /// Gives the attributes by which a cookie of `name` may stand in a browser: those named, and for a former name those
    /// of the present one.
    pub(super) fn attributes_of(&self, name: &str) -> Vec<FormerAttributes> {
        let present = (name != self.whole_name()).then(|| self.present_attributes());
        let all = present.into_iter().chain(self.former_attributes.iter().cloned());
        let mut fit: Vec<_> = all.filter(|attributes| attributes.fit(name)).collect();
        if fit.is_empty() && name != self.whole_name() {
            // The ones that a cookie of one host always has.
            fit.push(FormerAttributes::default());
        }
        fit
    }
}
