//! How a session moves to a new id: for a change of privilege, or every so often although nothing has changed.
//!
//! The two differ in the record that is left in the old one's place. That of a routine renewal says until when the old id
//! *serves*: see `retirement.rs`. And who is second in one, since another request with the old id was faster, writes to
//! what that one made instead of giving up.

use std::sync::Arc;

use super::merge::merge;
use super::replace::replace;
use super::retirement::retired;
use super::write::{Once, Saved, create, replace_once, withdraw};
use crate::engine::{Backend, Engine, Renewal, SessionError, unexpected};
use crate::session::{Job, Leftovers, Origin, Session, State, has_effect};
use crate::store::{Put, PutOutcome, Record, SessionKey};

/// What came of retiring the old id in favour of a new one.
#[derive(Debug)]
enum Retire {
    /// It is retired; this was its key at last.
    Done { from: SessionKey },
    /// The session has ended.
    Ended,
    /// Another request renewed the session, which stands here now. The job's changes are made on that.
    Overtaken { key: SessionKey, record: Arc<Record> },
}

/// Moves the session to a new id: creates the new record first and retires the old one second, so
/// that at no moment there is neither.
pub(super) async fn renew(
    backend: Backend<'_>,
    key: &SessionKey,
    base: &Arc<Record>,
    job: &mut Job,
) -> Result<Saved, SessionError> {
    let owner = job.privilege.owner.clone().unwrap_or_else(|| base.owner.clone());
    mark_renewed(backend.engine, job, *key);
    let mut new = create(backend, &job.contents, owner, Some(base)).await?;
    match retire_for(backend, key, base, &new.key, &mut new.record, job).await {
        Ok(Retire::Done { from }) => Ok(Saved::Renewed { from, new }),
        Ok(Retire::Ended) => {
            withdraw(backend, new.key).await;
            Ok(Saved::Gone)
        }
        Ok(Retire::Overtaken { key, record }) => {
            withdraw(backend, new.key).await;
            match has_effect(&job.log) {
                true => replace(backend, &key, &record, job).await,
                false => Ok(Saved::Nothing),
            }
        }
        // The old record may be retired in favour of the new one, which must then stay: it is what a later
        // logout of the old one ends.
        Err(SessionError::Indeterminate) => Err(SessionError::Indeterminate),
        Err(error) => {
            withdraw(backend, new.key).await;
            Err(error)
        }
    }
}

/// Notes in the job's contents that they move from `key` to a new id now.
fn mark_renewed(engine: &Engine, job: &mut Job, key: SessionKey) {
    let reserved = &mut job.contents.reserved;
    reserved.renewed_from = Some(key);
    let asked_for = engine.renewal.is_some() || !engine.cookies.former_names().is_empty();
    reserved.renewed_at = asked_for.then(|| engine.now());
}

/// Retires `key`, or what it was renewed to, in favour of `new_key`, and moves there what others wrote meanwhile.
async fn retire_for(
    backend: Backend<'_>,
    key: &SessionKey,
    base: &Arc<Record>,
    new_key: &SessionKey,
    new: &mut Arc<Record>,
    job: &mut Job,
) -> Result<Retire, SessionError> {
    let engine = backend.engine;
    let (mut key, mut current) = (*key, Arc::clone(base));
    let mut turn = None;
    loop {
        let overlap = job.privilege.routine.then(|| engine.renewal.map_or(Renewal::OVERLAP, |renewal| renewal.overlap));
        let serves_until = overlap.map(|overlap| engine.now() + overlap);
        let retired = retired(engine, &key, &current, Some(*new_key), serves_until)?;
        let written = backend.put(&key, &retired, Put::End(current.version)).await?;
        let winner = match written.outcome {
            PutOutcome::Stored => return Ok(Retire::Done { from: key }),
            PutOutcome::Gone => return Ok(Retire::Ended),
            PutOutcome::Exists => return Err(unexpected(&written.outcome)),
            PutOutcome::Conflict(winner) => winner,
        };
        let Some((next, winner)) = Box::pin(merge(backend, &key, base, winner, job, &mut turn)).await? else {
            return Ok(Retire::Ended);
        };
        if next != key && job.privilege.routine {
            // Another request was faster, and once is enough.
            return Ok(Retire::Overtaken { key: next, record: winner });
        }
        key = next;
        mark_renewed(engine, job, key);
        match replace_once(backend, new_key, &job.contents, new).await? {
            Once::Stored(merged) => *new = merged,
            // Nobody else knows the new id, so only a revocation by owner can have come first.
            Once::Conflict(_) | Once::Gone => return Ok(Retire::Ended),
        }
        current = winner;
    }
}

impl Session {
    /// Tells whether it is time for a new id, and this request has the old one to say so for.
    ///
    /// Also if that came under a former name, as if its time had come: with an overlap, since a page is many requests.
    pub(super) fn renewal_due(&self, state: &State) -> bool {
        let engine = self.engine();
        if state.leftovers == Leftovers::Name && state.id.is_none() && matches!(state.origin, Origin::Stored { .. }) {
            // It stands under a former name, and is to have one under the present.
            return true;
        }
        let Some(renewal) = engine.renewal else { return false };
        let (Origin::Stored { record, .. }, Some(_)) = (&state.origin, &state.id) else { return false };
        let renewed_at = state.draft.contents().reserved.renewed_at.unwrap_or(record.created_at);
        engine.now().since(renewed_at) >= renewal.every
    }
}
