//! A session that has not been read yet.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::OnceCell;

use super::candidates::{Asking, load};
use super::head::RequestHead;
use crate::cookie::{CookieLines, Passage, Presented};
use crate::engine::{EventKind, SessionError, Sessions};
use crate::session::Session;
use crate::store::Timestamp;

/// The session of a request before anybody asks for it.
///
/// Making one costs no I/O, and reads nothing, so a route that does not ask for its session pays nothing. Clones stand
/// for the same session.
#[derive(Clone)]
pub struct LazySession {
    shared: Arc<Shared>,
    /// Whoever has it asked for the session of these `Sessions`, and not for any.
    is_meant: bool,
}

struct Shared {
    sessions: Sessions,
    cookies: CookieLines,
    opened_at: Timestamp,
    /// What the way of the request means for its cookie.
    passage: Passage,
    beside: Beside,
    is_safe: bool,
    /// What the request says of the device that it comes from, beside its cookie.
    #[cfg(feature = "device-bound")]
    device: super::unproven::Head,
    asked: AtomicBool,
    /// The response has left, or is about to.
    closed: AtomicBool,
    session: OnceCell<Session>,
}

/// Says which other `Sessions` have opened a session for the same request, further out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "_web"), allow(dead_code, reason = "only web adapters find others"))]
pub(crate) enum Beside {
    Nobody,
    /// Some whose cookie has another name.
    Others,
    /// Some whose cookie has the same name.
    SameCookie,
}

/// For adapters, and for applications without a framework: the beginning of a request.
impl Sessions {
    /// Opens a request. Costs no I/O and cannot fail; what is in its cookies is looked at when somebody asks.
    pub fn open(&self, request: RequestHead<'_>) -> LazySession {
        self.open_beside(request, Beside::Nobody)
    }

    /// Opens a request for which others may have opened a session, too.
    pub(crate) fn open_beside(&self, request: RequestHead<'_>, beside: Beside) -> LazySession {
        #[cfg(feature = "device-bound")]
        let device = super::unproven::Head::of(self.engine(), &request);
        let RequestHead { is_safe, cookies, way, .. } = request;
        let engine = self.engine();
        let passage = engine.cookies.passage(&way, engine.plain_http.is_open());
        if passage == Passage::Https {
            engine.plain_http.settle();
        }
        let shared = Arc::new(Shared {
            sessions: self.clone(),
            // Who brings no id is nobody's straggler.
            opened_at: if cookies.is_empty() { Timestamp::MIN } else { engine.now() },
            cookies,
            passage,
            beside,
            is_safe,
            #[cfg(feature = "device-bound")]
            device,
            asked: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            session: OnceCell::new(),
        });
        LazySession { shared, is_meant: false }
    }
}

impl LazySession {
    /// Returns whether the request came with a well-formed session cookie, without reading the store.
    ///
    /// Nobody knows yet whether it names a session. The response depends on the cookie from now on, and says
    /// so by `Vary`.
    #[must_use]
    pub fn has_cookie(&self) -> bool {
        self.shared.asked.store(true, Ordering::Relaxed);
        let presented = self.shared.presented();
        !presented.candidates().is_empty() || presented.has_more()
    }

    /// Loads the session from the store, the first time it is called; after that it is free.
    ///
    /// An unknown, malformed or expired cookie is an empty session, never an error, and its id is never used.
    ///
    /// # Errors
    /// `Store` or `Timeout` if the store fails and the policy is to fail closed; the next call tries again.
    /// `InsecureHost` or `BehindProxy` if the cookie is one for development and the server is not; `SameCookie` if two
    /// `Sessions` of this route have cookies of one name.
    pub async fn load(&self) -> Result<Session, SessionError> {
        let shared = &*self.shared;
        let Shared { sessions, opened_at, is_safe, asked, closed, session, .. } = shared;
        asked.store(true, Ordering::Relaxed);
        shared.check_passage()?;
        if !self.is_meant {
            shared.tell_of_others();
        }
        let load = || {
            let asking = Asking { opened_at: *opened_at, is_safe: *is_safe, is_closed: closed.load(Ordering::SeqCst) };
            load(sessions.engine(), shared.presented(), asking)
        };
        #[cfg(feature = "device-bound")]
        let load = async || {
            let session = load().await?;
            shared.device.judge(&session, shared.cookies.iter());
            Ok::<_, SessionError>(session)
        };
        let session = session.get_or_try_init(load).await?;
        {
            let mut state = session.state();
            state.is_safe = *is_safe;
            // The response may have left while it was read.
            state.closed |= closed.load(Ordering::SeqCst);
        }
        Ok(session.clone())
    }

    /// Tells what the request says of its device.
    #[cfg(feature = "device-bound")]
    pub(super) fn device(&self) -> &super::unproven::Head {
        &self.shared.device
    }

    /// Gives the session, if it was loaded.
    #[cfg(feature = "device-bound")]
    pub(super) fn loaded(&self) -> Option<&Session> {
        self.shared.session.get()
    }

    /// Takes note that the response leaves, and gives the session if it was loaded.
    pub(crate) fn close(&self) -> Option<&Session> {
        self.shared.closed.store(true, Ordering::SeqCst);
        self.shared.session.get()
    }

    #[cfg(feature = "_web")]
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.shared.sessions
    }

    /// Takes note that this one is meant, whichever others there are.
    #[cfg(feature = "_web")]
    pub(crate) fn meant(mut self) -> Self {
        self.is_meant = true;
        self
    }

    /// Tells whether the browser will drop a cookie that is set now.
    pub(crate) fn is_dropped(&self) -> bool {
        self.shared.passage == Passage::Dropped
    }

    /// Tells whether the response depends on the cookie.
    pub(crate) fn was_asked_for(&self) -> bool {
        self.shared.asked.load(Ordering::Relaxed)
    }
}

impl Shared {
    /// Reads what is in the cookies.
    fn presented(&self) -> Presented {
        let engine = self.sessions.engine();
        engine.cookies.read(self.cookies.iter(), || engine.now())
    }

    /// Tells the log, once, that somebody has the innermost of several, and may not know.
    fn tell_of_others(&self) {
        let engine = self.sessions.engine();
        if self.beside == Beside::Others && engine.several_sessions.settle() {
            engine.tell(EventKind::SeveralSessions { cookie: self.sessions.cookie_name() }, None, None);
        }
    }

    /// Says why the session cannot be loaded whatever its cookie is, if so.
    fn check_passage(&self) -> Result<(), SessionError> {
        match self.passage {
            _ if self.beside == Beside::SameCookie => {
                Err(SessionError::SameCookie { name: self.sessions.cookie_name().to_owned() })
            }
            Passage::Free | Passage::Https | Passage::Dropped => Ok(()),
            Passage::OtherHost => Err(SessionError::InsecureHost),
            Passage::BehindProxy { header } => Err(SessionError::BehindProxy { header }),
        }
    }
}

impl fmt::Debug for LazySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazySession").field("loaded", &self.shared.session.get()).finish_non_exhaustive()
    }
}
