use std::time::Duration;

use cookie::Cookie;
use cookie::time::{self, OffsetDateTime};

use crate::store::{SessionId, Timestamp};

use super::former::FormerName;
use super::{
    CookieConfig, CookieLifetime, CookiePartition, CookieTransport, FormerAttributes, SameSite, SigningKey,
    UnsignedCookies,
};

/// Reads and writes one session cookie, as a checked [`CookieConfig`] describes it.
#[derive(Clone, Debug)]
pub(crate) struct Cookies {
    config: CookieConfig,
    name: String,
    /// What every cookie says behind its value, written once.
    attributes: String,
    /// What makes the browser forget cookies of former attributes.
    former_removals: Vec<String>,
    /// What makes it forget those of former names.
    former_name_removals: Vec<String>,
}

impl Cookies {
    pub(super) fn new(config: CookieConfig) -> Self {
        let name = config.whole_name();
        let attributes = attributes(&config, &config.present_attributes(), config.same_site);
        let removals = |name: &str| {
            let attributes = config.attributes_of(name).into_iter();
            attributes.map(|attributes| former_removal(&config, name, &attributes)).collect::<Vec<_>>()
        };
        let former_removals = removals(&name);
        let former_name_removals = config.former_names.iter().flat_map(|former| removals(&former.name)).collect();
        Self { config, name, attributes, former_removals, former_name_removals }
    }

    /// Gives the cookie's whole name, with its prefix.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Gives the cookie's name without prefix.
    pub(crate) fn base_name(&self) -> &str {
        &self.config.name
    }

    /// Gives how long browsers keep the cookie of a session that does not choose for itself.
    pub(crate) fn lifetime(&self) -> CookieLifetime {
        self.config.lifetime
    }

    /// Gives the keys that verify, and of which the first signs; `None` if there are none.
    pub(super) fn signing_keys(&self) -> Option<&[SigningKey]> {
        self.config.signing_keys.as_deref()
    }

    pub(super) fn unsigned(&self) -> UnsignedCookies {
        self.config.unsigned
    }

    /// Writes the `Set-Cookie` value that gives `id` to the browser.
    ///
    /// A persistent cookie says twice when it ends: `Max-Age` for browsers whose clock is wrong,
    /// `Expires` for those that know nothing else. Both are rounded down to seconds, so the cookie
    /// never outlives the session.
    pub(crate) fn set(
        &self,
        id: &SessionId,
        lifetime: CookieLifetime,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> String {
        let end = match lifetime {
            CookieLifetime::Browser => String::new(),
            CookieLifetime::Persistent => end(expires_at.since(now), expires_at),
        };
        let id = id.encoded();
        let mac = match self.signing_keys() {
            Some([first, ..]) if self.config.unsigned != UnsignedCookies::Set => {
                format!(".{}", first.sign(&self.name, id.as_bytes()))
            }
            _ => String::new(),
        };
        [&self.name, "=", &id, &mac, &self.attributes, &end].concat()
    }

    /// Writes the `Set-Cookie` value that makes the browser forget the cookie.
    ///
    /// It repeats every attribute: a browser takes a cookie of another path, domain or partition for
    /// another cookie, and drops one that lacks what the prefix asks for.
    pub(crate) fn removal(&self) -> String {
        removal(&self.name, &self.attributes)
    }

    /// Gives the `Set-Cookie` values that make the browser forget the cookies of former attributes.
    pub(crate) fn former_removals(&self) -> &[String] {
        &self.former_removals
    }

    /// Gives the `Set-Cookie` values that make the browser forget the cookies of former names.
    pub(crate) fn former_name_removals(&self) -> &[String] {
        &self.former_name_removals
    }

    /// Gives the names that the cookie had.
    pub(crate) fn former_names(&self) -> &[FormerName] {
        &self.config.former_names
    }

    /// Gives what every cookie says behind its value.
    #[cfg(feature = "device-bound")]
    pub(crate) fn attributes(&self) -> &str {
        &self.attributes
    }

    /// Tells whether an embedded site has a cookie per embedding site.
    #[cfg(feature = "device-bound")]
    pub(crate) fn is_partitioned(&self) -> bool {
        self.config.partition == CookiePartition::ByTopLevelSite
    }

    /// Gives over what the cookie may travel.
    pub(super) fn transport(&self) -> CookieTransport {
        self.config.transport
    }
}

pub(super) fn removal(name: &str, attributes: &str) -> String {
    [name, "=", attributes, &end(Duration::ZERO, Timestamp::MIN)].concat()
}

/// Writes what removes a cookie of that name and of former attributes. One that may go with every request is removed by
/// the answer to any, also in a frame; it gives nothing away, since it has no value.
fn former_removal(config: &CookieConfig, name: &str, former: &FormerAttributes) -> String {
    let same_site = match config.transport {
        CookieTransport::Https => SameSite::None,
        _ => config.same_site,
    };
    removal(name, &attributes(config, former, same_site))
}

/// Writes the attributes that every cookie has.
fn attributes(config: &CookieConfig, which: &FormerAttributes, same_site: SameSite) -> String {
    let mut cookie = Cookie::new("", "");
    cookie.set_http_only(true);
    cookie.set_secure(config.transport == CookieTransport::Https);
    cookie.set_same_site(match same_site {
        SameSite::Lax => cookie::SameSite::Lax,
        SameSite::Strict => cookie::SameSite::Strict,
        SameSite::None => cookie::SameSite::None,
    });
    cookie.set_partitioned(which.partition == CookiePartition::ByTopLevelSite);
    cookie.set_path(&*which.path);
    if let Some(domain) = &which.domain {
        cookie.set_domain(domain);
    }
    behind_the_value(&cookie)
}

/// Writes the attributes that say when a cookie ends.
pub(super) fn end(age: Duration, at: Timestamp) -> String {
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let mut cookie = Cookie::new("", "");
    cookie.set_max_age(time::Duration::seconds(seconds(age)));
    // A timestamp ends with the year 9999, which `time` still knows.
    cookie.set_expires(OffsetDateTime::UNIX_EPOCH + time::Duration::seconds(seconds(at.since(Timestamp::MIN))));
    behind_the_value(&cookie)
}

/// Gives what a cookie of no name and no value says, but for its `=`.
fn behind_the_value(cookie: &Cookie<'_>) -> String {
    cookie.to_string().split_off(1)
}

#[cfg(test)]
mod tests {
    use super::super::CookiePrefix;
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_763_834_400_999);

