//! A layer for every service that speaks `http`: axum, hyper, salvo, warp, tonic.
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](crate::Session::commit).
//! 2. **Two layers on one route do not collide.** The request's extensions have the innermost one's
//!    [`LazySession`](crate::LazySession); [`Sessions::find`] gives any one's. The same `Sessions` layered twice
//!    opens once.
//! 3. **Where storing the changes fails, the handler's response is not sent**, but one with the status of the
//!    [`SessionError`](crate::SessionError), an empty body, and the error in its extensions
//!    (`Arc<SessionError>`). So it is where changes were dropped because the session had ended, with 409, unless the
//!    [`GonePolicy`](crate::GonePolicy) says otherwise. A response that is sent has a
//!    [`CloseOutcome`](crate::CloseOutcome) there; none stands for `Untouched` and `Unchanged`.
//!    With two layers it is that of the outermost that has one.
//! 4. **A client that hangs up** while the handler runs ends the handler, and its changes are discarded, but a
//!    `destroy` is done. Once the handler has answered, its changes are stored whether anybody waits or not.
//! 5. **Panics** are not caught. Put a layer that does inside of this one, to have its 500 treated as one.
//!
//! A handler finds its session in the request's extensions, whatever its framework calls them:
//! `request.extensions().get::<LazySession>()`.
//!
//! ```
//! use session_core::web::tower::SessionLayer;
//! # use std::sync::Arc;
//! # use session_core::{SessionStore, Sessions};
//! # fn run(store: Arc<dyn SessionStore>) -> Result<(), Box<dyn std::error::Error>> {
//! let layer = SessionLayer::new(Sessions::builder(store).build()?);
//! # Ok(()) }
//! ```

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::header::{CACHE_CONTROL, HeaderValue};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::exchange;
use super::opened::Opened;
use crate::engine::Sessions;
use crate::request::{Closed, Closing, Handled};

/// Gives each request its session; see the [module page](self).
#[derive(Clone, Debug)]
pub struct SessionLayer {
    sessions: Sessions,
}

impl SessionLayer {
    /// Makes a layer.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions }
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService { inner, sessions: self.sessions.clone() }
    }
}

/// The service that [`SessionLayer`] makes.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    sessions: Sessions,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for SessionService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let session = exchange::open(&self.sessions, request.headers(), request.uri(), request.extensions());
        let opened = session.map(|session| exchange::leave(session, request.extensions_mut()));
        ResponseFuture { handling: self.inner.call(request), opened, closing: None }
    }
}

pin_project! {
    /// The future that [`SessionService`] makes.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, T> {
        #[pin]
        handling: F,
        // Until the handler is done; `None` if a layer further out has opened the session.
        opened: Option<Opened>,
        // The handler's answer waits here while its session is closed.
        closing: Option<(Closing, T)>,
    }
}

impl<F, ResBody, E> Future for ResponseFuture<F, Result<Response<ResBody>, E>>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    ResBody: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let (mut closing, answer) = match this.closing.take() {
            Some(closing) => closing,
            None => {
                let answer = ready!(this.handling.poll(cx));
                let Some(opened) = this.opened.take() else { return Poll::Ready(answer) };
                let handled = match &answer {
                    Ok(response) if !response.status().is_server_error() => Handled::Completed,
                    _ => Handled::Failed,
                };
                (opened.close(handled), answer)
            }
        };
        match Pin::new(&mut closing).poll(cx) {
            Poll::Ready(closed) => Poll::Ready(answer.map(|response| tell(response, closed))),
            Poll::Pending => {
                *this.closing = Some((closing, answer));
                Poll::Pending
            }
        }
    }
}

/// Adds to `response` what closing its request has to say; where that failed, answers in its place.
fn tell<B: Default>(mut response: Response<B>, mut closed: Closed) -> Response<B> {
    if let Err(error) = &closed.outcome {
        response = Response::new(B::default());
        *response.status_mut() = exchange::status(error);
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    exchange::tell(&mut closed, response.headers_mut());
    exchange::note(closed.outcome, response.extensions_mut());
    response
}
