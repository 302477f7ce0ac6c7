//! What adapters share whose frameworks speak in the types of the `http` crate.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, COOKIE, HOST, SET_COOKIE, VARY};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};

use super::opened::sealed::Search;
use super::opened::{Carrier, Opened};
use crate::engine::{SessionError, Sessions};
use crate::request::{CloseOutcome, Closed, LazySession};

/// The sessions of the outer layers, the outermost first. The innermost's [`LazySession`] stands for itself, so that
/// one layer needs one entry, and a framework's own way to read an extension finds it.
#[derive(Clone, Debug, Default)]
struct Outer(Vec<LazySession>);

impl Search for Extensions {
    fn search(&self, wanted: &dyn Fn(&LazySession) -> bool) -> Option<LazySession> {
        let outer = self.get::<Outer>().into_iter().flat_map(|outer| outer.0.iter().rev());
        self.get::<LazySession>().into_iter().chain(outer).find(|session| wanted(session)).cloned()
    }
}

impl Carrier for Extensions {}

/// Opens a session for a request; `None` if these sessions were opened already, by the same layer further out.
pub(super) fn open(
    sessions: &Sessions,
    headers: &HeaderMap,
    uri: &Uri,
    extensions: &Extensions,
) -> Option<LazySession> {
    if sessions.find(extensions).is_some() {
        return None;
    }
    // HTTP/2 has no Host header but an authority.
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    let host = host.or_else(|| uri.authority().map(|authority| authority.as_str().as_bytes()));
    Some(sessions.open_on_host(host, lines(headers, COOKIE)))
}

/// Leaves a session that was opened in the extensions of its request.
pub(super) fn leave(session: LazySession, extensions: &mut Extensions) -> Opened {
    if let Some(outer) = extensions.insert(session.clone()) {
        extensions.get_or_insert_default::<Outer>().0.push(outer);
    }
    Opened::new(session)
}

/// Adds to the headers of a response what closing its request has to say.
pub(super) fn tell(closed: &mut Closed, headers: &mut HeaderMap) {
    let vary = closed.vary(lines(headers, VARY));
    let private = closed.cache_control(lines(headers, CACHE_CONTROL));
    replace(headers, VARY, vary);
    replace(headers, CACHE_CONTROL, private);
    for set_cookie in closed.set_cookie.take().into_iter().chain(std::mem::take(&mut closed.removals)) {
        let mut value = HeaderValue::try_from(set_cookie).expect("the cookie's parts were checked by `build`");
        value.set_sensitive(true);
        headers.append(SET_COOKIE, value);
    }
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

/// Gives the status that answers an error, once it is logged.
#[cfg(any(feature = "axum", feature = "poem"))]
pub(super) fn logged(error: &SessionError) -> StatusCode {
    super::rejection::log(error, error.http_status());
    status(error)
}

pub(super) fn status(error: &SessionError) -> StatusCode {
    StatusCode::from_u16(error.http_status()).expect("an error's status is one of a few")
}

/// Replaces all lines of a header, if there is something to replace them by.
fn replace(headers: &mut HeaderMap, name: HeaderName, value: Option<Cow<'static, str>>) {
    let value = value.and_then(|value| match value {
        Cow::Borrowed(value) => Some(HeaderValue::from_static(value)),
        Cow::Owned(value) => HeaderValue::try_from(value).ok(),
    });
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    headers.get_all(name).iter().map(HeaderValue::as_bytes)
}
