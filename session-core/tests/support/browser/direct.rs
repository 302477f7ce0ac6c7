//! The door to `Sessions`: a request is what its handler does to the session.

use session_core::{CloseOutcome, Closed, Handled, LazySession, RequestHead, Session, SessionError, Sessions};

use super::answer::Answer;
use super::client::Browser;
use crate::support::count;

impl Browser {
    /// Sends a request.
    pub(crate) fn open(&self, sessions: &Sessions) -> LazySession {
        let visit = self.visit("");
        let header = self.header(&visit);
        let authority = visit.authority();
        let host = |name: &str| (name == "host").then_some(authority.as_bytes());
        let cookies = header.iter().map(String::as_bytes);
        sessions.open(RequestHead::new(self.method).with_cookies(cookies).with_headers(&host).with_target(None, true))
    }

    /// Takes what a response says.
    pub(crate) fn take(&mut self, closed: &Closed) {
        let visit = self.visit("");
        self.receive(&visit, &set_cookies(closed));
    }

    /// Holds back the response to a request that this browser opened.
    pub(crate) fn hold_closed(&self, closed: Closed) -> Answer<Closed> {
        self.hold(self.visit(""), set_cookies(&closed), closed)
    }

    /// Sends a request whose handler is `handler`; its response is delivered when the test says so.
    pub(crate) async fn answer(&self, sessions: &Sessions, handler: impl FnOnce(&Session)) -> Answer<Closed> {
        let lazy = self.open(sessions);
        let session = lazy.load().await.unwrap();
        handler(&session);
        self.hold_closed(sessions.close(&lazy, Handled::Completed).await)
    }

    /// Sends a request whose handler is `handler`, and takes its response.
    pub(crate) async fn try_request(&mut self, sessions: &Sessions, handler: impl FnOnce(&Session)) -> Closed {
        self.answer(sessions, handler).await.deliver()
    }

    /// Sends a request whose handler is `handler`, and takes its response, which is no error.
    pub(crate) async fn request(&mut self, sessions: &Sessions, handler: impl FnOnce(&Session)) -> CloseOutcome {
        self.try_request(sessions, handler).await.outcome.unwrap()
    }

    /// Sends a request that writes and is refused, and is given no cookie.
    pub(crate) async fn try_write(&mut self, sessions: &Sessions) -> SessionError {
        let closed = self.try_request(sessions, count).await;
        assert_eq!(closed.set_cookie, None);
        closed.outcome.unwrap_err()
    }

    /// Reads a value in a request of its own.
    pub(crate) async fn read(&self, sessions: &Sessions, key: &str) -> Option<u64> {
        self.open(sessions).load().await.unwrap().get(key).unwrap()
    }

    /// Tells whether a cookie still names a session.
    pub(crate) async fn is_known(&self, sessions: &Sessions) -> bool {
        !self.open(sessions).load().await.unwrap().is_new()
    }
}

/// Gives what the `Set-Cookie` headers of a response say.
fn set_cookies(closed: &Closed) -> Vec<String> {
    closed.set_cookie.iter().chain(&closed.removals).cloned().collect()
}
