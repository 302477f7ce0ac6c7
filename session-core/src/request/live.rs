//! Sessions of connections that stay open: WebSockets, event streams.

use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::time::{Instant, timeout_at};

use super::retirement::{renewed_to, walk};
use super::touch::Touch;
use crate::engine::{Backend, Heard, SessionError};
use crate::session::{Looking, Origin, Session};
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
    /// An end by this process is seen at once, and so is one by another if the [store tells of ends](crate::Watch). Where
    /// nothing tells, it looks at the store every [`look_every`](crate::SessionsBuilder::look_every), by default 15 seconds,
    /// so an end is seen that much later at most; where that is too late, [`reload`](Self::reload) before what must not be
    /// shown. Called again, as in a loop, it goes on waiting. While the store fails nobody can tell, and it waits on. Being
    /// waited for is no use of the session: [`touch`](Self::touch) is.
    pub async fn ended(&self) {
        loop {
            let Some((mut ear, heard, next)) = self.listen() else { return };
            let now = match timeout_at(next, ear.wait_for(|now| *now != heard)).await {
                Ok(Ok(now)) => *now,
                _ => heard,
            };
            if now.changes == heard.changes && now.gaps != heard.gaps {
                // All are told of a gap at once, and look one after the other.
                self.look_again(now, self.first_look(), Timestamp::MAX);
                continue;
            }
            // Whoever is dropped meanwhile looks again at once.
            self.look_again(now, Duration::ZERO, Timestamp::MAX);
            let until = match self.lives().await {
                Ok(Look::Lives(until)) => until,
                Ok(Look::Over) => return,
                Ok(Look::Unknown) | Err(_) => Timestamp::MAX,
            };
            let engine = self.engine();
            // What is told is not looked for, but that a feed tells all is the backend's word.
            self.look_again(now, if engine.watching.is_fed() { LONGEST_LOOK } else { engine.look_every }, until);
        }
    }

    /// Gives one who waits for what is heard of the session, what had been heard before, and when it is to be looked at in
    /// any case; `None` if it is known that there is none to look at.
    fn listen(&self) -> Option<(Receiver<Heard>, Heard, Instant)> {
        let key = self.session_key()?;
        let known = |looking: &Looking| (looking.watched.ear(), looking.heard, looking.next);
        if let Some(looking) = self.state().looking.as_ref().filter(|looking| *looking.watched.key() == key) {
            return Some(known(looking));
        }
        let (engine, until) = (self.engine(), self.expires_at()?);
        let watched = engine.watching.wait_for(key, &*engine.store);
        let heard = *watched.ear().borrow();
        // What was told before this is not heard, so it is looked for.
        let after = if engine.watching.is_fed() { Duration::ZERO } else { self.first_look() };
        let looking = Looking { watched, heard, next: self.at(after, until) };
        Some(known(self.state().looking.insert(looking)))
    }

    /// Connections that were opened together, as after a restart, look one after the other.
    fn first_look(&self) -> Duration {
        let spread = self.session_key().map_or(0.0, |key| f64::from(key.as_bytes()[0]) / 510.0);
        self.engine().look_every.mul_f64(1.0 - spread)
    }

    /// Takes note of what has been heard, and that the session is to be looked at after a while, or when it is to end if that
    /// is before.
    fn look_again(&self, heard: Heard, after: Duration, until: Timestamp) {
        let next = self.at(after, until);
        if let Some(looking) = &mut self.state().looking {
            (looking.heard, looking.next) = (heard, next);
        }
    }

    fn at(&self, after: Duration, until: Timestamp) -> Instant {
        Instant::now() + after.min(until.since(self.engine().now()).max(Duration::from_millis(1)))
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
