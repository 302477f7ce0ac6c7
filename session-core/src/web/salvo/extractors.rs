//! How a handler gets its session.

use salvo_core::extract::Metadata;
use salvo_core::{Depot, Extractible, Request};

use crate::request::LazySession;
use crate::session::Session;
use crate::store::Owner;
use crate::web::opened::{innermost, named};
use crate::web::{SessionOf, SessionRejection, SignedIn, SignedInWithin, Visit, exchange};

/// Access to the sessions of a request for what has its depot: hoops, above all.
pub trait SessionDepotExt {
    /// Returns the session of the innermost hoop, and loads nothing by itself; `None` if there is no hoop.
    fn lazy_session(&self) -> Option<LazySession>;

    /// Loads the session of the innermost hoop.
    ///
    /// # Errors
    /// A [`SessionRejection`] if it could not be loaded, or if there is no hoop.
    fn session(&self) -> impl Future<Output = Result<Session, SessionRejection>> + Send;

    /// Loads the session of the `Sessions` that are [named](crate::SessionsBuilder::named) `N`.
    ///
    /// # Errors
    /// A [`SessionRejection`] if it could not be loaded, or if there is none of the name.
    fn session_of<N: 'static>(&self) -> impl Future<Output = Result<SessionOf<N>, SessionRejection>> + Send;
}

impl SessionDepotExt for Depot {
    fn lazy_session(&self) -> Option<LazySession> {
        innermost(self)
    }

    async fn session(&self) -> Result<Session, SessionRejection> {
        Ok(opened(self)?.load().await?)
    }

    async fn session_of<N: 'static>(&self) -> Result<SessionOf<N>, SessionRejection> {
        Ok(SessionOf::new(named::<N>(self)?.load().await?))
    }
}

fn opened(depot: &Depot) -> Result<LazySession, SessionRejection> {
    depot.lazy_session().ok_or(SessionRejection::NotOpened { missing: "SessionHoop" })
}

/// What OpenAPI is told of an argument: nothing, since the cookie is not the handler's.
static METADATA: Metadata = Metadata::new("");

impl<'ex> Extractible<'ex> for LazySession {
    fn metadata() -> &'static Metadata {
        &METADATA
    }

    #[expect(refining_impl_trait, reason = "applications may name the error")]
    async fn extract(_: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, SessionRejection> {
        opened(depot)
    }
}

/// Its error follows the failure policy.
impl<'ex> Extractible<'ex> for Session {
    fn metadata() -> &'static Metadata {
        &METADATA
    }

    #[expect(refining_impl_trait, reason = "applications may name the error")]
    async fn extract(_: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, SessionRejection> {
        depot.session().await
    }
}

impl<'ex, N: 'static> Extractible<'ex> for SessionOf<N> {
    fn metadata() -> &'static Metadata {
        &METADATA
    }

    #[expect(refining_impl_trait, reason = "applications may name the error")]
    async fn extract(_: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, SessionRejection> {
        depot.session_of().await
    }
}

impl<'ex> Extractible<'ex> for SignedIn {
    fn metadata() -> &'static Metadata {
        &METADATA
    }

    #[expect(refining_impl_trait, reason = "applications may name the error")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, SessionRejection> {
        Ok(Self::check(depot.session().await?, visit(req))?)
    }
}

impl<'ex, const SECONDS: u64> Extractible<'ex> for SignedInWithin<SECONDS> {
    fn metadata() -> &'static Metadata {
        &METADATA
    }

    #[expect(refining_impl_trait, reason = "applications may name the error")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, SessionRejection> {
        Ok(Self::check(depot.session().await?, visit(req))?)
    }
}

/// The owner of the session, as [`SignedIn`] has it.
impl<'ex> Extractible<'ex> for Owner {
    fn metadata() -> &'static Metadata {
        &METADATA
    }

    #[expect(refining_impl_trait, reason = "applications may name the error")]
    async fn extract(req: &'ex mut Request, depot: &'ex mut Depot) -> Result<Self, SessionRejection> {
        Ok(SignedIn::check(depot.session().await?, visit(req))?.owner().clone())
    }
}

fn visit(req: &Request) -> Visit<'_> {
    exchange::visit(req.method(), req.uri(), req.headers())
}
