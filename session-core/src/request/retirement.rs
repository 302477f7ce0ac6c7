//! How sessions end, and where they go on.
//!
//! A record that is simply deleted leaves nothing by which a request that is still under way with the old id could be told
//! from a newcomer. So logout, revocation and renewal all replace the record by a *retired* one: no data, no owner, some
//! time to live, who ended it and when, and the key of the session that it is now, if there is one. Whoever writes against
//! the old version meets it, and stops.
//!
//! | a request with a retired id | if the id still serves | else |
//! |---|---|---|
//! | reads | the successor, by [`lead`]; its cookie is left to the response that carried the new id | an empty session |
//! | writes | the successor | begins a session, or is a straggler: `dead.rs` |
//! | logs in | the successor | goes on from what the chain of successors leads to: `login.rs` |
//! | logs out | the successor ends | what the chain of successors leads to ends, by [`retire`] |
//!
//! An id serves after a routine renewal, until the new one was presented and for the overlap after that; after a logout, a
//! revocation or a change of privilege it does not, but for the second click of a login: see `login.rs`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Backend, Engine, EventKind, SessionError, unexpected};
use crate::payload::{Beginning, Contents, EndedBy, Kind, Moved, Retired};
use crate::store::{Owner, Put, PutOutcome, Record, SessionKey, StoreError, Timestamp, Version};

/// How long a record stands whose session ended: longer than any request that loaded it before is under way.
const RETIRED_FOR: Duration = Duration::from_secs(120);

/// How many successors are followed. Each is the renewal of the one before, so a longer chain is none that the core wrote.
pub(super) const LONGEST_CHAIN: usize = 100;

/// What is stored, decoded, for a change to be made on.
pub(crate) type Found = (SessionKey, Arc<Record>, Contents);

/// Makes the record that takes the place of `current` until `expires_at`.
pub(super) fn retired(
    engine: &Engine,
    key: &SessionKey,
    current: &Record,
    retired: Retired,
    expires_at: Timestamp,
) -> Result<Record, SessionError> {
    Ok(Record {
        version: Version::random_from(&*engine.random)?,
        payload: engine.encode(key, None, current.created_at, Kind::Retired(retired))?,
        owner: None,
        created_at: current.created_at,
        last_seen_at: current.last_seen_at.max(engine.now()),
        expires_at,
    })
}

/// Says until when what is left of a session stands that ended at `now`.
pub(super) fn stands_until(engine: &Engine, now: Timestamp) -> Timestamp {
    now + RETIRED_FOR.max(engine.straggler_window.saturating_mul(2))
}

/// Where a retired id leads.
#[derive(Debug)]
pub(super) enum Led {
    /// It still opens this session.
    To(Found),
    /// It opens none. This is what is left of the one that it opened last, which tells when that was over.
    Nowhere(Retired),
}

/// Gives the session that one was routinely renewed to, for a handle that was loaded while its id opened it: that goes on,
/// however long ago the renewal was. `None` if the session is over, or was given its id for a change of privilege.
///
/// # Errors
/// As [`walk`].
pub(super) async fn follow(backend: Backend<'_>, retired: Retired) -> Result<Option<Found>, SessionError> {
    match renewed_to(&retired) {
        Some(to) => walk(backend, to, renewed_to).await,
        None => Ok(None),
    }
}

/// Gives the key that a session has since a routine renewal, if that is what became of it.
pub(super) fn renewed_to(retired: &Retired) -> Option<SessionKey> {
    let moved = retired.moved.filter(|moved| retired.began.is_none() && moved.serves_until.is_some())?;
    Some(moved.to)
}

/// Walks from `key` to where each retired record `leads`, and gives the live session at the end; `None` if there is none.
///
/// # Errors
/// As the store fails; `Codec` if what stands on the way is for another server to read.
pub(super) async fn walk(
    backend: Backend<'_>,
    mut key: SessionKey,
    leads: impl Fn(&Retired) -> Option<SessionKey>,
) -> Result<Option<Found>, SessionError> {
    let engine = backend.engine;
    for _ in 0..LONGEST_CHAIN {
        if engine.is_settling(&key) {
            break;
        }
        let now = engine.now();
        let record = match backend.get(&key).await {
            Ok(Some(record)) if record.is_live_at(now) => record,
            Ok(_) | Err(SessionError::Store(StoreError::Corrupt { .. })) => break,
            Err(error) => return Err(error),
        };
        match engine.decode(&key, &record) {
            Ok(Kind::Live(contents)) if engine.opens(&record, &contents, now) => {
                return Ok(Some((key, record, contents.into_owned())));
            }
            Ok(Kind::Retired(retired)) => match leads(&retired) {
                Some(next) => key = next,
                None => break,
            },
            Err(error) if error.leaves_alone().is_some() => return Err(error),
            Ok(Kind::Live(_)) | Err(_) => break,
        }
    }
    Ok(None)
}

