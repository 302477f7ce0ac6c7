//! Refuses forms that another site sent, and WebSockets that its pages open, by what the browser says of where a request
//! comes from.

use http::header::{HOST, HeaderValue, ORIGIN};
use http::{Method, StatusCode};

use crate::ask::Ask;
use crate::errors::{Refusal, refuse};

/// Refuses a request that may change something if a page of another site caused it.
///
/// Browsers say so by `Sec-Fetch-Site`; those from before 2023 by `Origin`. What says neither is no browser, and
/// nobody's cookies travel along.
pub(crate) fn check(ask: &Ask) -> Result<(), Refusal> {
    if matches!(ask.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let own = match (ask.headers.get("sec-fetch-site"), ask.headers.get(ORIGIN)) {
        (Some(site), _) => matches!(site.as_bytes(), b"same-origin" | b"none"),
        (None, None) => true,
        (None, Some(origin)) => is_own(ask, origin),
    };
    if own { Ok(()) } else { Err(refuse(StatusCode::FORBIDDEN, "This form was sent from another site.")) }
}

/// Refuses a WebSocket that a page of another origin opens.
///
/// Such a page may listen and talk, since CORS does not apply to sockets. That the cookie is `SameSite=Lax` does not stop
/// a sibling, such as `blog.example.org` beside `shop.example.org`. Every browser says whose page it is by `Origin`. What
/// does not is none, and nobody's cookies travel along.
pub(crate) fn check_upgrade(ask: &Ask) -> Result<(), Refusal> {
    match ask.headers.get(ORIGIN) {
        Some(origin) if !is_own(ask, origin) => {
            Err(refuse(StatusCode::FORBIDDEN, "This socket was opened by a page of another site."))
        }
        _ => Ok(()),
    }
}

/// Tells whether an `Origin` is that of the host that was asked, which a proxy in front has to pass on.
fn is_own(ask: &Ask, origin: &HeaderValue) -> bool {
    let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    host.is_some() && host == ask.header(HOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn ask(method: &str, headers: &[(&str, &str)]) -> Ask {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        Ask::new(method, "/", headers, Bytes::new())
    }

    fn is_taken(method: &str, headers: &[(&str, &str)]) -> bool {
        check(&ask(method, headers)).is_ok()
    }

    #[test]
    fn what_another_site_caused_is_refused() {
        let own = ("origin", "http://shop.test:3000");
        for (headers, taken) in [
            (&[("sec-fetch-site", "same-origin")][..], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "cross-site"), own], false),
            (&[("sec-fetch-site", "")], false),
            (&[own], true),
            (&[("origin", "http://shop.test")], false),
            (&[("origin", "null")], false),
            (&[("origin", "")], false),
            (&[], true),
        ] {
            let headers = [headers, &[("host", "shop.test:3000")]].concat();
            assert_eq!(is_taken("POST", &headers), taken, "{headers:?}");
            assert_eq!(is_taken("DELETE", &headers), taken, "{headers:?}");
            assert!(is_taken("GET", &headers), "{headers:?}");
        }
        assert!(!is_taken("POST", &[own]), "there is no host that it could be the same as");
    }

    #[test]
    fn a_socket_of_another_origin_is_refused() {
        let host = ("host", "shop.test:3000");
        for (origin, taken) in [
            ("http://shop.test:3000", true),
            // The proxy in front speaks https.
            ("https://shop.test:3000", true),
            ("http://shop.test", false),
            ("http://shop.test:3001", false),
            ("http://blog.shop.test:3000", false),
            ("http://shop.test:3000.other.test", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(check_upgrade(&ask("GET", &[host, ("origin", origin)])).is_ok(), taken, "{origin}");
        }
        assert!(check_upgrade(&ask("GET", &[host])).is_ok(), "a program, which says nothing");
        let unsure = [host, ("origin", "http://blog.shop.test:3000"), ("sec-fetch-site", "same-origin")];
        assert!(check_upgrade(&ask("GET", &unsure)).is_err(), "the origin alone counts");
    }
}
