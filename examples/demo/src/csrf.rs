//! Refuses forms that another site sent, by what the browser says of where a request comes from.

use http::header::{HOST, ORIGIN};
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
        (None, Some(origin)) => {
            let host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
            host.is_some() && host == ask.header(HOST)
        }
    };
    if own { Ok(()) } else { Err(refuse(StatusCode::FORBIDDEN, "This form was sent from another site.")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn is_taken(method: &str, headers: &[(&str, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (*name, value.as_bytes()));
        check(&Ask::new(method, "/", headers, Bytes::new())).is_ok()
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
}
