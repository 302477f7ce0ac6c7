//! What follows a conflict: the changes are made again on what won.

use std::sync::Arc;

use super::retirement::{Found, follow};
use crate::engine::{Backend, ConflictPolicy, EventKind, SessionError, Turn};
use crate::payload::Kind;
use crate::session::{Job, WrongTypes, replay};
use crate::store::{Record, SessionKey};

/// Makes the job's changes again on what won, once it is this write's turn, and gives what stands under
/// `key` then, or under that which it was renewed to; `None` if the session has ended.
///
/// # Errors
/// `Conflict` if the changes cannot be made there, the session has passed to another owner, or the policy
/// is to reject.
pub(super) async fn merge<'a>(
    backend: Backend<'a>,
    key: &SessionKey,
    base: &Record,
    winner: Arc<Record>,
    job: &mut Job,
    turn: &mut Option<Turn<'a>>,
) -> Result<Option<(SessionKey, Arc<Record>)>, SessionError> {
    let policy = backend.engine.conflict_policy;
    if policy == ConflictPolicy::Reject {
        return Err(SessionError::Conflict);
    }
    let Some((key, winner, contents)) = next_base(backend, key, base, winner, turn).await? else {
        return Ok(None);
    };
    if policy == ConflictPolicy::Merge {
        let mut wrong = WrongTypes::default();
        let replayed = replay(&job.log, contents, &mut wrong);
        if let Some(untold) = wrong.take_untold() {
            untold.tell(backend.engine, Some(key));
        }
        job.contents = replayed?;
        backend.engine.tell(EventKind::Replayed, Some(key), winner.owner.as_ref());
    } else {
        // What the application sees is overwritten; which id it has is none of that.
        job.contents.reserved.renewed_from = contents.reserved.renewed_from;
        job.contents.reserved.renewed_at = contents.reserved.renewed_at;
        job.contents.reserved.old_id_until = contents.reserved.old_id_until;
        // Nor is what another version keeps there, which the application of this one never saw.
        job.contents.reserved.keep_unknown_of(&contents.reserved);
    }
    Ok(Some((key, winner)))
}

/// Waits for a writer's turn after its first conflict, and gives what stands under `key` then, or under that
/// which it was renewed to, decoded; `None` if the session has ended.
///
/// # Errors
/// `Conflict` if it has passed to another owner than `base`'s.
pub(super) async fn next_base<'a>(
    backend: Backend<'a>,
    key: &SessionKey,
    base: &Record,
    mut winner: Arc<Record>,
    turn: &mut Option<Turn<'a>>,
) -> Result<Option<Found>, SessionError> {
    let engine = backend.engine;
    engine.tell(EventKind::Conflict, Some(*key), base.owner.as_ref());
    if turn.is_none() {
        *turn = engine.turns.try_turn(*key);
    }
    if turn.is_none() {
        *turn = Some(backend.deadline.limit(engine.turns.turn(*key)).await?);
        // Whoever went before has written again: the winner we were shown is out of date.
        match backend.get(key).await? {
            Some(record) => winner = record,
            None => return Ok(None),
        }
    }
    let found = match engine.decode(key, &winner)? {
        Kind::Live(contents) => Some((*key, winner, contents.into_owned())),
        Kind::Retired(retired) => follow(backend, retired).await?,
    };
    match found {
        Some((_, record, _)) if record.owner != base.owner => Err(SessionError::Conflict),
        found => Ok(found),
    }
}
