//! What a visitor asks for: the request in words that no framework has for itself.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request};
use serde::de::DeserializeOwned;

use crate::errors::{Refusal, refuse};

/// How many bytes a body may have.
pub const BODY_LIMIT: usize = 16 * 1024;

/// Says what the client wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A page, for people.
    Page,
    /// `Accept` names `application/json`, which no browser's does unless a script asks.
    Json,
}

impl Format {
    /// Reads it from a request's headers.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        Self::accepted(headers.get_all(ACCEPT).iter().map(HeaderValue::as_bytes))
    }

    /// Reads it from the values of a request's `Accept` headers.
    #[must_use]
    pub fn accepted<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let lines = lines.into_iter().filter_map(|line| std::str::from_utf8(line).ok());
        let mut types = lines.flat_map(|line| line.split(',')).map(essence);
        if types.any(|found| found.eq_ignore_ascii_case("application/json")) { Self::Json } else { Self::Page }
    }
}

/// Holds a request: everything of it but its session.
#[derive(Clone, Debug)]
pub struct Ask {
    pub(crate) method: Method,
    pub(crate) path: String,
    query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Ask {
    /// Makes it of what any framework can tell: the target is the path with its query.
    ///
    /// # Panics
    /// If the method is none: a framework has read it from a request line, and checked it.
    #[must_use]
    pub fn new(
        method: &str,
        target: &str,
        headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
        body: Bytes,
    ) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: Method::from_bytes(method.as_bytes()).expect("a framework checks the method"),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: header_map(headers),
            body,
        }
    }

    /// Makes it of the `http` crate's types.
    #[must_use]
    pub fn of(head: &request::Parts, body: Bytes) -> Self {
        Self {
            method: head.method.clone(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers.clone(),
            body,
        }
    }

    /// Tells what the client wants to see.
    #[must_use]
    pub fn format(&self) -> Format {
        Format::of(&self.headers)
    }

    pub(crate) fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Reads the query.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_urlencoded::from_str(&self.query).map_err(|error| {
            refuse(StatusCode::BAD_REQUEST, format!("The query {:?} cannot be read: {error}.", self.query))
        })
    }

    /// Reads the body: a form, or JSON.
    pub(crate) fn input<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let unreadable = |error: &dyn std::fmt::Display| {
            refuse(StatusCode::BAD_REQUEST, format!("What was sent cannot be read: {error}."))
        };
        match essence(self.header(CONTENT_TYPE).unwrap_or_default()).to_ascii_lowercase().as_str() {
            "application/json" => serde_json::from_slice(&self.body).map_err(|error| unreadable(&error)),
            "application/x-www-form-urlencoded" | "" => {
                serde_urlencoded::from_bytes(&self.body).map_err(|error| unreadable(&error))
            }
            _ => Err(refuse(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Send a form, or JSON.")),
        }
    }
}

/// Gathers headers, whatever types a framework has for them. What is none is left out.
pub(crate) fn header_map(headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let header = (HeaderName::try_from(name.as_ref()), HeaderValue::from_bytes(value.as_ref()));
        if let (Ok(name), Ok(value)) = header {
            map.append(name, value);
        }
    }
    map
}

/// Gives a media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(accept: &[&'static str]) -> Format {
        Format::accepted(accept.iter().map(|line| line.as_bytes()))
    }

    #[test]
    fn json_is_for_those_who_ask_for_it() {
        assert_eq!(format(&["application/json"]), Format::Json);
        assert_eq!(format(&["text/plain, Application/JSON;q=0.9"]), Format::Json);
        assert_eq!(format(&["text/plain", "application/json"]), Format::Json);
        for others in [&[][..], &["*/*"], &["text/html,application/xhtml+xml,*/*;q=0.8"], &["application/jsonp"]] {
            assert_eq!(format(others), Format::Page, "{others:?}");
        }
    }

    #[test]
    fn a_request_is_the_same_whichever_way_it_is_made() {
        let head = http::Request::post("/count?delay_ms=5").header("Accept", "a").header("accept", "b");
        let head = head.body(()).unwrap().into_parts().0;
        let headers: [(&str, &[u8]); 3] = [("Accept", b"a"), ("accept", b"b"), ("not a name", b"c")];
        let made = Ask::new("POST", "/count?delay_ms=5", headers, Bytes::new());
        assert_eq!(format!("{made:?}"), format!("{:?}", Ask::of(&head, Bytes::new())));
    }
}
