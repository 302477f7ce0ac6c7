//! The service behind the layers of tower and axum, which differ in the body of what they answer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, SET_COOKIE, VARY};
use http::uri::Scheme;
use http::{Extensions, HeaderValue, Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::exchange;
use super::opened::Opened;
use super::rejection::TEXT;
use crate::engine::{SessionError, Sessions};
use crate::request::{Closed, Closing, Handled};

/// Makes responses whose body is the handler's, or that of the answer to an error.
// For whoever reads the compiler's errors: without this they name a private type.
#[diagnostic::on_unimplemented(
    message = "a session layer cannot pass on responses with the body `{B}`",
    label = "the service inside of it answers with this body",
    note = "axum's layer takes bodies of `Bytes` that are `Send`; `session_core::web::tower::SessionLayer` takes any"
)]
pub trait Answers<B>: Clone {
    /// The body of both.
    type Body;

    /// Passes the handler's body on.
    fn theirs(&self, body: B) -> Self::Body;

    /// Answers an error. Its headers are added later.
    fn ours(&self, error: &SessionError) -> Response<Self::Body>;

    /// Creates a response of one that the sessions give by themselves.
    fn made(&self, response: Response<Bytes>) -> Response<Self::Body>;

    /// Returns whether the application gives answers of its own, to errors of handlers and extractors, too.
    fn are_own(&self) -> bool;
}

/// The service that a session layer makes.
#[derive(Clone, Debug)]
pub struct SessionService<S, A> {
    inner: S,
    sessions: Sessions,
    answers: A,
}

impl<S, A> SessionService<S, A> {
    pub(super) fn new(inner: S, sessions: Sessions, answers: A) -> Self {
        Self { inner, sessions, answers }
    }
}

impl<S, A, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S, A>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    A: Answers<ResBody>,
{
    type Response = Response<A::Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Result<S::Response, S::Error>, A>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let (target, headers) = ((request.method(), request.uri(), request.version()), request.headers());
        let is_https = request.uri().scheme().is_some_and(|scheme| *scheme == Scheme::HTTPS);
        let session = exchange::open(&self.sessions, target, is_https, headers, request.extensions());
        #[cfg(feature = "device-bound")]
        if let Some(session) = session.as_ref().filter(|session| session.is_for_device()) {
            let handling = Handling::Sessions { answering: exchange::answer_device(session) };
            return ResponseFuture { handling, opened: None, closing: None, answers: self.answers.clone() };
        }
        let opened = session.map(|session| exchange::leave(session, request.extensions_mut()));
        let handling = Handling::Handler { handling: self.inner.call(request) };
        ResponseFuture { handling, opened, closing: None, answers: self.answers.clone() }
    }
}

pin_project! {
    /// The future that [`SessionService`] makes.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, T, A> {
        #[pin]
        handling: Handling<F>,
        // Until the handler is done; `None` if a layer further out has opened the session. Where nobody asked for it, it is
        // dropped, and that is all.
        opened: Option<Opened>,
        // The handler's answer waits here while its session is closed.
        closing: Option<(Closing, T)>,
        answers: A,
    }
}

pin_project! {
    /// Who answers: the handler, or the sessions by themselves.
    #[project = Projected]
    enum Handling<F> {
        Handler { #[pin] handling: F },
        Sessions { answering: OwnAnswer },
    }
}

/// The answer to a request that is for no handler.
pub(super) type OwnAnswer = Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>;

impl<F: fmt::Debug> fmt::Debug for Handling<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler { handling } => handling.fmt(f),
            Self::Sessions { .. } => f.write_str("Sessions"),
        }
    }
}

impl<F, ResBody, E, A> Future for ResponseFuture<F, Result<Response<ResBody>, E>, A>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    A: Answers<ResBody>,
{
    type Output = Result<Response<A::Body>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut closing, answer) = match this.closing.take() {
            Some(closing) => closing,
            None => {
                let answer = match this.handling.project() {
                    Projected::Handler { handling } => ready!(handling.poll(cx)),
                    Projected::Sessions { answering } => {
                        return answering.as_mut().poll(cx).map(|response| Ok(this.answers.made(response)));
                    }
                };
                let opened = this.opened.take().filter(|opened| opened.session().was_asked_for());
                let Some(opened) = opened else {
                    return Poll::Ready(answer.map(|response| pass(this.answers, response)));
                };
                let handled = match &answer {
                    Ok(response) if !response.status().is_server_error() => Handled::Completed,
                    _ => Handled::Failed,
                };
                (opened.close(handled), answer)
            }
        };
        match Pin::new(&mut closing).poll(cx) {
            Poll::Ready(closed) => Poll::Ready(answer.map(|response| tell(this.answers, response, closed))),
            Poll::Pending => {
                *this.closing = Some((closing, answer));
                Poll::Pending
            }
        }
    }
}

/// Passes a response on; where a handler or an extractor answered an error, as the application answers it.
fn pass<B, A: Answers<B>>(answers: &A, response: Response<B>) -> Response<A::Body> {
    if answers.are_own()
        && let Some(error) = error_of(response.extensions())
    {
        let mut answer = refuse(answers, &error);
        // Those of a layer further in, which has other sessions.
        for name in [SET_COOKIE, VARY] {
            for value in response.headers().get_all(&name) {
                answer.headers_mut().append(&name, value.clone());
            }
        }
        answer.extensions_mut().insert(error);
        return answer;
    }
    response.map(|body| answers.theirs(body))
}

/// Answers an error, to no cache.
fn refuse<B, A: Answers<B>>(answers: &A, error: &SessionError) -> Response<A::Body> {
    let mut answer = answers.ours(error);
    exchange::lead(error, answer.status(), answer.headers_mut());
    exchange::keep_from_caches(answer.headers_mut());
    answer
}

/// Adds to a response what closing its request has to say; where that failed, answers in its place.
fn tell<B, A: Answers<B>>(answers: &A, response: Response<B>, mut closed: Closed) -> Response<A::Body> {
    let mut response = match &closed.outcome {
        Err(error) => refuse(answers, error),
        Ok(_) => pass(answers, response),
    };
    closed.add_to(response.headers_mut());
    exchange::note(closed.outcome, response.extensions_mut());
    response
}

/// Gives the error that a handler or an extractor left in the extensions of its response.
fn error_of(extensions: &Extensions) -> Option<Arc<SessionError>> {
    extensions.get().cloned()
}

/// Answers an error by a text.
pub(super) fn text(error: &SessionError) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from_static(error.http_text().as_bytes()));
    *response.status_mut() = exchange::status(error);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
    exchange::lead(error, response.status(), response.headers_mut());
    exchange::keep_from_caches(response.headers_mut());
    response
}
