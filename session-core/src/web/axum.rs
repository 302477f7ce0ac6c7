//! A layer and extractors for axum.
//!
//! [`Session`] loads the session; its rejection follows the failure policy. [`LazySession`] loads nothing by
//! itself. [`SessionError`] is a response, so that handlers can use `?`. Where a route has several `Sessions`,
//! [`SessionOf`] names the one.
//!
//! The layer is that of [`tower`](super::tower), and its rules hold; but the body of what it answers is axum's, and so are
//! the answers to errors that an application [makes](SessionLayer::on_error).
//!
//! ```
//! use axum::{Router, routing::get};
//! use session_core::web::axum::SessionLayer;
//! use session_core::{Session, SessionError};
//! # use std::sync::Arc;
//! # use session_core::{SessionStore, Sessions};
//!
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("visit no. {visits}"))
//! }
//!
//! # fn app(store: Arc<dyn SessionStore>) -> Result<Router, Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder(store).build()?;
//! let app = Router::new().route("/", get(visits)).layer(SessionLayer::new(sessions));
//! # Ok(app) }
//! ```

use std::convert::Infallible;
use std::sync::Arc;

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
use super::{SessionOf, SessionRejection, SignedIn, SignedInWithin, Visit, exchange, rejection};
use crate::engine::{SessionError, Sessions};
use crate::request::LazySession;
use crate::session::Session;
use crate::store::{Owner, OwnerError};

/// Gives each request its session; see the [module page](self).
#[derive(Clone, Debug)]
pub struct SessionLayer {
    sessions: Sessions,
    own: Own<Response>,
}

impl SessionLayer {
    /// Makes a layer.
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
        rejection::log(&self, self.http_status());
        let mut response = text(&self).map(Body::from);
        response.extensions_mut().insert(Arc::new(self));
        response
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
