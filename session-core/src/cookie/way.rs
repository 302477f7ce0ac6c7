//! The way that a request took to this server, as far as its head tells: over what the cookie may travel depends on it.

use super::host::is_loopback;
use super::{CookieTransport, Cookies};

/// Headers by which proxies tell of themselves.
const PROXIES: [&str; 6] =
    ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port", "x-forwarded-server"];

/// Headers by which proxies say that it was https, by how they begin.
const HTTPS: [(&str, &[u8]); 3] =
    [("x-forwarded-proto", b"https"), ("x-forwarded-ssl", b"on"), ("front-end-https", b"on")];

/// Looks at the head of a request.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    /// Gives the first line of a header.
    pub(crate) header: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// What the target of the request names, beside or in place of the `Host` header.
    pub(crate) authority: Option<&'a [u8]>,
    /// The target of the request says that it is https.
    pub(crate) is_https: bool,
    /// Where the request has no host, it was made in this process.
    pub(crate) may_lack_host: bool,
}

/// Says what the way of a request means for its cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Passage {
    /// It may be set.
    Free,
    /// It may be set, and this is https.
    Https,
    /// It may be set, and the browser will not take it: it is `Secure`, and this looks like plain http from another
    /// machine.
    Dropped,
    /// It is for development, and the host is not this machine, or not known.
    OtherHost,
    /// It is for development, and a proxy stands in front, which tells of itself by this header.
    BehindProxy { header: &'static str },
}

impl Cookies {
    /// Judges the way of a request. Whether a `Secure` cookie will be dropped is looked into only if that `matters`.
    pub(crate) fn passage(&self, way: &Way<'_>, matters: bool) -> Passage {
        match self.transport() {
            CookieTransport::HttpAnywhere => Passage::Free,
            CookieTransport::HttpOnLoopback => match (way.proxy(), way.is_to_this_machine()) {
                (Some(header), _) => Passage::BehindProxy { header },
                (None, true) => Passage::Free,
                (None, false) => Passage::OtherHost,
            },
            CookieTransport::Https if !matters => Passage::Free,
            CookieTransport::Https if way.is_told_to_be_https() => Passage::Https,
            CookieTransport::Https if way.host().is_none_or(is_loopback) => Passage::Free,
            CookieTransport::Https if way.comes_from_https() => Passage::Https,
            CookieTransport::Https => Passage::Dropped,
        }
    }
}

impl<'a> Way<'a> {
    /// Gives the host; HTTP/2 has no header for it but an authority.
    fn host(&self) -> Option<&'a [u8]> {
        (self.header)("host").or(self.authority)
    }

    fn is_to_this_machine(&self) -> bool {
        self.host().map_or(self.may_lack_host, is_loopback)
    }

    fn proxy(&self) -> Option<&'static str> {
        PROXIES.into_iter().find(|name| (self.header)(name).is_some())
    }

    /// Tells whether the server, or a proxy in front of it, says that this is https.
    fn is_told_to_be_https(&self) -> bool {
        self.is_https
            || HTTPS.iter().any(|(name, value)| (self.header)(name).is_some_and(|found| begins(found, value)))
            || (self.header)("forwarded").is_some_and(names_https)
    }

    /// Tells whether the browser does, on another machine: some headers it sends to what it trusts alone, which is https
    /// and its own machine.
    fn comes_from_https(&self) -> bool {
        (self.header)("sec-fetch-site").is_some()
            || (self.header)("origin").is_some_and(|origin| begins(origin, b"https:"))
    }
}

