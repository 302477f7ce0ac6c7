//! The cookies of a browser.

use std::cmp::Reverse;

use session_core::Timestamp;

use super::stored::{Refused, Stored};
use super::visit::{Visit, is_below};

/// A cookie jar, by RFC 6265bis. It has no clock: each verb is told the time.
///
/// A clone is a copy, such as a thief has. What it leaves out: the list of public suffixes (whatever has no dot is one
/// here), dates that are not in one of HTTP's forms, and limits of number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Jar {
    /// In the order in which they came into being.
    cookies: Vec<Stored>,
}

impl Jar {
    /// Keeps what a `Set-Cookie` header in an answer says, or removes by it.
    pub(crate) fn set(&mut self, set_cookie: &str, visit: &Visit, now: Timestamp) -> Result<(), Refused> {
        let cookie = Stored::parse(set_cookie, visit, now)?;
        let hidden = |old: &Stored| {
            let related = is_in(&cookie.domain, &old.domain) || is_in(&old.domain, &cookie.domain);
            old.secure && old.name == cookie.name && related && is_below(&cookie.path, &old.path)
        };
        if !cookie.secure && !visit.is_secure() && self.cookies.iter().any(hidden) {
            return Err(Refused::HidesSecure);
        }
        self.put(cookie, now);
        Ok(())
    }

    /// Keeps a cookie as it is, whoever made it; one in its place goes. One that has expired only removes.
    pub(crate) fn put(&mut self, cookie: Stored, now: Timestamp) {
        self.cookies.retain(|old| !old.has_expired(now));
        match self.cookies.iter().position(|old| cookie.replaces(old)) {
            Some(old) if cookie.has_expired(now) => drop(self.cookies.remove(old)),
            // It keeps the place in the order, as browsers keep the time of creation.
            Some(old) => self.cookies[old] = cookie,
            None if cookie.has_expired(now) => {}
            None => self.cookies.push(cookie),
        }
    }

    /// Gives the `Cookie` header of a request; `None` if it has none.
    pub(crate) fn header(&self, visit: &Visit, now: Timestamp) -> Option<String> {
        let mut sent: Vec<_> = self.all(now).filter(|cookie| cookie.goes_with(visit)).collect();
        // Longer paths first; the sort is stable, so earlier ones before later ones.
        sent.sort_by_key(|cookie| Reverse(cookie.path.len()));
        let pairs: Vec<_> = sent.into_iter().map(Stored::pair).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Gives all that have not expired, in the order in which they came into being.
    pub(crate) fn all(&self, now: Timestamp) -> impl Iterator<Item = &Stored> {
        self.cookies.iter().filter(move |cookie| !cookie.has_expired(now))
    }

    /// Forgets cookies, as a user does who clears them, or a browser that is closed.
    pub(crate) fn forget(&mut self, which: impl Fn(&Stored) -> bool) {
        self.cookies.retain(|cookie| !which(cookie));
    }
}

fn is_in(host: &str, domain: &str) -> bool {
    host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}
