//! How the deadline moves of a session that was only read.

use std::time::Duration;

use crate::engine::{Backend, SessionError};
use crate::session::{Origin, Session, State, Told};
use crate::store::{SessionKey, Timestamp, Version};

/// A deadline that is due to be moved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    key: SessionKey,
    version: Version,
    pub(super) seen: Timestamp,
    pub(super) expires_at: Timestamp,
}

impl Touch {
    /// Moves the deadline; `false` if it was not moved.
    ///
    /// Nothing that goes wrong here fails a request: the session is as good as before.
    pub(super) async fn make(self, backend: Backend<'_>) -> bool {
        self.send(backend).await.unwrap_or(false)
    }

    /// Moves the deadline; `false` if whoever wrote the session has moved it, or it has ended.
    pub(super) async fn send(self, backend: Backend<'_>) -> Result<bool, SessionError> {
        let Self { key, version, seen, expires_at } = self;
        backend.touch(&key, version, seen, expires_at).await
    }
}

impl Session {
    /// Says how the deadline is to be moved; `None` if it is not time to.
    ///
    /// It is also time where the browser is to be given its id again, which only one that still lives may be.
    pub(super) fn touch_due(&self, state: &State) -> Option<Touch> {
        let Origin::Stored { key, record } = &state.origin else { return None };
        let engine = self.engine();
        let own_expiry = state.draft.contents().reserved.expiry();
        let interval = match own_expiry {
            _ if state.told == Told::Otherwise => Duration::ZERO,
            Some(expiry) => expiry.touch_interval()?,
            None => engine.touch_interval?,
        };
        let seen = engine.now();
        if seen.since(record.last_seen_at) < interval {
            return None;
        }
        let expires_at = engine.deadline_of(state.draft.contents(), record.created_at, seen);
        Some(Touch { key: *key, version: record.version, seen, expires_at })
    }
}
