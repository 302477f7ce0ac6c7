//! What must be decided once: changes on what is stored, written at once.

use std::sync::Arc;

use super::closed::CloseOutcome;
use super::finish::Finish;
use super::merge::next_base;
use super::save::save;
use super::write::{Once, Saved, replace_once};
use crate::engine::{Backend, Deadline, EventKind, SessionError};
use crate::payload::Contents;
use crate::session::{Draft, Job, MOST_RUNS, Origin, Session, State, run};
use crate::store::{Record, SessionKey};

impl Session {
    /// Loads the session anew, makes changes on it, and writes them at once, together with the changes made so far; if
    /// somebody else was faster, it does so again on what that one wrote. Returns what the run that won returned.
    ///
    /// This is for what must be decided once: a ticket, a one-time token, the last item in stock. What `change`
    /// refuses with an error is not written. It may run several times, so it must have no effect but on the
    /// draft. The draft knows what the session does, so it has no need of that; where it uses it all the same, what waits for
    /// the store is `WithinClosure`.
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
        let deadline = self.engine().deadline();
        let backend = Backend::new(self.engine(), &deadline);
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
                None => (None, self.engine().new_contents()),
            };
            let decided = self.decide(base.is_some(), &contents, &change);
            let Some(decided) = decided else {
                found = self.find(&deadline).await?;
                continue;
            };
            let (value, job) = decided?;
            let (session, within) = (self.clone(), deadline.clone());
            let written;
            (lock, written) = Finish::new(async move {
                let written = session.write_once(base, job, &within).await;
                (lock, written)
            })
            .await;
            let Some((key, base, winner)) = written? else { return Ok(value) };
            found = next_base(backend, &key, &base, winner, &mut turn).await?;
            match &found {
                Some((key, ..)) => self.engine().tell(EventKind::Replayed, Some(*key), None),
                None => return Err(self.note_gone().into()),
            }
        }
    }

    /// Makes changes on `contents`, behind those made so far, and gives what there is to write; `None` if another task of the
    /// request has gone on to another session meanwhile, or has asked for a new id.
    fn decide<T, E: From<SessionError>>(
        &self,
        is_stored: bool,
        contents: &Contents,
        change: impl Fn(&mut Draft) -> Result<T, E>,
    ) -> Option<Result<(T, Job), E>> {
        let holds =
            |state: &State| is_stored == matches!(state.origin, Origin::Stored { .. }) && !state.privilege.renew;
        for _ in 0..MOST_RUNS {
            let mut draft = {
                let state = self.state();
                if !holds(&state) {
                    return None;
                }
                if let Err(error) = state.check_writable() {
                    return Some(Err(error.into()));
                }
                state.draft.on(contents.clone())
            };
            let generation = draft.generation();
            let value = match draft.replay() {
                Ok(()) => run(|| change(&mut draft)),
                Err(error) => Err(error.into()),
            };
            let mut state = self.state();
            state.draft.absorb(&mut draft);
            let still_holds = holds(&state);
            if still_holds && state.draft.generation() != generation {
                self.unlock(state);
                continue;
            }
            let decided = still_holds.then(|| {
                value.map(|value| {
                    let taken = state.draft.take_log().len();
                    let (contents, log) = draft.into_parts();
                    (value, state.job(contents, log, taken))
                })
            });
            self.unlock(state);
            return decided;
        }
        Some(Err(SessionError::WithinClosure.into()))
    }

    /// Writes the job of a transaction on top of `base`; gives the base and the winner if another write was
    /// faster, and the changes made before the transaction back to the state.
    async fn write_once(
        &self,
        base: Option<(SessionKey, Arc<Record>)>,
        mut job: Job,
        deadline: &Deadline,
    ) -> Result<Option<(SessionKey, Arc<Record>, Arc<Record>)>, SessionError> {
        let backend = Backend::new(self.engine(), deadline);
        let saved = match &base {
            // Nothing to write: what was decided was decided on what is stored.
            Some((key, record)) if job.log.is_empty() => Ok(Saved::Replaced { key: *key, record: Arc::clone(record) }),
            Some((key, record)) => match replace_once(backend, key, &job.contents, record).await {
                Ok(Once::Stored(record)) => Ok(Saved::Replaced { key: *key, record }),
                Ok(Once::Gone) => Ok(Saved::Gone),
                Ok(Once::Conflict(winner)) => {
                    self.state().restore(job);
                    return Ok(Some((*key, Arc::clone(record), winner)));
                }
                Err(error) => Err(error),
            },
            None => save(backend, &mut job).await,
        };
        match self.note(saved, job)? {
            CloseOutcome::Gone => Err(SessionError::Gone),
            _ => Ok(None),
        }
    }
}
