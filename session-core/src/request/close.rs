//! The end of a request: one write at most, and what the response has to say.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::closed::{CloseOutcome, Closed, Handled};
use super::ending::settle;
use super::finish::{Finish, in_background};
use super::lazy::LazySession;
use super::set_cookies::SetCookies;
use crate::cookie::CookieLifetime;
use crate::engine::{Backend, Deadline, EventKind, GonePolicy, OnServerError, ReadOnly, SessionError, Sessions};
use crate::payload::Kind;
use crate::session::{Change, Origin, Session, State, Told};

/// For adapters, and for applications without a framework: the end of a request.
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
        let dropped = session.is_dropped().then(|| self.clone());
        let work = match session.close() {
            None => Work::Done(Some(Closed::new(Ok(CloseOutcome::Untouched), SetCookies::default()))),
            Some(session) => match session.close_idle() {
                Some(outcome) => Work::Done(Some(outcome)),
                None => Work::Writing(Finish::new(session.clone().close(handled))),
            },
        };
        Closing { work, vary, dropped }
    }

    /// Closes a request whose handler was dropped before its end, in the background: what it changed is
    /// discarded, unless [`OnServerError::Save`], and a `destroy` is done all the same. An adapter calls it where it sees that happen.
    pub fn abandon(&self, session: &LazySession) {
        let Some(session) = session.close() else { return };
        // Also takes the lock, so that a commit that is still under way is not disturbed.
        if session.close_idle().is_none() {
            in_background(session.clone().close(Handled::Failed));
        }
    }
}

/// The future that [`Sessions::close`] makes. Dropped before its end, it goes on in the background.
#[must_use = "the response needs what comes of it"]
pub struct Closing {
    work: Work,
    vary: bool,
    /// Whose cookie the browser will drop, if it is set.
    dropped: Option<Sessions>,
}

/// Most requests write nothing, and are closed without a future of their own.
enum Work {
    Done(Option<Closed>),
    Writing(Finish<Closed>),
}

impl Future for Closing {
    type Output = Closed;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Closed> {
        let mut closed = match &mut self.work {
            Work::Done(closed) => closed.take().expect("a future is not polled after its end"),
            Work::Writing(writing) => ready!(Pin::new(writing).poll(cx)),
        };
        closed.vary = self.vary;
        if let (Some(sessions), true) = (&self.dropped, closed.set_cookie.is_some()) {
            let engine = sessions.engine();
            if engine.plain_http.settle() {
                engine.tell(EventKind::PlainHttp, None, None);
            }
        }
        Poll::Ready(closed)
    }
}

impl fmt::Debug for Closing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").finish_non_exhaustive()
    }
}

impl Session {
    /// Closes a session that was only read, if nothing is to be written; `None` if something is.
    fn close_idle(&self) -> Option<Closed> {
        let mut state = self.state();
        // A commit that is still running has the lock, and a cookie may come of it.
        let _lock = match self.writing_so_far() {
            Some(writing) => Some(writing.try_lock().ok()?),
            None => None,
        };
        let idle = state.endings.is_empty()
            && !state.ended
            && !offers_binding(&state)
            && !state.ignored
            && state.discarded.is_none()
            && !state.is_changed();
        if !idle
            || matches!(state.origin, Origin::Ended { .. })
            || self.touch_due(&state).is_some()
            || self.renewal_due(&state)
            || self.old_id_due(&state).is_some()
        {
            return None;
        }
        state.closed = true;
        let set_cookie = self.cookie(&mut state);
        let cookies = SetCookies::set(set_cookie, &self.engine().cookies, &mut state);
        Some(Closed { no_store: state.had_owner, ..Closed::new(Ok(CloseOutcome::Unchanged), cookies) })
    }

    async fn close(self, handled: Handled) -> Closed {
        let deadline = &self.engine().deadline();
        let mut asked = !self.state().endings.is_empty();
        let _lock = match self.lock(deadline).await {
            Ok(lock) => lock,
            Err(error) => return self.answer(Err(error)),
        };
        loop {
            let outcome = self.write_at_close(handled, deadline).await;
            // A task of the handler's may have ended the session while it was written.
            if asked || self.state().endings.is_empty() {
                return self.answer(outcome);
            }
            asked = true;
        }
    }

    /// Takes note that the response leaves, and says what it has to say.
    fn answer(&self, outcome: Result<CloseOutcome, SessionError>) -> Closed {
        if let Err(error) = &outcome {
            self.engine().tell(EventKind::CloseFailed { error }, self.session_key(), None);
        }
        let mut state = self.state();
        state.closed = true;
        if matches!(outcome, Err(_) | Ok(CloseOutcome::Discarded)) {
            self.drop_changes(&mut state);
        }
        // A logout that failed in the store at least leaves the browser without the id, and is tried again. What another
        // server may end is left to it.
        let failed = outcome.as_ref().is_err_and(SessionError::is_of_the_store);
        let left_alone = outcome.as_ref().is_err_and(|error| error.leaves_alone().is_some());
        let unmade = if failed { std::mem::take(&mut state.endings) } else { Vec::new() };
        state.ended |= unmade.iter().any(|ending| ending.origin.holds_cookie());
        // The cookie stays for that one, whatever else has ended.
        state.ended &= !left_alone;
        settle(self.engine(), unmade);
        let outcome = match outcome {
            // By a commit, before.
            Ok(CloseOutcome::Unchanged) if state.ended => Ok(CloseOutcome::Destroyed),
            outcome => outcome,
        };
        let engine = self.engine();
        let set_cookies = SetCookies::set(self.cookie(&mut state), &engine.cookies, &mut state);
        let ended = std::mem::take(&mut state.ended);
        let removes = ended && set_cookies.set_cookie.is_none() && state.id.is_none();
        let set_cookies = if removes { SetCookies::remove(&engine.cookies) } else { set_cookies };
        let clear_site_data = engine.clear_site_data.clone().filter(|_| ended);
        let closed = Closed { no_store: state.had_owner, clear_site_data, ..Closed::new(outcome, set_cookies) };
        #[cfg(feature = "device-bound")]
        let closed = self.tell_device(state, closed);
        closed
    }

