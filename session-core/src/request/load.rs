//! How a session is read: which record stands under an id, if any, and what a handle is made of.

use std::sync::Arc;
use std::time::Duration;

use super::dead::is_straggler;
use super::retirement::{Led, lead, remove_unreadable};
use crate::cookie::{By, Candidate, Presented};
use crate::engine::{Backend, Engine, EventKind, FailurePolicy, ReadOnly, SessionError};
use crate::payload::{Contents, Kind, Retired};
use crate::session::{Draft, Leftovers, Origin, Session, State, Told};
use crate::store::{Owner, Record, SessionId, SessionKey, StoreError, Timestamp};

/// How far the clocks of two servers may be apart before it is told.
const CLOCKS_APART: Duration = Duration::from_secs(60);

/// What was found under an id.
pub(super) struct Read {
    pub(super) origin: Origin,
    pub(super) contents: Option<Contents>,
    /// It was found under the key of a successor.
    pub(super) followed: bool,
}

impl From<Origin> for Read {
    fn from(origin: Origin) -> Self {
        Self { origin, contents: None, followed: false }
    }
}

/// What the ids of a request came to.
pub(super) struct Picked<'a> {
    pub(super) read: Read,
    /// The id that is the session's, as it was presented.
    pub(super) candidate: Option<&'a Candidate>,
    /// The sessions beside it that live.
    pub(super) others: Vec<SessionKey>,
}

/// Makes the session of a request of what was found; `closed` if the response has left.
pub(super) fn session(engine: &Arc<Engine>, presented: &Presented, picked: Picked<'_>, closed: bool) -> Session {
    let Picked { read: Read { origin, contents, followed }, candidate, others } = picked;
    let contents = contents.unwrap_or_else(|| engine.new_contents());
    let lifetime = engine.lifetime_of(&contents);
    let owner = origin.record().and_then(|record| record.owner.clone());
    let mut state = State::new(origin, Draft::new(contents, owner, Arc::clone(&engine.random)), lifetime);
    state.closed = closed;
    state.others = others;
    state.by_old_id = followed;
    if presented.is_crowded() && !engine.cookies.former_removals().is_empty() {
        state.leftovers = Leftovers::Attributes;
    }
    // Of one that was followed, another request's response carries the new id, which is known to nobody else.
    if let (Some(record), Some(Candidate { id, by }), false) = (state.record(), candidate, followed) {
        if let By::FormerName { .. } = by {
            // It is told none before it has a new one, or what was planted under a former name would get the present one.
            state.leftovers = Leftovers::Name;
        } else {
            state.told = match state.leftovers {
                Leftovers::None if *by == By::Present => Told::Cookie { lifetime, expires_at: record.expires_at },
                // It is to be signed; or which of its cookies goes with the former ones nobody knows.
                _ => Told::Otherwise,
            };
            state.id = Some(id.clone());
        }
    }
    Session::new(Arc::clone(engine), state)
}

/// Reads what stands under an id, for a request that was opened at `opened_at`. What cannot be used is as good as nothing.
pub(super) async fn read(backend: Backend<'_>, id: &SessionId, opened_at: Timestamp) -> Result<Read, SessionError> {
    let engine = backend.engine;
    let key = id.key();
    if engine.is_settling(&key) {
        engine.tell(EventKind::RetiredId, Some(key), None);
        return Ok(Origin::Straggler { key }.into());
    }
    let mark = engine.watching.mark(&key, &*engine.store);
    let record = match backend.get(&key).await {
        Ok(Some(record)) => record,
        Ok(None) => {
            engine.tell(EventKind::UnknownId, Some(key), None);
            return Ok(Origin::New.into());
        }
        Err(error) => return unread(backend, key, None, error).await,
    };
    let now = engine.now();
    let ahead = record.last_seen_at.since(now);
    if ahead >= CLOCKS_APART {
        engine.tell(EventKind::ClockSkew { ahead }, Some(key), None);
    }
    match engine.decode(&key, &record) {
        Ok(Kind::Live(contents)) if engine.opens(&record, &contents, now) => {
            engine.watching.keep(mark, &key, &record);
            Ok(Read { origin: Origin::Stored { key, record }, contents: Some(contents.into_owned()), followed: false })
        }
        _ if !record.is_live_at(now) => {
            engine.tell(EventKind::Expired, Some(key), record.owner.as_ref());
            Ok(Origin::New.into())
        }
        Ok(Kind::Live(contents)) if contents.reserved.scope == engine.scope => {
            engine.tell(EventKind::Expired, Some(key), record.owner.as_ref());
            Ok(Origin::New.into())
        }
        Ok(Kind::Live(_)) => {
            engine.tell(EventKind::OtherScope, Some(key), None);
            Ok(Origin::New.into())
        }
        Ok(Kind::Retired(retired)) => Box::pin(read_retired(backend, key, record, retired, opened_at)).await,
        Err(error) => unread(backend, key, record.owner.as_ref(), error).await,
    }
}

/// Goes on where the id is one that a session had before, or one of a session that is over.
async fn read_retired(
    backend: Backend<'_>,
    key: SessionKey,
    record: Arc<Record>,
    retired: Retired,
    opened_at: Timestamp,
) -> Result<Read, SessionError> {
    let engine = backend.engine;
    match lead(backend, &key, retired).await {
        Ok(Led::To((key, record, contents))) => {
            Ok(Read { origin: Origin::Stored { key, record }, contents: Some(contents), followed: true })
        }
        Ok(Led::Nowhere(retired)) => {
            engine.tell(EventKind::RetiredId, Some(key), None);
            Ok(match is_straggler(engine, &record, &retired, opened_at) {
                true => Origin::Straggler { key }.into(),
                false => Origin::Dead { key, record }.into(),
            })
        }
        Err(error) => match error.leaves_alone() {
            Some(why) => Ok(leave_alone(engine, key, why, &error, None).into()),
            None if engine.failure_policy == FailurePolicy::Anonymous => Ok(Origin::StoreFailed { key }.into()),
            None => Err(error),
        },
    }
}

/// Goes on where what stands under an id was not read.
async fn unread(
    backend: Backend<'_>,
    key: SessionKey,
    owner: Option<&Owner>,
    error: SessionError,
) -> Result<Read, SessionError> {
    let engine = backend.engine;
    if let Some(why) = error.leaves_alone() {
        return Ok(leave_alone(engine, key, why, &error, owner).into());
    }
    match error {
        // Whose it is nobody knows, so no owner is named. It opens nothing, and is kept for who looks into it.
        SessionError::Codec(error) if error.is_tampered() => {
            engine.tell(EventKind::Tampered { error: &error }, Some(key), None);
            Ok(Origin::New.into())
        }
        SessionError::Codec(_) | SessionError::Store(StoreError::Corrupt { .. }) => {
            // Its browser must not be locked out for good. If it cannot be removed now, the next request tries again.
            let _ = remove_unreadable(backend, &key).await;
            Ok(Origin::New.into())
        }
        _ if engine.failure_policy == FailurePolicy::Anonymous => Ok(Origin::StoreFailed { key }.into()),
        error => Err(error),
    }
}

/// Leaves what another server may read, or this one once it has the key or the version, as it is.
fn leave_alone(engine: &Engine, key: SessionKey, why: ReadOnly, error: &SessionError, owner: Option<&Owner>) -> Origin {
    let kind = match error {
        SessionError::Codec(error) if error.lacks_key() => EventKind::NoKey { error },
        error => EventKind::UnknownFormat { error },
    };
    engine.tell(kind, Some(key), owner);
    Origin::LeftAlone { why }
}
