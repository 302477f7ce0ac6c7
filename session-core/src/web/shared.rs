//! What adapters share whose frameworks speak in the types of the `http` crate.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, COOKIE, HOST, SET_COOKIE, VARY};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};

use crate::close::Closed;
use crate::error::SessionError;
use crate::lazy::LazySession;
use crate::sessions::Sessions;

/// The sessions opened for a request, the outermost first. Two layers on one route do not collide.
#[derive(Clone, Debug, Default)]
struct Opened(Vec<LazySession>);

impl Sessions {
    /// Finds this one's session among those opened for a request; `None` if its layer is not there.
    ///
    /// For routes with two layers: the extractors give the session of the innermost.
    #[must_use]
    pub fn find(&self, extensions: &Extensions) -> Option<LazySession> {
        extensions.get::<Opened>()?.0.iter().find(|lazy| lazy.sessions().is(self)).cloned()
    }
}

/// Finds the session of the innermost layer.
#[cfg(feature = "axum")]
pub(super) fn innermost(extensions: &Extensions) -> Option<&LazySession> {
    extensions.get::<Opened>()?.0.last()
}

/// Opens a session for `request`, and leaves it in the extensions; `None` if these sessions were opened
/// already, by the same layer further out.
pub(super) fn open<B>(sessions: &Sessions, request: &mut Request<B>) -> Option<LazySession> {
    if sessions.find(request.extensions()).is_some() {
        return None;
    }
    // HTTP/2 has no Host header but an authority.
    let host = request.headers().get(HOST).map(HeaderValue::as_bytes);
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str().as_bytes()));
    let lazy = sessions.open_on_host(host, lines(request.headers(), COOKIE));
    request.extensions_mut().get_or_insert_default::<Opened>().0.push(lazy.clone());
    Some(lazy)
}

/// Adds to `response` what closing its request has to say; where that failed, answers in its place.
///
/// The outcome, or the error in an `Arc`, is left in the response's extensions for whoever is outside.
pub(super) fn answer<B: Default>(mut response: Response<B>, closed: Closed) -> Response<B> {
    if let Err(error) = &closed.outcome {
        response = refuse(status(error));
    }
    let vary = closed.vary(lines(response.headers(), VARY));
    let private = closed.cache_control(lines(response.headers(), CACHE_CONTROL));
    let headers = response.headers_mut();
    replace(headers, VARY, vary);
    replace(headers, CACHE_CONTROL, private);
    if let Some(set_cookie) = closed.set_cookie {
        let mut value = HeaderValue::try_from(set_cookie).expect("the cookie's parts were checked by `build`");
        value.set_sensitive(true);
        headers.append(SET_COOKIE, value);
    }
    match closed.outcome {
        Ok(outcome) => drop(response.extensions_mut().insert(outcome)),
        Err(error) => drop(response.extensions_mut().insert(Arc::new(error))),
    }
    response
}

/// Makes the response that takes the place of a handler's whose changes could not be stored.
fn refuse<B: Default>(status: StatusCode) -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(super) fn status(error: &SessionError) -> StatusCode {
    StatusCode::from_u16(error.http_status()).expect("an error's status is one of a few")
}

/// Replaces all lines of a header, if there is something to replace them by.
fn replace(headers: &mut HeaderMap, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(name, value);
    }
}

fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    headers.get_all(name).iter().map(HeaderValue::as_bytes)
}
