//! What is known of a request before anybody asks for its session.

use std::fmt;

use bytes::Bytes;

use crate::cookie::{CookieLines, Line, Way};

/// What [`Sessions::open`](crate::Sessions::open) is told of a request.
///
/// ```
/// use session_core::RequestHead;
/// # use session_core::{LazySession, Sessions};
///
/// # fn run(sessions: &Sessions, headers: &std::collections::HashMap<&str, Vec<u8>>) -> LazySession {
/// let header = |name: &str| headers.get(name).map(Vec::as_slice);
/// sessions.open(RequestHead::new("POST").with_cookies(header("cookie")).with_headers(&header))
/// # }
/// ```
#[derive(Clone)]
#[must_use = "`Sessions::open` takes it"]
pub struct RequestHead<'a> {
    pub(super) is_safe: bool,
    #[cfg(feature = "device-bound")]
    pub(super) method: &'a str,
    #[cfg(feature = "device-bound")]
    pub(super) path: &'a str,
    pub(super) cookies: CookieLines,
    pub(super) way: Way<'a>,
}

impl<'a> RequestHead<'a> {
    /// Begins with the method, in capitals as it was sent.
    ///
    /// It decides who is refused: where changes to the session were lost, a page that was only looked at (`GET`, `HEAD`,
    /// `OPTIONS`, `TRACE` and `QUERY` are *safe*) is answered all the same; see [`GonePolicy`](crate::GonePolicy).
    pub fn new(method: &'a str) -> Self {
        let is_safe = matches!(method, "GET" | "HEAD" | "OPTIONS" | "TRACE" | "QUERY");
        let way = Way { header: &|_| None, authority: None, is_https: false, may_lack_host: false };
        Self {
            is_safe,
            #[cfg(feature = "device-bound")]
            method,
            #[cfg(feature = "device-bound")]
            path: "",
            cookies: CookieLines::None,
            way,
        }
    }

    /// Adds the values of the `Cookie` headers, one for each line. They are copied, and read when they are asked for.
    pub fn with_cookies<'b>(mut self, lines: impl IntoIterator<Item = &'b [u8]>) -> Self {
        self.cookies = lines.into_iter().map(|line| Line::Copied(Bytes::copy_from_slice(line))).collect();
        self
    }

    /// Adds a way to look up the other headers: given a name in lower case, it gives the first value of that name.
    ///
    /// By `Host`, `Forwarded` and their like the core judges over what the cookie travels. Without it, a development
    /// cookie is refused, for nobody knows the host; but see [`may_lack_host`](Self::may_lack_host).
    pub fn with_headers(mut self, header: &'a dyn Fn(&str) -> Option<&'a [u8]>) -> Self {
        self.way.header = header;
        self
    }

    /// Adds the path, from the root of the site. By it the core finds requests that are not for a handler but for itself:
    /// those by which a browser [binds](crate::guide) a session to its device. See
    /// [`LazySession::is_for_device`](crate::LazySession).
    pub fn with_path(self, path: &'a str) -> Self {
        #[cfg(feature = "device-bound")]
        return Self { path, ..self };
        #[cfg(not(feature = "device-bound"))]
        {
            let _ = path;
            self
        }
    }

    /// Adds what the target of the request says beside its path: the authority, if it names one, and whether its scheme is
    /// `https`. Requests by HTTP/1 seldom say either.
    pub fn with_target(mut self, authority: Option<&'a [u8]>, is_https: bool) -> Self {
        self.way.authority = authority;
        self.way.is_https = is_https;
        self
    }

    /// Accepts a request without a host as one made within this process, as tests make them. A development cookie is
    /// not refused for that: no browser is there that could reach this server by another name.
    ///
    /// Clients of HTTP/1.0 may leave the host out, too, so an adapter says this of what it knows to come from no network.
    pub fn may_lack_host(mut self) -> Self {
        self.way.may_lack_host = true;
        self
    }

    /// Adds the `Cookie` headers without a copy.
    #[cfg(feature = "_http")]
    pub(crate) fn with_shared_cookies<'b>(mut self, lines: impl IntoIterator<Item = &'b http::HeaderValue>) -> Self {
        self.cookies = lines.into_iter().map(|line| Line::Shared(line.clone())).collect();
        self
    }
}

/// Shows no cookie.
impl fmt::Debug for RequestHead<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestHead").field("is_safe", &self.is_safe).finish_non_exhaustive()
    }
}
