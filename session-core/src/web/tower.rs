//! A layer for every service that speaks `http`: hyper, salvo, warp, tonic. axum has [its own](super::axum).
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](crate::Session::commit).
//! 2. **Two layers on one route do not collide.** The request's extensions have the innermost one's
//!    [`LazySession`](crate::LazySession); [`Sessions::find`] gives any one's. Two with cookies of one name are an error. The same `Sessions` layered twice
//!    opens once.
//! 3. **Where storing the changes fails, the handler's response is not sent**, but one with the status and the text of the
//!    [`SessionError`], and the error in its extensions (`Arc<SessionError>`); or [the application's own](SessionLayer::on_error).
//!    So it is where changes were dropped because the session had ended, with 409, but for a `GET` and the
//!    like, unless the [`GonePolicy`](crate::GonePolicy) says otherwise. A response that is sent has a
//!    [`CloseOutcome`](crate::CloseOutcome) there; none stands for `Untouched` and `Unchanged`.
//!    With two layers it is that of the outermost that has one.
//! 4. **A client that hangs up** while the handler runs ends the handler, and its changes are discarded, but a
//!    `destroy` is done. Once the handler has answered, its changes are stored whether anybody waits or not.
//! 5. **Any body is taken.** The handler's is passed on within a [`ResponseBody`], which is what the response has then; a
//!    type that is named behind this layer names that. axum has [a layer of its own](super::axum::SessionLayer), whose
//!    body is axum's.
//! 6. **Panics** are not caught. Put a layer that does inside of this one, to have its 500 treated as one.
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

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;

use super::own::Own;
pub use super::service::ResponseFuture;
use super::service::{self, Answers, text};
use crate::engine::{SessionError, Sessions};

/// Gives each request its session; see the [module page](self).
#[derive(Clone, Debug)]
pub struct SessionLayer {
    sessions: Sessions,
    own: Own<Response<Bytes>>,
}

impl SessionLayer {
    /// Makes a layer.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions, own: Own::NONE }
    }

    /// Sets how errors are answered: those of this layer, and those that a handler or an extractor answered, as far as
    /// their response has the error in its extensions. The default is [`SessionError::http_text`] as plain text.
    ///
    /// The answer is told to no cache, and has the headers of the session. Where it depends on the request, put a
    /// middleware outside of this one, which finds the error in the extensions of the response.
    ///
    /// ```
    /// # use session_core::web::tower::SessionLayer;
    /// # fn run(layer: SessionLayer) -> SessionLayer {
    /// layer.on_error(|error| {
    ///     let page = format!("<h1>{}</h1>", error.http_text());
    ///     let answer = http::Response::builder().status(error.http_status()).header("content-type", "text/html");
    ///     answer.body(page.into()).expect("its parts are well-formed")
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn on_error(mut self, answer: impl Fn(&SessionError) -> Response<Bytes> + Send + Sync + 'static) -> Self {
        self.own = Own::by(answer);
        self
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionService::new(inner, self.sessions.clone(), self.own.clone())
    }
}

/// The service that [`SessionLayer`] makes.
pub type SessionService<S> = service::SessionService<S, Own<Response<Bytes>>>;

impl<B> Answers<B> for Own<Response<Bytes>> {
    type Body = ResponseBody<B>;

    fn theirs(&self, body: B) -> ResponseBody<B> {
        ResponseBody { source: Source::Theirs { body } }
    }

    fn ours(&self, error: &SessionError) -> Response<ResponseBody<B>> {
        self.to(error)
            .unwrap_or_else(|| text(error))
            .map(|body| ResponseBody { source: Source::Ours { body: Some(body) } })
    }

    fn are_own(&self) -> bool {
        self.is_set()
    }
}

pin_project! {
    /// The body of a response behind a [`SessionLayer`]: the handler's, or that of the answer to an error.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        source: Source<B>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = Projected]
    enum Source<B> {
        Theirs { #[pin] body: B },
        // Until it is sent.
        Ours { body: Option<Bytes> },
    }
}

/// Gives the handler's frames; the answer to an error is one.
impl<B> Body for ResponseBody<B>
where
    B: Body<Data: From<Bytes>>,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match self.project().source.project() {
            Projected::Theirs { body } => body.poll_frame(cx),
            Projected::Ours { body } => Poll::Ready(body.take().map(|bytes| Ok(Frame::data(bytes.into())))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            Source::Theirs { body } => body.is_end_stream(),
            Source::Ours { body } => body.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Theirs { body } => body.size_hint(),
            Source::Ours { body } => SizeHint::with_exact(body.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}
