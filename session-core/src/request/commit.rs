//! The session's own dealings with the store: commit and reload, and what every write of a handle begins and ends with.
//!
//! Whatever writes here holds the handle's write lock from before it takes its job from the state until the
//! state tells what was written. The writing itself is [`Finish`]ed even if its caller is dropped, and takes
//! the lock along, so a handle never knows less than what it wrote.

use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;

use super::closed::CloseOutcome;
use super::finish::Finish;
use super::retirement::{Found, follow};
use super::save::save;
use super::write::{New, Saved};
use crate::engine::{Backend, Deadline, EventKind, SessionError};
use crate::payload::Kind;
use crate::session::{Job, Origin, Privilege, Session, check_none_runs};

/// Holds the right to write through one handle.
pub(super) type WriteLock = OwnedMutexGuard<()>;

impl Session {
    /// Writes the changes made so far at once, for handlers that outlive their response, such as WebSocket
    /// and SSE ones; also a renewal or a `destroy` that was asked for. Without any it looks whether the session lives.
    ///
    /// # Errors
    /// `ResponseSent` if nothing of the session was ever stored and the browser can no longer be given an
    /// id; `Conflict`, where another request [took](Self::take) what this one did, or changed what cannot be merged: the
    /// changes are discarded, and the session is as that request left it, for the handler to decide by; `TooLarge` or
    /// `TooManySessions`, and nothing was written; `Indeterminate`, where it
    /// cannot be told, and the next commit finds out without counting anything twice; `Gone`, and the changes are discarded,
    /// also of a session that another request had ended when it was to end; `ReadOnly`; `Store` or `Timeout` as the store fails, and nothing was written.
    pub async fn commit(&self) -> Result<(), SessionError> {
        let session = self.clone();
        Finish::new(async move {
            let deadline = &session.engine().deadline();
            let _lock = session.lock(deadline).await?;
            let mut too_late = Ok(());
            {
                let mut state = session.state();
                if state.endings.is_empty() {
                    state.check_writable()?;
                } else if state.is_changed() {
                    // An end that was asked for is made, also where nothing can begin any more.
                    too_late = state.check_writable();
                    if too_late.is_err() {
                        state.forget();
                    }
                }
                if state.discarded.take().is_some() {
                    return Err(SessionError::Conflict);
                }
            }
            match session.write(deadline).await {
                Ok(CloseOutcome::Gone) => Err(SessionError::Gone),
                Ok(CloseOutcome::Unchanged) => session.look(deadline).await,
                Ok(_) => too_late,
                Err(SessionError::Conflict) => {
                    session.state().forget();
                    // If that fails as well, whatever writes next finds out.
                    let _ = session.look(deadline).await;
                    Err(SessionError::Conflict)
                }
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Loads the session again, with the changes made so far on top; for handlers that live long.
    ///
    /// # Errors
    /// `Gone` if it has ended or was renewed; `Conflict` if the changes cannot be made on what is there now,
    /// and they are discarded; `ReadOnly`; `Store` or `Timeout` as the store fails.
    pub async fn reload(&self) -> Result<(), SessionError> {
        let deadline = &self.engine().deadline();
        let _lock = self.lock(deadline).await?;
        self.look(deadline).await
    }

    /// Looks what is stored, and puts the changes that were not written on top of it. The caller holds the write lock.
    pub(super) async fn look(&self, deadline: &Deadline) -> Result<(), SessionError> {
        let Some(found) = self.find(deadline).await? else { return Ok(()) };
        let key = found.0;
        self.go_on(found);
        let discarded = self.state().discarded.take().is_some();
        if discarded {
            self.engine().tell(EventKind::Unmergeable, Some(key), None);
            return Err(SessionError::Conflict);
        }
        Ok(())
    }

    /// Shows what was found stored, with the changes that were not written on top of it.
    pub(super) fn go_on(&self, (key, record, contents): Found) {
        let lifetime = self.engine().lifetime_of(&contents);
        let (mut state, rebased) = self.rebased_on(&contents);
        state.moved(&key);
        state.stored(key, record, contents, rebased, lifetime);
        self.unlock(state);
    }

    pub(super) async fn lock(&self, deadline: &Deadline) -> Result<WriteLock, SessionError> {
        check_none_runs()?;
        deadline.limit(Arc::clone(self.writing()).lock_owned()).await
    }

    /// Writes what there is to write, and takes note of it. The caller holds the write lock.
    pub(super) async fn write(&self, deadline: &Deadline) -> Result<CloseOutcome, SessionError> {
        let backend = Backend::new(self.engine(), deadline);
        let mut job = {
            let mut state = self.state();
            let nothing = state.draft.log().is_empty() && !state.privilege.renew && !state.uncertain;
            if nothing && state.endings.is_empty() {
                return Ok(CloseOutcome::Unchanged);
            }
            state.take_job()
        };
        let saved = save(backend, &mut job).await;
        self.note(saved, job)
    }

    /// Takes note of what came of a job.
    pub(super) fn note(&self, saved: Result<Saved, SessionError>, mut job: Job) -> Result<CloseOutcome, SessionError> {
        let mut state = self.state();
        state.ended |= job.ended;
        let (new_id, key, record, outcome, kind) = match saved {
            Err(error) => {
                let replaces = matches!(state.origin, Origin::Stored { .. }) && !job.privilege.renew;
                if replaces && state.is_current(&job) && matches!(error, SessionError::Indeterminate) {
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
            Ok(Saved::Ended { began: None }) => {
                if !job.ended && state.is_current(&job) {
                    state.forget();
                }
                return Ok(if job.ended { CloseOutcome::Destroyed } else { CloseOutcome::Gone });
            }
            Ok(Saved::Gone) => {
                if !state.is_current(&job) {
                    return Ok(CloseOutcome::Gone);
                }
                drop(state);
                self.note_gone();
                return Ok(CloseOutcome::Gone);
            }
            Ok(Saved::Created(new) | Saved::Ended { began: Some(new) }) => {
                let outcome = if job.ended { CloseOutcome::Destroyed } else { CloseOutcome::Created };
                (Some(new.id), new.key, new.record, outcome, Some(EventKind::Created))
            }
            Ok(Saved::Renewed { from, new: New { id, key, record } }) => {
                (Some(id), key, record, CloseOutcome::Renewed, Some(EventKind::Renewed { from }))
            }
            Ok(Saved::Replaced { key, record }) => (None, key, record, CloseOutcome::Written, None),
        };
        drop(state);
        let owner = record.owner.clone();
        let (mut state, rebased) = self.rebased_on(&job.contents);
        if state.is_current(&job) {
            match new_id {
                Some(id) => state.renewed(id),
                None => state.moved(&key),
            }
            let lifetime = self.engine().lifetime_of(&job.contents);
            state.stored(key, record, job.contents, rebased, lifetime);
        } else {
            state.stored_too_late(&job, key, record, self.engine().now());
        }
        let unmergeable = state.discarded.is_some();
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
                Origin::Stored { key, .. } => key,
                _ => return state.check_writable().map(|()| None),
            }
        };
        let backend = Backend::new(self.engine(), deadline);
        let found = backend.get(&key).await?;
        if let Some(record) = found.filter(|record| record.is_live_at(self.engine().now())) {
            let found = match self.engine().decode(&key, &record)? {
                Kind::Live(contents) => Some((key, record, contents.into_owned())),
                Kind::Retired(retired) => follow(backend, retired).await?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Err(self.note_gone())
    }
}
