//! The middleware that opens a session and closes it.

use http::uri::Scheme;
use poem::{Endpoint, Error, IntoResponse, Middleware, Request, Response, Result};

use super::errors::{prepared, session_error, text};
use super::extractors::Whole;
use super::headers::Late;
use crate::engine::{SessionError, Sessions};
use crate::request::{CloseOutcome, Handled};
use crate::store::OwnerError;
use crate::web::own::Own;
use crate::web::{exchange, rejection};

/// The middleware that gives each request its session; see the [module page](super).
#[derive(Clone, Debug)]
pub struct SessionMiddleware {
    sessions: Sessions,
    own: Own<Response>,
}

impl SessionMiddleware {
    /// Creates a middleware.
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
        #[cfg(feature = "device-bound")]
        if let Some(session) = session.as_ref().filter(|session| session.is_for_device()) {
            let (head, body) = exchange::answer_device(session).await.into_parts();
            let mut response = Response::builder().status(head.status).body(body);
            *response.headers_mut() = head.headers;
            return Ok(response);
        }
        let opened = session.map(|session| exchange::leave(session, request.extensions_mut()));
        if let Some(whole) = Whole::of(&request) {
            request.set_data(whole);
        }
        let late = Late::of(&request);
        let answer = self.inner.call(request).await.map(IntoResponse::into_response);
        let Some(opened) = opened else { return answer };
        let answer = answer.or_else(|error| self.own.instead_of(error));
        if !opened.session().was_asked_for() {
            return answer;
        }
        let status = answer.as_ref().map_or_else(Error::status, Response::status);
        let handled = if status.is_server_error() { Handled::Failed } else { Handled::Completed };
        let mut closed = opened.close(handled).await;
        let outcome = std::mem::replace(&mut closed.outcome, Ok(CloseOutcome::Untouched));
        let answer = self.own.tell(answer, outcome);
        if let Some(late) = late {
            late.add(closed);
            return answer;
        }
        // Nobody further out adds the headers, and only a response can have them.
        let mut response = answer.unwrap_or_else(Error::into_response);
        closed.add_to(response.headers_mut());
        Ok(response)
    }
}

impl Own<Response> {
    /// Answers an error that a handler or an extractor returned, if the application does; and sends a browser to where it can
    /// sign in, which is no error to whoever looks at errors further out.
    fn instead_of(&self, error: Error) -> Result<Response> {
        let owner = error.downcast_ref().map(|error: &OwnerError| SessionError::Owner(*error));
        let Some(told) = owner.as_ref().or_else(|| session_error(&error)) else { return Err(error) };
        match self.to(told) {
            Some(own) => {
                rejection::log(told, told.http_status());
                Ok(prepared(told, own))
            }
            None if exchange::status(told).is_redirection() => Ok(text(told)),
            None => Err(error),
        }
    }

    /// Notes what became of the session; where storing it failed, answers in place of the handler.
    fn tell(&self, answer: Result<Response>, outcome: Result<CloseOutcome, SessionError>) -> Result<Response> {
        match (answer, outcome) {
            (_, Err(error)) => {
                let mut response = self.to(&error).map_or_else(|| text(&error), |own| prepared(&error, own));
                exchange::note(Err(error), response.extensions_mut());
                Ok(response)
            }
            (Ok(mut response), outcome) => {
                exchange::note(outcome, response.extensions_mut());
                Ok(response)
            }
            (Err(mut error), Ok(outcome)) => {
                if outcome.is_news() {
                    error.set_data(outcome);
                }
                Err(error)
            }
        }
    }
}
