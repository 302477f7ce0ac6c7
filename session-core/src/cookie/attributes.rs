//! What browsers are told of the cookie beside its name and value.

use serde::{Deserialize, Serialize};

/// What browsers check before they take the cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CookiePrefix {
    /// `__Host-Http-`: only a response of this very host can have set the cookie, over https, for all its paths. No sibling
    /// domain and no plain-http page can plant one, nor can a script that was smuggled into a page.
    ///
    /// Chrome 140 and Firefox 143 are the first to know it. Browsers before them, and Safari so far, take it for
    /// [`Host`](Self::Host), since it begins so, and there a script can plant one.
    #[default]
    HostHttp,
    /// `__Host-`: only this very host can have set the cookie, over https, for all its paths; perhaps by a script in one of
    /// its pages. No sibling domain and no plain-http page can plant one.
    Host,
    /// `__Http-`: a response set the cookie, over https, perhaps one of another host of the domain. No script and no
    /// plain-http page can plant one, whichever host they are of.
    ///
    /// Chrome 140 and Firefox 143 are the first to know it. Browsers before them, and Safari so far, take it for
    /// [`None`](Self::None): where those count, [`Secure`](Self::Secure) is the safer one.
    Http,
    /// `__Secure-`: the cookie was set over https, perhaps by another host of the domain, or by a script.
    Secure,
    /// No prefix: whoever can set a cookie for the host can set this one.
    None,
}

impl CookiePrefix {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::HostHttp => "__Host-Http-",
            Self::Host => "__Host-",
            Self::Http => "__Http-",
            Self::Secure => "__Secure-",
            Self::None => "",
        }
    }

    /// Gives the prefix that a name has, as browsers compare it: in any case.
    pub(super) fn of(name: &str) -> Self {
        // The longer one first: it begins with the other.
        let all = [Self::HostHttp, Self::Host, Self::Http, Self::Secure];
        let has = |prefix: &Self| {
            let prefix = prefix.as_str();
            name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        all.into_iter().find(has).unwrap_or(Self::None)
    }

    /// Tells whether it ties the cookie to one host and all its paths.
    pub(super) const fn is_of_one_host(self) -> bool {
        matches!(self, Self::HostHttp | Self::Host)
    }
}

/// Over what the cookie may travel.
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

/// Which requests that another site caused carry the cookie.
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

/// Whether an embedded site has one cookie, or one per site that embeds it.
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

/// How long browsers keep the cookie. When the session ends is judged on the server either way.
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