    /// Drops what is not stored: the request is over, and what it was told is that it is not. A task of the
    /// handler's that goes on must not write it after all.
    fn drop_changes(&self, state: &mut State) {
        state.forget();
        if let Origin::Stored { key, record } = &state.origin
            && let Ok(Kind::Live(contents)) = self.engine().decode(key, record)
        {
            let (owner, contents) = (record.owner.clone(), contents.into_owned());
            state.draft.set_owner(owner);
            state.draft.show(contents);
        }
    }

    async fn write_at_close(&self, handled: Handled, deadline: &Deadline) -> Result<CloseOutcome, SessionError> {
        // A response that tells of a failure promises nothing; nor does a page that was only looked at, but for what was
        // handed out once.
        let promises = {
            let state = self.state();
            handled == Handled::Completed && (!state.is_safe || state.is_exact())
        };
        let refuse = promises && self.engine().gone_policy == GonePolicy::Refuse;
        let lost;
        let (touch, only_read) = {
            let mut state = self.state();
            state.closed = true;
            let failed = handled == Handled::Failed && self.engine().on_server_error == OnServerError::Discard;
            let ends = !state.endings.is_empty();
            if ends && (failed || state.ignored) {
                // The old one ends; nothing begins.
                state.forget();
            }
            let logs_in = state.privilege.login.is_some();
            if !ends && !logs_in {
                let refused = refuse && !state.ignored && state.is_changed();
                match (&state.origin, state.origin.read_only()) {
                    (Origin::Ended { .. }, _) if refused => return Err(SessionError::Gone),
                    (Origin::Ended { .. }, _) => return Ok(CloseOutcome::Gone),
                    // Whoever goes on without the store was told to.
                    (_, None | Some(ReadOnly::StoreFailed)) => {}
                    (_, Some(reason)) if refused => return Err(SessionError::ReadOnly(reason)),
                    _ => {}
                }
            }
            if !ends {
                let cannot = state.origin.read_only().is_some() && !logs_in;
                if state.ignored || (state.is_changed() && (failed || cannot)) {
                    return Ok(CloseOutcome::Discarded);
                }
                if state.discarded.take().is_some() {
                    return if promises { Err(SessionError::Conflict) } else { Ok(CloseOutcome::Discarded) };
                }
            }
            let only_read = !ends && !state.is_changed();
            if only_read && handled == Handled::Failed {
                return Ok(CloseOutcome::Unchanged);
            }
            let renew = !ends && !state.privilege.renew && self.renewal_due(&state);
            if renew {
                state.privilege.renew = true;
                state.privilege.routine = true;
            }
            let old_id = self.old_id_due(&state);
            if let Some(until) = old_id {
                state.draft.change(Change::OldIdUntil(until))?;
            }
            // Of who finds what was to end ended already, no more is lost than a message.
            lost = if ends { !state.draft.contents().values.is_empty() } else { !only_read };
            ((only_read && !renew && old_id.is_none()).then(|| self.touch_due(&state)), only_read)
        };
        match touch {
            None => match self.write(deadline).await {
                Ok(CloseOutcome::Gone) if refuse && lost => Err(SessionError::Gone),
                Err(SessionError::Conflict) if !promises => {
                    self.engine().tell(EventKind::Unmergeable, self.session_key(), None);
                    Ok(CloseOutcome::Discarded)
                }
                // Nobody asked for the new id; the session is as good as before, and the next request tries again.
                Err(_) if only_read => Ok(CloseOutcome::Unchanged),
                outcome => outcome,
            },
            Some(Some(touch)) if touch.make(Backend::new(self.engine(), deadline)).await => {
                self.state().touched(touch.seen, touch.expires_at);
                Ok(CloseOutcome::Touched)
            }
            Some(_) => Ok(CloseOutcome::Unchanged),
        }
    }

    /// Gives the cookie that tells the browser what it does not know yet; `None` if it knows all.
    fn cookie(&self, state: &mut State) -> Option<String> {
        let (expires_at, lifetime) = (state.record()?.expires_at, state.lifetime);
        let known = match state.told {
            Told::Nothing => false,
            // Nobody looked whether it still lives.
            Told::Otherwise => true,
            Told::Cookie { lifetime: told, .. } if told != lifetime => false,
            // A persistent cookie tells the deadline as well.
            Told::Cookie { expires_at: told, .. } => lifetime == CookieLifetime::Browser || told == expires_at,
        };
        if known {
            return None;
        }
        let id = state.id.as_ref()?;
        state.told = Told::Cookie { lifetime, expires_at };
        Some(self.engine().cookies.set(id, lifetime, self.engine().now(), expires_at))
    }
}

/// Tells whether the browser is to be offered to bind the session to its device.
fn offers_binding(state: &State) -> bool {
    #[cfg(feature = "device-bound")]
    return state.device.offers;
    #[cfg(not(feature = "device-bound"))]
    {
        let _ = state;
        false
    }
}
