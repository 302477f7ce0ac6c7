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
//!    [`SessionOf`] gives the one it names, and [`Sessions::find`], given the request's extensions, any one's. The same
//!    `Sessions` put on twice opens once.
//! 3. **Where storing the changes fails, the handler's response is not sent**, but one with the status and the text of the
//!    [`SessionError`], and the error as its data (`Arc<SessionError>`); or
//!    [the application's own](SessionMiddleware::on_error). So it is where changes were
//!    dropped because the session had ended, with 409, but for a `GET` and the like, unless the
//!    [`GonePolicy`](crate::GonePolicy) says otherwise.
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
use http::header::CONTENT_TYPE;
use http::uri::Scheme;
use poem::error::ResponseError;
use poem::{Endpoint, Error, FromRequest, IntoResponse, Middleware, Request, RequestBody, Response, Result};

use super::opened::{innermost, named};
use super::own::Own;
use super::rejection::TEXT;
use super::{SessionOf, SessionRejection, exchange, rejection};
use crate::engine::{SessionError, Sessions};
use crate::request::{Closed, Handled, LazySession};
use crate::session::Session;

/// Gives each request its session; see the [module page](self).
#[derive(Clone, Debug)]
pub struct SessionMiddleware {
    sessions: Sessions,
    own: Own<Response>,
}

impl SessionMiddleware {
    /// Makes a middleware.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions, own: Own::NONE }
    }

    /// Sets how [`SessionError`]s are answered, those of this middleware, of extractors and of handlers. The default is
    /// [`SessionError::http_text`] as plain text.
    ///
    /// The answer is told to no cache, and has the headers of the session. A `catch_error` inside of this middleware has
    /// the errors of handlers and extractors before.
    ///
    /// ```
    /// # use session_core::web::poem::SessionMiddleware;
    /// # fn run(middleware: SessionMiddleware) -> SessionMiddleware {
    /// middleware.on_error(|error| {
    ///     let status = poem::http::StatusCode::from_u16(error.http_status()).expect("it is one of a few");
    ///     poem::web::Html(format!("<h1>{}</h1>", error.http_text())).with_status(status)
    /// })
    /// # }
    /// # use poem::IntoResponse;
    /// ```
    #[must_use]
    pub fn on_error<R: IntoResponse>(mut self, answer: impl Fn(&SessionError) -> R + Send + Sync + 'static) -> Self {
        self.own = Own::by(move |error| answer(error).into_response());
        self
    }
}

impl<E: Endpoint> Middleware<E> for SessionMiddleware {
    type Output = SessionEndpoint<E>;

    fn transform(&self, inner: E) -> Self::Output {
        SessionEndpoint { inner, sessions: self.sessions.clone(), own: self.own.clone() }
    }
}

/// The endpoint that [`SessionMiddleware`] makes.
#[derive(Clone, Debug)]
pub struct SessionEndpoint<E> {
    inner: E,
    sessions: Sessions,
    own: Own<Response>,
}

impl<E: Endpoint> Endpoint for SessionEndpoint<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let (target, headers) = ((request.method(), request.uri(), request.version()), request.headers());
        let is_https = *request.scheme() == Scheme::HTTPS;
        let session = exchange::open(&self.sessions, target, is_https, headers, request.extensions());
        let opened = session.map(|session| exchange::leave(session, request.extensions_mut()));
        let answer = self.inner.call(request).await;
        let Some(opened) = opened else { return answer.map(IntoResponse::into_response) };
        let response = answer.map_or_else(|error| self.own.or_theirs(error), IntoResponse::into_response);
        let handled = if response.status().is_server_error() { Handled::Failed } else { Handled::Completed };
        Ok(self.own.tell(response, opened.close(handled).await))
    }
}

impl Own<Response> {
    /// Answers an error that a handler or an extractor returned.
    fn or_theirs(&self, error: Error) -> Response {
        let Some(told) = session_error(&error) else { return error.into_response() };
        match self.to(told) {
            Some(own) => {
                rejection::log(told, told.http_status());
                prepared(told, own)
            }
            None => error.into_response(),
        }
    }

    /// Adds to a response what closing its request has to say; where that failed, answers in its place.
    fn tell(&self, response: Response, mut closed: Closed) -> Response {
        let mut response = match &closed.outcome {
            Ok(_) => response,
            Err(error) => self.to(error).map_or_else(|| text(error), |own| prepared(error, own)),
        };
        closed.add_to(response.headers_mut());
        exchange::note(closed.outcome, response.extensions_mut());
        response
    }
}

/// Finds the session's error in one of poem's.
fn session_error(error: &Error) -> Option<&SessionError> {
    match error.downcast_ref::<SessionRejection>() {
        Some(SessionRejection::Session(error)) => Some(error),
        _ => error.downcast_ref(),
    }
}

/// Tells caches to keep nothing of an answer to an error, and a browser where it is sent.
fn prepared(error: &SessionError, mut response: Response) -> Response {
    exchange::lead(error, response.status(), response.headers_mut());
    exchange::keep_from_caches(response.headers_mut());
    response
}

fn text(error: &SessionError) -> Response {
    let mut response = Response::from((exchange::status(error), error.http_text()));
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(TEXT));
    prepared(error, response)
}

/// The text is [`SessionError::http_text`].
impl ResponseError for SessionError {
    fn status(&self) -> StatusCode {
        exchange::status(self)
    }

    fn as_response(&self) -> Response {
        rejection::log(self, self.http_status());
        text(self)
    }
}

impl ResponseError for SessionRejection {
    fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.http_status()).expect("an error's status is one of a few")
    }

    fn as_response(&self) -> Response {
        match self {
            Self::Session(error) => error.as_response(),
            rejection => {
                rejection::log(rejection, rejection.http_status());
                Response::from((self.status(), self.to_string()))
            }
        }
    }
}

impl<'a> FromRequest<'a> for LazySession {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let missing = || SessionRejection::NotOpened { missing: "SessionMiddleware" }.into();
        innermost(request.extensions()).ok_or_else(missing)
    }
}

/// Its error is a [`SessionError`] if the session could not be loaded, and a [`SessionRejection`] if none was opened.
impl<'a> FromRequest<'a> for Session {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        Ok(LazySession::from_request(request, body).await?.load().await?)
    }
}

/// Its error is a [`SessionError`] if the session could not be loaded, and a [`SessionRejection`] if there is none of the
/// name.
impl<'a, N: 'static> FromRequest<'a> for SessionOf<N> {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        Ok(Self::new(named::<N>(request.extensions())?.load().await?))
    }
}
