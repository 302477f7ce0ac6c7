//! The end of a request: one write at most, and what the response has to say.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::cookie::CookieLifetime;
use crate::error::SessionError;
use crate::finish::Finish;
use crate::lazy::LazySession;
use crate::session::Session;
use crate::sessions::{OnServerError, Sessions};
use crate::state::{Fate, Origin, State, Told};
use crate::write::Touch;

/// Says how the request was handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handled {
    /// The handler gave a response that is no server error.
    Completed,
    /// The handler gave a server error (a 5xx), or panicked, or was dropped before its end.
    Failed,
}

/// Says what closing a request came to, and what its response has to say.
#[derive(Debug)]
#[must_use = "the response needs its headers, and an error must take its place"]
#[non_exhaustive]
pub struct Closed {
    /// What became of the session. An error means that what the handler did to the session is not stored, so
    /// its response must not be sent; answer with [`SessionError::http_status`] instead, and with these headers.
    pub outcome: Result<CloseOutcome, SessionError>,
    /// The value of a `Set-Cookie` header to add; a response that has it must be made private.
    pub set_cookie: Option<String>,
    /// The response depends on the cookie: `Vary: Cookie` must be added.
    pub vary: bool,
}

/// Says what became of a session when its request was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseOutcome {
    /// Nobody asked for it.
    Untouched,
    /// Nothing was written.
    Unchanged,
    /// It was only read, and its deadline was moved.
    Touched,
    /// Its first write; the browser is given an id.
    Created,
    /// Its changes are stored.
    Written,
    /// It is stored under a new id, and the old one is retired.
    Renewed,
    /// It has ended, and the cookie is removed.
    Destroyed,
    /// It ended while the request ran, and the changes were discarded.
    Gone,
    /// The changes were discarded: the handler said `ignore`, the request failed, or the session could not
    /// be written from the start.
    Discarded,
}

impl Sessions {
    /// Closes a request: writes its session if there is something to write, and says what the response has to
    /// say. Call it before the response leaves.
    ///
    /// It goes on in the background if it is dropped, so that a client that hangs up loses nothing.
    ///
    /// | | [`Completed`](Handled::Completed) | [`Failed`](Handled::Failed) |
    /// |---|---|---|
    /// | changes, `renew` | written | discarded, unless [`OnServerError::Save`] |
    /// | only read | touched when due | untouched |
    /// | `destroy` | done | done |
    pub fn close(&self, session: &LazySession, handled: Handled) -> Closing {
        let vary = session.was_asked_for();
        let work = match session.loaded() {
            None => Work::Done(Some((Ok(CloseOutcome::Untouched), None))),
            Some(session) => match session.close_idle() {
                Some(outcome) => Work::Done(Some(outcome)),
                None => Work::Writing(Finish::new(session.clone().close(handled))),
            },
        };
        Closing { work, vary }
    }

    /// Closes a request whose handler was dropped before its end, in the background: what it changed is
    /// discarded, and a `destroy` is done all the same.
    pub fn abandon(&self, session: &LazySession) {
        if let Some(session) = session.loaded()
            && session.state().fate == Fate::Destroy
        {
            // Dropped at once, it is finished in the background.
            drop(Finish::new(session.clone().close(Handled::Failed)));
        }
    }
}

type Outcome = (Result<CloseOutcome, SessionError>, Option<String>);

/// The future that [`Sessions::close`] makes. Dropped before its end, it goes on in the background.
#[must_use = "the response needs what comes of it"]
pub struct Closing {
    work: Work,
    vary: bool,
}

/// Most requests write nothing, and are closed without a future of their own.
enum Work {
    Done(Option<Outcome>),
    Writing(Finish<Outcome>),
}

impl Future for Closing {
    type Output = Closed;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closed> {
        let (outcome, set_cookie) = match &mut self.work {
            Work::Done(outcome) => outcome.take().expect("a future is not polled after its end"),
            Work::Writing(writing) => ready!(Pin::new(writing).poll(cx)),
        };
        Poll::Ready(Closed { outcome, set_cookie, vary: self.vary })
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").finish_non_exhaustive()
    }
}

