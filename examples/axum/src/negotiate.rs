//! A page and forms for people, JSON for programs, on the same routes.

use std::convert::Infallible;

use askama::Template;
use axum::extract::{Form, FromRequest, FromRequestParts, Json, Request};
use axum::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What the client wants to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Page,
    /// `Accept` names `application/json`, which no browser's does unless a script asks.
    Json,
}

impl Format {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let mut types = lines.flat_map(|line| line.split(',')).map(essence);
        if types.any(|found| found.eq_ignore_ascii_case("application/json")) { Self::Json } else { Self::Page }
    }

    /// Answers a request for something that has a page of its own.
    pub(crate) fn show(self, what: &(impl Template + Serialize)) -> Response {
        let response = match (self, what.render()) {
            (Self::Json, _) => Json(what).into_response(),
            (Self::Page, Ok(page)) => Html(page).into_response(),
            (Self::Page, Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        };
        vary_by_accept(response)
    }

    /// Answers a request for something that is seen on `page`, or that was done there.
    pub(crate) fn done(self, page: &str, state: &impl Serialize) -> Response {
        vary_by_accept(match self {
            Self::Json => Json(state).into_response(),
            Self::Page => Redirect::to(page).into_response(),
        })
    }
}

/// Tells caches that the answer has two forms.
pub(crate) fn vary_by_accept(mut response: Response) -> Response {
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept"));
    response
}

impl<S: Sync> FromRequestParts<S> for Format {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.headers))
    }
}

/// The body of a request: a form, or JSON.
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if content_type.is_some_and(|value| essence(value).eq_ignore_ascii_case("application/json")) {
            let Json(body) = Json::from_request(request, state).await.map_err(IntoResponse::into_response)?;
            return Ok(Self(body));
        }
        let Form(body) = Form::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        Ok(Self(body))
    }
}

/// Gives a media type without its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(accept: &[&'static str]) -> Format {
        Format::of(&accept.iter().map(|line| (ACCEPT, HeaderValue::from_static(line))).collect())
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
}
