//! Sessions of connections that stay open: WebSockets, event streams.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::retirement::{renewed_to, walk};
use super::touch::Touch;
use crate::engine::{Backend, SessionError};
use crate::session::{Origin, Session};
use crate::store::Timestamp;

/// The longest time between two looks: what is left of a session that moved on stands longer than two of these.
pub(crate) const LONGEST_LOOK: Duration = Duration::from_secs(60);

/// What a look at the store found of a session.
enum Look {
    /// It lives, and ends then unless it is used.
    Lives(Timestamp),
    /// Nobody can tell.
    Unknown,
    Over,
}

impl Session {
    /// Waits until the session has ended: by a logout, a revocation, a change of privilege (whoever has the old id must not
    /// listen on), or its deadline. A routine renewal is followed. At once, if nothing of it was ever stored.
    ///
    /// A connection that stays open outlives every check that was made when it was opened. This is the check from then on:
    ///
    /// ```
    /// # use session_core::Session;
    /// # async fn next() -> Option<String> { None }
    /// # async fn send(_: String) {}
    /// async fn chat(session: Session) {
    ///     loop {
    ///         tokio::select! {
    ///             () = session.ended() => break,
    ///             message = next() => match message {
    ///                 Some(message) => send(message).await,
    ///                 None => break,
    ///             },
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// It looks at the store every [`look_every`](crate::SessionsBuilder::look_every), by default 15 seconds, so an end is
    /// seen that much later at most, also one in the same process; where that is too late, [`reload`](Self::reload) before
    /// what must not be shown. Called again, as in a loop, it goes on waiting for the next look. While the store fails nobody
    /// can tell, and it waits on. Being waited for is no use of the session: [`touch`](Self::touch) is.
    pub async fn ended(&self) {
        let engine = self.engine();
        loop {
            let Some(next) = self.next_look() else { return };
            sleep_until(next).await;
            let until = match self.lives().await {
                Ok(Look::Lives(until)) => until,
                Ok(Look::Over) => return,
                Ok(Look::Unknown) | Err(_) => Timestamp::MAX,
            };
            self.look_again(engine.look_every, until);
        }
    }

    /// Says when to look at the session next; `None` if it is known that there is none to look at.
    fn next_look(&self) -> Option<Instant> {
        let key = self.session_key()?;
        if let Some(next) = self.state().next_look {
            return Some(next);
        }
        // Connections that were opened together, as after a restart, look one after the other.
        let spread = f64::from(key.as_bytes()[0]) / 510.0;
        let until = self.expires_at()?;
        Some(self.look_again(self.engine().look_every.mul_f64(1.0 - spread), until))
    }

    /// Takes note that the session is to be looked at after a while, or when it is to end if that is before.
    fn look_again(&self, after: Duration, until: Timestamp) -> Instant {
        let after = after.min(until.since(self.engine().now())).max(Duration::from_millis(1));
        *self.state().next_look.insert(Instant::now() + after)
    }

    /// Moves the session's deadline, as a request does that uses it. It is written once per touch interval at most, so a
    /// connection may call it for every message. Nothing happens to a session that was never stored.
    ///
    /// # Errors
    /// `Gone` if the session has ended; `WithinClosure` in a closure of the session's; `Store` or `Timeout` as the store
    /// fails, and the deadline is as it was.
    pub async fn touch(&self) -> Result<(), SessionError> {
        let deadline = &self.engine().deadline();
        let _lock = self.lock(deadline).await?;
        let due = {
            let state = self.state();
            if let Origin::Ended { .. } = state.origin {
                return Err(SessionError::Gone);
            }
            self.touch_due(&state)
        };
        let Some(touch) = due else { return Ok(()) };
        if self.move_deadline(touch, Backend::new(self.engine(), deadline)).await? {
            return Ok(());
        }
        // Whoever wrote it has moved the deadline; or it has ended.
        self.look(deadline).await
    }

    async fn move_deadline(&self, touch: Touch, backend: Backend<'_>) -> Result<bool, SessionError> {
        let moved = touch.send(backend).await?;
        if moved {
            self.state().touched(touch.seen, touch.expires_at);
        }
        Ok(moved)
    }

    /// Looks whether the session lives, and goes on with what it was routinely renewed to.
    async fn lives(&self) -> Result<Look, SessionError> {
        let engine = self.engine();
        let deadline = &engine.deadline();
        let _lock = self.lock(deadline).await?;
        let Some(key) = self.session_key() else { return Ok(Look::Over) };
        match walk(Backend::new(engine, deadline), key, renewed_to).await {
            Ok(Some(found)) => {
                let until = found.1.expires_at;
                if found.0 != key {
                    self.go_on(found);
                }
                Ok(Look::Lives(until))
            }
            Ok(None) => Ok(Look::Over),
            // Another server can read it.
            Err(error) if error.leaves_alone().is_some() => Ok(Look::Unknown),
            Err(error) => Err(error),
        }
    }
}
