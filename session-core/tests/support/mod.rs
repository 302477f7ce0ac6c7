//! What the tests of the core share: a set-up on the ETS store, and browsers.

#![allow(dead_code, reason = "no test uses all of it")]

use std::time::Duration;

use session_core::{
    CloseOutcome, Closed, Handled, LazySession, ManualClock, Session, SessionError, SessionStore, Sessions,
    SessionsBuilder, Timestamp,
};
use session_ets::{EtsStore, Table};

#[macro_use]
pub(crate) mod faulty;
pub(crate) mod stepped;

/// When the clocks of the tests begin.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// A store of its own.
pub(crate) fn store() -> EtsStore {
    EtsStore::new(Table::private())
}

/// Sessions with a clock that stands.
pub(crate) fn builder(store: impl SessionStore) -> (SessionsBuilder, ManualClock) {
    let clock = ManualClock::new(START);
    (Sessions::builder(store).clock(clock.clone()), clock)
}

pub(crate) fn sessions(store: impl SessionStore) -> (Sessions, ManualClock) {
    let (builder, clock) = builder(store);
    (builder.build().unwrap(), clock)
}

/// A browser with one cookie jar.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browser {
    pub(crate) cookie: Option<String>,
}

impl Browser {
    pub(crate) fn with(cookie: &str) -> Self {
        Self { cookie: Some(cookie.to_owned()) }
    }

    /// Sends a request.
    pub(crate) fn open(&self, sessions: &Sessions) -> LazySession {
        sessions.open(self.cookie.iter().map(|cookie| cookie.as_bytes()))
    }

    /// Takes what a response says.
    pub(crate) fn take(&mut self, closed: &Closed) {
        if let Some(set) = &closed.set_cookie {
            let (pair, attributes) = set.split_once("; ").unwrap();
            let removed = attributes.contains("Max-Age=0");
            self.cookie = (!removed).then(|| pair.to_owned());
        }
    }

    /// Sends a request whose handler is `handler`, and takes its response, which is no error.
    pub(crate) async fn request(&mut self, sessions: &Sessions, handler: impl FnOnce(&Session)) -> CloseOutcome {
        self.try_request(sessions, handler).await.outcome.unwrap()
    }

    /// Sends a request whose handler is `handler`, and takes its response.
    pub(crate) async fn try_request(&mut self, sessions: &Sessions, handler: impl FnOnce(&Session)) -> Closed {
        let lazy = self.open(sessions);
        let session = lazy.load().await.unwrap();
        handler(&session);
        let closed = sessions.close(&lazy, Handled::Completed).await;
        self.take(&closed);
        closed
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

    /// Tells whether the cookie still names a session.
    pub(crate) async fn is_known(&self, sessions: &Sessions) -> bool {
        !self.open(sessions).load().await.unwrap().is_new()
    }
}

/// Adds one to a counter, whatever others do.
pub(crate) fn count(session: &Session) {
    session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1).unwrap();
}