impl Session {
    /// Closes a session that was only read, if nothing is to be written; `None` if something is.
    fn close_idle(&self) -> Option<Outcome> {
        let mut state = self.state();
        if state.fate != Fate::Keep || state.is_changed() || self.touch_due(&state).is_some() {
            return None;
        }
        // A commit that is still running has the lock, and a cookie may come of it.
        let _lock = self.writing().try_lock().ok()?;
        state.closed = true;
        let cookie = self.cookie(&mut state);
        Some((Ok(CloseOutcome::Unchanged), cookie))
    }

    async fn close(self, handled: Handled) -> Outcome {
        let outcome = self.write_at_close(handled).await;
        if let Err(error) = &outcome {
            tracing::warn!(%error, "session not closed");
        }
        let mut state = self.state();
        state.closed = true;
        let cookie = match (&outcome, state.fate) {
            // A logout that failed in the store at least leaves the browser without the id.
            (_, Fate::Destroy) => self.removal(&state),
            (Ok(_), _) => self.cookie(&mut state),
            // What was committed before is there, and its id must reach the browser.
            (Err(_), _) if state.told == Told::Nothing => self.cookie(&mut state),
            (Err(_), _) => None,
        };
        (outcome, cookie)
    }

    async fn write_at_close(&self, handled: Handled) -> Result<CloseOutcome, SessionError> {
        let deadline = self.sessions().deadline();
        let _lock = self.lock(deadline).await?;
        let (fate, touch) = {
            let mut state = self.state();
            state.closed = true;
            let discard = handled == Handled::Failed && self.sessions().on_server_error() == OnServerError::Discard;
            match (state.fate, &state.origin) {
                (Fate::Destroy, _) => {}
                (_, Origin::Ended) => return Ok(CloseOutcome::Gone),
                (Fate::Ignore, _) => return Ok(CloseOutcome::Discarded),
                _ if state.is_changed() && discard => return Ok(CloseOutcome::Discarded),
                (_, Origin::New | Origin::Stored { .. }) => {}
                (_, Origin::Retired { .. } | Origin::StoreFailed { .. } | Origin::SeveralCookies) => {
                    return Ok(if state.is_changed() { CloseOutcome::Discarded } else { CloseOutcome::Unchanged });
                }
            }
            let idle = state.fate == Fate::Keep && !state.is_changed() && handled == Handled::Completed;
            (state.fate, if idle { self.touch_due(&state) } else { None })
        };
        if let (Fate::Keep, Some(touch)) = (fate, touch) {
            if !self.sessions().touch(touch, deadline).await {
                return Ok(CloseOutcome::Unchanged);
            }
            self.state().touched(touch.seen, touch.expires_at);
            return Ok(CloseOutcome::Touched);
        }
        self.write(deadline).await
    }

    /// Says how the deadline is to be moved; `None` if it is not time to.
    fn touch_due(&self, state: &State) -> Option<Touch> {
        let Origin::Stored { key, record } = &state.origin else { return None };
        let sessions = self.sessions();
        let own_expiry = state.draft.contents().reserved.expiry;
        let interval = match own_expiry {
            Some(expiry) => expiry.touch_interval(),
            None => sessions.touch_interval(),
        }?;
        let seen = sessions.now();
        if seen.since(record.last_seen_at) < interval {
            return None;
        }
        let expires_at = sessions.expiry_of(state.draft.contents()).deadline(record.created_at, seen);
        Some(Touch { key: *key, version: record.version, seen, expires_at })
    }

    /// Gives the cookie that tells the browser what it does not know yet; `None` if it knows all.
    fn cookie(&self, state: &mut State) -> Option<String> {
        let expires_at = state.record()?.expires_at;
        let lifetime = self.sessions().lifetime_of(state.draft.contents());
        let known = match state.told {
            Told::Nothing => false,
            Told::Cookie { lifetime: told, .. } if told != lifetime => false,
            // A persistent cookie tells the deadline as well.
            Told::Cookie { expires_at: told, .. } => lifetime == CookieLifetime::Browser || told == expires_at,
        };
        if known {
            return None;
        }
        let id = state.id.as_ref()?;
        state.told = Told::Cookie { lifetime, expires_at };
        Some(self.sessions().cookies().set(id, lifetime, self.sessions().now(), expires_at))
    }

    /// Gives the removal of the cookie; `None` if the browser has none, or has another session's by now.
    fn removal(&self, state: &State) -> Option<String> {
        // A straggler with a retired id must not remove the cookie of the session that came after.
        let straggler = matches!(state.origin, Origin::Retired { .. });
        (state.presented && !straggler).then(|| self.sessions().cookies().removal())
    }
}
