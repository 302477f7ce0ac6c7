//! How many sessions one owner may have.

use std::collections::{HashMap, HashSet};

use super::owned::live_sessions;
use super::retirement::{End, Found, retire};
use crate::engine::{Backend, EventKind, OwnerLimit, OwnerLimitAction, SessionError};
use crate::session::Ending;
use crate::store::{Owner, SessionKey, Timestamp};

/// Brings the owner's sessions down to the limit, the new one under `key` included.
///
/// The new session is stored *before* they are counted, so of two that log in at once at least one sees
/// both, and the limit holds without a lock. Who evicts goes by the order of logins, on which all agree, so
/// that two do not evict each other. Who refuses must not: one that came later may be ordered before those
/// that were let in. So where two log in at once for one place, both may be refused.
///
/// # Errors
/// `TooManySessions` if the new one must go.
pub(super) async fn enforce_owner_limit(
    backend: Backend<'_>,
    owner: &Owner,
    key: &SessionKey,
) -> Result<(), SessionError> {
    let Some(OwnerLimit { max, action }) = backend.engine.owner_limit else { return Ok(()) };
    let max = max.get();
    let mut sessions = by_lineage(live_sessions(backend, owner).await?);
    if sessions.len() <= max {
        return Ok(());
    }
    sessions.sort_by_key(|records| records.iter().map(login).max());
    let excess = &sessions[..sessions.len() - max];
    if action == OwnerLimitAction::Refuse || excess.iter().flatten().any(|(excess, ..)| excess == key) {
        return Err(SessionError::TooManySessions { max });
    }
    for (key, ..) in excess.iter().flatten() {
        retire(backend, key, &End::from_elsewhere(Some(owner))).await?;
        backend.engine.tell(EventKind::Evicted, Some(*key), Some(owner));
    }
    Ok(())
}

/// Tells whether the owner may have one more session once `endings` are made: where one too many is refused, that must be
/// known before anything ends.
///
/// # Errors
/// `TooManySessions` if not.
pub(super) async fn check_owner_limit(
    backend: Backend<'_>,
    owner: &Owner,
    endings: &[Ending],
) -> Result<(), SessionError> {
    let Some(OwnerLimit { max, action: OwnerLimitAction::Refuse }) = backend.engine.owner_limit else { return Ok(()) };
    let max = max.get();
    let ends = |key| {
        endings.iter().any(|ending| ending.others.contains(key) || ending.origin.key().is_ok_and(|it| it == Some(*key)))
    };
    let sessions = by_lineage(live_sessions(backend, owner).await?);
    let stay = sessions.iter().filter(|records| !records.iter().any(|(key, ..)| ends(key))).count();
    if stay < max { Ok(()) } else { Err(SessionError::TooManySessions { max }) }
}

/// Groups the records of each session. One that is being renewed stands twice for a moment, and one whose renewal
/// got no answer from the store may for longer; it is one session all the same.
fn by_lineage(found: Vec<Found>) -> Vec<Vec<Found>> {
    let renewed: HashSet<_> = found.iter().filter_map(renewed_from).collect();
    let mut sessions: HashMap<SessionKey, Vec<Found>> = HashMap::new();
    for record in found {
        let own = record.0;
        let lineage = if renewed.contains(&own) { own } else { renewed_from(&record).unwrap_or(own) };
        sessions.entry(lineage).or_default().push(record);
    }
    sessions.into_values().collect()
}

/// Gives the key that a session had before its last renewal.
fn renewed_from((_, _, contents): &Found) -> Option<SessionKey> {
    contents.reserved.renewed_from
}

/// Orders sessions by login, the same on every server.
fn login((key, record, contents): &Found) -> (Timestamp, SessionKey) {
    (contents.reserved.authenticated_at.unwrap_or(record.created_at), *key)
}
