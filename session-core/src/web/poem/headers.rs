//! The middleware that adds the headers of sessions to what finally leaves.

use std::sync::{Arc, Mutex, PoisonError};

use poem::{Endpoint, Error, IntoResponse, Middleware, Request, Response, Result};

use crate::request::Closed;

/// A middleware that adds the headers of the sessions that were opened further in to the response that finally leaves,
/// so that what is between the two may answer errors and write headers as it likes.
///
/// Without it [`SessionMiddleware`](super::SessionMiddleware) adds them itself, and errors of handlers that asked for their
/// session become responses there: `catch_error` and the like, further out, do not see them.
///
/// ```
/// use poem::http::StatusCode;
/// use poem::{EndpointExt, Error, IntoResponse, Route};
/// use session_core::web::poem::{SessionHeaders, SessionMiddleware};
/// # use session_core::Sessions;
///
/// # fn run(routes: Route, sessions: Sessions) -> impl poem::Endpoint {
/// routes
///     .with(SessionMiddleware::new(sessions))
///     .catch_all_error(async |error: Error| format!("Sorry: {error}").with_status(error.status()))
///     .with(SessionHeaders)
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionHeaders;

impl<E: Endpoint> Middleware<E> for SessionHeaders {
    type Output = SessionHeadersEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        SessionHeadersEndpoint { inner }
    }
}

/// The endpoint that [`SessionHeaders`] makes.
#[derive(Clone, Debug)]
pub struct SessionHeadersEndpoint<E> {
    inner: E,
}

impl<E: Endpoint> Endpoint for SessionHeadersEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        if Late::of(&request).is_some() {
            return self.inner.call(request).await.map(IntoResponse::into_response);
        }
        let late = Late::default();
        request.extensions_mut().insert(late.clone());
        let answer = self.inner.call(request).await.map(IntoResponse::into_response);
        let closed = late.take();
        if closed.is_empty() {
            return answer;
        }
        let mut response = answer.unwrap_or_else(Error::into_response);
        for mut closed in closed {
            closed.add_to(response.headers_mut());
        }
        Ok(response)
    }
}

/// What sessions that are closed have to say, and what is to be added further out.
#[derive(Clone, Default)]
pub(super) struct Late(Arc<Mutex<Vec<Closed>>>);

impl Late {
    /// Finds whoever adds the headers further out.
    pub(super) fn of(request: &Request) -> Option<Self> {
        request.extensions().get().cloned()
    }

    pub(super) fn add(&self, closed: Closed) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(closed);
    }

    fn take(&self) -> Vec<Closed> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
