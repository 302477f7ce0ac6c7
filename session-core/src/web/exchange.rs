//! What adapters share whose frameworks speak in the types of the `http` crate.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, COOKIE, HeaderValue, LOCATION, SET_COOKIE, VARY};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Extensions, HeaderMap, HeaderName, Method, StatusCode, Uri, Version};

use super::Visit;
use super::opened::sealed::Search;
use super::opened::{Carrier, Opened, beside};
use crate::engine::{SessionError, Sessions};
use crate::request::{CloseOutcome, LazySession, RequestHead, ResponseHeaders};

/// The sessions of the outer layers, the outermost first. The innermost's [`LazySession`] stands for itself, so that
/// one layer needs one entry, and a framework's own way to read an extension finds it.
#[derive(Clone, Debug, Default)]
struct Outer(Vec<LazySession>);

impl Search for Extensions {
    fn search(&self, wanted: &dyn Fn(&LazySession) -> bool) -> Option<LazySession> {
        let innermost = self.get::<LazySession>()?;
        if wanted(innermost) {
            return Some(innermost.clone());
        }
        let outer = self.get::<Outer>().into_iter().flat_map(|outer| outer.0.iter().rev());
        outer.into_iter().find(|session| wanted(session)).cloned()
    }
}

impl Carrier for Extensions {}

/// Opens a session for a request; `None` if these sessions were opened already, by the same layer further out.
pub(super) fn open(
    sessions: &Sessions,
    (method, uri, version): (&Method, &Uri, Version),
    is_https: bool,
    headers: &HeaderMap,
    opened: &impl Carrier,
) -> Option<LazySession> {
    let beside = beside(sessions, opened)?;
    let header = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    let mut head = RequestHead::new(method.as_str())
        .with_shared_cookies(headers.get_all(COOKIE))
        .with_headers(&header)
        .with_path(uri.path())
        .with_target(uri.authority().map(|authority| authority.as_str().as_bytes()), is_https);
    // From this version on every client names the host. Where there is none, a test calls the service by itself.
    if version >= Version::HTTP_11 {
        head = head.may_lack_host();
    }
    Some(sessions.open_beside(head, beside))
}

/// Answers a request that is for no handler: a browser binds its session to its device, or proves that it comes from there.
#[cfg(feature = "device-bound")]
pub(super) fn answer_device(
    session: &LazySession,
) -> std::pin::Pin<Box<dyn Future<Output = http::Response<bytes::Bytes>> + Send>> {
    let session = session.clone();
    Box::pin(async move {
        let mut answer = session.sessions().answer_device(&session).await;
        let mut response = http::Response::new(bytes::Bytes::copy_from_slice(answer.body().as_bytes()));
        *response.status_mut() = StatusCode::from_u16(answer.status()).expect("an answer's status is one of a few");
        answer.add_to(response.headers_mut());
        response
    })
}

/// Leaves a session that was opened in the extensions of its request.
pub(super) fn leave(session: LazySession, extensions: &mut Extensions) -> Opened {
    if let Some(outer) = extensions.insert(session.clone()) {
        extensions.get_or_insert_default::<Outer>().0.push(outer);
    }
    Opened::new(session)
}

/// Leaves in the extensions of a response, for whoever is outside, what became of the session: the error in an `Arc`, or
/// the outcome, if it is news.
pub(super) fn note(outcome: Result<CloseOutcome, SessionError>, extensions: &mut Extensions) {
    match outcome {
        Ok(outcome) if outcome.is_news() => drop(extensions.insert(outcome)),
        Ok(_) => {}
        Err(error) => drop(extensions.insert(Arc::new(error))),
    }
}

/// Tells caches to keep nothing of an answer to an error.
pub(super) fn keep_from_caches(headers: &mut HeaderMap) {
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

pub(super) fn status(error: &SessionError) -> StatusCode {
    StatusCode::from_u16(error.http_status()).expect("an error's status is one of a few")
}

/// Looks at a request for a guard.
pub(super) fn visit<'a>(method: &Method, uri: &'a Uri, headers: &HeaderMap) -> Visit<'a> {
    let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    Visit::new(method.as_str(), target, |name| headers.get(name).map(HeaderValue::as_bytes))
}

impl<'a> From<&'a Parts> for Visit<'a> {
    fn from(parts: &'a Parts) -> Self {
        visit(&parts.method, &parts.uri, &parts.headers)
    }
}

/// Tells a browser where to go, where an answer to an error sends it somewhere and does not say it by itself.
pub(super) fn lead(error: &SessionError, status: StatusCode, headers: &mut HeaderMap) {
    let Some(location) = error.location().filter(|_| status == StatusCode::SEE_OTHER) else { return };
    let value = || HeaderValue::try_from(location).expect("it is escaped");
    headers.entry(LOCATION).or_insert_with(value);
}

impl ResponseHeaders for HeaderMap {
    fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.get_all(named(name)).into_iter().map(HeaderValue::as_bytes)
    }

    fn names(&self) -> impl Iterator<Item: AsRef<str>> {
        self.keys().map(HeaderName::as_str)
    }

    fn set(&mut self, name: &str, value: Cow<'static, str>) {
        let value = match value {
            Cow::Borrowed(value) => Some(HeaderValue::from_static(value)),
            Cow::Owned(value) => HeaderValue::try_from(value).ok(),
        };
        if let Some(value) = value {
            self.insert(named(name), value);
        }
    }

    fn add_cookie(&mut self, value: String) {
        let mut value = HeaderValue::try_from(value).expect("the cookie's parts were checked by `build`");
        value.set_sensitive(true);
        self.append(SET_COOKIE, value);
    }
}

/// Gives a header's name; of those that are asked for with every response without a look at each byte.
fn named(name: &str) -> HeaderName {
    match name {
        "vary" => VARY,
        "cache-control" => CACHE_CONTROL,
        name => HeaderName::from_bytes(name.as_bytes()).expect("it is the name of a header"),
    }
}
