//! Which session a handler means, where a route has several.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use crate::session::Session;

/// The session of the [`Sessions`](crate::Sessions) that are [named](crate::SessionsBuilder::named) `N`, for routes
/// with several: an extractor in each framework that has them.
///
/// ```
/// use session_core::web::SessionOf;
/// # use std::sync::Arc;
/// # use session_core::{BuildError, CookieConfig, SessionError, SessionStore, Sessions};
///
/// /// The back office's sessions, beside the shop's.
/// struct Admin;
///
/// async fn audit(admin: SessionOf<Admin>) -> Result<Option<String>, SessionError> {
///     admin.get("last_change")
/// }
///
/// # fn run(store: Arc<dyn SessionStore>) -> Result<Sessions, BuildError> {
/// Sessions::builder(store).cookie(CookieConfig::new("admin")).named::<Admin>().build()
/// # }
/// ```
pub struct SessionOf<N> {
    session: Session,
    name: PhantomData<fn() -> N>,
}

impl<N> SessionOf<N> {
    pub(super) fn new(session: Session) -> Self {
        Self { session, name: PhantomData }
    }

    /// Returns the session, for what takes one of any name.
    #[must_use]
    pub fn into_session(self) -> Session {
        self.session
    }
}

impl<N> Deref for SessionOf<N> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl<N> Clone for SessionOf<N> {
    fn clone(&self) -> Self {
        Self { session: self.session.clone(), name: PhantomData }
    }
}

impl<N> fmt::Debug for SessionOf<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionOf").field(&self.session).finish()
    }
}
