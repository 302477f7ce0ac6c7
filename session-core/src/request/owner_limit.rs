//! How many sessions one owner may have.
//!
//! A login waits for as much as ends a few sessions of a few hundred. Whatever is left over, as where a limit was set for
//! owners who had thousands of sessions before, is ended in the background, a page after the other: see `excess.rs`.

use std::collections::HashSet;

use super::excess::{Counted, Excess, end_excess, end_in_background};
use super::owned::OwnedPages;
use crate::engine::{Backend, OwnerLimit, OwnerLimitAction, SessionError};
use crate::session::Ending;
use crate::store::{Owner, SessionKey};

/// How many pages of an owner's sessions a login looks at.
const MOST_PAGES: usize = 10;

/// How many sessions a login ends.
const MOST_ENDS: usize = 20;

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
    match action {
        OwnerLimitAction::Refuse => {
            let sessions = sessions_up_to(backend, owner, max + 1).await?;
            if sessions.len() > max { Err(SessionError::TooManySessions { max }) } else { Ok(()) }
        }
        OwnerLimitAction::EvictOldest => evict(backend, owner, max, key).await,
    }
}

/// Ends what is too many, the oldest first, and leaves what a login cannot wait for to the background.
async fn evict(backend: Backend<'_>, owner: &Owner, max: usize, key: &SessionKey) -> Result<(), SessionError> {
    let mut excess = Excess::of(owner, max);
    let (mut ends, mut is_whole) = (Vec::new(), false);
    for _ in 0..MOST_PAGES {
        match excess.next(backend).await? {
            Some(more) => ends.extend(more),
            None => {
                is_whole = true;
                break;
            }
        }
    }
    if ends.contains(key) {
        return Err(SessionError::TooManySessions { max });
    }
    for key in ends.iter().take(MOST_ENDS) {
        end_excess(backend, owner, key).await?;
    }
    if !is_whole || ends.len() > MOST_ENDS {
        end_in_background(backend.engine, owner, max);
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
    let own = |ending: &Ending| ending.origin.key().ok().flatten();
    let end: HashSet<_> = endings.iter().flat_map(|ending| ending.others.iter().copied().chain(own(ending))).collect();
    let sessions = sessions_up_to(backend, owner, max + end.len()).await?;
    let stay = sessions.iter().filter(|records| !records.iter().any(|record| end.contains(&record.key))).count();
    if stay < max { Ok(()) } else { Err(SessionError::TooManySessions { max }) }
}

/// Gives the owner's sessions, each with its records; or as many of them as are `enough`, or some more.
async fn sessions_up_to(backend: Backend<'_>, owner: &Owner, enough: usize) -> Result<Vec<Vec<Counted>>, SessionError> {
    let mut records = Vec::new();
    let mut pages = OwnedPages::of(owner);
    while let Some(page) = pages.next(backend).await? {
        records.extend(Counted::all_of(backend.engine, &page));
        // What is not seen yet makes no two of these one.
        let sessions = Counted::by_lineage(records);
        if sessions.len() >= enough {
            return Ok(sessions);
        }
        records = sessions.into_iter().flatten().collect();
    }
    Ok(Counted::by_lineage(records))
}
