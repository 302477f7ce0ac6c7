use crate::store::{SessionId, Timestamp};

use super::header::Cookies;
use super::parts::{check_domain, check_path, check_token};
use super::{
    CookieConfig, CookieError, CookieLifetime, CookiePartition, CookiePrefix, CookieTransport, SameSite,
    UnsignedCookies,
};

/// The most bytes that every browser takes for a cookie.
const MAX_LEN: usize = 4096;

impl CookieConfig {
    /// Checks the config and makes of it what reads and writes cookies.
    ///
    /// # Errors
    /// [`CookieError`] for the first thing that cannot work.
    pub(crate) fn build(self) -> Result<Cookies, CookieError> {
        self.check_name()?;
        check_path(&self.path)?;
        self.domain.as_deref().map_or(Ok(()), check_domain)?;
        self.check_combinations()?;
        self.check_former_names()?;
        self.check_former_attributes()?;
        if self.signing_keys.as_ref().is_some_and(Vec::is_empty) {
            return Err(CookieError::NoSigningKey);
        }
        if self.unsigned != UnsignedCookies::Refused && self.signing_keys.is_none() {
            return Err(CookieError::UnsignedWithoutSigningKey);
        }
        let cookies = Cookies::new(self);
        let id = SessionId::parse(&[b'A'; SessionId::ENCODED_LEN]).expect("256 zero bits are well-formed");
        let longest = cookies.set(&id, CookieLifetime::Persistent, Timestamp::MIN, Timestamp::MAX);
        let removals = cookies.former_removals().iter().chain(cookies.former_name_removals());
        let len = removals.map(String::len).fold(longest.len(), usize::max);
        if len > MAX_LEN {
            return Err(CookieError::TooLong { len, max: MAX_LEN });
        }
        Ok(cookies)
    }

    fn check_name(&self) -> Result<(), CookieError> {
        check_token(&self.name)?;
        let prefixed = CookiePrefix::of(&self.name) != CookiePrefix::None;
        // `Http-a` behind `__Host-` has the longer prefix, whatever was chosen.
        if prefixed || CookiePrefix::of(&self.whole_name()) != self.prefix {
            return Err(CookieError::PrefixedName { name: self.name.clone() });
        }
        Ok(())
    }

