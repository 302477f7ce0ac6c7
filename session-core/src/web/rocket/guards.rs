//! What a handler asks for: its session, or somebody who is signed in.

use rocket::Request;
use rocket::request::{FromRequest, Outcome};

use super::super::opened::{innermost, named};
use super::super::{SessionOf, SessionRejection, SignedIn, SignedInWithin, Visit};
use super::carried::{Carried, failed};
use crate::engine::SessionError;
use crate::request::LazySession;
use crate::session::Session;
use crate::store::Owner;

pub(super) const NOT_OPENED: SessionRejection = SessionRejection::NotOpened { missing: "SessionFairing" };

/// What comes of a guard.
type Guarded<'r, T> = Outcome<T, &'r SessionRejection>;

/// Ends a request at a guard, or leaves it to the next route where somebody is to sign in: one that shows others what
/// this one does not. If there is none, the catcher of the status answers, as it does for an error.
fn refuse<'r, T>(request: &'r Request<'_>, rejection: SessionRejection) -> Guarded<'r, T> {
    let forwards = matches!(rejection, SessionRejection::Session(SessionError::SignIn(_)));
    let status = failed(request, rejection);
    match Carried::of(request).failure(request) {
        Some(rejection) if !forwards => Outcome::Error((status, rejection)),
        _ => Outcome::Forward(status),
    }
}

async fn load<'r>(request: &'r Request<'_>, found: Result<LazySession, SessionRejection>) -> Guarded<'r, Session> {
    let loaded = async { Ok(found?.load().await?) };
    match loaded.await {
        Ok(session) => Outcome::Success(session),
        Err(rejection) => refuse(request, rejection),
    }
}

fn only(request: &Request<'_>) -> Result<LazySession, SessionRejection> {
    innermost(request).ok_or(NOT_OPENED)
}

/// Checks who the session belongs to.
async fn check<'r, T>(
    request: &'r Request<'_>,
    check: impl FnOnce(Session, Visit<'_>) -> Result<T, SessionError> + Send,
) -> Guarded<'r, T> {
    let session = match load(request, only(request)).await {
        Outcome::Success(session) => session,
        Outcome::Error(error) => return Outcome::Error(error),
        Outcome::Forward(status) => return Outcome::Forward(status),
    };
    let target = request.uri().to_string();
    let header = |name: &str| request.headers().get_one(name).map(str::as_bytes);
    match check(session, Visit::new(request.method().as_str(), &target, header)) {
        Ok(checked) => Outcome::Success(checked),
        Err(error) => refuse(request, error.into()),
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for LazySession {
    type Error = &'r SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Guarded<'r, Self> {
        match only(request) {
            Ok(session) => Outcome::Success(session),
            Err(rejection) => refuse(request, rejection),
        }
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Session {
    type Error = &'r SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Guarded<'r, Self> {
        load(request, only(request)).await
    }
}

#[rocket::async_trait]
impl<'r, N: 'static> FromRequest<'r> for SessionOf<N> {
    type Error = &'r SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Guarded<'r, Self> {
        load(request, named::<N>(request)).await.map(Self::new)
    }
}

/// Forwards with 401 where nobody is signed in.
#[rocket::async_trait]
impl<'r> FromRequest<'r> for SignedIn {
    type Error = &'r SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Guarded<'r, Self> {
        check(request, Self::check).await
    }
}

/// Forwards with 401 where nobody is signed in, or their proof is too old.
#[rocket::async_trait]
impl<'r, const SECONDS: u64> FromRequest<'r> for SignedInWithin<SECONDS> {
    type Error = &'r SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Guarded<'r, Self> {
        check(request, Self::check).await
    }
}

/// The owner of the session, as [`SignedIn`] has it. It is no sentinel: what *shows* owners needs no fairing.
#[rocket::async_trait]
impl<'r> FromRequest<'r> for Owner {
    type Error = &'r SessionRejection;

    async fn from_request(request: &'r Request<'_>) -> Guarded<'r, Self> {
        check(request, SignedIn::check).await.map(|signed_in| signed_in.owner().clone())
    }
}