fn begins(value: &[u8], with: &[u8]) -> bool {
    value.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// Tells whether a `Forwarded` header says that it was https.
fn names_https(forwarded: &[u8]) -> bool {
    let forwarded = forwarded.to_ascii_lowercase();
    [&b"proto=https"[..], b"proto=\"https"].iter().any(|proto| forwarded.windows(proto.len()).any(|at| at == *proto))
}

#[cfg(test)]
mod tests {
    use super::super::CookieConfig;
    use super::*;

    type Headers<'a> = &'a [(&'a str, &'a str)];

    fn passage(config: CookieConfig, headers: Headers<'_>, is_https: bool) -> Passage {
        let header = |name: &str| headers.iter().find(|header| header.0 == name).map(|header| header.1.as_bytes());
        config.build().unwrap().passage(&way(&header, is_https), true)
    }

    fn way<'a>(header: &'a dyn Fn(&str) -> Option<&'a [u8]>, is_https: bool) -> Way<'a> {
        Way { header, authority: None, is_https, may_lack_host: false }
    }

    fn anywhere() -> CookieConfig {
        CookieConfig::development().with_transport(CookieTransport::HttpAnywhere)
    }

    #[test]
    fn a_development_cookie_is_for_loopback_unless_forced() {
        for host in ["localhost:3000", "[::1]", "127.0.0.1", "0.0.0.0:3000", "[::]:3000"] {
            assert_eq!(passage(CookieConfig::development(), &[("host", host)], false), Passage::Free, "{host}");
        }
        for headers in [&[("host", "example.org")][..], &[("host", "192.168.0.1")], &[("host", "")], &[]] {
            assert_eq!(passage(CookieConfig::development(), headers, false), Passage::OtherHost, "{headers:?}");
            assert_eq!(passage(anywhere(), headers, false), Passage::Free, "{headers:?}");
        }
    }

    #[test]
    fn a_development_cookie_needs_no_host_in_this_process_but_is_refused_to_any_other() {
        let cookies = CookieConfig::development().build().unwrap();
        for (headers, expected) in [
            (&[][..], Passage::Free),
            (&[("host", "localhost")], Passage::Free),
            (&[("host", "example.org")], Passage::OtherHost),
            (&[("host", "")], Passage::OtherHost),
            (&[("x-forwarded-for", "203.0.113.7")], Passage::BehindProxy { header: "x-forwarded-for" }),
        ] {
            let header = |name: &str| headers.iter().find(|header| header.0 == name).map(|header| header.1.as_bytes());
            let way = Way { may_lack_host: true, ..way(&header, false) };
            assert_eq!(cookies.passage(&way, true), expected, "{headers:?}");
        }
    }

    #[test]
    fn a_development_cookie_is_not_for_a_server_behind_a_proxy_unless_forced() {
        for header in PROXIES {
            // The proxy rewrites the host.
            let headers = [("host", "localhost:3000"), (header, "203.0.113.7")];
            assert_eq!(passage(CookieConfig::development(), &headers, false), Passage::BehindProxy { header });
            assert_eq!(passage(anywhere(), &headers, false), Passage::Free);
        }
    }

    #[test]
    fn a_secure_cookie_is_dropped_on_plain_http_from_another_machine() {
        for host in ["192.168.0.1:3000", "nas.local", "example.org"] {
            assert_eq!(passage(CookieConfig::default(), &[("host", host)], false), Passage::Dropped, "{host}");
            assert_eq!(passage(CookieConfig::default(), &[("host", host)], true), Passage::Https, "{host}");
        }
        // Browsers take it there, or nobody can tell.
        for headers in [&[("host", "localhost:3000")][..], &[("host", "[::1]")], &[]] {
            assert_eq!(passage(CookieConfig::default(), headers, false), Passage::Free, "{headers:?}");
        }
        // Browsers trust their own machine, so this says nothing of others.
        let own = [("host", "localhost:3000"), ("sec-fetch-site", "none")];
        assert_eq!(passage(CookieConfig::default(), &own, false), Passage::Free);
    }

    #[test]
    fn https_is_told_by_proxies_and_browsers() {
        for told in [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-proto", "HTTPS, http"),
            ("x-forwarded-ssl", "on"),
            ("front-end-https", "On"),
            ("forwarded", "for=192.0.2.60; Proto=https; by=203.0.113.43"),
            ("forwarded", "for=1.2.3.4;proto=\"https\""),
            ("sec-fetch-site", "none"),
            ("origin", "https://example.org"),
        ] {
            let headers = [("host", "example.org"), told];
            assert_eq!(passage(CookieConfig::default(), &headers, false), Passage::Https, "{told:?}");
        }
        for told in [
            ("x-forwarded-proto", "http"),
            ("x-forwarded-proto", ""),
            ("forwarded", "for=1.2.3.4;proto=http"),
            ("x-forwarded-ssl", "off"),
            ("origin", "http://example.org"),
            ("origin", "null"),
        ] {
            let headers = [("host", "example.org"), told];
            assert_eq!(passage(CookieConfig::default(), &headers, false), Passage::Dropped, "{told:?}");
        }
    }
}
