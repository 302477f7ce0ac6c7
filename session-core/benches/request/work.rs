//! The work that everybody does: the same pages, the same values, the same requests.

use std::fmt;
use std::hint::black_box;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Page {
    /// It comes without a cookie to the page that reads.
    NoCookie,
    /// It comes with a cookie to a page that does not ask for the session.
    Untouched,
    /// One value is read.
    Read,
    /// One value is read, counted up and written.
    Write,
    /// It comes without a cookie, and four values of about 200 bytes are stored.
    Create,
    /// The session is given a new id.
    Renew,
}

impl Page {
    /// Every page, the renewal last: it takes the cookies of the others from them.
    pub(crate) const ALL: [Self; 6] =
        [Self::NoCookie, Self::Untouched, Self::Read, Self::Write, Self::Create, Self::Renew];

    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::NoCookie | Self::Read => "/read",
            Self::Untouched => "/untouched",
            Self::Write => "/write",
            Self::Create => "/create",
            Self::Renew => "/renew",
        }
    }

    pub(crate) fn has_cookie(self) -> bool {
        !matches!(self, Self::NoCookie | Self::Create)
    }

    /// Tells the status that shows that the page did its work.
    pub(crate) fn status(self) -> u16 {
        if self == Self::NoCookie { NOTHING_FOUND } else { 200 }
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NoCookie => "no_cookie",
            Self::Untouched => "untouched",
            Self::Read => "read",
            Self::Write => "write",
            Self::Create => "create",
            Self::Renew => "renew",
        })
    }
}

/// Answers the page that reads, where there is nothing to read.
const NOTHING_FOUND: u16 = 204;

pub(crate) const NAME: &str = "name";
pub(crate) const CART: &str = "cart";
pub(crate) const TOKEN: &str = "token";
pub(crate) const VISITS: &str = "visits";

pub(crate) fn name() -> String {
    black_box("Ada Lovelace, 12 St James's Square".to_owned())
}

pub(crate) fn cart() -> Vec<u32> {
    black_box((4_711_001..4_711_011).collect())
}

pub(crate) fn token() -> String {
    black_box("q83vEjRWeJC63P4QMlR2mLrc_hAyVHaYutz-EDJUdpg".to_owned())
}

/// Gives the status for what was read.
pub(crate) fn found(name: Option<String>) -> u16 {
    match black_box(name) {
        Some(_) => 200,
        None => NOTHING_FOUND,
    }
}

/// Gives the `Cookie` header that answers `Set-Cookie` headers.
pub(crate) fn cookie_header<'a>(set_cookies: impl IntoIterator<Item = &'a [u8]>) -> Option<String> {
    let pairs: Vec<_> = set_cookies
        .into_iter()
        .map(|header| str::from_utf8(header).expect("a cookie is text"))
        .map(|header| header.split(';').next().expect("a text has a beginning"))
        .collect();
    (!pairs.is_empty()).then(|| pairs.join("; "))
}