/// Says where what stands under a retired id leads.
///
/// # Errors
/// As the store fails; `Codec` if what it leads to is for another server to read.
pub(super) async fn lead(backend: Backend<'_>, key: &SessionKey, mut retired: Retired) -> Result<Led, SessionError> {
    let engine = backend.engine;
    for _ in 0..LONGEST_CHAIN {
        // Once its browser has begun another session from it, that is what counts.
        let Some(Moved { to, serves_until: Some(until) }) = retired.moved.filter(|_| retired.began.is_none()) else {
            break;
        };
        let now = engine.now();
        if until <= now || engine.is_settling(&to) {
            break;
        }
        let record = match backend.get(&to).await {
            Ok(Some(record)) if record.is_live_at(now) => record,
            Ok(_) | Err(SessionError::Store(StoreError::Corrupt { .. })) => break,
            Err(error) => return Err(error),
        };
        // It knows whether its own id has been presented, and the old one is no longer needed.
        let serves = |until: Option<Timestamp>| until.is_none_or(|until| now < until);
        match engine.decode(&to, &record) {
            Ok(Kind::Live(contents)) if engine.opens(&record, &contents, now) => {
                if serves(contents.reserved.old_id_until) {
                    return Ok(Led::To((to, record, contents.into_owned())));
                }
                engine.tell(EventKind::OldId, Some(*key), record.owner.as_ref());
                break;
            }
            // An older version says no more than that it ended, at the time of this write.
            Ok(Kind::Retired(next)) if serves(next.old_id_until) => {
                retired = Retired { at: next.at.or(Some(record.last_seen_at)), ..next };
            }
            // It may live, for who has the key or knows the format.
            Err(error) if error.leaves_alone().is_some() => return Err(error),
            Ok(_) | Err(_) => break,
        }
    }
    Ok(Led::Nowhere(retired))
}

/// Gives `key`, what it was renewed to meanwhile, and what that was before: another renewal of that is this session's, too,
/// which moves on or goes. Each look has the operation's deadline.
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
                Ok(Kind::Retired(retired)) => retired.moved_to(),
                Ok(Kind::Live(contents)) => {
                    keys.extend(contents.reserved.renewed_from);
                    None
                }
                Err(_) => None,
            },
            None => None,
        };
    }
    Ok(keys)
}

/// Says which session is to end, and how.
#[derive(Clone, Debug)]
pub(crate) struct End<'a> {
    /// It must be this owner's; `None` for anybody's.
    pub(crate) owner: Option<&'a Owner>,
    pub(crate) by: EndedBy,
    /// The session that takes its place.
    pub(crate) began: Option<SessionKey>,
    /// It must not be of a later proof than this.
    pub(crate) asked_at: Timestamp,
}

impl<'a> End<'a> {
    /// Ends a session by a request of its own browser.
    pub(crate) fn by_browser(asked_at: Timestamp) -> Self {
        Self { owner: None, by: EndedBy::Browser, began: None, asked_at }
    }

    /// Ends a session from elsewhere, if it is `owner`'s.
    pub(crate) fn from_elsewhere(owner: Option<&'a Owner>) -> Self {
        Self { owner, by: EndedBy::Elsewhere, began: None, asked_at: Timestamp::MAX }
    }
}

/// Ends the session under `key`, or the one it became; gives what it ended, `None` if there was none, or it was not to.
/// `known` is what stood there when the caller last looked, if it did: if that still stands, nothing has to be read.
///
/// # Errors
/// As the store fails; `Codec` if this server cannot tell what stands there, and another may.
pub(crate) async fn retire(
    backend: Backend<'_>,
    key: &SessionKey,
    mut known: Option<Arc<Record>>,
    end: &End<'_>,
) -> Result<Option<Arc<Record>>, SessionError> {
    let mut key = *key;
    for _ in 0..LONGEST_CHAIN {
        match retire_one(backend, &key, known.take(), end).await? {
            One::Ended(record) => return Ok(Some(record)),
            One::Nothing => return Ok(None),
            One::Moved { to } => key = to,
        }
    }
    let source = "a chain of renewed sessions has no end".into();
    Err(StoreError::Corrupt { store: "session-core", source }.into())
}

/// What came of ending what stands under one key.
#[derive(Debug)]
pub(super) enum One {
    /// It ended; this is what it was.
    Ended(Arc<Record>),
    Nothing,
    /// It had been renewed before.
    Moved {
        to: SessionKey,
    },
}

/// Ends what stands under `key`, and follows nothing; `known` as for [`retire`].
pub(super) async fn retire_one(
    backend: Backend<'_>,
    key: &SessionKey,
    known: Option<Arc<Record>>,
    end: &End<'_>,
) -> Result<One, SessionError> {
    let engine = backend.engine;
    let mut current = match known {
        Some(record) => record,
        None => match backend.get(key).await {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(One::Nothing),
            // Whose it was cannot be told, so only who may end any session may end this one.
            Err(SessionError::Store(StoreError::Corrupt { .. })) if end.owner.is_none() => {
                return remove_unreadable(backend, key).await.map(|_| One::Nothing);
            }
            Err(error) => return Err(error),
        },
    };
    loop {
        match engine.decode(key, &current) {
            Ok(Kind::Retired(retired)) => return Ok(retired.moved_to().map_or(One::Nothing, |to| One::Moved { to })),
            Ok(Kind::Live(_)) | Err(_) if end.owner.is_some() && current.owner.as_ref() != end.owner => {
                return Ok(One::Nothing);
            }
            // Whoever logged in after the end was asked for did not ask for it.
            Ok(Kind::Live(contents)) if contents.reserved.authenticated_at.is_some_and(|at| at > end.asked_at) => {
                return Ok(One::Nothing);
            }
            // It may have a live successor, which an end here would cut off. To say "done" would be untrue.
            Err(error) if error.leaves_alone().is_some() => return Err(error),
            // A payload that cannot be decoded is ended like one that can.
            Ok(Kind::Live(_)) | Err(_) => {}
        }
        let now = engine.now();
        let began = end.began.map(|key| Beginning { key, doubtful: false });
        let what = Retired { began, by: end.by, at: Some(now), ..Retired::default() };
        let record = retired(engine, key, &current, what, stands_until(engine, now))?;
        match backend.put(key, &record, Put::End(current.version)).await?.outcome {
            PutOutcome::Stored => return Ok(One::Ended(current)),
            PutOutcome::Gone => return Ok(One::Nothing),
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
