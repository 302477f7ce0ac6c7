//! A layer, extractors and guards for axum.
//!
//! How somebody signs in and out, the way back from the login page, the cookie over plain http, and connections that stay
//! open are on [the page of all adapters](super).
//!
//! ```
//! use axum::{Router, routing::get};
//! use session_core::web::SignedIn;
//! use session_core::web::axum::SessionLayer;
//! use session_core::{LoginPage, Session, SessionError, SessionStore, Sessions};
//!
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("visit no. {visits}"))
//! }
//!
//! async fn account(user: SignedIn) -> String {
//!     format!("Hello, {}", user.owner().as_str())
//! }
//!
//! fn app(store: impl SessionStore) -> Result<Router, session_core::BuildError> {
//!     let sessions = Sessions::builder(store).login_page(LoginPage::at("/login")).build()?;
//!     let routes = Router::new().route("/", get(visits)).route("/account", get(account));
//!     Ok(routes.layer(SessionLayer::new(sessions)))
//! }
//! # app(session_ets::EtsStore::new(session_ets::Table::private())).unwrap();
//! ```
//!
//! `examples/axum/examples/shop.rs` is a whole app: login, cart, logout and devices.
//!
//! | argument | gives | an `Option` of it is `None` |
//! |---|---|---|
//! | [`Session`] | the session, loaded | without a layer |
//! | [`LazySession`] | the same, not loaded yet | without a layer |
//! | [`SessionOf`] | that of the `Sessions` with a name, where a route has several | not to be had |
//! | [`SignedIn`], [`Owner`] | the session of somebody who is signed in, or who it is | if nobody is |
//! | [`SignedInWithin`] | the same, with a fresh proof | if nobody is, or the proof is too old |
//!
//! A store that fails is an error for each of them, an `Option` too: an outage is no visitor. They take no part of the
//! body, and stand in any order before the extractor that does.
//!
//! # Rules
//!
//! The layer is that of [`tower`](super::tower), and [its rules](super::tower#rules) hold. What is different:
//!
//! 1. **The body of what it answers is axum's**, and so are the answers to errors that an application
//!    [makes](SessionLayer::on_error).
//! 2. **A layer covers the routes that were added before it.** What is added after it has no session, and is told so by a 500.
//! 3. **The way back of a guard is the whole path**, within `nest` as well.
//!
//! # Errors
//!
//! [`SessionError`] and [`OwnerError`] are responses, and `?` makes them one in handlers that return
//! `Result<_, SessionError>` or `axum::response::Result<_>`.
//!
//! | what went wrong | status | who answers |
//! |---|---|---|
//! | nobody is signed in, and a guard asks | 303 to the login page for a browser, or 401 | the guard |
//! | the store failed when the session was loaded | 503 | the extractor |
//! | no layer, or none with the name | 500 | the extractor |
//! | a value is of another type, or cannot be kept | 500 | the handler, by `?` |
//! | a name cannot be an owner | 422 | the handler, by `?` |
//! | the store failed when it was written | 503 | the layer |
//! | the session ended while the handler changed it | 409 | the layer |
//! | it became too large, or its owner has too many | 413, 429 | the layer |
//!
//! All but a missing layer have the error in the response's extensions (`Arc<SessionError>`), where a middleware further out
//! finds it, and [`on_error`](SessionLayer::on_error) answers all of them. Each is one line of the log.
//!
//! # Middleware
//!
//! As for [`tower`](super::tower#middleware). `Router::layer` puts what is added last outside:
//!
//! ```
//! # use axum::Router;
//! # use session_core::web::axum::SessionLayer;
//! # use tower_http::trace::TraceLayer;
//! # fn run(routes: Router, sessions: session_core::Sessions) -> Router {
//! routes
//!     // Here, inside, `CatchPanicLayer`.
//!     .layer(SessionLayer::new(sessions))
//!     // Here, outside, compression, CORS, timeout, trace, and what makes pages of errors.
//!     .layer(TraceLayer::new_for_http())
//! # }
//! ```
//!
//! `NormalizePathLayer` goes around the whole router, as axum's own page has it. All of it is tried in both orders, in
//! `examples/axum/tests/layers.rs`.
//!
//! # Testing
//!
//! `oneshot`, without a server. A browser's part is to send back what `Set-Cookie` says, up to the first `;`.
//!
//! ```
//! # use axum::{Router, body::Body, http::{Request, header::{COOKIE, SET_COOKIE}}, routing::get};
//! # use session_core::web::axum::SessionLayer;
//! # use session_core::{Session, SessionError, Sessions};
//! # async fn visits(session: Session) -> Result<String, SessionError> {
//! #     Ok(session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?.to_string())
//! # }
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sessions = Sessions::builder(session_ets::EtsStore::new(session_ets::Table::private())).build()?;
//! # let app: Router = Router::new().route("/", get(visits)).layer(SessionLayer::new(sessions));
//! use tower::ServiceExt;
//!
//! let first = app.clone().oneshot(Request::get("/").body(Body::empty())?).await?;
//! let cookie = first.headers()[SET_COOKIE].to_str()?.split(';').next().unwrap();
//! let second = app.oneshot(Request::get("/").header(COOKIE, cookie).body(Body::empty())?).await?;
//! assert_eq!(axum::body::to_bytes(second.into_body(), 100).await?, "2");
//! # Ok(()) }
//! ```
//!
//! # WebSocket and events
//!
//! [`Session`] beside `WebSocketUpgrade`, or in a handler that returns `Sse`: the response's head leaves once the session is
//! stored. Whoever goes on after it moves the session into its task or its stream, ends when it [`ended`](Session::ended),
//! writes with [`commit`](Session::commit), reads what others wrote with [`reload`](Session::reload), and prolongs it with
//! [`touch`](Session::touch). [Whose pages may open a socket](super#connections-that-stay-open) is to be looked at before.
//! `examples/axum/src/live.rs` has both.