    fn id() -> SessionId {
        SessionId::parse(&[b'A'; SessionId::ENCODED_LEN]).unwrap()
    }

    fn set(config: CookieConfig, lifetime: CookieLifetime, after: Duration) -> String {
        config.build().unwrap().set(&id(), lifetime, NOW, NOW + after)
    }

    fn full() -> CookieConfig {
        CookieConfig::new("shop")
            .with_prefix(CookiePrefix::Secure)
            .with_same_site(SameSite::None)
            .with_partition(CookiePartition::ByTopLevelSite)
            .with_path("/shop")
            .with_domain("example.org")
    }

    #[test]
    fn the_default_cookie_is_the_safest() {
        let cookies = CookieConfig::default().build().unwrap();
        assert_eq!((cookies.name(), cookies.base_name()), ("__Host-Http-session", "session"));
        assert_eq!(cookies.lifetime(), CookieLifetime::Browser);
        assert_eq!(
            set(CookieConfig::default(), CookieLifetime::Browser, Duration::from_secs(60)),
            format!("__Host-Http-session={}; HttpOnly; SameSite=Lax; Secure; Path=/", id().encode())
        );
    }

    #[test]
    fn every_attribute_is_written_and_repeated_on_removal() {
        let attributes = "HttpOnly; SameSite=None; Partitioned; Secure; Path=/shop; Domain=example.org";
        assert_eq!(
            set(full(), CookieLifetime::Browser, Duration::ZERO),
            format!("__Secure-shop={}; {attributes}", id().encode())
        );
        assert_eq!(
            full().build().unwrap().removal(),
            format!("__Secure-shop=; {attributes}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
        );
    }

    #[test]
    fn a_development_cookie_has_neither_prefix_nor_secure() {
        let cookies = CookieConfig::development().build().unwrap();
        assert_eq!(cookies.name(), "session");
        assert_eq!(
            cookies.removal(),
            "session=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        );
    }

    #[test]
    fn a_persistent_cookie_never_outlives_its_session() {
        let ends = |millis| {
            let set = set(CookieConfig::default(), CookieLifetime::Persistent, Duration::from_millis(millis));
            set.split_once("; Path=/; ").unwrap().1.to_owned()
        };
        // NOW is 18:00:00.999, so a second later is 18:00:01.999.
        assert_eq!(ends(1_000), "Max-Age=1; Expires=Sat, 22 Nov 2025 18:00:01 GMT");
        assert_eq!(ends(1_999), "Max-Age=1; Expires=Sat, 22 Nov 2025 18:00:02 GMT");
        assert_eq!(ends(999), "Max-Age=0; Expires=Sat, 22 Nov 2025 18:00:01 GMT");
        assert_eq!(ends(86_400_000), "Max-Age=86400; Expires=Sun, 23 Nov 2025 18:00:00 GMT");
        let last = "Max-Age=251638466399; Expires=Fri, 31 Dec 9999 23:59:59 GMT";
        assert_eq!(ends(u64::MAX), last, "the end of time saturates");
    }

    #[test]
    fn a_deadline_that_has_passed_removes_the_cookie() {
        let cookies = CookieConfig::default().build().unwrap();
        let set = cookies.set(&id(), CookieLifetime::Persistent, NOW, Timestamp::MIN);
        assert!(set.ends_with("Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"), "{set}");
    }
}
