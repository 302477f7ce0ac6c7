//! The door to everything.

use std::fmt;
use std::sync::Arc;

use super::parts::Engine;
use crate::store::SessionStore;

/// The sessions of an application: set up once, and cheap to clone.
///
/// An application builds them ([`builder`](Self::builder)), prepares the store ([`init`](Self::init)), has expired ones
/// removed ([`start_sweeper`](Self::start_sweeper)) and gives a clone to its framework's [middleware](crate::web). With
/// another clone it lists, changes and ends sessions from outside: [`list`](Self::list), [`modify`](Self::modify),
/// [`revoke_owned`](Self::revoke_owned), [`revoke_all`](Self::revoke_all).
///
/// Two of them in one app, a shop's and an admin's, need cookies of different names. They may share a store:
/// an id of the one is unknown to the other, since each has a [scope](crate::SessionsBuilder::scope) of its own.
///
/// # For adapters
///
/// It is all that a web adapter needs, and an application without a framework: [`open`](Self::open) when a request comes,
/// [`LazySession::load`](crate::LazySession::load) when the handler asks, [`close`](Self::close) before the response
/// leaves, [`abandon`](Self::abandon) where a handler was dropped.
///
/// ```
/// # use std::sync::Arc;
/// # use session_core::{Handled, RequestHead, SessionError, SessionStore, Sessions};
/// # async fn run(store: Arc<dyn SessionStore>, cookie_header: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = Sessions::builder(store).build()?;
/// sessions.init().await?;
///
/// let lazy = sessions.open(RequestHead::new("GET").with_cookies([cookie_header]));
/// let session = lazy.load().await?;
/// session.update("visits", |n: Option<u32>| n.unwrap_or(0) + 1)?;
/// let closed = sessions.close(&lazy, Handled::Completed).await;
/// if let Some(set_cookie) = closed.set_cookie {
///     // Add it to the response.
///     assert!(set_cookie.starts_with("__Host-Http-session="));
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Sessions(Arc<Engine>);

/// What they were set up with.
impl Sessions {
    pub(crate) fn new(engine: Engine) -> Self {
        Self(Arc::new(engine))
    }

    /// Returns the name of the cookie.
    #[must_use]
    pub fn cookie_name(&self) -> &str {
        self.0.cookies.name()
    }

    /// Returns the store.
    #[must_use]
    pub fn store(&self) -> &dyn SessionStore {
        &*self.0.store
    }

    /// Tells whether both are the same `Sessions`.
    #[cfg(feature = "_web")]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.0
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("store", &self.0.store)
            .field("cookie", &self.cookie_name())
            .finish_non_exhaustive()
    }
}
