//! A middleware and extractors for actix-web.
//!
//! [`Session`] loads the session; [`LazySession`] loads nothing by itself. [`SessionError`] is a `ResponseError`, so that
//! handlers can use `?`, and what looks at actix's errors finds it by `as_error::<SessionError>()`.
//!
//! # Rules
//!
//! 1. **The session is stored before the response leaves**, its head and its body. What a streaming body
//!    does to a session needs a [`commit`](Session::commit).
//! 2. **Two middlewares on one route do not collide.** The extractors give the innermost one's session;
//!    [`Sessions::find`], given the request, gives any one's. The same `Sessions` wrapped twice opens once.
//! 3. **Where storing the changes fails, the handler's response is not sent**, but that of the [`SessionError`], which is
//!    the response's `error()`. So it is where changes were dropped because the session had ended, with 409,
//!    unless the [`GonePolicy`](crate::GonePolicy) says otherwise. A response that is sent has a
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
use std::future::{Ready, ready};
use std::pin::Pin;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};

use super::opened::sealed::Search;
use super::opened::{Carrier, Opened};
use super::{SessionRejection, rejection};
use crate::engine::{SessionError, Sessions};
use crate::request::{Closed, Handled, LazySession};
use crate::session::Session;

type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

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
        ready(Ok(SessionService { inner, sessions: self.sessions.clone() }))
    }
}

/// The service that [`SessionMiddleware`] makes.
#[derive(Clone, Debug)]
pub struct SessionService<S> {
    inner: S,
    sessions: Sessions,
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
        let handling = self.inner.call(request);
        Box::pin(async move {
            let answer = handling.await;
            let Some(opened) = opened else { return answer.map(ServiceResponse::map_into_left_body) };
            let status = match &answer {
                Ok(response) => response.status(),
                Err(error) => error.as_response_error().status_code(),
            };
            let handled = if status.is_server_error() { Handled::Failed } else { Handled::Completed };
            tell(answer, opened.close(handled).await)
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
    if sessions.find(request.request()).is_some() {
        return None;
    }
    // HTTP/2 has no Host header but an authority.
    let host = request.headers().get(HOST).map(HeaderValue::as_bytes);
    let host = host.or_else(|| request.uri().authority().map(|authority| authority.as_str().as_bytes()));
    let session = sessions.open_on_host(host, lines(request.headers(), COOKIE));
    let mut extensions = request.extensions_mut();
    match extensions.get_mut::<OpenedSessions>() {
        Some(opened) => opened.0.push(session.clone()),
        None => drop(extensions.insert(OpenedSessions(vec![session.clone()]))),
    }
    Some(Opened::new(session))
}

/// Adds to an answer what closing its request has to say; where that failed, answers in its place.
fn tell<B: MessageBody>(
    answer: Result<ServiceResponse<B>, Error>,
    mut closed: Closed,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let outcome = std::mem::replace(&mut closed.outcome, Ok(crate::CloseOutcome::Untouched));
    match (answer, outcome) {
        (Ok(mut response), Ok(outcome)) => {
            add_headers(&closed, response.headers_mut());
            if outcome.is_news() {
                response.response_mut().extensions_mut().insert(outcome);
            }
            Ok(response.map_into_left_body())
        }
        (Ok(response), Err(error)) => {
            let mut refusal = HttpResponse::from_error(error);
            add_headers(&closed, refusal.headers_mut());
            Ok(response.into_response(refusal).map_into_right_body())
        }
        (Err(mut error), outcome) => {
            if let Err(failed) = outcome {
                error = failed.into();
            }
            error.add_response_mapper(move |mut response| {
                add_headers(&closed, response.headers_mut());
                response
            });
            Err(error)
        }
    }
}

fn add_headers(closed: &Closed, headers: &mut HeaderMap) {
    let vary = closed.vary(lines(headers, VARY));
    let private = closed.cache_control(lines(headers, CACHE_CONTROL));
    for (name, value) in [(VARY, vary), (CACHE_CONTROL, private)] {
        let value = value.and_then(|value| match value {
            Cow::Borrowed(value) => Some(HeaderValue::from_static(value)),
            Cow::Owned(value) => HeaderValue::try_from(value).ok(),
        });
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    for set_cookie in closed.set_cookie.iter().chain(&closed.removals) {
        let mut value = HeaderValue::try_from(set_cookie).expect("the cookie's parts were checked by `build`");
        value.set_sensitive(true);
        headers.append(SET_COOKIE, value);
    }
}

fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &[u8]> {
    headers.get_all(name).map(HeaderValue::as_bytes)
}

/// The body names the status and nothing of the inside.
impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.http_status()).expect("an error's status is one of a few")
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        rejection::log(self, status.as_u16());
        HttpResponse::build(status)
            .insert_header((CACHE_CONTROL, "no-store"))
            .body(status.canonical_reason().unwrap_or_default())
    }
}

impl ResponseError for SessionRejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.http_status()).expect("an error's status is one of a few")
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::NotOpened { .. } => {
                rejection::log(self, self.http_status());
                HttpResponse::build(self.status_code()).body(self.to_string())
            }
            Self::Session(error) => error.error_response(),
        }
    }
}

impl FromRequest for LazySession {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let missing = || SessionRejection::NotOpened { missing: "SessionMiddleware" }.into();
        ready(request.search(&|_| true).ok_or_else(missing))
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
