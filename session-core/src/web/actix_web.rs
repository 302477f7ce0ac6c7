//! A middleware and extractors for actix-web.
//!
//! [`Session`] loads the session; [`LazySession`] loads nothing by itself. [`SessionError`] is a `ResponseError`, so that
//! handlers can use `?`, and what looks at actix's errors finds it by `as_error::<SessionError>()`.
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](Session::commit).
//! 2. **Two middlewares on one route do not collide.** The extractors give the innermost one's session, and
//!    [`SessionOf`] that of a name; [`Sessions::find`], given the request, gives any one's. The same `Sessions` wrapped twice opens once.
//! 3. **Where storing the changes fails, the handler's response is not sent**, but that of the [`SessionError`], which is
//!    the response's `error()`, or [the application's own](SessionMiddleware::on_error). So it is where changes were
//!    dropped because the session had ended, with 409, but for a `GET` and the like, unless the
//!    [`GonePolicy`](crate::GonePolicy) says otherwise. A response that is sent has a
//!    [`CloseOutcome`](crate::CloseOutcome) in its extensions; none stands for `Untouched` and `Unchanged`. With two
//!    middlewares it is that of the outermost that has one.
//! 4. **An error stays an error.** One that an inner middleware returns goes on outwards as it is, and gives its
//!    response the session's headers when it is made into one. Its status says whether the request failed.
//! 5. **A client that hangs up** while the handler runs ends the handler, and its changes are discarded, but a
//!    `destroy` is done. Once the handler has answered, its changes are stored whether anybody waits or not.
//! 6. **Panics** are not caught, and what the handler changed is not stored. Actix ends the worker's thread, and what it
//!    had under way goes with it.
//!
//! ```
//! use actix_web::{App, web};
//! use session_core::web::actix_web::SessionMiddleware;
//! use session_core::{Session, SessionError, SessionStore, Sessions};
//! # use std::sync::Arc;
//!
//! async fn visits(session: Session) -> Result<String, SessionError> {
//!     let visits = session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
//!     Ok(format!("visit no. {visits}"))
//! }
//!
//! # fn run(store: Arc<dyn SessionStore>) -> Result<(), Box<dyn std::error::Error>> {
//! let sessions = Sessions::builder(store).build()?;
//! // In the closure that `HttpServer::new` calls for each worker.
//! let app = App::new().route("/", web::get().to(visits)).wrap(SessionMiddleware::new(sessions.clone()));
//! # Ok(()) }
//! ```

use std::borrow::Cow;
use std::cell::Cell;
use std::future::{Ready, ready};
use std::pin::Pin;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY,
};
use actix_web::http::uri::Scheme;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};

use super::opened::sealed::Search;
use super::opened::{Carrier, Opened, beside, innermost, named};
use super::own::Own;
use super::rejection::TEXT;
use super::{SessionOf, SessionRejection, rejection};
use crate::engine::{SessionError, Sessions};
use crate::request::{Closed, Handled, LazySession, RequestHead, ResponseHeaders};
use crate::session::Session;
use crate::store::OwnerError;

type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// Gives each request its session; see the [module page](self).
#[derive(Clone, Debug)]
pub struct SessionMiddleware {
    sessions: Sessions,
    own: Own<HttpResponse>,
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
    /// The answer is told to no cache, has the headers of the session, and keeps the error as its `error()`.
    ///
    /// ```
    /// # use actix_web::{HttpResponse, http::StatusCode};
    /// # use session_core::web::actix_web::SessionMiddleware;
    /// # fn run(middleware: SessionMiddleware) -> SessionMiddleware {
    /// middleware.on_error(|error| {
    ///     let status = StatusCode::from_u16(error.http_status()).expect("it is one of a few");
    ///     HttpResponse::build(status).content_type("text/html").body(format!("<h1>{}</h1>", error.http_text()))
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn on_error(mut self, answer: impl Fn(&SessionError) -> HttpResponse + Send + Sync + 'static) -> Self {
        self.own = Own::by(answer);
        self
    }
}

