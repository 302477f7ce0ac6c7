//! A session that has not been read yet.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

use super::candidates::load;
use crate::cookie::Presented;
use crate::engine::{SessionError, Sessions};
use crate::session::Session;
use crate::store::Timestamp;

/// Stands for the session of a request before anybody asks for it.
///
/// Making one costs no I/O, so a route that does not ask for its session pays nothing. Clones stand for the
/// same session.
#[derive(Clone)]
pub struct LazySession(Arc<Shared>);

struct Shared {
    sessions: Sessions,
    presented: Presented,
    opened_at: Timestamp,
    /// The request's host may be given this cookie.
    permitted: bool,
    asked: AtomicBool,
    /// The response has left, or is about to.
    closed: AtomicBool,
    session: OnceCell<Session>,
}

impl Sessions {
    /// Opens a request, given the values of its `Cookie` headers. Costs no I/O and cannot fail.
    ///
    /// With a development cookie, use [`open_on_host`](Self::open_on_host).
    pub fn open<'a>(&self, cookie_headers: impl IntoIterator<Item = &'a [u8]>) -> LazySession {
        self.open_on_host(None, cookie_headers)
    }

    /// Opens a request, given the value of its `Host` header, too. Web adapters call this one: a development
    /// cookie is refused where the host is not loopback, or not known.
    pub fn open_on_host<'a>(
        &self,
        host: Option<&[u8]>,
        cookie_headers: impl IntoIterator<Item = &'a [u8]>,
    ) -> LazySession {
        let cookies = &self.engine().cookies;
        let presented = cookies.read(cookie_headers, || self.engine().now());
        LazySession(Arc::new(Shared {
            sessions: self.clone(),
            // Who brings no id is nobody's straggler.
            opened_at: if presented.is_nothing() { Timestamp::MIN } else { self.engine().now() },
            presented,
            permitted: cookies.permits_host(host),
            asked: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            session: OnceCell::new(),
        }))
    }
}

impl LazySession {
    /// Tells whether the request came with a well-formed session cookie, without reading the store.
    ///
    /// Nobody knows yet whether it names a session. The response depends on the cookie from now on, and says
    /// so by `Vary`.
    #[must_use]
    pub fn has_cookie(&self) -> bool {
        self.0.asked.store(true, Ordering::Relaxed);
        !self.0.presented.candidates().is_empty() || self.0.presented.has_more()
    }

    /// Reads the session from the store, the first time it is called; after that it is free.
    ///
    /// An unknown, malformed or expired cookie is an empty session, never an error, and its id is never used.
    ///
    /// # Errors
    /// `Store` or `Timeout` if the store fails and the policy is to fail closed; the next call tries again.
    /// `InsecureHost` if the cookie is one for development and the host is not.
    pub async fn load(&self) -> Result<Session, SessionError> {
        let Shared { sessions, presented, opened_at, permitted, asked, closed, session } = &*self.0;
        asked.store(true, Ordering::Relaxed);
        if !permitted {
            return Err(SessionError::InsecureHost);
        }
        let load = || load(sessions.engine(), presented, *opened_at, closed.load(Ordering::SeqCst));
        let session = session.get_or_try_init(load).await?;
        // The response may have left while it was read.
        if closed.load(Ordering::SeqCst) {
            session.state().closed = true;
        }
        Ok(session.clone())
    }

    /// Takes note that the response leaves, and gives the session if it was loaded.
    pub(crate) fn close(&self) -> Option<&Session> {
        self.0.closed.store(true, Ordering::SeqCst);
        self.0.session.get()
    }

    #[cfg(feature = "_web")]
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    /// Tells whether the response depends on the cookie.
    pub(crate) fn was_asked_for(&self) -> bool {
        self.0.asked.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for LazySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazySession").field("loaded", &self.0.session.get()).finish_non_exhaustive()
    }
}
