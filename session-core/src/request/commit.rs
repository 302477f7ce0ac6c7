//! The session's own dealings with the store: commit and reload, and what every write of a handle begins and ends with.
//!
//! Whatever writes here holds the handle's write lock from before it takes its job from the state until the
//! state tells what was written. The writing itself is [`Finish`]ed even if its caller is dropped, and takes
//! the lock along, so a handle never knows less than what it wrote.

use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;

use super::closed::CloseOutcome;
use super::finish::Finish;
use super::retirement::{Found, follow, retire};
use super::save::save;
use super::write::{New, Saved};
use crate::engine::{Backend, Deadline, EventKind, SessionError};
use crate::payload::Kind;
use crate::session::{Destroy, Job, Origin, Privilege, Session};

/// Holds the right to write through one handle.
pub(super) type WriteLock = OwnedMutexGuard<()>;

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
            let deadline = &session.engine().deadline();
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
        let deadline = &self.engine().deadline();
        let _lock = self.lock(deadline).await?;
        if let Some((key, record, contents)) = self.find(deadline).await? {
            let lifetime = self.engine().lifetime_of(&contents);
            let mut state = self.state();
            state.moved(&key);
            state.stored(key, record, contents, lifetime);
            let discarded = std::mem::take(&mut state.discarded);
            self.unlock(state);
            if discarded {
                self.engine().tell(EventKind::Unmergeable, Some(key), None);
                return Err(SessionError::Conflict);
            }
        }
        Ok(())
    }

    pub(super) async fn lock(&self, deadline: &Deadline) -> Result<WriteLock, SessionError> {
        deadline.limit(Arc::clone(self.writing()).lock_owned()).await
    }

    /// Writes what there is to write, and takes note of it. The caller holds the write lock.
    pub(super) async fn write(&self, deadline: &Deadline) -> Result<CloseOutcome, SessionError> {
        let backend = Backend::new(self.engine(), deadline);
        if self.state().destroy == Destroy::Asked {
            return Box::pin(self.end(backend)).await;
        }
        if matches!(self.state().privilege.owner, Some(Some(_))) {
            Box::pin(self.end_others(backend)).await?;
        }
        let (origin, mut job) = {
            let mut state = self.state();
            if state.draft.log().is_empty() && !state.privilege.renew && !state.uncertain {
                return Ok(CloseOutcome::Unchanged);
            }
            (state.origin.clone(), state.take_job())
        };
        let saved = save(backend, &origin, &mut job).await;
        self.note(saved, job)
    }

    /// Ends the session in the store, or what it was renewed to.
    async fn end(&self, backend: Backend<'_>) -> Result<CloseOutcome, SessionError> {
        let key = self.state().origin.to_end()?;
        self.end_others(backend).await?;
        if let Some(key) = key {
            let ended = retire(backend, &key, None).await?;
            if ended {
                let owner = self.state().record().and_then(|record| record.owner.clone());
                self.engine().tell(EventKind::Destroyed, Some(key), owner.as_ref());
            }
        }
        let mut state = self.state();
        state.ended();
        state.destroy = Destroy::Done;
        Ok(CloseOutcome::Destroyed)
    }

    /// Ends what the request presented beside this session. Who logs in or out means all of it, and a login must not leave
    /// the browser with two.
    async fn end_others(&self, backend: Backend<'_>) -> Result<(), SessionError> {
        loop {
            let Some(key) = self.state().others.last().copied() else { return Ok(()) };
            if retire(backend, &key, None).await? {
                self.engine().tell(EventKind::Destroyed, Some(key), None);
            }
            self.state().others.retain(|other| *other != key);
        }
    }

    /// Takes note of what came of a job.
    pub(super) fn note(&self, saved: Result<Saved, SessionError>, mut job: Job) -> Result<CloseOutcome, SessionError> {
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
        let lifetime = self.engine().lifetime_of(&job.contents);
        let owner = record.owner.clone();
        state.stored(key, record, job.contents, lifetime);
        let unmergeable = state.discarded;
        self.unlock(state);
        if let Some(kind) = kind {
            self.engine().tell(kind, Some(key), owner.as_ref());
        }
        if unmergeable {
            self.engine().tell(EventKind::Unmergeable, Some(key), owner.as_ref());
        }
        Ok(outcome)
    }

    /// Takes note that the session has ended, with what was not written.
    pub(super) fn note_gone(&self) -> SessionError {
        let key = self.session_key();
        self.state().ended();
        self.engine().tell(EventKind::Gone, key, None);
        SessionError::Gone
    }

    /// Reads the stored record and its contents; `None` if nothing was ever stored.
    ///
    /// # Errors
    /// `Gone` if it is no more; else why it cannot be read.
    pub(super) async fn find(&self, deadline: &Deadline) -> Result<Option<Found>, SessionError> {
        let key = {
            let state = self.state();
            match state.origin {
                Origin::Stored { key, .. } if state.destroy == Destroy::No => key,
                Origin::New if state.destroy == Destroy::No => return Ok(None),
                _ => return state.check_writable().map(|()| None),
            }
        };
        let backend = Backend::new(self.engine(), deadline);
        let found = backend.get(&key).await?;
        if let Some(record) = found.filter(|record| record.is_live_at(self.engine().now())) {
            let found = match self.engine().decode(&key, &record)? {
                Kind::Live(contents) => Some((key, record, contents.into_owned())),
                retired @ Kind::Retired { .. } => follow(backend, retired).await?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Err(self.note_gone())
    }
}