    fn check_combinations(&self) -> Result<(), CookieError> {
        if self.prefix.is_of_one_host() {
            let prefix = self.prefix.as_str();
            if let Some(domain) = &self.domain {
                return Err(CookieError::HostPrefixWithDomain { prefix, domain: domain.clone() });
            }
            if self.path != "/" {
                return Err(CookieError::HostPrefixWithPath { prefix, path: self.path.clone() });
            }
        }
        if self.transport == CookieTransport::Https {
            return Ok(());
        }
        if self.prefix != CookiePrefix::None {
            return Err(CookieError::PrefixWithoutSecure { prefix: self.prefix.as_str() });
        }
        if self.same_site == SameSite::None {
            return Err(CookieError::SameSiteNoneWithoutSecure);
        }
        if self.partition == CookiePartition::ByTopLevelSite {
            return Err(CookieError::PartitionedWithoutSecure);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FormerAttributes, SigningKey};
    use super::*;

    fn refused(config: CookieConfig) -> CookieError {
        config.build().expect_err("should be refused")
    }

    fn secure() -> CookieConfig {
        CookieConfig::default().with_prefix(CookiePrefix::Secure)
    }

    #[test]
    fn the_prefixes_of_one_host_forbid_domain_and_path() {
        for (chosen, prefix) in [(CookiePrefix::HostHttp, "__Host-Http-"), (CookiePrefix::Host, "__Host-")] {
            let config = || CookieConfig::default().with_prefix(chosen);
            let (domain, path) = (refused(config().with_domain("example.org")), refused(config().with_path("/shop")));
            assert!(domain.to_string().contains(&format!("`{prefix}`")), "{domain}");
            assert!(path.to_string().contains(&format!("`{prefix}`")), "{path}");
            assert_eq!(domain, CookieError::HostPrefixWithDomain { prefix, domain: "example.org".to_owned() });
            assert_eq!(path, CookieError::HostPrefixWithPath { prefix, path: "/shop".to_owned() });
        }
        for prefix in [CookiePrefix::Http, CookiePrefix::Secure, CookiePrefix::None] {
            let config = CookieConfig::default().with_prefix(prefix);
            assert!(config.with_domain("example.org").with_path("/shop").build().is_ok(), "{prefix:?}");
        }
    }

    #[test]
    fn what_browsers_take_only_over_https_is_refused_without() {
        for transport in [CookieTransport::HttpOnLoopback, CookieTransport::HttpAnywhere] {
            for prefix in [CookiePrefix::HostHttp, CookiePrefix::Host, CookiePrefix::Http, CookiePrefix::Secure] {
                assert_eq!(
                    refused(CookieConfig::default().with_prefix(prefix).with_transport(transport)),
                    CookieError::PrefixWithoutSecure { prefix: prefix.as_str() }
                );
            }
            let plain = || CookieConfig::development().with_transport(transport);
            assert_eq!(refused(plain().with_same_site(SameSite::None)), CookieError::SameSiteNoneWithoutSecure);
            assert_eq!(
                refused(plain().with_partition(CookiePartition::ByTopLevelSite)),
                CookieError::PartitionedWithoutSecure
            );
            assert!(plain().with_same_site(SameSite::Strict).build().is_ok());
        }
    }

    #[test]
    fn a_name_is_a_token_without_prefix() {
        assert_eq!(refused(CookieConfig::new("")), CookieError::EmptyName);
        for name in [
            "a b",
            "a=b",
            "a;b",
            "a,b",
            "a\"b",
            "a\tb",
            "a\0b",
            "(a)",
            "a/b",
            "a@b",
            "{a}",
            "é",
            "\u{2003}a",
            "a\u{7f}",
        ] {
            assert_eq!(refused(CookieConfig::new(name)), CookieError::InvalidName { name: name.to_owned() });
        }
        let names = ["__Host-a", "__host-a", "__HOST-", "__Secure-a", "__sEcUrE-a", "__http-a", "__Host-Http-a"];
        for name in names {
            for prefix in [CookiePrefix::HostHttp, CookiePrefix::Host, CookiePrefix::None] {
                let config = CookieConfig::new(name).with_prefix(prefix);
                assert_eq!(refused(config), CookieError::PrefixedName { name: name.to_owned() });
            }
        }
        // Behind `__Host-` these would be the other prefix; behind any other they are none.
        for name in ["Http-a", "http-"] {
            let config = CookieConfig::new(name).with_prefix(CookiePrefix::Host);
            assert_eq!(refused(config), CookieError::PrefixedName { name: name.to_owned() });
            assert!(CookieConfig::new(name).build().is_ok());
        }
        for name in ["a", "session", "SID", "__Hostess", "__Host", "__Https-a", "a.b-c_d~", "!#$%&'*+-.^_`|~"] {
            assert!(CookieConfig::new(name).build().is_ok(), "{name}");
        }
    }

    #[test]
    fn a_path_begins_with_a_slash_and_holds_visible_ascii() {
        let long = format!("/{}", "a".repeat(1024));
        for path in ["", "shop", " /", "/a b", "/a;Secure", "/a\r\nX: y", "/a\0", "/\u{7f}", "/é", "/a ", &long] {
            assert_eq!(refused(secure().with_path(path)), CookieError::InvalidPath { path: path.to_owned() });
        }
        for path in ["/", "/shop", "/shop/", "/a%20b", "/a,b", &long[..1024]] {
            assert!(secure().with_path(path).build().is_ok(), "{path}");
        }
    }

    #[test]
    fn a_domain_is_a_name_below_which_others_lie() {
        let long = format!("{}example.org", "a.".repeat(122));
        let label = format!("{}.org", "a".repeat(64));
        for domain in [
            "",
            ".",
            "org",
            "localhost",
            ".example.org",
            "example.org.",
            "a..b",
            "example.org:80",
            "a;b.org",
            "a b.org",
            "-a.org",
            "a-.org",
            "127.0.0.1",
            "1.2",
            "::1",
            "[::1]",
            "é.org",
            "a\r\n.org",
            "*.org",
            "http://a.org",
            &long,
            &label,
        ] {
            assert_eq!(refused(secure().with_domain(domain)), CookieError::InvalidDomain { domain: domain.to_owned() });
        }
        for domain in
            ["example.org", "EXAMPLE.org", "xn--bcher-kva.example", "a.b.c.d", "a_b.example.org", "1.org", &long[2..]]
        {
            assert!(secure().with_domain(domain).build().is_ok(), "{domain}");
        }
    }

    #[test]
    fn signing_needs_a_key() {
        assert_eq!(refused(CookieConfig::default().with_signing_keys([])), CookieError::NoSigningKey);
        for step in [UnsignedCookies::Set, UnsignedCookies::TakenUntil(Timestamp::MAX)] {
            let keyless = CookieConfig::default().with_unsigned_cookies(step);
            assert_eq!(refused(keyless), CookieError::UnsignedWithoutSigningKey);
        }
        let key = SigningKey::new([1; 32]).unwrap();
        assert!(CookieConfig::default().with_signing_keys([key]).build().is_ok());
    }

    #[test]
    fn a_cookie_fits_4096_bytes_at_its_longest() {
        let longest = CookieConfig::default().build().unwrap();
        let id = SessionId::random().unwrap();
        let len = longest.set(&id, CookieLifetime::Persistent, Timestamp::MIN, Timestamp::MAX).len();
        let room = MAX_LEN - len + "session".len();
        assert!(CookieConfig::new("a".repeat(room)).build().is_ok());
        assert_eq!(refused(CookieConfig::new("a".repeat(room + 1))), CookieError::TooLong { len: 4097, max: 4096 });
        // Signing counts, too.
        let signed = CookieConfig::new("a".repeat(room)).with_signing_keys([SigningKey::new([1; 32]).unwrap()]);
        assert_eq!(refused(signed), CookieError::TooLong { len: 4096 + 44, max: 4096 });
    }

    #[test]
    fn every_error_says_what_to_do() {
        let plain = CookieConfig::development;
        for error in [
            refused(CookieConfig::new("")),
            refused(CookieConfig::new("a b")),
            refused(CookieConfig::new("__Host-a")),
            refused(CookieConfig::default().with_transport(CookieTransport::HttpAnywhere)),
            refused(CookieConfig::default().with_domain("a.org")),
            refused(CookieConfig::default().with_path("/shop")),
            refused(plain().with_same_site(SameSite::None)),
            refused(plain().with_partition(CookiePartition::ByTopLevelSite)),
            refused(secure().with_path("shop")),
            refused(secure().with_domain("localhost")),
            refused(plain().with_signing_keys([])),
            refused(plain().with_unsigned_cookies(UnsignedCookies::Set)),
            refused(plain().with_former_name("session", Timestamp::MIN)),
            refused(plain().with_former_attributes(FormerAttributes::default())),
            refused(CookieConfig::default().with_former_attributes(FormerAttributes::default().with_path("/a"))),
            SigningKey::new([1; 8]).unwrap_err(),
            refused(CookieConfig::new("a".repeat(MAX_LEN))),
        ] {
            let said = error.to_string();
            let (_, advice) = said.rsplit_once(": ").unwrap_or_else(|| panic!("no advice in {said:?}"));
            let verb = advice.split(' ').next().unwrap();
            assert!(["give", "use", "leave", "begin", "draw", "shorten"].contains(&verb), "{said}");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let keys = [SigningKey::new(b"0123456789abcdef0123456789abcdef").unwrap()];
        let shown = format!("{:?}", CookieConfig::default().with_signing_keys(keys).build().unwrap());
        assert!(
            shown.contains("SigningKey(secret)") && !shown.contains("0123") && !shown.contains("48, 49"),
            "{shown}"
        );
    }
}