/// Finds the session's error in one of actix's.
fn session_error(error: &Error) -> Option<&SessionError> {
    match error.as_error::<SessionRejection>() {
        Some(SessionRejection::Session(error)) => Some(error),
        _ => error.as_error(),
    }
}

impl<S, B> Transform<S, ServiceRequest> for SessionMiddleware
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = SessionService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(SessionService { inner, sessions: self.sessions.clone(), own: self.own.clone() }))
    }
}

/// The service that [`SessionMiddleware`] makes.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    sessions: Sessions,
    own: Own<HttpResponse>,
}

impl<S, B> Service<ServiceRequest> for SessionService<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    S::Future: 'static,
    B: MessageBody,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = LocalFuture<Result<Self::Response, Error>>;

    forward_ready!(inner);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let opened = open(&self.sessions, &request);
        let own = self.own.clone();
        let handling = self.inner.call(request);
        Box::pin(async move {
            let answer = handling.await;
            let Some(opened) = opened else { return answer.map(ServiceResponse::map_into_left_body) };
            let status = match &answer {
                Ok(response) => response.status(),
                Err(error) => error.as_response_error().status_code(),
            };
            let handled = if status.is_server_error() { Handled::Failed } else { Handled::Completed };
            own.tell(answer, opened.close(handled).await)
        })
    }
}

/// The sessions opened for a request, the outermost first.
#[derive(Debug, Default)]
struct OpenedSessions(Vec<LazySession>);

impl Search for HttpRequest {
    fn search(&self, wanted: &dyn Fn(&LazySession) -> bool) -> Option<LazySession> {
        let extensions = self.extensions();
        extensions.get::<OpenedSessions>()?.0.iter().rfind(|session| wanted(session)).cloned()
    }
}

impl Carrier for HttpRequest {}

/// Opens a session for `request`; `None` if these sessions were opened already, by the same middleware further out.
fn open(sessions: &Sessions, request: &ServiceRequest) -> Option<Opened> {
    let beside = beside(sessions, request.request())?;
    let (headers, uri) = (request.headers(), request.uri());
    let is_https = request.app_config().secure() || uri.scheme().is_some_and(|scheme| *scheme == Scheme::HTTPS);
    let header = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    let mut head = RequestHead::new(request.method().as_str())
        .with_cookies(headers.get_all(COOKIE).map(HeaderValue::as_bytes))
        .with_headers(&header)
        .with_target(uri.authority().map(|authority| authority.as_str().as_bytes()), is_https);
    // `TestRequest` has neither. Over a Unix socket there is no address either, but a proxy, which names a host.
    if request.peer_addr().is_none() {
        head = head.may_lack_host();
    }
    let session = sessions.open_beside(head, beside);
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<OpenedSessions>() {
        Some(opened) => opened.0.push(session.clone()),
        None => drop(extensions.insert(OpenedSessions(vec![session.clone()]))),
    }
    Some(Opened::new(session))
}

impl Own<HttpResponse> {
    /// Gives the application's answer to an error, if that is the session's and there is one.
    fn answer(&self, error: Option<&Error>) -> Option<HttpResponse> {
        let mut answer = match (session_error(error?), error?.as_error::<OwnerError>()) {
            (Some(error), _) => self.to(error)?,
            (None, Some(error)) => self.to(&SessionError::Owner(*error))?,
            (None, None) => return None,
        };
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Some(answer)
    }

    /// Adds to an answer what closing its request has to say; where that failed, answers in its place.
    fn tell<B: MessageBody>(
        &self,
        answer: Result<ServiceResponse<B>, Error>,
        mut closed: Closed,
    ) -> Result<ServiceResponse<EitherBody<B>>, Error> {
        let outcome = std::mem::replace(&mut closed.outcome, Ok(crate::CloseOutcome::Untouched));
        match (answer, outcome) {
            (Ok(response), Ok(outcome)) => {
                let mut response = match self.answer(response.response().error()) {
                    None => response.map_into_left_body(),
                    Some(own) => {
                        let (request, response) = response.into_parts();
                        ServiceResponse::new(request, put_on(response, own)).map_into_right_body()
                    }
                };
                closed.add_to(response.headers_mut());
                if outcome.is_news() {
                    response.response_mut().extensions_mut().insert(outcome);
                }
                Ok(response)
            }
            (Ok(response), Err(error)) => {
                let mut refusal = HttpResponse::from_error(error);
                if let Some(own) = self.answer(refusal.error()) {
                    refusal = put_on(refusal, own);
                }
                closed.add_to(refusal.headers_mut());
                Ok(response.into_response(refusal).map_into_right_body())
            }
            (Err(mut error), outcome) => {
                if let Err(failed) = outcome {
                    error = failed.into();
                }
                let own = Cell::new(self.answer(Some(&error)));
                error.add_response_mapper(move |response| {
                    let mut response = own.take().unwrap_or(response);
                    closed.headers().add_to(response.headers_mut());
                    response
                });
                Err(error)
            }
        }
    }
}

