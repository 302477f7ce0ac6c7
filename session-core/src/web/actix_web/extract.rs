//! Sessions as arguments of handlers, and guards.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderValue;
use actix_web::http::uri::PathAndQuery;
use actix_web::{Error, FromRequest, HttpRequest};

use super::middleware::LocalFuture;
use crate::request::LazySession;
use crate::session::Session;
use crate::store::Owner;
use crate::web::opened::{innermost, named};
use crate::web::{SessionOf, SessionRejection, SignedIn, SignedInWithin, Visit};

impl FromRequest for LazySession {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let missing = || SessionRejection::NotOpened { missing: "SessionMiddleware" }.into();
        ready(innermost(request).ok_or_else(missing))
    }
}

/// Its error is a [`SessionError`](crate::SessionError) if the session could not be loaded, and a [`SessionRejection`] if none was opened.
impl FromRequest for Session {
    type Error = Error;
    type Future = LocalFuture<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let lazy = LazySession::extract(request);
        Box::pin(async move { Ok(lazy.await?.load().await?) })
    }
}

/// Its error is a [`SessionError`](crate::SessionError) if the session could not be loaded, and a [`SessionRejection`] if there is none of the
/// name.
impl<N: 'static> FromRequest for SessionOf<N> {
    type Error = Error;
    type Future = LocalFuture<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let lazy = named::<N>(request);
        Box::pin(async move { Ok(Self::new(lazy?.load().await?)) })
    }
}

impl<'a> From<&'a HttpRequest> for Visit<'a> {
    fn from(request: &'a HttpRequest) -> Self {
        let target = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
        Visit::new(request.method().as_str(), target, |name| request.headers().get(name).map(HeaderValue::as_bytes))
    }
}

/// Its error is a [`SessionError`](crate::SessionError) if nobody is signed in, or the session could not be loaded, and a
/// [`SessionRejection`] if none was opened.
impl FromRequest for SignedIn {
    type Error = Error;
    type Future = LocalFuture<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (session, request) = (Session::extract(request), request.clone());
        Box::pin(async move { Ok(Self::check(session.await?, Visit::from(&request))?) })
    }
}

/// Its error is that of [`SignedIn`].
impl<const SECONDS: u64> FromRequest for SignedInWithin<SECONDS> {
    type Error = Error;
    type Future = LocalFuture<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let (session, request) = (Session::extract(request), request.clone());
        Box::pin(async move { Ok(Self::check(session.await?, Visit::from(&request))?) })
    }
}

/// The owner of the session, as [`SignedIn`] has it.
impl FromRequest for Owner {
    type Error = Error;
    type Future = LocalFuture<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let signed_in = SignedIn::extract(request);
        Box::pin(async move { Ok(signed_in.await?.owner().clone()) })
    }
}
