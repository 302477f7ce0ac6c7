//! The sessions that are opened for a request.

#[cfg(feature = "_extractors")]
use std::any::{TypeId, type_name};
use std::fmt;

#[cfg(feature = "_extractors")]
use super::SessionRejection;
use crate::engine::Sessions;
use crate::request::{Beside, Closing, Handled, LazySession};

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

    /// Takes note that the sessions have answered the request by themselves, and closed it.
    #[cfg(all(feature = "device-bound", any(feature = "rocket", feature = "salvo")))]
    pub(super) fn answered(mut self) {
        self.0 = None;
    }

    #[cfg(any(
        feature = "poem",
        feature = "rocket",
        feature = "salvo",
        feature = "tower",
        all(feature = "actix-web", feature = "device-bound")
    ))]
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

/// What carries the sessions that were opened for a request: the `Extensions` of `http`, for tower and poem; the
/// `HttpRequest` of actix-web; the `Request` of rocket; the `Depot` of salvo.
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

/// For routes with several sessions.
impl Sessions {
    /// Finds this one's session among those opened for a request; `None` if its middleware is not there.
    ///
    /// For routes with several: the plain extractors give the session of the innermost, and
    /// [`SessionOf`](super::SessionOf) that of a name.
    #[must_use]
    pub fn find(&self, request: &impl Carrier) -> Option<LazySession> {
        request.search(&|session| session.sessions().is(self)).map(LazySession::meant)
    }
}

/// Says beside whom these sessions are opened for the request; `None` if they were opened for it already.
pub(super) fn beside(sessions: &Sessions, request: &impl Carrier) -> Option<Beside> {
    if request.search(&|_| true).is_none() {
        return Some(Beside::Nobody);
    }
    if sessions.find(request).is_some() {
        return None;
    }
    let same = request.search(&|other| other.sessions().cookie_name() == sessions.cookie_name());
    Some(if same.is_some() { Beside::SameCookie } else { Beside::Others })
}

/// Finds the session of the innermost middleware. Where there are others, the log is told once it is loaded.
#[cfg(feature = "_extractors")]
pub(super) fn innermost(request: &impl Carrier) -> Option<LazySession> {
    request.search(&|_| true)
}

/// Finds the session of those that are named `N`.
#[cfg(feature = "_extractors")]
pub(super) fn named<N: 'static>(request: &impl Carrier) -> Result<LazySession, SessionRejection> {
    request
        .search(&|session| session.sessions().engine().name == Some(TypeId::of::<N>()))
        .map(LazySession::meant)
        .ok_or(SessionRejection::NotNamed { name: type_name::<N>() })
}