use std::convert::Infallible;

use axum::extract::OriginalUri;
use axum_core::BoxError;
use axum_core::body::Body;
use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use axum_core::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use tower_layer::Layer;

use super::opened::{innermost, named};
use super::own::Own;
use super::service::{self, Answers, text};
use super::tower::answer;
use super::{SessionOf, SessionRejection, SignedIn, SignedInWithin, Visit, exchange, rejection};
use crate::engine::{SessionError, Sessions};
use crate::request::LazySession;
use crate::session::Session;
use crate::store::{Owner, OwnerError};

/// The layer that gives each request its session; see the [module page](self).
#[derive(Clone, Debug)]
pub struct SessionLayer {
    sessions: Sessions,
    own: Own<Response>,
}

impl SessionLayer {
    /// Creates a layer.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Self { sessions, own: Own::NONE }
    }

    /// Sets how errors are answered: those of this layer, and those of handlers and extractors that are answered by
    /// [`SessionError`]s. The default is [`SessionError::http_text`] as plain text.
    ///
    /// The answer is told to no cache, and has the headers of the session. Where it depends on the request, put a
    /// middleware outside of this one, which finds the error in the extensions of the response (`Arc<SessionError>`).
    ///
    /// ```
    /// use axum::http::StatusCode;
    /// use axum::response::{Html, IntoResponse, Redirect};
    /// use session_core::SessionError;
    /// # use session_core::web::axum::SessionLayer;
    ///
    /// # fn run(layer: SessionLayer) -> SessionLayer {
    /// layer.on_error(|error| match error {
    ///     SessionError::Gone => Redirect::to("/login").into_response(),
    ///     error => {
    ///         let status = StatusCode::from_u16(error.http_status()).expect("it is one of a few");
    ///         (status, Html(format!("<h1>{}</h1>", error.http_text()))).into_response()
    ///     }
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn on_error<R: IntoResponse>(mut self, answer: impl Fn(&SessionError) -> R + Send + Sync + 'static) -> Self {
        self.own = Own::by(move |error| answer(error).into_response());
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
pub type SessionService<S> = service::SessionService<S, Own<Response>>;

impl<B> Answers<B> for Own<Response>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Body = Body;

    fn theirs(&self, body: B) -> Body {
        // What is axum's already stays as it is.
        Body::new(body)
    }

    fn ours(&self, error: &SessionError) -> Response {
        self.to(error).unwrap_or_else(|| text(error).map(Body::from))
    }

    fn made(&self, response: http::Response<Bytes>) -> Response {
        response.map(Body::from)
    }

    fn are_own(&self) -> bool {
        self.is_set()
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        match self {
            Self::Session(error) => error.into_response(),
            rejection => {
                rejection::log(&rejection, rejection.http_status());
                (StatusCode::INTERNAL_SERVER_ERROR, rejection.to_string()).into_response()
            }
        }
    }
}

