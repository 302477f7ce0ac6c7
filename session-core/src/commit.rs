//! The session's own dealings with the store: commit, transaction and reload.
//!
//! Whatever writes here holds the handle's write lock from before it looks at the state until the state
//! tells what was written. The writing itself is [`Finish`]ed even if its caller is dropped, and takes the
//! lock along, so a handle never knows less than what it wrote.

use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;

use crate::backend::Deadline;
use crate::changes::Draft;
use crate::close::CloseOutcome;
use crate::codec::Kind;
use crate::contents::Contents;
use crate::error::SessionError;
use crate::finish::Finish;
use crate::id::SessionKey;
use crate::record::Record;
use crate::session::Session;
use crate::state::{Fate, Origin};
use crate::write::{Job, Once, Saved};

/// Holds the right to write through one handle.
pub(crate) type WriteLock = OwnedMutexGuard<()>;

impl Session {
    /// Writes the changes made so far at once, for handlers that outlive their response, such as WebSocket
    /// and SSE ones; also a renewal or a `destroy` that was asked for.
    ///
    /// # Errors
    /// `ResponseSent` if nothing of the session was ever stored and the browser can no longer be given an
    /// id; `Conflict`, `TooLarge` or `TooManySessions`, and nothing was written; `Gone`, and the changes are
    /// discarded; `ReadOnly`; `Destroyed` the second time after `destroy`; `Store`, `Timeout` or
    /// `Indeterminate` as the store fails.
    pub async fn commit(&self) -> Result<(), SessionError> {
        let deadline = self.sessions().deadline();
        let session = self.clone();
        Finish::new(async move {
            let _lock = session.lock(deadline).await?;
            session.state().check_committable()?;
            match session.write(deadline).await? {
                CloseOutcome::Gone => Err(SessionError::Gone),
                _ => Ok(()),
            }
        })
        .await
    }

    /// Reads the session again, with the changes made so far on top; for handlers that live long.
    ///
    /// # Errors
    /// `Gone` if it has ended or was renewed; `Conflict` if the changes cannot be made on what is there now,
    /// and they are discarded; `Destroyed`, `ReadOnly`; `Store` or `Timeout` as the store fails.
    pub async fn reload(&self) -> Result<(), SessionError> {
        let deadline = self.sessions().deadline();
        let _lock = self.lock(deadline).await?;
        if self.state().fate == Fate::Destroy {
            return Err(SessionError::Destroyed);
        }
        let Some((record, contents)) = self.fresh(deadline).await? else { return Ok(()) };
        let mut state = self.state();
        if let Origin::Stored { record: stored, .. } = &mut state.origin {
            *stored = record;
        }
        state.draft.rebase(0, contents)
    }

    /// Reads the session anew, makes changes on it, and writes them at once, together with the changes made
    /// so far; if somebody else was faster, it does so again on what that one wrote. Gives what the run that
    /// won returned.
    ///
    /// This is for what must be decided once: a ticket, a one-time token, the last item in stock. What `change`
    /// refuses with an error is not written. It may run several times, so it must have no effect but on the
    /// draft.
    ///
    /// ```
    /// # use session_core::{Session, SessionError};
    /// /// Gives the one-time token to one caller, however many ask at once.
    /// async fn redeem(session: &Session) -> Result<Option<String>, SessionError> {
    ///     session.transaction(|draft| draft.take("token")).await
    /// }
    /// ```
    ///
    /// # Errors
    /// What `change` returns; else as [`commit`](Self::commit).
    pub async fn transaction<T, E, F>(&self, change: F) -> Result<T, E>
    where
        E: From<SessionError>,
        F: Fn(&mut Draft) -> Result<T, E> + Send,
    {
        let deadline = self.sessions().deadline();
        let mut lock = self.lock(deadline).await?;
        self.state().check_writable()?;
        if self.state().fate != Fate::Keep {
            // A renewal is written first, and by itself: what follows is then the business of one key.
            let (session, done);
            session = self.clone();
            (lock, done) = Finish::new(async move { (lock, session.write(deadline).await) }).await;
            done?;
            self.state().check_writable()?;
        }
        let mut found = self.fresh(deadline).await?;
        let mut turn = None;
        loop {
            let (base, contents) = match found {
                Some((record, contents)) => (Some(record), contents),
                None => (None, self.sessions().new_contents()),
            };
            let log = self.state().draft.log().to_vec();
            let changes = log.len();
            let mut draft = Draft::with_log(contents, log, self.sessions().random_arc())?;
            let value = change(&mut draft)?;
            let (session, written) = (self.clone(), draft);
            let once;
            (lock, once) = Finish::new(async move {
                let once = session.write_draft(base, &written, changes, deadline).await;
                (lock, once)
            })
            .await;
            let Some((key, winner)) = once? else { return Ok(value) };
            let Some(winner) = self.sessions().turn_after(&key, winner, &mut turn, deadline).await? else {
                self.state().ended();
                return Err(SessionError::Gone.into());
            };
            found = Some(self.accept(&key, winner)?);
        }
    }

