//! A layer for every service that speaks `http`: hyper, warp, tonic. axum has [its own](super::axum), salvo a handler.
//!
//! How somebody signs in and out, the way back from the login page, the cookie over plain http, and connections that stay
//! open are on [the page of all adapters](super).
//!
//! A handler finds its session in the request's extensions, whatever its framework calls them, and loads it.
//!
//! ```
//! use http::{Request, Response};
//! use session_core::web::tower::{SessionLayer, answer};
//! use session_core::{LazySession, SessionError, Sessions};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! async fn visits(request: Request<()>) -> Result<Response<String>, SessionError> {
//!     let session = request.extensions().get::<LazySession>().expect("the layer has opened it").load().await?;
//!     let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(Response::new(format!("visit no. {visits}")))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let store = session_ets::EtsStore::new(session_ets::Table::private());
//! let layer = SessionLayer::new(Sessions::builder(store).build()?);
//! let app = ServiceBuilder::new().layer(layer).service(service_fn(async |request| {
//!     let answered = visits(request).await.map(|page| page.map(Into::into));
//!     Ok::<Response<bytes::Bytes>, std::convert::Infallible>(answered.unwrap_or_else(answer))
//! }));
//!
//! // As a test asks it.
//! let response = app.oneshot(Request::new(())).await?;
//! assert!(response.headers().contains_key("set-cookie"));
//! # Ok(()) }
//! ```
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
//!    [`CloseOutcome`](crate::CloseOutcome) there, absent when nothing changed (`Untouched`, `Unchanged`).
//!    With two layers it is that of the outermost that has one.
//! 4. **A client that hangs up** while the handler runs ends the handler, and its changes are discarded, but a
//!    `destroy` is done. Once the handler has answered, its changes are stored whether anybody waits or not.
//! 5. **Any body is taken.** The handler's is passed on within a [`ResponseBody`], which is what the response has then; a
//!    type that is named behind this layer names that. axum has [a layer of its own](super::axum::SessionLayer), whose
//!    body is axum's.
//! 6. **Panics** are not caught. Put a layer that does inside of this one, to have its 500 treated as one.
//! 7. **A guard** is [`SignedIn::check`](super::SignedIn::check), given the session and the head of the request.
//!
//! # Errors
//!
//! | what went wrong | status | who answers |
//! |---|---|---|
//! | nobody is signed in, and a guard asks | 303 to the login page, or 401 | the handler, by [`answer`] |
//! | the store failed when the session was loaded | 503 | the handler, by [`answer`] |
//! | a value is of another type, or cannot be kept | 500 | the handler, by [`answer`] |
//! | the store failed when it was written | 503 | the layer |
//! | the session ended while the handler changed it | 409 | the layer |
//! | it became too large, or its owner has too many | 413, 429 | the layer |
//!
//! All of them have the error in the response's extensions (`Arc<SessionError>`), where a layer further out finds it, and
//! [`on_error`](SessionLayer::on_error) answers all of them. Each is one line of the log. A handler that makes a response of its
//! own of an error is left alone.
//!
//! # Middleware
//!
//! Every layer works on both sides; what differs is what it sees. Of `tower-http`:
//!
//! | layer | where | why |
//! |---|---|---|
//! | `CatchPanicLayer` | inside | its 500 discards what the handler changed, and has the session's headers; outside, it has none |
//! | `TimeoutLayer` | outside | the handler is dropped, and its changes with it; inside, so it is with a 5xx alone, and with 408 they are stored |
//! | `CompressionLayer`, `CorsLayer` | outside | answers to errors are compressed, and told to other origins, on both sides |
//! | `NormalizePathLayer` | outside | it has the guards' way back as the routes see it |
//! | `TraceLayer` | outside | it sees the status that the visitor sees |
//! | a layer that makes pages of errors | outside | inside it sees none of those that this layer answers |
//!
//! # Testing
//!
//! `tower::ServiceExt::oneshot`, as above. A request without a `Host` needs no other cookie than the app's, a development
//! cookie included. A browser's part is to send back what `Set-Cookie` says, up to the first `;`.
//!
//! # WebSocket and events
//!
//! The response's head leaves once the session is stored, 101 like any other; whoever goes on after it holds the
//! [`Session`](crate::Session), ends when it [`ended`](crate::Session::ended), writes with
//! [`commit`](crate::Session::commit), reads what others wrote with [`reload`](crate::Session::reload), and prolongs it with
//! [`touch`](crate::Session::touch). [Whose pages may open a socket](super#connections-that-stay-open) is to be looked at
//! before. The upgrade is in the extensions of the request (`hyper::upgrade::on`), and passes
//! through this layer. `examples/hyper` and `examples/warp` have both.
//!
//! # hyper
//!
//! hyper's service takes `&self`, tower's `&mut self`: `TowerToHyperService` is between them.
//!
//! ```no_run
//! # use bytes::Bytes;
//! # use http::{Request, Response};
//! # use http_body_util::Full;
//! # use hyper::body::Incoming;
//! # use session_core::web::tower::SessionLayer;
//! # use tower::{ServiceBuilder, service_fn};
//! use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
//! use hyper_util::server::conn::auto;
//! use hyper_util::service::TowerToHyperService;
//!
//! # async fn handle(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::convert::Infallible> { Ok(Response::default()) }
//! # async fn serve(sessions: session_core::Sessions, listener: tokio::net::TcpListener) -> std::io::Result<()> {
//! let app = ServiceBuilder::new().layer(SessionLayer::new(sessions)).service(service_fn(handle));
//! let mut server = auto::Builder::new(TokioExecutor::new());
//! server.http1().timer(TokioTimer::new());
//! loop {
//!     let (stream, _) = listener.accept().await?;
//!     let service = TowerToHyperService::new(app.clone());
//!     tokio::spawn(server.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned());
//! }
//! # }
//! ```
//!
//! `examples/hyper/examples/shop.rs` is an app that does so.
//!
//! # warp
//!
//! A session is stored once the filters are done, which no filter can do. So the filters become a service,
//! `warp::service(routes)`, which takes this layer; `warp::serve` takes filters alone, so hyper serves, by the lines above
//! with `.service(warp::service(routes))`. A filter gives a handler its session, and `warp::test`, which takes filters alone,
//! too, gives them one as the layer does, as an extension of the request:
//!
//! ```
//! use session_core::web::tower::answer;
//! use session_core::{Handled, LazySession, RequestHead, SessionError, Sessions};
//! use warp::reply::Response;
//! use warp::{Filter, Reply};
//!
//! /// An error of a session as a reply.
//! struct Failed(SessionError);
//!
//! impl Reply for Failed {
//!     fn into_response(self) -> Response {
//!         answer(self.0)
//!     }
//! }
//!
//! impl From<SessionError> for Failed {
//!     fn from(error: SessionError) -> Self {
//!         Self(error)
//!     }
//! }
//!
//! async fn visits(session: LazySession) -> Result<impl Reply, Failed> {
//!     let visits = session.load().await?.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("visit no. {visits}"))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let routes = warp::path::end().and(warp::ext::get()).then(visits);
//!
//! # let sessions = Sessions::builder(session_ets::EtsStore::new(session_ets::Table::private())).build()?;
//! let session = sessions.open(RequestHead::new("GET").may_lack_host());
//! let response = warp::test::request().extension(session.clone()).reply(&routes).await;
//! let closed = sessions.close(&session, Handled::Completed).await;
//! assert!(response.body() == "visit no. 1" && closed.set_cookie.is_some());
//! # Ok(()) }
//! ```
//!
//! An error is no rejection there: for that warp would try the other routes, and answer 404 for a store that is down.
//!
//! `examples/warp/examples/shop.rs` is an app that does so, with its tests.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;

use super::own::Own;
use super::rejection;
pub use super::service::ResponseFuture;
use super::service::{self, Answers, text};
use crate::engine::{SessionError, Sessions};

/// The layer that gives each request its session; see the [module page](self).
#[derive(Clone, Debug)]
pub struct SessionLayer {
    sessions: Sessions,
    own: Own<Response<Bytes>>,
}

impl SessionLayer {
    /// Creates a layer.
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

/// Answers an error that a handler has met, as the layer answers those of its own: with its status and its text, and with the
/// error in the extensions of the response, where [`on_error`](SessionLayer::on_error) finds it.
///
/// For handlers of frameworks that cannot make a response of it by themselves.
pub fn answer<B: From<Bytes>>(error: impl Into<SessionError>) -> Response<B> {
    let error = error.into();
    rejection::log(&error, error.http_status());
    let mut response = text(&error).map(B::from);
    response.extensions_mut().insert(Arc::new(error));
    response
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

    fn made(&self, response: Response<Bytes>) -> Response<ResponseBody<B>> {
        response.map(|body| ResponseBody { source: Source::Ours { body: Some(body) } })
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

/// An empty one, for layers further out that answer by themselves, whatever the handler's body is.
impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        Self { source: Source::Ours { body: None } }
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
