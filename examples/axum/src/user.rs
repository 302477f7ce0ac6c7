//! Who is signed in.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Redirect, Response};
use session_core::{Owner, Session};

use crate::negotiate::{Format, vary_by_accept};

/// The user who is signed in. A handler that asks for it is for users alone: others are sent to the page
/// with the form, or told 401 in JSON.
pub(crate) struct User(pub(crate) Owner);

impl<S: Send + Sync> FromRequestParts<S> for User {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let session = Session::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        match (session.owner(), Format::of(&parts.headers)) {
            (Some(owner), _) => Ok(Self(owner)),
            (None, Format::Json) => Err((StatusCode::UNAUTHORIZED, "Sign in first.").into_response()),
            (None, Format::Page) => Err(vary_by_accept(Redirect::to("/").into_response())),
        }
    }
}
