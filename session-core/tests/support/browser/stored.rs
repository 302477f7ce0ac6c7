//! A cookie as a browser keeps it, and the rules by which one is taken from a `Set-Cookie`.

use std::fmt;
use std::time::Duration;

use cookie::{Cookie, SameSite};
use session_core::Timestamp;

use super::visit::{How, Visit, is_public_suffix};

/// A cookie that a browser keeps. `Debug` does not show its value.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) domain: String,
    /// Not for hosts below the domain.
    pub(crate) host_only: bool,
    pub(crate) path: String,
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    /// None is treated as `Lax`, as browsers do.
    pub(crate) same_site: Option<SameSite>,
    /// None is gone with the browser.
    pub(crate) expires_at: Option<Timestamp>,
    /// The site whose pages it is kept for, if it is `Partitioned`.
    pub(crate) partition: Option<String>,
}

/// Why a browser does not take a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Neither name nor value, or a control character.
    Malformed,
    /// Over 4096 bytes of name and value.
    TooLarge,
    /// For all of a domain that nobody owns.
    PublicSuffix,
    /// For a domain that the host is not in.
    ForeignDomain,
    /// `Secure`, over a connection that is not.
    NotSecure,
    /// It would hide a `Secure` one from pages over a connection that is not.
    HidesSecure,
    /// `SameSite=None` without `Secure`.
    SameSiteNone,
    /// Set by an answer to another site's page, and not `SameSite=None`.
    CrossSite,
    /// Against its name's prefix.
    Prefix,
    /// `Partitioned` without `Secure`.
    Partitioned,
}

/// The longest that a cookie is kept.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);

impl Stored {
    /// Takes a cookie from the value of a `Set-Cookie` header.
    pub(crate) fn parse(set_cookie: &str, visit: &Visit, now: Timestamp) -> Result<Self, Refused> {
        if set_cookie.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(Refused::Malformed);
        }
        // Name and value by hand: the crate trims all that Unicode calls blank, browsers trim spaces and tabs, and
        // that is a way to plant a cookie which only looks like another.
        let (pair, attributes) = set_cookie.split_once(';').unwrap_or((set_cookie, ""));
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let trim = |text: &str| text.trim_matches([' ', '\t']).to_owned();
        let (name, value) = (trim(name), trim(value));
        match name.len() + value.len() {
            0 => return Err(Refused::Malformed),
            1..=4096 => {}
            _ => return Err(Refused::TooLarge),
        }
        let attributes = Cookie::parse(format!("n=v;{attributes}")).map_err(|_| Refused::Malformed)?;

        let mut domain = attributes.domain().unwrap_or("").to_ascii_lowercase();
        if is_public_suffix(&domain) && !domain.is_empty() {
            if domain != visit.host() {
                return Err(Refused::PublicSuffix);
            }
            domain.clear();
        }
        let host_only = domain.is_empty();
        if host_only {
            visit.host().clone_into(&mut domain);
        } else if !visit.host_matches(&domain) {
            return Err(Refused::ForeignDomain);
        }
        let path = attributes.path().filter(|path| path.starts_with('/')).unwrap_or(visit.default_path());
        let partitioned = attributes.partitioned().unwrap_or(false);
        let cookie = Self {
            name,
            value,
            domain,
            host_only,
            path: path.to_owned(),
            secure: attributes.secure().unwrap_or(false),
            http_only: attributes.http_only().unwrap_or(false),
            same_site: attributes.same_site(),
            expires_at: expires_at(&attributes, now),
            partition: partitioned.then(|| visit.partition()),
        };
        cookie.check(visit, attributes.path() == Some("/"))?;
        Ok(cookie)
    }

    fn check(&self, visit: &Visit, path_is_root: bool) -> Result<(), Refused> {
        if self.secure && !visit.is_secure() {
            return Err(Refused::NotSecure);
        }
        if self.same_site == Some(SameSite::None) {
            if !self.secure {
                return Err(Refused::SameSiteNone);
            }
        } else if visit.how == How::Embedded && !visit.is_same_site() {
            return Err(Refused::CrossSite);
        }
        // Without a name, what reads as one in the header.
        let shown = if self.name.is_empty() { &self.value } else { &self.name };
        let begins = |prefix: &str| shown.get(..prefix.len()).is_some_and(|it| it.eq_ignore_ascii_case(prefix));
        let (host, http) = (begins("__Host-"), begins("__Http-") || begins("__Host-Http-"));
        let prefixed = host || http || begins("__Secure-");
        if (prefixed && (self.name.is_empty() || !self.secure))
            || (host && !(self.host_only && path_is_root))
            || (http && !self.http_only)
        {
            return Err(Refused::Prefix);
        }
        if self.partition.is_some() && !self.secure {
            return Err(Refused::Partitioned);
        }
        Ok(())
    }

    /// Tells whether both cannot be kept: the later one takes the place of the other.
    pub(crate) fn replaces(&self, other: &Self) -> bool {
        (&self.name, &self.domain, self.host_only, &self.path, &self.partition)
            == (&other.name, &other.domain, other.host_only, &other.path, &other.partition)
    }

    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// Tells whether it goes with a request.
    pub(crate) fn goes_with(&self, visit: &Visit) -> bool {
        let same_site = match self.same_site {
            Some(SameSite::None) => true,
            Some(SameSite::Strict) => visit.is_same_site(),
            Some(SameSite::Lax) | None => visit.is_same_site() || visit.how == How::Navigation,
        };
        let host = if self.host_only { visit.host() == self.domain } else { visit.host_matches(&self.domain) };
        let partition = self.partition.as_ref().is_none_or(|partition| *partition == visit.partition());
        let secure = !self.secure || visit.is_secure();
        same_site && host && partition && secure && visit.path_matches(&self.path)
    }

    /// Gives it as a `Cookie` header has it.
    pub(crate) fn pair(&self) -> String {
        if self.name.is_empty() { self.value.clone() } else { format!("{}={}", self.name, self.value) }
    }
}

/// `Max-Age` counts before `Expires`.
fn expires_at(attributes: &Cookie<'_>, now: Timestamp) -> Option<Timestamp> {
    let at = match (attributes.max_age(), attributes.expires_datetime()) {
        // The crate makes what is negative zero, which is over at once.
        (Some(age), _) => now + age.unsigned_abs(),
        (None, Some(at)) => {
            let seconds = u64::try_from(at.unix_timestamp()).unwrap_or(0);
            Timestamp::from_millis(seconds.saturating_mul(1000))
        }
        (None, None) => return None,
    };
    Some(at.min(now + LONGEST))
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let partition = self.partition.as_deref().unwrap_or("no partition");
        write!(f, "{} of {}{} ({partition})", self.name, self.domain, self.path)
    }
}
