//! How a session moves to a new id: for a change of privilege, or every so often although nothing has changed.
//!
//! The two differ in the record that is left in the old one's place. That of a routine renewal says that the old id
//! *serves*: see `retirement.rs`. And who is second in one, since another request with the old id was faster, writes to
//! what that one made instead of giving up.

use std::sync::Arc;
use std::time::Duration;

use super::merge::merge;
use super::replace::replace;
use super::retirement::retired;
use super::retry::{Attempt, Try, keep_trying};
use super::write::{New, Once, Saved, create, replace_once, withdraw};
use crate::engine::{Backend, Engine, Renewal, SessionError, unexpected};
use crate::payload::{Contents, EndedBy, Kind, Moved, Retired};
use crate::session::{Job, Leftovers, Origin, Session, State, has_effect};
use crate::store::{Put, PutOutcome, Record, SessionKey, Timestamp};

/// Says what the old id still opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OldId {
    Dead,
    /// The session under its new id, until that was presented, and for the overlap after that.
    Serves,
    /// The session under its new id, until then.
    Until(Timestamp),
}

/// What a renewal came to.
#[derive(Debug)]
pub(super) enum Renewed {
    Saved(Saved),
    /// The session had ended; nothing was written.
    Ended,
}

/// How long what is left under an old id stands at least: so long a handle that is older than the renewal, such as a
/// WebSocket's, finds the session that it is to end. After that it is told that there is none.
const MOVED_FOR: Duration = Duration::from_secs(60 * 60);

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
    old_id: OldId,
) -> Result<Renewed, SessionError> {
    let owner = job.privilege.login.clone().or_else(|| base.owner.clone());
    let old_id_until = old_id.until(backend.engine, &job.contents);
    let mark = |job: &mut Job, key| mark_renewed(backend.engine, job, key, old_id, old_id_until);
    mark(job, *key);
    let mut new = create(backend, &job.contents, owner, Some(base)).await?;
    let move_to = MoveTo { new: &mut new, old_id, old_id_until };
    match retire_for(backend, key, base, move_to, job).await {
        Ok(Retire::Done { from }) => Ok(Renewed::Saved(Saved::Renewed { from, new })),
        Ok(Retire::Ended) => {
            withdraw(backend, new.key).await;
            Ok(Renewed::Ended)
        }
        Ok(Retire::Overtaken { key, record }) => {
            withdraw(backend, new.key).await;
            let saved = match has_effect(&job.log) {
                true => replace(backend, &key, &record, job).await?,
                false => Saved::Nothing,
            };
            Ok(Renewed::Saved(saved))
        }
        // The old record may be retired in favour of the new one, which must then stay: it is settled when that is known.
        Err(SessionError::Indeterminate) => Err(SessionError::Indeterminate),
        Err(error) => {
            withdraw(backend, new.key).await;
            Err(error)
        }
    }
}

impl OldId {
    fn until(self, engine: &Engine, contents: &Contents) -> Option<Timestamp> {
        match self {
            Self::Dead => None,
            Self::Serves => Some(engine.now() + engine.expiry_of(contents).longest_unused()),
            Self::Until(until) => Some(until),
        }
    }
}

/// Notes in the job's contents that they move from `key` to a new id now.
fn mark_renewed(engine: &Engine, job: &mut Job, key: SessionKey, old_id: OldId, until: Option<Timestamp>) {
    let reserved = &mut job.contents.reserved;
    reserved.renewed_from = Some(key);
    let asked_for = engine.renewal.is_some() || !engine.cookies.former_names().is_empty();
    reserved.renewed_at = asked_for.then(|| engine.now());
    reserved.old_id_until = until.filter(|_| old_id == OldId::Serves);
}

/// Where a session moves to.
struct MoveTo<'a> {
    new: &'a mut New,
    old_id: OldId,
    old_id_until: Option<Timestamp>,
}