/// The text is [`SessionError::http_text`]; the error itself is in the extensions, in an `Arc`.
impl IntoResponse for SessionError {
    fn into_response(self) -> Response {
        answer(self)
    }
}

/// As a [`SessionError`] that was made of it.
impl IntoResponse for OwnerError {
    fn into_response(self) -> Response {
        SessionError::from(self).into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for LazySession {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        innermost(&parts.extensions).ok_or(SessionRejection::NotOpened { missing: "SessionLayer" })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionRejection> {
        let lazy = <LazySession as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(lazy.load().await?)
    }
}

impl<S: Send + Sync, N: 'static> FromRequestParts<S> for SessionOf<N> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        Ok(Self::new(named::<N>(&parts.extensions)?.load().await?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionRejection> {
        let session = <Session as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(Self::check(session, visit(parts))?)
    }
}

impl<S: Send + Sync, const SECONDS: u64> FromRequestParts<S> for SignedInWithin<SECONDS> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionRejection> {
        let session = <Session as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(Self::check(session, visit(parts))?)
    }
}

/// The owner of the session, as [`SignedIn`] has it.
impl<S: Send + Sync> FromRequestParts<S> for Owner {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionRejection> {
        let signed_in = <SignedIn as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(signed_in.owner().clone())
    }
}

/// Looks at a request, by the path that its visitor sees: within `nest` the handler's is shorter.
fn visit(parts: &Parts) -> Visit<'_> {
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
    exchange::visit(&parts.method, uri, &parts.headers)
}

/// `None` if nobody is signed in, or not within the time; not if the session could not be loaded.
fn if_signed_in<T>(found: Result<T, SessionRejection>) -> Result<Option<T>, SessionRejection> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(SessionRejection::Session(SessionError::SignIn(_))) => Ok(None),
        Err(rejection) => Err(rejection),
    }
}

/// `None` if nobody is signed in.
impl<S: Send + Sync> OptionalFromRequestParts<S> for SignedIn {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, SessionRejection> {
        if_signed_in(<Self as FromRequestParts<S>>::from_request_parts(parts, state).await)
    }
}

/// `None` if nobody is signed in, or the proof is too old.
impl<S: Send + Sync, const SECONDS: u64> OptionalFromRequestParts<S> for SignedInWithin<SECONDS> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, SessionRejection> {
        if_signed_in(<Self as FromRequestParts<S>>::from_request_parts(parts, state).await)
    }
}

/// `None` if nobody is signed in.
impl<S: Send + Sync> OptionalFromRequestParts<S> for Owner {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, SessionRejection> {
        if_signed_in(<Self as FromRequestParts<S>>::from_request_parts(parts, state).await)
    }
}

/// `None` if no layer has opened a session; not if it could not be loaded.
impl<S: Send + Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, SessionRejection> {
        match innermost(&parts.extensions) {
            Some(lazy) => Ok(Some(lazy.load().await?)),
            None => Ok(None),
        }
    }
}

/// `None` if no layer has opened a session.
impl<S: Send + Sync> OptionalFromRequestParts<S> for LazySession {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(innermost(&parts.extensions))
    }
}
