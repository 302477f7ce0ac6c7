//! One session, read and changed from outside of its requests.

use std::sync::Arc;

use super::merge::next_base;
use super::retirement::{Found, walk};
use super::write::{Once, replace_once};
use crate::engine::{Backend, Engine, EventKind, SessionError};
use crate::payload::Retired;
use crate::session::{Draft, has_effect, run};
use crate::store::{Owner, SessionKey};

/// Finds the live session under `key`, or that which it was given another id as, for whatever reason; `None` if it is over,
/// or belongs to others than `owner`.
///
/// # Errors
/// As the store fails; `Codec` if what stands there is for another server to read.
pub(crate) async fn live_under(
    backend: Backend<'_>,
    key: &SessionKey,
    owner: Option<&Owner>,
) -> Result<Option<Found>, SessionError> {
    let found = walk(backend, *key, Retired::moved_to).await?;
    Ok(found.filter(|(_, record, _)| owner.is_none_or(|owner| record.owner.as_ref() == Some(owner))))
}

/// Makes a change on the session under `key`, and writes it; again, if somebody else was faster. Gives the key that it
/// stands under, and what the run that won returned; `None` if there is no such session.
///
/// # Errors
/// What `change` returns, and nothing was written; else as the store fails.
pub(crate) async fn modify<T, E: From<SessionError>>(
    engine: &Arc<Engine>,
    key: &SessionKey,
    owner: Option<&Owner>,
    change: impl Fn(&mut Draft) -> Result<T, E>,
) -> Result<Option<(SessionKey, T)>, E> {
    let deadline = engine.deadline();
    let backend = Backend::new(engine, &deadline);
    let mut turn = None;
    let mut found = live_under(backend, key, owner).await?;
    while let Some((at, record, contents)) = found {
        let mut draft = Draft::new(contents, record.owner.clone(), Arc::clone(&engine.random));
        let value = run(|| change(&mut draft));
        if let Some(untold) = draft.take_untold() {
            untold.tell(engine, Some(at));
        }
        let value = value?;
        let (contents, log) = draft.into_parts();
        if !has_effect(&log) {
            return Ok(Some((at, value)));
        }
        let next = match replace_once(backend, &at, &contents, &record).await? {
            Once::Stored(_) => return Ok(Some((at, value))),
            Once::Gone => None,
            Once::Conflict(winner) => next_base(backend, &at, &record, winner, &mut turn).await?,
        };
        if let Some((at, ..)) = &next {
            engine.tell(EventKind::Replayed, Some(*at), record.owner.as_ref());
        }
        found = match next {
            Some(next) => Some(next),
            // It has ended, or was given another id for a change of privilege.
            None => live_under(backend, &at, owner).await?,
        };
    }
    Ok(None)
}