/// Retires `key`, or what it was renewed to, in favour of a new one, and moves there what others wrote meanwhile.
async fn retire_for(
    backend: Backend<'_>,
    key: &SessionKey,
    base: &Arc<Record>,
    MoveTo { new, old_id, old_id_until }: MoveTo<'_>,
    job: &mut Job,
) -> Result<Retire, SessionError> {
    let engine = backend.engine;
    let (mut key, mut current) = (*key, Arc::clone(base));
    let mut turn = None;
    loop {
        let now = engine.now();
        let moved = Moved { to: new.key, serves_until: old_id_until };
        let own_old_id_until = match engine.decode(&key, &current) {
            Ok(Kind::Live(contents)) => contents.reserved.old_id_until,
            _ => None,
        };
        let what = Retired {
            moved: Some(moved),
            by: EndedBy::Browser,
            at: Some(now),
            old_id_until: own_old_id_until,
            ..Retired::default()
        };
        let record = retired(engine, &key, &current, what, old_id_until.unwrap_or(now).max(now + MOVED_FOR))?;
        let written = match backend.put(&key, &record, Put::End(current.version)).await {
            Err(SessionError::Indeterminate) => {
                Unanswered { key, retired: record, current, new_key: new.key }.settle(engine);
                return Err(SessionError::Indeterminate);
            }
            written => written?,
        };
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
        mark_renewed(engine, job, key, old_id, old_id_until);
        match replace_once(backend, &new.key, &job.contents, &new.record).await? {
            Once::Stored(merged) => new.record = merged,
            // Nobody else knows the new id, so only a revocation by owner can have come first.
            Once::Conflict(_) | Once::Gone => return Ok(Retire::Ended),
        }
        current = winner;
    }
}

/// A renewal of which it is not known whether the old record was retired. Sending the same write again tells; if it was
/// not, the new record is nobody's, and goes.
struct Unanswered {
    key: SessionKey,
    retired: Record,
    current: Arc<Record>,
    new_key: SessionKey,
}

impl Unanswered {
    /// Finds out in the background. What cannot be found out while the session lives stays to its deadline.
    fn settle(self, engine: &Arc<Engine>) {
        let gives_up_at = self.retired.last_seen_at + engine.expiry.longest_unused();
        keep_trying(Arc::clone(engine), gives_up_at, self, |_| ());
    }
}

impl Attempt for Unanswered {
    async fn make(&self, backend: Backend<'_>) -> Try {
        let put = Put::End(self.current.version);
        match backend.put(&self.key, &self.retired, put).await.map(|written| written.outcome) {
            Ok(PutOutcome::Stored) => {}
            // It was stored, and marked since by who began another session from there.
            Ok(PutOutcome::Conflict(winner)) if leads_to(backend.engine, &self.key, &winner, &self.new_key) => {}
            Ok(_) => withdraw(backend, self.new_key).await,
            Err(_) => return Try::Again,
        }
        Try::Done
    }
}

/// Tells whether what stands under `key` has moved to `new_key`.
fn leads_to(engine: &Engine, key: &SessionKey, record: &Record, new_key: &SessionKey) -> bool {
    matches!(engine.decode(key, record), Ok(Kind::Retired(retired)) if retired.moved_to() == Some(*new_key))
}

impl Session {
    /// Tells whether it is time for a new id, and this request's browser may be given one: it came with the present id, or
    /// with the one before while nobody has presented that, so that the answer which carried it is likely lost.
    /// Also if it came under a former name, as if its time had come.
    pub(super) fn renewal_due(&self, state: &State) -> bool {
        let engine = self.engine();
        if state.leftovers == Leftovers::Name && state.id.is_none() && matches!(state.origin, Origin::Stored { .. }) {
            // It stands under a former name, and is to have one under the present.
            return true;
        }
        let Some(renewal) = engine.renewal else { return false };
        let Origin::Stored { record, .. } = &state.origin else { return false };
        let reserved = &state.draft.contents().reserved;
        let now = engine.now();
        let needed = || reserved.old_id_until.is_some_and(|until| until > now + renewal.overlap);
        if state.id.is_none() && !(state.by_old_id && needed()) {
            return false;
        }
        now.since(reserved.renewed_at.unwrap_or(record.created_at)) >= renewal.every
    }

    /// Tells until when the id before still opens the session, now that the present one was presented; `None` if that is
    /// stored already, or no renewal has left one.
    pub(super) fn old_id_due(&self, state: &State) -> Option<Timestamp> {
        let engine = self.engine();
        let until = state.draft.contents().reserved.old_id_until?;
        let overlap = engine.renewal.map_or(Renewal::OVERLAP, |renewal| renewal.overlap);
        let presented = state.id.is_some() && matches!(state.origin, Origin::Stored { .. }) && !state.by_old_id;
        let soon = engine.now() + overlap;
        (presented && until > soon).then_some(soon)
    }
}