/// Gives a response the status, the headers and the body of another. Its error stays, and what a middleware further in,
/// which has other sessions, has said.
fn put_on<B>(response: HttpResponse<B>, other: HttpResponse) -> HttpResponse {
    let (mut response, _) = response.into_parts();
    let (mut other, body) = other.into_parts();
    *response.status_mut() = other.status();
    std::mem::swap(response.headers_mut(), other.headers_mut());
    for name in [SET_COOKIE, VARY] {
        for value in other.headers().get_all(&name) {
            response.headers_mut().append(name.clone(), value.clone());
        }
    }
    response.set_body(body)
}

impl ResponseHeaders for HeaderMap {
    fn lines(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.get_all(name).map(HeaderValue::as_bytes)
    }

    fn names(&self) -> impl Iterator<Item: AsRef<str>> {
        self.keys().map(HeaderName::as_str)
    }

    fn set(&mut self, name: &str, value: Cow<'static, str>) {
        let name = HeaderName::try_from(name).expect("it is the name of a header");
        let value = match value {
            Cow::Borrowed(value) => Some(HeaderValue::from_static(value)),
            Cow::Owned(value) => HeaderValue::try_from(value).ok(),
        };
        if let Some(value) = value {
            self.insert(name, value);
        }
    }

    fn add_cookie(&mut self, value: String) {
        let mut value = HeaderValue::try_from(value).expect("the cookie's parts were checked by `build`");
        value.set_sensitive(true);
        self.append(SET_COOKIE, value);
    }
}

/// The text is [`SessionError::http_text`].
impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.http_status()).expect("an error's status is one of a few")
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        rejection::log(self, status.as_u16());
        HttpResponse::build(status)
            .insert_header((CONTENT_TYPE, TEXT))
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(self.http_text())
    }
}

/// As a [`SessionError`] that was made of it.
impl ResponseError for OwnerError {
    fn status_code(&self) -> StatusCode {
        SessionError::Owner(*self).status_code()
    }

    fn error_response(&self) -> HttpResponse {
        SessionError::Owner(*self).error_response()
    }
}

impl ResponseError for SessionRejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.http_status()).expect("an error's status is one of a few")
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Session(error) => error.error_response(),
            rejection => {
                rejection::log(rejection, rejection.http_status());
                HttpResponse::build(self.status_code()).insert_header((CONTENT_TYPE, TEXT)).body(self.to_string())
            }
        }
    }
}

impl FromRequest for LazySession {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let missing = || SessionRejection::NotOpened { missing: "SessionMiddleware" }.into();
        ready(innermost(request).ok_or_else(missing))
    }
}

/// Its error is a [`SessionError`] if the session could not be loaded, and a [`SessionRejection`] if none was opened.
impl FromRequest for Session {
    type Error = Error;
    type Future = LocalFuture<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let lazy = LazySession::extract(request);
        Box::pin(async move { Ok(lazy.await?.load().await?) })
    }
}

/// Its error is a [`SessionError`] if the session could not be loaded, and a [`SessionRejection`] if there is none of the
/// name.
impl<N: 'static> FromRequest for SessionOf<N> {
    type Error = Error;
    type Future = LocalFuture<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let lazy = named::<N>(request);
        Box::pin(async move { Ok(Self::new(lazy?.load().await?)) })
    }
}
