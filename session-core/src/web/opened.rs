//! The sessions that are opened for a request.

use crate::engine::Sessions;
use crate::request::{Closing, Handled, LazySession};
use std::fmt;

/// A session that was opened for a request which is not answered yet. Dropped before it is closed, it is abandoned:
/// its handler was.
pub(super) struct Opened(Option<LazySession>);

impl Opened {
    pub(super) fn new(session: LazySession) -> Self {
        Self(Some(session))
    }

    pub(super) fn close(mut self, handled: Handled) -> Closing {
        let session = self.0.take().expect("it is closed once");
        session.sessions().close(&session, handled)
    }

    #[cfg(feature = "rocket")]
    pub(super) fn session(&self) -> &LazySession {
        self.0.as_ref().expect("it is not closed yet")
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(session) = self.0.take() {
            session.sessions().abandon(&session);
        }
    }
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Carries the sessions that were opened for a request: the `Extensions` of `http`, for tower and poem; the
/// `HttpRequest` of actix-web; the `Request` of rocket.
///
/// It cannot be implemented outside of this crate.
pub trait Carrier: sealed::Search {}

pub(super) mod sealed {
    use crate::request::LazySession;

    pub trait Search {
        /// Finds the session that is wanted, the innermost first.
        fn search(&self, wanted: &dyn Fn(&LazySession) -> bool) -> Option<LazySession>;
    }
}

impl Sessions {
    /// Finds this one's session among those opened for a request; `None` if its middleware is not there.
    ///
    /// For routes with two: the extractors give the session of the innermost.
    #[must_use]
    pub fn find(&self, request: &impl Carrier) -> Option<LazySession> {
        request.search(&|session| session.sessions().is(self))
    }
}
