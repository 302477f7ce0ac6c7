//! Another cookie of this server's, beside the session's: with its attributes, and a time of its own.

use std::time::Duration;

use super::CookiePrefix;
use super::header::{Cookies, end, removal};
use super::presented::pairs;
use crate::store::Timestamp;

impl Cookies {
    /// Gives the name of a cookie beside the session's, with the strongest prefix that browsers bind to a device: Chromium
    /// does not take `__Host-Http-` and `__Http-` there, and forgets the key in silence. The value has a MAC, so nobody
    /// gains by planting one.
    pub(crate) fn beside_name(&self, suffix: &str) -> String {
        let prefix = match CookiePrefix::of(self.name()) {
            CookiePrefix::HostHttp => CookiePrefix::Host,
            CookiePrefix::Http => CookiePrefix::Secure,
            prefix => prefix,
        };
        format!("{}{}{suffix}", prefix.as_str(), self.base_name())
    }

    /// Writes the `Set-Cookie` value that gives the browser a cookie beside the session's, for `age`, until `ends_at`.
    pub(crate) fn set_beside(&self, name: &str, value: &str, age: Duration, ends_at: Timestamp) -> String {
        [name, "=", value, self.attributes(), &end(age, ends_at)].concat()
    }

    /// Writes the `Set-Cookie` value that makes the browser forget it.
    pub(crate) fn remove_beside(&self, name: &str) -> String {
        removal(name, self.attributes())
    }
}

/// Gives the values of the cookies of a name, in the order of the headers.
pub(crate) fn named<'a>(headers: impl IntoIterator<Item = &'a [u8]>, name: &str) -> impl Iterator<Item = &'a [u8]> {
    headers.into_iter().flat_map(pairs).filter(move |(found, _)| *found == name.as_bytes()).map(|(_, value)| value)
}