    /// Writes a draft on top of `base`, whose first `changes` were this handle's before; gives the winner if
    /// another write was faster.
    async fn write_draft(
        &self,
        base: Option<Arc<Record>>,
        draft: &Draft,
        changes: usize,
        deadline: Deadline,
    ) -> Result<Option<(SessionKey, Arc<Record>)>, SessionError> {
        let origin = self.state().origin.clone();
        let contents = draft.contents().clone();
        let owner = self.state().owner().cloned();
        let saved = match (origin, base) {
            (Origin::Stored { key, .. }, Some(base)) => {
                if draft.log().is_empty() {
                    Saved::Replaced { record: base }
                } else {
                    match self.sessions().replace_once(&key, &contents, owner, &base, deadline).await? {
                        Once::Conflict(winner) => return Ok(Some((key, winner))),
                        Once::Stored(record) => Saved::Replaced { record },
                        Once::Gone => Saved::Gone,
                    }
                }
            }
            (origin, _) => {
                let mut job = Job { contents: contents.clone(), log: Vec::new(), owner, owner_changes: false };
                self.sessions().save(&origin, Fate::Keep, &mut job, deadline).await?
            }
        };
        match self.note(saved, changes, contents)? {
            CloseOutcome::Gone => Err(SessionError::Gone),
            _ => Ok(None),
        }
    }

    /// Reads what another write left, if this session may go on with it.
    fn accept(&self, key: &SessionKey, winner: Arc<Record>) -> Result<(Arc<Record>, Contents), SessionError> {
        let Kind::Live(contents) = self.sessions().decode(key, &winner)? else {
            self.state().ended();
            return Err(SessionError::Gone);
        };
        if winner.owner.as_ref() != self.state().owner() {
            return Err(SessionError::Conflict);
        }
        Ok((winner, contents.into_owned()))
    }

    pub(crate) async fn lock(&self, deadline: Deadline) -> Result<WriteLock, SessionError> {
        deadline.limit(Arc::clone(self.writing()).lock_owned()).await
    }

    /// Writes what there is to write, and takes note of it. The caller holds the write lock.
    pub(crate) async fn write(&self, deadline: Deadline) -> Result<CloseOutcome, SessionError> {
        let (origin, fate, mut job) = {
            let state = self.state();
            if state.fate != Fate::Destroy && !state.is_changed() {
                return Ok(CloseOutcome::Unchanged);
            }
            (state.origin.clone(), state.fate, Job::of(&state))
        };
        if fate == Fate::Destroy {
            return self.end(&origin, deadline).await;
        }
        let merged_on = job.log.len();
        let saved = self.sessions().save(&origin, fate, &mut job, deadline).await?;
        self.note(saved, merged_on, job.contents)
    }

    /// Ends the session in the store.
    async fn end(&self, origin: &Origin, deadline: Deadline) -> Result<CloseOutcome, SessionError> {
        let key = match origin {
            Origin::Stored { key, .. } | Origin::StoreFailed { key } => Some(*key),
            // The visitor wants to log out, and holds the id of yesterday: it is today's session that ends.
            Origin::Retired { successor } => *successor,
            Origin::New | Origin::SeveralCookies | Origin::Ended => None,
        };
        if let Some(key) = key {
            let ended = self.sessions().retire(&key, |_| true, deadline).await?;
            tracing::debug!(?key, ended, "session destroyed");
        }
        self.state().ended();
        Ok(CloseOutcome::Destroyed)
    }

    /// Takes note of what was written: the first `changes` of the log, which made `contents`.
    fn note(&self, saved: Saved, changes: usize, contents: Contents) -> Result<CloseOutcome, SessionError> {
        let mut state = self.state();
        let (key, record, outcome) = match saved {
            Saved::Nothing => return Ok(CloseOutcome::Unchanged),
            Saved::Gone => {
                state.ended();
                return Ok(CloseOutcome::Gone);
            }
            Saved::Created { id, key, record } => {
                state.renewed(id);
                (key, record, CloseOutcome::Created)
            }
            Saved::Renewed { id, key, record } => {
                tracing::debug!(?key, "session renewed");
                state.renewed(id);
                (key, record, CloseOutcome::Renewed)
            }
            Saved::Replaced { record } => {
                let Origin::Stored { key, .. } = state.origin else { return Ok(CloseOutcome::Written) };
                (key, record, CloseOutcome::Written)
            }
        };
        state.origin = Origin::Stored { key, record };
        state.draft.rebase(changes, contents)?;
        Ok(outcome)
    }

    /// Reads the stored record and its contents; `None` if nothing was ever stored.
    ///
    /// # Errors
    /// `Gone` if it is no more; else why it cannot be read.
    async fn fresh(&self, deadline: Deadline) -> Result<Option<(Arc<Record>, Contents)>, SessionError> {
        let origin = {
            let state = self.state();
            state.origin.clone()
        };
        let Origin::Stored { key, .. } = origin else {
            return match origin {
                Origin::New => Ok(None),
                _ => self.state().check_writable().map(|()| None),
            };
        };
        let found = deadline.limit(self.sessions().store().get(&key)).await??;
        if let Some(record) = found.filter(|record| record.is_live_at(self.sessions().now()))
            && let Kind::Live(contents) = self.sessions().decode(&key, &record)?
        {
            return Ok(Some((record, contents.into_owned())));
        }
        self.state().ended();
        Err(SessionError::Gone)
    }
}
