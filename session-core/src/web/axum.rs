//! Extractors for axum, behind a [`SessionLayer`](super::tower::SessionLayer).
//!
//! [`Session`] loads the session; its rejection follows the failure policy. [`LazySession`] loads nothing by
//! itself. [`SessionError`] is a response, so that handlers can use `?`.
//!
//! ```
//! use axum::{Router, routing::get};
//! use session_core::web::tower::SessionLayer;
//! use session_core::{Session, SessionError};
//! # use std::sync::Arc;
//! # use session_core::{SessionStore, Sessions};
//!
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("visit no. {visits}"))
//! }
//!
//! # fn app(store: Arc<dyn SessionStore>) -> Result<Router, Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder(store).build()?;
//! let app = Router::new().route("/", get(visits)).layer(SessionLayer::new(sessions));
//! # Ok(app) }
//! ```

use std::convert::Infallible;
use std::sync::Arc;

use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use http::request::Parts;

use super::{SessionRejection, exchange, rejection};
use crate::engine::SessionError;
use crate::request::LazySession;
use crate::session::Session;

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        match self {
            Self::NotOpened { .. } => {
                rejection::log(&self, self.http_status());
                (StatusCode::INTERNAL_SERVER_ERROR, self.to_string()).into_response()
            }
            Self::Session(error) => error.into_response(),
        }
    }
}

/// The body names the status and nothing of the inside; the error itself is in the extensions, in an `Arc`.
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        let status = exchange::logged(&self);
        let mut response = Response::new(Body::from(status.canonical_reason().unwrap_or_default()));
        *response.status_mut() = status;
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl<S: Send + Sync> FromRequestParts<S> for LazySession {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        parts.extensions.get().cloned().ok_or(SessionRejection::NotOpened { missing: "SessionLayer" })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionRejection> {
        let lazy = <LazySession as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(lazy.load().await?)
    }
}

/// `None` if no layer has opened a session.
impl<S: Send + Sync> OptionalFromRequestParts<S> for LazySession {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}
