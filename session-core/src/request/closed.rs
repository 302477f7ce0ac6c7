//! What closing a request came to, and what its response has to say.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::headers;
use super::set_cookies::SetCookies;
#[cfg(doc)]
use crate::CookieConfig;
#[cfg(doc)]
use crate::engine::GonePolicy;
use crate::engine::SessionError;

/// How the request was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handled {
    /// The handler gave a response that is no server error.
    Completed,
    /// The handler gave a server error (a 5xx), or panicked, or was dropped before its end.
    Failed,
}

/// What closing a request came to, and what its response has to say: see [`add_to`](Self::add_to).
///
/// `Debug` does not show the cookie, which holds the id.
#[must_use = "the response needs its headers, and an error must take its place"]
#[non_exhaustive]
pub struct Closed {
    /// What became of the session. An error means that what the handler did to the session could not be stored, so its
    /// response must not be sent; answer with [`SessionError::http_status`] and [`SessionError::http_text`] instead,
    /// and with these headers. With `Gone` and `Discarded`, too, nothing was stored, but the response may be sent: see
    /// [`GonePolicy`].
    pub outcome: Result<CloseOutcome, SessionError>,
    /// The value of a `Set-Cookie` header to add. A response that has it must be private.
    pub set_cookie: Option<String>,
    /// The values of `Set-Cookie` headers to add that remove what the cookie was before: see
    /// [`CookieConfig::with_former_attributes`]. Empty as a rule.
    pub removals: Vec<String>,
    /// The response depends on the cookie: `Cookie` belongs into its `Vary`.
    pub vary: bool,
    /// The response is for the session's owner alone, and belongs into no cache, unless the handler said otherwise.
    pub no_store: bool,
    /// The value of a `Clear-Site-Data` header to add.
    pub clear_site_data: Option<Arc<str>>,
    /// The value of a `Secure-Session-Registration` header to add, by which the browser is offered to bind the session to
    /// its device.
    #[cfg(feature = "device-bound")]
    pub binding_offer: Option<String>,
}

/// What became of a session when its request was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseOutcome {
    /// Nobody asked for it.
    Untouched,
    /// Nothing was written.
    Unchanged,
    /// It was only read, and its deadline was moved.
    Touched,
    /// Its first write; the browser is given an id.
    Created,
    /// Its changes are stored.
    Written,
    /// It is stored under a new id, and the old one is retired.
    Renewed,
    /// It has ended, and the cookie is removed; or it is that of the session which began after it.
    Destroyed,
    /// It ended while the request ran, and the changes, if any, were discarded. With changes it is an error
    /// unless [`GonePolicy::Answer`] is set.
    Gone,
    /// The changes were discarded: the handler said `ignore`, the request failed, or the session could not
    /// be written from the start. That last one is an error unless [`GonePolicy::Answer`] is set, or the policy
    /// was to go on [without the store](crate::FailurePolicy::Anonymous).
    Discarded,
}

impl CloseOutcome {
    /// Tells whether anything was written, dropped or ended.
    #[cfg(any(feature = "actix-web", feature = "_http"))]
    pub(crate) fn is_news(self) -> bool {
        !matches!(self, Self::Untouched | Self::Unchanged)
    }
}

/// The headers of a response, whatever its framework calls them. Names are in lower case.
pub trait ResponseHeaders {
    /// Returns the values of a header, one for each line.
    fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]>;

    /// Returns the names of all headers that are there; one may come twice.
    fn names(&self) -> impl Iterator<Item: AsRef<str>>;

    /// Replaces all lines of a header by one.
    fn set(&mut self, name: &str, value: Cow<'static, str>);

    /// Adds a `Set-Cookie` line. Its value is secret.
    fn add_cookie(&mut self, value: String);
}

impl Closed {
    pub(super) fn new(outcome: Result<CloseOutcome, SessionError>, cookies: SetCookies) -> Self {
        let SetCookies { set_cookie, removals } = cookies;
        Self {
            outcome,
            set_cookie,
            removals,
            vary: false,
            no_store: false,
            clear_site_data: None,
            #[cfg(feature = "device-bound")]
            binding_offer: None,
        }
    }

    /// Adds to the headers of the response what it has to say, once.
    ///
    /// - `Set-Cookie`, `Clear-Site-Data`, and the offer to bind the session to a device.
    /// - `Vary: Cookie`, where somebody asked for the session.
    /// - `Cache-Control`: a response that sets the cookie becomes private: `public` and `s-maxage` go, what is stricter
    ///   stays. One whose session is somebody's is `no-store`, unless the handler set `Cache-Control` itself: else the
    ///   browser's Back shows it after the logout.
    /// - The targeted ones (`CDN-Cache-Control`, `Surrogate-Control` and whatever else ends in `-Cache-Control`), which
    ///   overrule `Cache-Control` in the caches they are for: each becomes `no-store` where the cookie is set, or where
    ///   the handler left `Cache-Control` out and it becomes that.
    pub fn add_to(&mut self, headers: &mut impl ResponseHeaders) {
        if self.vary
            && let Some(vary) = headers::vary_by_cookie(headers.lines("vary"))
        {
            headers.set("vary", vary);
        }
        let sets_cookie = self.set_cookie.is_some() || !self.removals.is_empty();
        if sets_cookie || self.no_store {
            let is_said = headers.lines("cache-control").next().is_some();
            let no_store = self.no_store && !is_said;
            if no_store || sets_cookie {
                make_private(headers, no_store);
            }
        }
        if let Some(what) = self.clear_site_data.take()
            && headers.lines("clear-site-data").next().is_none()
        {
            headers.set("clear-site-data", what.to_string().into());
        }
        #[cfg(feature = "device-bound")]
        if let Some(offer) = self.binding_offer.take() {
            headers.set("secure-session-registration", offer.into());
        }
        for set_cookie in self.set_cookie.take().into_iter().chain(std::mem::take(&mut self.removals)) {
            headers.add_cookie(set_cookie);
        }
    }
}

#[cfg(any(feature = "actix-web", feature = "rocket"))]
impl Closed {
    /// Gives what it has to say to the headers once more, and nothing of the outcome.
    pub(crate) fn headers(&self) -> Self {
        let Self { set_cookie, removals, clear_site_data, .. } = self;
        Self {
            outcome: Ok(CloseOutcome::Untouched),
            set_cookie: set_cookie.clone(),
            removals: removals.clone(),
            clear_site_data: clear_site_data.clone(),
            #[cfg(feature = "device-bound")]
            binding_offer: self.binding_offer.clone(),
            ..*self
        }
    }
}

/// Keeps a response from shared caches, and from all if it is to be stored nowhere.
fn make_private(headers: &mut impl ResponseHeaders, no_store: bool) {
    let value = if no_store { Some("no-store".into()) } else { headers::private(headers.lines("cache-control")) };
    if let Some(value) = value {
        headers.set("cache-control", value);
    }
    let targeted = headers.names().filter(|name| headers::is_targeted(name.as_ref()));
    let shared: Vec<_> = targeted.map(|name| name.as_ref().to_owned()).collect();
    for name in shared {
        if headers::is_shared(&name, headers.lines(&name)) {
            headers.set(&name, "no-store".into());
        }
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed")
            .field("outcome", &self.outcome)
            .field("set_cookie", &self.set_cookie.as_ref().map(|_| "secret"))
            .field("removals", &self.removals)
            .field("vary", &self.vary)
            .field("no_store", &self.no_store)
            .field("clear_site_data", &self.clear_site_data)
            .finish()
    }
}
