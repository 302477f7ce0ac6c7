//! The session's own dealings with the store: commit, transaction and reload.
//!
//! Whatever writes here holds the handle's write lock from before it takes its job from the state until the
//! state tells what was written. The writing itself is [`Finish`]ed even if its caller is dropped, and takes
//! the lock along, so a handle never knows less than what it wrote.

use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;

use crate::backend::Deadline;
use crate::close::CloseOutcome;
use crate::codec::Kind;
use crate::draft::Draft;
use crate::error::SessionError;
use crate::events::{EventKind, Verb};
use crate::finish::Finish;
use crate::id::SessionKey;
use crate::record::Record;
use crate::renewal::Found;
use crate::session::Session;
use crate::state::{Destroy, Job, Origin, Privilege};
use crate::write::{New, Once, Saved};

/// Holds the right to write through one handle.
pub(crate) type WriteLock = OwnedMutexGuard<()>;

impl Session {
    /// Writes the changes made so far at once, for handlers that outlive their response, such as WebSocket
    /// and SSE ones; also a renewal or a `destroy` that was asked for.
    ///
    /// # Errors
    /// `ResponseSent` if nothing of the session was ever stored and the browser can no longer be given an
    /// id; `Conflict`, `TooLarge` or `TooManySessions`, and nothing was written; `Indeterminate`, where it
    /// cannot be told, and the next commit finds out without counting anything twice; `Gone`, and the changes are discarded; `ReadOnly`; `Destroyed` the second time
    /// after `destroy`; `Store` or `Timeout` as the store fails, and nothing was written.
    pub async fn commit(&self) -> Result<(), SessionError> {
        let session = self.clone();
        Finish::new(async move {
            let deadline = &session.sessions().deadline();
            let _lock = session.lock(deadline).await?;
            {
                let mut state = session.state();
                if state.destroy != Destroy::Asked {
                    state.check_writable()?;
                }
                if std::mem::take(&mut state.discarded) {
                    return Err(SessionError::Conflict);
                }
            }
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
        let deadline = &self.sessions().deadline();
        let _lock = self.lock(deadline).await?;
        if let Some((key, record, contents)) = self.find(deadline).await? {
            let lifetime = self.sessions().lifetime_of(&contents);
            let mut state = self.state();
            state.moved(&key);
            state.stored(key, record, contents, lifetime);
            if std::mem::take(&mut state.discarded) {
                drop(state);
                self.sessions().tell(EventKind::Unmergeable, Some(key), None);
                return Err(SessionError::Conflict);
            }
        }
        Ok(())
    }

    /// Reads the session anew, makes changes on it, and writes them at once, together with the changes made
    /// so far; if somebody else was faster, it does so again on what that one wrote. Gives what the run that
    /// won returned.
    ///
    /// This is for what must be decided once: a ticket, a one-time token, the last item in stock. What `change`
    /// refuses with an error is not written. It may run several times, so it must have no effect but on the
    /// draft; and it must not use the session, which is locked while it runs.
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
        let mut lock = self.lock(&deadline).await?;
        let mut turn = None;
        let mut found = self.find(&deadline).await?;
        loop {
            // A change of privilege is written first, and by itself: what follows is then the business of one
            // key. It may have been asked for only now, by another task of the request.
            if self.state().privilege.renew {
                // The turn is for the key that is about to change, and the renewal may need it.
                turn = None;
                let (session, within) = (self.clone(), deadline.clone());
                let written;
                (lock, written) = Finish::new(async move { (lock, session.write(&within).await) }).await;
                written?;
                found = self.find(&deadline).await?;
            }
            let (base, contents) = match found {
                Some((key, record, contents)) => (Some((key, record)), contents),
                None => (None, self.sessions().new_contents()),
            };
            let (value, job) = {
                let mut state = self.state();
                state.check_writable()?;
                if state.privilege.renew {
                    found = base.map(|(key, record)| (key, record, contents));
                    continue;
                }
                let mut draft = state.draft.on(contents)?;
                let value = change(&mut draft)?;
                let taken = state.draft.take_log().len();
                let (contents, log) = draft.into_parts();
                (value, Job { contents, log, taken, privilege: Privilege::default() })
            };
            let (session, within) = (self.clone(), deadline.clone());
            let written;
            (lock, written) = Finish::new(async move {
                let written = session.write_once(base, job, &within).await;
                (lock, written)
            })
            .await;
            let Some((key, base, winner)) = written? else { return Ok(value) };
            found = self.sessions().next_base(&key, &base, winner, &mut turn, &deadline).await?;
            match &found {
                Some((key, ..)) => self.sessions().tell(EventKind::Replayed, Some(*key), None),
                None => return Err(self.note_gone().into()),
            }
        }
    }

    /// Writes the job of a transaction on top of `base`; gives the base and the winner if another write was
    /// faster, and the changes made before the transaction back to the state.
    async fn write_once(
        &self,
        base: Option<(SessionKey, Arc<Record>)>,
        mut job: Job,
        deadline: &Deadline,
    ) -> Result<Option<(SessionKey, Arc<Record>, Arc<Record>)>, SessionError> {
        let saved = match &base {
            // Nothing to write: what was decided was decided on what is stored.
            Some((key, record)) if job.log.is_empty() => Ok(Saved::Replaced { key: *key, record: Arc::clone(record) }),
            Some((key, record)) => match self.sessions().replace_once(key, &job.contents, record, deadline).await {
                Ok(Once::Stored(record)) => Ok(Saved::Replaced { key: *key, record }),
                Ok(Once::Gone) => Ok(Saved::Gone),
                Ok(Once::Conflict(winner)) => {
                    self.state().restore(job);
                    return Ok(Some((*key, Arc::clone(record), winner)));
                }
                Err(error) => Err(error),
            },
            None => self.sessions().save(&Origin::New, &mut job, deadline).await,
        };
        match self.note(saved, job)? {
            CloseOutcome::Gone => Err(SessionError::Gone),
            _ => Ok(None),
        }
    }

    pub(crate) async fn lock(&self, deadline: &Deadline) -> Result<WriteLock, SessionError> {
        deadline.limit(Arc::clone(self.writing()).lock_owned()).await
    }

    /// Writes what there is to write, and takes note of it. The caller holds the write lock.
    pub(crate) async fn write(&self, deadline: &Deadline) -> Result<CloseOutcome, SessionError> {
        if self.state().destroy == Destroy::Asked {
            return Box::pin(self.end(deadline)).await;
        }
        let (origin, mut job) = {
            let mut state = self.state();
            if state.draft.log().is_empty() && !state.privilege.renew && !state.uncertain {
                return Ok(CloseOutcome::Unchanged);
            }
            (state.origin.clone(), state.take_job())
        };
        let saved = self.sessions().save(&origin, &mut job, deadline).await;
        self.note(saved, job)
    }

    /// Ends the session in the store, or what it was renewed to.
    async fn end(&self, deadline: &Deadline) -> Result<CloseOutcome, SessionError> {
        let key = match self.state().origin {
            Origin::Stored { key, .. } | Origin::StoreFailed { key } => Some(key),
            // The visitor wants to log out, and holds the id of a moment ago: it is the session of now that ends.
            Origin::Ended { key } => key,
            Origin::Retired { successor } => successor,
            // It may be retired, with a live successor, and then it is not what has to end.
            Origin::LeftAlone { why, .. } => return Err(SessionError::ReadOnly(why)),
            Origin::New | Origin::SeveralCookies => None,
        };
        if let Some(key) = key {
            let ended = self.sessions().retire(&key, None, deadline).await?;
            if ended {
                let owner = self.state().record().and_then(|record| record.owner.clone());
                self.sessions().tell(EventKind::Destroyed, Some(key), owner.as_ref());
            }
        }
        let mut state = self.state();
        state.ended();
        state.destroy = Destroy::Done;
        Ok(CloseOutcome::Destroyed)
    }

    /// Takes note of what came of a job.
    fn note(&self, saved: Result<Saved, SessionError>, mut job: Job) -> Result<CloseOutcome, SessionError> {
        let mut state = self.state();
        let (key, record, outcome, kind) = match saved {
            Err(error) => {
                let replaces = matches!(state.origin, Origin::Stored { .. }) && !job.privilege.renew;
                if replaces && matches!(error, SessionError::Indeterminate) {
                    // What may have been written is not replayed. It stays in the contents, so if the next write
                    // finds the old version in place, which tells that this one never happened, it is written
                    // with that.
                    state.uncertain = true;
                } else {
                    // A new record that may have been written is nobody's, and is withdrawn.
                    state.restore(job);
                }
                return Err(error);
            }
            Ok(Saved::Nothing) => {
                // There is no id to renew.
                job.privilege = Privilege::default();
                state.restore(job);
                return Ok(CloseOutcome::Unchanged);
            }
            Ok(Saved::Gone) => {
                drop(state);
                self.note_gone();
                return Ok(CloseOutcome::Gone);
            }
            Ok(Saved::Created(New { id, key, record })) => {
                state.renewed(id);
                (key, record, CloseOutcome::Created, Some(EventKind::Created))
            }
            Ok(Saved::Renewed { from, new: New { id, key, record } }) => {
                state.renewed(id);
                (key, record, CloseOutcome::Renewed, Some(EventKind::Renewed { from }))
            }
            Ok(Saved::Replaced { key, record }) => {
                state.moved(&key);
                (key, record, CloseOutcome::Written, None)
            }
        };
        let lifetime = self.sessions().lifetime_of(&job.contents);
        let owner = record.owner.clone();
        state.stored(key, record, job.contents, lifetime);
        let unmergeable = state.discarded;
        drop(state);
        if let Some(kind) = kind {
            self.sessions().tell(kind, Some(key), owner.as_ref());
        }
        if unmergeable {
            self.sessions().tell(EventKind::Unmergeable, Some(key), owner.as_ref());
        }
        Ok(outcome)
    }

    /// Takes note that the session has ended, with what was not written.
    fn note_gone(&self) -> SessionError {
        let key = self.key();
        self.state().ended();
        self.sessions().tell(EventKind::Gone, key, None);
        SessionError::Gone
    }

    /// Reads the stored record and its contents; `None` if nothing was ever stored.
    ///
    /// # Errors
    /// `Gone` if it is no more; else why it cannot be read.
    async fn find(&self, deadline: &Deadline) -> Result<Option<Found>, SessionError> {
        let key = {
            let state = self.state();
            match state.origin {
                Origin::Stored { key, .. } if state.destroy == Destroy::No => key,
                Origin::New if state.destroy == Destroy::No => return Ok(None),
                _ => return state.check_writable().map(|()| None),
            }
        };
        let get = self.sessions().store().get(&key);
        let found = self.sessions().call(Verb::Get, Some(&key), deadline, get).await?;
        if let Some(record) = found.filter(|record| record.is_live_at(self.sessions().now())) {
            let found = match self.sessions().decode(&key, &record)? {
                Kind::Live(contents) => Some((key, record, contents.into_owned())),
                retired @ Kind::Retired { .. } => self.sessions().follow(retired, deadline).await?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Err(self.note_gone())
    }
}
