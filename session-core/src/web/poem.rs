//! A middleware and extractors for poem.
//!
//! [`Session`] loads the session; [`LazySession`] loads nothing by itself. [`SessionError`] is a `ResponseError`, so that
//! handlers can use `?`.
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](Session::commit).
//! 2. **Two middlewares on one route do not collide.** The extractors give the innermost one's session;
//!    [`Sessions::find`], given the request's extensions, gives any one's. The same `Sessions` put on twice opens once.
//! 3. **Where storing the changes fails, the handler's response is not sent**, but one with the status of the
//!    [`SessionError`], an empty body, and the error as its data (`Arc<SessionError>`). So it is where changes were
//!    dropped because the session had ended, with 409, unless the [`GonePolicy`](crate::GonePolicy) says otherwise.
//!    A response that is sent has a [`CloseOutcome`](crate::CloseOutcome) as its data; none stands for `Untouched` and
//!    `Unchanged`. With two middlewares it is that of the outermost that has one.
//! 4. **Errors become responses here**, since the session's headers belong on those, too. What looks at errors, such as
//!    `catch_error` and `Tracing`, belongs inside of this middleware.
//! 5. **A client that hangs up** while the handler runs ends the handler, and its changes are discarded, but a
//!    `destroy` is done. Once the handler has answered, its changes are stored whether anybody waits or not.
//! 6. **Panics** are not caught. Put `CatchPanic` inside of this one, to have its 500 treated as one.
//!
//! ```
//! use poem::{EndpointExt, Route, get, handler};
//! use session_core::web::poem::SessionMiddleware;
//! use session_core::{Session, SessionError, SessionStore, Sessions};
//! # use std::sync::Arc;
//!
//! #[handler]
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("visit no. {visits}"))
//! }
//!
//! # fn run(store: Arc<dyn SessionStore>) -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder(store).build()?;
//! let app = Route::new().at("/", get(visits)).with(SessionMiddleware::new(sessions));
//! # Ok(()) }
//! ```

use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use poem::error::ResponseError;
use poem::{Endpoint, Error, FromRequest, IntoResponse, Middleware, Request, RequestBody, Response, Result};

use super::{SessionRejection, exchange, rejection};
use crate::engine::{SessionError, Sessions};
use crate::request::{Closed, Handled, LazySession};
use crate::session::Session;

/// Gives each request its session; see the [module page](self).
#[derive(Clone, Debug)]
pub struct SessionMiddleware {
    sessions: Sessions,
}

impl SessionMiddleware {
    /// Makes a middleware.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

impl<E: Endpoint> Middleware<E> for SessionMiddleware {
    type Output = SessionEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        SessionEndpoint { inner, sessions: self.sessions.clone() }
    }
}

/// The endpoint that [`SessionMiddleware`] makes.
#[derive(Clone, Debug)]
pub struct SessionEndpoint<E> {
    inner: E,
    sessions: Sessions,
}

impl<E: Endpoint> Endpoint for SessionEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let session = exchange::open(&self.sessions, request.headers(), request.uri(), request.extensions());
        let opened = session.map(|session| exchange::leave(session, request.extensions_mut()));
        let answer = self.inner.call(request).await;
        let Some(opened) = opened else { return answer.map(IntoResponse::into_response) };
        let response = answer.map_or_else(Error::into_response, IntoResponse::into_response);
        let handled = if response.status().is_server_error() { Handled::Failed } else { Handled::Completed };
        Ok(tell(response, opened.close(handled).await))
    }
}

/// Adds to `response` what closing its request has to say; where that failed, answers in its place.
fn tell(mut response: Response, mut closed: Closed) -> Response {
    if let Err(error) = &closed.outcome {
        response = Response::from(exchange::status(error));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    exchange::tell(&mut closed, response.headers_mut());
    exchange::note(closed.outcome, response.extensions_mut());
    response
}

/// The body names the status and nothing of the inside.
impl ResponseError for SessionError {
    fn status(&self) -> StatusCode {
        exchange::status(self)
    }

    fn as_response(&self) -> Response {
        let status = exchange::logged(self);
        let mut response = Response::from((status, status.canonical_reason().unwrap_or_default()));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl ResponseError for SessionRejection {
    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.http_status()).expect("an error's status is one of a few")
    }

    fn as_response(&self) -> Response {
        match self {
            Self::NotOpened { .. } => {
                rejection::log(self, self.http_status());
                Response::from((self.status(), self.to_string()))
            }
            Self::Session(error) => error.as_response(),
        }
    }
}

impl<'a> FromRequest<'a> for LazySession {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let missing = || SessionRejection::NotOpened { missing: "SessionMiddleware" }.into();
        request.extensions().get().cloned().ok_or_else(missing)
    }
}

/// Its error is a [`SessionError`] if the session could not be loaded, and a [`SessionRejection`] if none was opened.
impl<'a> FromRequest<'a> for Session {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        Ok(LazySession::from_request(request, body).await?.load().await?)
    }
}
