//! How a session ends, and what its retired id may still do.
//!
//! A record that is simply deleted leaves nothing by which a request that is still under way with the
//! old id could be told from a newcomer. So logout, revocation and renewal all replace the record by a
//! *retired* one: no data, no owner, a minute to live, and the key of the successor if there is one.
//! Whoever writes against the old version meets it, and stops.
//!
//! | a request with a retired id | if the id still serves | else |
//! |---|---|---|
//! | reads | the successor, by [`follow`]; its cookie is left to the response that carried the new id | an empty session |
//! | writes | the successor | is refused |
//! | logs in | the successor | begins a session of its own |
//! | destroys | the successor ends | what the chain of successors leads to ends, by [`retire`]; the cookie stays |
//!
//! An id serves after a routine renewal, for the overlap; after a logout, a revocation or a change of privilege it never
//! does. What a handle may do that came by one which does not serve is decided in `session/origin.rs`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Backend, Engine, EventKind, SessionError, unexpected};
use crate::payload::{Contents, Kind, Unknown};
use crate::store::{Owner, Put, PutOutcome, Record, SessionKey, StoreError, Timestamp, Version};

/// How long a retired record stands: longer than any request that loaded the session before is under way.
pub(crate) const RETIRED_FOR: Duration = Duration::from_secs(60);

/// How many successors are followed. Each is the renewal of the one before within a minute, so a longer
/// chain is none that the core wrote.
const LONGEST_CHAIN: usize = 100;

/// What is stored, decoded, for a change to be made on.
pub(crate) type Found = (SessionKey, Arc<Record>, Contents);

/// Makes the record that takes the place of `current`, whose id opens the successor until `serves_until`, if at all.
pub(super) fn retired(
    engine: &Engine,
    key: &SessionKey,
    current: &Record,
    successor: Option<SessionKey>,
    serves_until: Option<Timestamp>,
) -> Result<Record, SessionError> {
    let last_seen_at = current.last_seen_at.max(engine.now());
    let kind = Kind::Retired { successor, serves_until, unknown: Unknown::NONE };
    Ok(Record {
        version: Version::random_from(&*engine.random)?,
        payload: engine.encode(key, None, current.created_at, kind)?,
        owner: None,
        created_at: current.created_at,
        last_seen_at,
        expires_at: last_seen_at + RETIRED_FOR,
    })
}

/// Gives the session that what stands under a retired id still opens; `None` if it opens none.
///
/// # Errors
/// As the store fails.
pub(super) async fn follow(backend: Backend<'_>, mut retired: Kind<'static>) -> Result<Option<Found>, SessionError> {
    let engine = backend.engine;
    for _ in 0..LONGEST_CHAIN {
        let Kind::Retired { successor: Some(key), serves_until: Some(until), .. } = retired else { break };
        let now = engine.now();
        if until <= now {
            break;
        }
        let record = match backend.get(&key).await {
            Ok(Some(record)) if record.is_live_at(now) => record,
            Ok(_) | Err(SessionError::Store(StoreError::Corrupt { .. })) => break,
            Err(error) => return Err(error),
        };
        match engine.decode(&key, &record) {
            Ok(Kind::Live(contents))
                if contents.reserved.scope == engine.scope && !engine.is_over(&record, &contents) =>
            {
                return Ok(Some((key, record, contents.into_owned())));
            }
            Ok(next @ Kind::Retired { .. }) => retired = next,
            Ok(Kind::Live(_)) | Err(_) => break,
        }
    }
    Ok(None)
}

/// Gives `key` and what it was renewed to meanwhile; each look has the operation's deadline.
///
/// # Errors
/// As the store fails.
pub(crate) async fn successors(
    engine: &Arc<Engine>,
    key: Option<&SessionKey>,
) -> Result<HashSet<SessionKey>, SessionError> {
    let mut keys = HashSet::new();
    let mut next = key.copied();
    while let Some(key) = next.take_if(|key| keys.insert(*key)) {
        next = match Backend::new(engine, &engine.deadline()).get(&key).await? {
            Some(record) => match engine.decode(&key, &record) {
                Ok(Kind::Retired { successor, .. }) => successor,
                _ => None,
            },
            None => None,
        };
    }
    Ok(keys)
}

/// Ends the session under `key`, or the one it became; `false` if there is none, or `owner` is given and is
/// not its owner.
///
/// # Errors
/// As the store fails; `Codec` if this server cannot tell what stands there, and another may.
pub(crate) async fn retire(
    backend: Backend<'_>,
    key: &SessionKey,
    owner: Option<&Owner>,
) -> Result<bool, SessionError> {
    let mut key = *key;
    for _ in 0..LONGEST_CHAIN {
        match retire_one(backend, &key, owner).await? {
            Retired::Done => return Ok(true),
            Retired::Nothing => return Ok(false),
            Retired::Before { successor } => key = successor,
        }
    }
    let source = "a chain of renewed sessions has no end".into();
    Err(StoreError::Corrupt { store: "session-core", source }.into())
}

/// What came of retiring one key.
#[derive(Clone, Copy, Debug)]
enum Retired {
    Done,
    Nothing,
    /// It had been renewed before.
    Before {
        successor: SessionKey,
    },
}

async fn retire_one(backend: Backend<'_>, key: &SessionKey, owner: Option<&Owner>) -> Result<Retired, SessionError> {
    let mut current = match backend.get(key).await {
        Ok(Some(record)) => record,
        Ok(None) => return Ok(Retired::Nothing),
        // Whose it was cannot be told, so only who may end any session may end this one.
        Err(SessionError::Store(StoreError::Corrupt { .. })) if owner.is_none() => {
            let removed = remove_unreadable(backend, key).await?;
            return Ok(if removed { Retired::Done } else { Retired::Nothing });
        }
        Err(error) => return Err(error),
    };
    loop {
        match backend.engine.decode(key, &current) {
            Ok(Kind::Retired { successor: None, .. }) => return Ok(Retired::Nothing),
            Ok(Kind::Retired { successor: Some(successor), .. }) => return Ok(Retired::Before { successor }),
            Ok(Kind::Live(_)) | Err(_) if owner.is_some() && current.owner.as_ref() != owner => {
                return Ok(Retired::Nothing);
            }
            // It may have a live successor, which an end here would cut off. To say "done" would be untrue.
            Err(error) if error.leaves_alone().is_some() => return Err(error),
            // A payload that cannot be decoded is ended like one that can.
            Ok(Kind::Live(_)) | Err(_) => {}
        }
        let retired = retired(backend.engine, key, &current, None, None)?;
        match backend.put(key, &retired, Put::End(current.version)).await?.outcome {
            PutOutcome::Stored => return Ok(Retired::Done),
            PutOutcome::Gone => return Ok(Retired::Nothing),
            PutOutcome::Conflict(winner) => current = winner,
            outcome @ PutOutcome::Exists => return Err(unexpected(&outcome)),
        }
    }
}

/// Removes what nobody can read, and so nobody can use; `false` if nothing was there.
///
/// # Errors
/// As the store fails.
pub(super) async fn remove_unreadable(backend: Backend<'_>, key: &SessionKey) -> Result<bool, SessionError> {
    backend.engine.tell(EventKind::Unreadable, Some(*key), None);
    backend.delete(key).await
}
