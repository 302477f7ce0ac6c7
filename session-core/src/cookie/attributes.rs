//! What browsers are told of the cookie beside its name and value.

use serde::{Deserialize, Serialize};

/// Names what browsers check before they take the cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookiePrefix {
    /// `__Host-`: only this very host can have set the cookie, over https, for all its paths. No
    /// sibling domain and no plain-http page can plant one.
    #[default]
    Host,
    /// `__Secure-`: the cookie was set over https, perhaps by another host of the domain.
    Secure,
    /// No prefix: whoever can set a cookie for the host can set this one.
    None,
}

impl CookiePrefix {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "__Host-",
            Self::Secure => "__Secure-",
            Self::None => "",
        }
    }
}

/// Says over what the cookie may travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookieTransport {
    /// Https alone: the cookie is `Secure`.
    #[default]
    Https,
    /// Plain http, too, on a server that is reached by a loopback address, `localhost`, `0.0.0.0` or `[::]`, without a
    /// proxy in between. On any other no session is opened.
    HttpOnLoopback,
    /// Plain http, too, on every host. Whoever sees the traffic *is* the visitor.
    HttpAnywhere,
}

/// Says which requests that another site caused carry the cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SameSite {
    /// Only following a link, or another top-level navigation by a safe method.
    #[default]
    Lax,
    /// None, so that a visitor who follows a link arrives as a stranger.
    Strict,
    /// All of them: needs [`CookieTransport::Https`] and a defence against request forgery.
    None,
}

/// Says whether an embedded site has one cookie, or one per site that embeds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookiePartition {
    /// One cookie.
    #[default]
    Shared,
    /// One cookie per top-level site (`Partitioned`): needs [`CookieTransport::Https`], and
    /// [`SameSite::None`] to be of use in a frame.
    ByTopLevelSite,
}

/// Says how long browsers keep the cookie. When the session ends is judged on the server either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CookieLifetime {
    /// Until the browser closes.
    #[default]
    Browser,
    /// Until the session's deadline, over restarts of the browser: "remember me". Browsers shorten
    /// what is longer than 400 days.
    Persistent,
}
