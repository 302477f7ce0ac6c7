//! How a handler gets its session.

use http::Uri;
use poem::{FromRequest, Request, RequestBody, Result};

use crate::request::LazySession;
use crate::session::Session;
use crate::store::Owner;
use crate::web::opened::{innermost, named};
use crate::web::{SessionOf, SessionRejection, SignedIn, SignedInWithin, Visit, exchange};

impl<'a> FromRequest<'a> for LazySession {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        let missing = || SessionRejection::NotOpened { missing: "SessionMiddleware" }.into();
        innermost(request.extensions()).ok_or_else(missing)
    }
}

/// Its error is a [`SessionError`](crate::SessionError) if the session could not be loaded, and a [`SessionRejection`] if
/// none was opened.
impl<'a> FromRequest<'a> for Session {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        Ok(LazySession::from_request(request, body).await?.load().await?)
    }
}

/// Its error is a [`SessionError`](crate::SessionError) if the session could not be loaded, and a [`SessionRejection`] if
/// there is none of the name.
impl<'a, N: 'static> FromRequest<'a> for SessionOf<N> {
    async fn from_request(request: &'a Request, _: &mut RequestBody) -> Result<Self> {
        Ok(Self::new(named::<N>(request.extensions())?.load().await?))
    }
}

impl<'a> FromRequest<'a> for SignedIn {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        Ok(Self::check(Session::from_request(request, body).await?, visit(request))?)
    }
}

impl<'a, const SECONDS: u64> FromRequest<'a> for SignedInWithin<SECONDS> {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        Ok(Self::check(Session::from_request(request, body).await?, visit(request))?)
    }
}

/// The owner of the session, as [`SignedIn`] has it.
impl<'a> FromRequest<'a> for Owner {
    async fn from_request(request: &'a Request, body: &mut RequestBody) -> Result<Self> {
        Ok(SignedIn::from_request(request, body).await?.owner().clone())
    }
}

/// Looks at a request, by the path that its visitor sees: within `nest` the handler's is shorter.
fn visit(request: &Request) -> Visit<'_> {
    let whole = request.data().map_or_else(|| request.original_uri(), |Whole(uri)| uri);
    exchange::visit(request.method(), whole, request.headers())
}

/// The address of a request as the middleware saw it, where poem does not tell the original: its test client says that it
/// was `/`.
#[derive(Clone)]
pub(super) struct Whole(Uri);

impl Whole {
    pub(super) fn of(request: &Request) -> Option<Self> {
        let is_told = request.original_uri().path() != "/" || request.uri().path() == "/";
        (!is_told).then(|| Self(request.uri().clone()))
    }
}
