//! The middleware: a session is opened when a request comes, and closed before the response leaves.

use std::borrow::Cow;
use std::cell::Cell;
use std::future::{Ready, ready};
use std::pin::Pin;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready};
#[cfg(feature = "device-bound")]
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, COOKIE, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY};
use actix_web::http::uri::Scheme;
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse};

use super::answers::lead;
use crate::engine::{SessionError, Sessions};
use crate::request::{Closed, Handled, LazySession, RequestHead, ResponseHeaders};
use crate::store::OwnerError;
use crate::web::SessionRejection;
use crate::web::opened::sealed::Search;
use crate::web::opened::{Carrier, Opened, beside};
use crate::web::own::Own;

/// Actix runs a handler on one thread.
pub(super) type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// The middleware that gives each request its session; see the [module page](super).
#[derive(Clone, Debug)]
pub struct SessionMiddleware {
    sessions: Sessions,
    own: Own<HttpResponse>,
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
        #[cfg(feature = "device-bound")]
        if let Some(session) = opened.as_ref().map(|opened| opened.session().clone()).filter(LazySession::is_for_device)
        {
            return Box::pin(async move {
                let mut answer = session.sessions().answer_device(&session).await;
                let status = StatusCode::from_u16(answer.status()).expect("an answer's status is one of a few");
                let mut response = HttpResponse::build(status).body(answer.body().to_owned());
                answer.add_to(response.headers_mut());
                Ok(request.into_response(response).map_into_right_body())
            });
        }
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
        .with_path(uri.path())
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
        let error = error?;
        let owner = error.as_error::<OwnerError>().map(|error| SessionError::Owner(*error));
        let error = session_error(error).or(owner.as_ref())?;
        let mut answer = self.to(error)?;
        lead(error, &mut answer);
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
