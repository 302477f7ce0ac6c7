//! What is refused of what the cookie was before.

use super::former::FormerName;
use super::parts::{check_domain, check_path, check_token};
use super::{CookieConfig, CookieError, CookiePartition, CookiePrefix, CookieTransport, FormerAttributes};

impl CookieConfig {
    pub(super) fn check_former_names(&self) -> Result<(), CookieError> {
        let mut named = vec![self.whole_name()];
        for FormerName { name, .. } in &self.former_names {
            check_token(name)?;
            let prefix = CookiePrefix::of(name);
            if prefix != CookiePrefix::None && self.transport != CookieTransport::Https {
                return Err(CookieError::PrefixWithoutSecure { prefix: prefix.as_str() });
            }
            if named.contains(name) {
                return Err(CookieError::SameFormerName { name: name.clone() });
            }
            named.push(name.clone());
        }
        Ok(())
    }

    pub(super) fn check_former_attributes(&self) -> Result<(), CookieError> {
        let mut named = vec![self.present_attributes()];
        for former in &self.former_attributes {
            check_path(&former.path)?;
            former.domain.as_deref().map_or(Ok(()), check_domain)?;
            if former.partition == CookiePartition::ByTopLevelSite && self.transport != CookieTransport::Https {
                return Err(CookieError::PartitionedWithoutSecure);
            }
            if named.iter().any(|it| it.is(former)) {
                return Err(CookieError::SameFormerAttributes);
            }
            let mut names = self.former_names.iter().map(|former| former.name.clone()).chain([self.whole_name()]);
            if !names.any(|name| former.fit(&name)) {
                let FormerAttributes { path, domain, .. } = former.clone();
                return Err(CookieError::HostPrefixWithFormerAttributes { prefix: self.prefix.as_str(), path, domain });
            }
            named.push(former.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Timestamp;

    fn refused(config: CookieConfig) -> CookieError {
        config.build().expect_err("should be refused")
    }

    fn former() -> FormerAttributes {
        FormerAttributes::default()
    }

    fn secure() -> CookieConfig {
        CookieConfig::default().with_prefix(CookiePrefix::Secure)
    }

    #[test]
    fn a_removal_is_written_for_each_of_the_former_attributes() {
        let cookies = secure()
            .with_path("/shop")
            .with_former_attributes(former())
            .with_former_attributes(former().with_domain("example.org"))
            .with_former_attributes(former().with_path("/old").with_partition(CookiePartition::ByTopLevelSite))
            .build()
            .unwrap();
        // SameSite=None, so that an answer in a frame may remove what was set there.
        let (begin, end) =
            ("__Secure-session=; HttpOnly; SameSite=None;", "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(
            cookies.former_removals(),
            [
                format!("{begin} Secure; Path=/; {end}"),
                format!("{begin} Secure; Path=/; Domain=example.org; {end}"),
                format!("{begin} Partitioned; Secure; Path=/old; {end}"),
            ]
        );
        assert!(CookieConfig::default().build().unwrap().former_removals().is_empty());
    }

    #[test]
    fn over_plain_http_a_removal_is_not_secure() {
        let cookies = CookieConfig::development().with_former_attributes(former().with_path("/a")).build().unwrap();
        let [removal] = cookies.former_removals() else { panic!("there is one") };
        assert!(removal.starts_with("session=; HttpOnly; SameSite=Lax; Path=/a; Max-Age=0"), "{removal}");
    }

    #[test]
    fn former_attributes_that_are_the_present_ones_or_named_twice_are_refused() {
        let domain = |domain: &str| former().with_domain(domain);
        for config in [
            CookieConfig::default().with_former_attributes(former()),
            secure().with_domain("example.org").with_former_attributes(domain("EXAMPLE.org")),
            secure().with_former_attributes(domain("a.org")).with_former_attributes(domain("a.org")),
        ] {
            assert_eq!(refused(config), CookieError::SameFormerAttributes);
        }
    }

    #[test]
    fn former_attributes_that_no_browser_kept_are_refused() {
        let partitioned = former().with_partition(CookiePartition::ByTopLevelSite);
        for prefix in [CookiePrefix::HostHttp, CookiePrefix::Host] {
            let with = |attributes| CookieConfig::default().with_prefix(prefix).with_former_attributes(attributes);
            let under = |path: &str, domain: Option<&str>| CookieError::HostPrefixWithFormerAttributes {
                prefix: prefix.as_str(),
                path: path.to_owned(),
                domain: domain.map(str::to_owned),
            };
            assert_eq!(refused(with(former().with_domain("a.org"))), under("/", Some("a.org")));
            assert_eq!(refused(with(former().with_path("/a"))), under("/a", None));
            assert!(with(partitioned.clone()).build().is_ok());
            // Nor under another name of one host.
            let named = with(former().with_path("/a")).with_former_name("__host-session", Timestamp::MIN);
            assert_eq!(refused(named.with_name("sid")), under("/a", None));
        }
        assert_eq!(
            refused(CookieConfig::development().with_former_attributes(partitioned)),
            CookieError::PartitionedWithoutSecure
        );
        assert!(matches!(
            refused(secure().with_former_attributes(former().with_path("a"))),
            CookieError::InvalidPath { .. }
        ));
        assert!(matches!(
            refused(secure().with_former_attributes(former().with_domain("org"))),
            CookieError::InvalidDomain { .. }
        ));
    }

    fn under(name: &str) -> CookieConfig {
        CookieConfig::default().with_former_name(name, Timestamp::MIN)
    }

    #[test]
    fn a_former_name_is_removed_with_all_attributes_that_it_may_have_had() {
        let removed = |config: CookieConfig| -> Vec<String> {
            let cookies = config.build().unwrap();
            let shown = |set: &String| {
                set.replace("HttpOnly; SameSite=None; ", "")
                    .replace("; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "")
            };
            assert!(cookies.former_removals().is_empty());
            cookies.former_name_removals().iter().map(shown).collect()
        };
        assert_eq!(removed(under("sid")), ["sid=; Secure; Path=/"]);
        // The domain is the former name's: with the present one no cookie can have had it.
        let domain = former().with_domain("a.org");
        assert_eq!(
            removed(under("__Secure-session").with_former_attributes(domain)),
            ["__Secure-session=; Secure; Path=/", "__Secure-session=; Secure; Path=/; Domain=a.org"]
        );
        for name in ["__Host-session", "__Host-Http-session", "__HOST-http-session"] {
            let narrower = secure().with_path("/a").with_domain("a.org").with_former_name(name, Timestamp::MIN);
            assert_eq!(removed(narrower), [format!("{name}=; Secure; Path=/")]);
        }
        assert_eq!(
            removed(under("__Http-session").with_former_attributes(former().with_path("/a"))),
            ["__Http-session=; Secure; Path=/", "__Http-session=; Secure; Path=/a"]
        );
    }

    #[test]
    fn a_removal_has_what_the_former_names_prefix_asks_for() {
        for name in ["__Host-Http-sid", "__Host-sid", "__Http-sid", "__Secure-sid"] {
            for prefix in [CookiePrefix::HostHttp, CookiePrefix::Http, CookiePrefix::None] {
                let cookies = under(name).with_prefix(prefix).build().unwrap();
                let [removal] = cookies.former_name_removals() else { panic!("there is one") };
                let attributes = "HttpOnly; SameSite=None; Secure; Path=/; Max-Age=0";
                assert!(removal.starts_with(&format!("{name}=; {attributes}")), "{removal}");
            }
        }
    }

    #[test]
    fn a_former_name_that_is_none_or_the_present_one_or_named_twice_is_refused() {
        assert_eq!(refused(under("")), CookieError::EmptyName);
        assert_eq!(refused(under("a b")), CookieError::InvalidName { name: "a b".to_owned() });
        for config in [under("__Host-Http-session"), under("sid").with_former_name("sid", Timestamp::MAX)] {
            assert!(matches!(refused(config), CookieError::SameFormerName { .. }));
        }
        for prefix in ["__Host-Http-", "__Host-", "__Http-", "__Secure-"] {
            let name = format!("{}session", prefix.to_lowercase());
            let config = CookieConfig::development().with_former_name(name, Timestamp::MIN);
            assert_eq!(refused(config), CookieError::PrefixWithoutSecure { prefix });
        }
        assert!(under("session").with_former_name("__Host-sid", Timestamp::MIN).build().is_ok());
        let long = refused(under(&"a".repeat(4096)));
        assert!(matches!(long, CookieError::TooLong { .. }), "{long}");
    }
}
