//! What closing a request came to, and what its response has to say.

use std::borrow::Cow;
use std::fmt;

use super::headers;
#[cfg(doc)]
use crate::CookieConfig;
#[cfg(doc)]
use crate::engine::GonePolicy;
use crate::engine::SessionError;

/// Says how the request was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handled {
    /// The handler gave a response that is no server error.
    Completed,
    /// The handler gave a server error (a 5xx), or panicked, or was dropped before its end.
    Failed,
}

/// Says what closing a request came to, and what its response has to say.
///
/// `Debug` does not show the cookie, which holds the id.
#[must_use = "the response needs its headers, and an error must take its place"]
#[non_exhaustive]
pub struct Closed {
    /// What became of the session. An error means that what the handler did to the session could not be stored,
    /// so its response must not be sent; answer with [`SessionError::http_status`] instead, and with these headers.
    /// With `Gone` and `Discarded`, too, nothing was stored, but the response may be sent: see [`GonePolicy`].
    pub outcome: Result<CloseOutcome, SessionError>,
    /// The value of a `Set-Cookie` header to add. A response that has it must be private: see
    /// [`cache_control`](Self::cache_control).
    pub set_cookie: Option<String>,
    /// The values of `Set-Cookie` headers to add that remove what the cookie was before: see
    /// [`CookieConfig::with_former_attributes`]. Empty as a rule.
    pub removals: Vec<String>,
    /// The response depends on the cookie: see [`vary`](Self::vary()).
    pub vary: bool,
}

/// Says what became of a session when its request was closed.
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

impl Closed {
    /// Gives the `Cache-Control` of the response, from the values that it has; `None` if those will do.
    ///
    /// A response that sets the cookie becomes private: `public` and `s-maxage` go, what is stricter stays.
    pub fn cache_control<'a>(&self, existing: impl IntoIterator<Item = &'a [u8]>) -> Option<Cow<'static, str>> {
        if self.set_cookie.is_some() || !self.removals.is_empty() { headers::private(existing) } else { None }
    }

    /// Gives the `Vary` of the response, from the values that it has; `None` if those will do.
    pub fn vary<'a>(&self, existing: impl IntoIterator<Item = &'a [u8]>) -> Option<Cow<'static, str>> {
        if self.vary { headers::vary_by_cookie(existing) } else { None }
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed")
            .field("outcome", &self.outcome)
            .field("set_cookie", &self.set_cookie.as_ref().map(|_| "secret"))
            .field("removals", &self.removals)
            .field("vary", &self.vary)
            .finish()
    }
}
