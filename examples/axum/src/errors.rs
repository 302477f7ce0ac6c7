//! Shows what went wrong, as a page or as JSON. Handlers and extractors answer with a status and a text; it
//! is given its form here, in one place.

use std::sync::Arc;

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{ALLOW, CACHE_CONTROL, SET_COOKIE, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use session_core::SessionError;

use crate::negotiate::Format;
use crate::view::Problem;

/// The longest text that is taken for a message.
const LONGEST: usize = 4096;

pub(crate) async fn show(format: Format, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let (head, body) = response.into_parts();

    if status.is_client_error() || status.is_server_error() {
        // Its text, or the reason why the session could not be stored, or else what the status says.
        let text = to_bytes(body, LONGEST).await.ok().and_then(|text| String::from_utf8(text.into()).ok());
        let reason = || head.extensions.get::<Arc<SessionError>>().map(ToString::to_string);
        let message = text.filter(|text| !text.is_empty()).or_else(reason);
        let message = message.unwrap_or_else(|| status.canonical_reason().unwrap_or("Error").to_owned());
        return problem(format, status, message, &head.headers);
    }
    Response::from_parts(head, body)
}

/// Puts a problem in the place of `response`, and keeps what that says to browsers and caches.
fn problem(format: Format, status: StatusCode, error: String, response: &HeaderMap) -> Response {
    let mut problem = format.show(&Problem { status: status.as_u16(), error });
    *problem.status_mut() = status;
    for name in [ALLOW, CACHE_CONTROL, SET_COOKIE, VARY] {
        for value in response.get_all(&name) {
            problem.headers_mut().append(&name, value.clone());
        }
    }
    problem
}
