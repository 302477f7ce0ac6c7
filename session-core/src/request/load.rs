//! How a session is read: which record stands under an id, if any, and what a handle is made of.

use std::sync::Arc;

use super::retirement::{follow, remove_unreadable};
use crate::cookie::{By, Candidate, Presented};
use crate::engine::{Backend, Engine, EventKind, FailurePolicy, ReadOnly, SessionError};
use crate::payload::{Contents, Kind};
use crate::session::{Destroy, Draft, Leftovers, Origin, Privilege, Session, State, Told};
use crate::store::{Owner, Record, SessionId, SessionKey, StoreError};

/// What was found under an id, and whether it was found under the key of a successor.
pub(super) type Read = (Origin, Option<Contents>, bool);

pub(super) const NOTHING: Read = (Origin::New, None, false);

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
    let Picked { read: (origin, contents, followed), candidate, others } = picked;
    let contents = contents.unwrap_or_else(|| engine.new_contents());
    let lifetime = engine.lifetime_of(&contents);
    let mut leftovers = match presented.is_crowded() && !engine.cookies.former_removals().is_empty() {
        true => Leftovers::Attributes,
        false => Leftovers::None,
    };
    let owner = origin.record().and_then(|record| record.owner.clone());
    let (id, told) = match (&origin, candidate) {
        // Another request's response carries the new id, which is known to nobody else.
        (Origin::Stored { .. }, _) if followed => (None, Told::Nothing),
        // It is told none before it has a new one, or what was planted under a former name would get the present one.
        (Origin::Stored { .. }, Some(Candidate { by: By::FormerName { .. }, .. })) => {
            leftovers = Leftovers::Name;
            (None, Told::Nothing)
        }
        (Origin::Stored { record, .. }, Some(Candidate { id, by })) => {
            let told = match leftovers {
                Leftovers::None if *by == By::Present => Told::Cookie { lifetime, expires_at: record.expires_at },
                // It is to be signed; or which of its cookies goes with the former ones nobody knows.
                _ => Told::Otherwise,
            };
            (Some(id.clone()), told)
        }
        _ => (None, Told::Nothing),
    };
    let state = State {
        removable: !presented.is_nothing() && origin.owns_cookie(),
        leftovers,
        others,
        origin,
        draft: Draft::new(contents, Arc::clone(&engine.random)),
        owner,
        privilege: Privilege::default(),
        destroy: Destroy::No,
        ignored: false,
        discarded: false,
        uncertain: false,
        id,
        lifetime,
        told,
        closed,
    };
    Session::new(Arc::clone(engine), state)
}

/// Reads what stands under an id. What cannot be used is as good as nothing.
pub(super) async fn read(backend: Backend<'_>, id: &SessionId) -> Result<Read, SessionError> {
    let engine = backend.engine;
    let key = id.key();
    let record = match backend.get(&key).await {
        Ok(Some(record)) => record,
        Ok(None) => {
            engine.tell(EventKind::UnknownId, Some(key), None);
            return Ok(NOTHING);
        }
        Err(SessionError::Store(StoreError::Corrupt { .. })) => {
            return Box::pin(start_over(backend, &key)).await;
        }
        Err(error) => match error.leaves_alone() {
            Some(why) => return Ok(leave_alone(engine, key, why, &error, None)),
            None if engine.failure_policy == FailurePolicy::Anonymous => {
                return Ok((Origin::StoreFailed { key }, None, false));
            }
            None => return Err(error),
        },
    };
    if !record.is_live_at(engine.now()) {
        engine.tell(EventKind::Expired, Some(key), record.owner.as_ref());
        return Ok(NOTHING);
    }
    match engine.decode(&key, &record) {
        Ok(Kind::Live(contents)) if contents.reserved.scope == engine.scope && !engine.is_over(&record, &contents) => {
            Ok((Origin::Stored { key, record }, Some(contents.into_owned()), false))
        }
        decoded => Box::pin(read_on(backend, key, record, decoded)).await,
    }
}

/// Goes on where what stands under an id is no session of this one's.
async fn read_on(
    backend: Backend<'_>,
    key: SessionKey,
    record: Arc<Record>,
    decoded: Result<Kind<'static>, SessionError>,
) -> Result<Read, SessionError> {
    let engine = backend.engine;
    match decoded {
        Ok(Kind::Live(contents)) if contents.reserved.scope == engine.scope => {
            engine.tell(EventKind::Expired, Some(key), record.owner.as_ref());
            Ok(NOTHING)
        }
        Ok(Kind::Live(_)) => {
            engine.tell(EventKind::OtherScope, Some(key), None);
            Ok(NOTHING)
        }
        Ok(retired @ Kind::Retired { successor, .. }) => match follow(backend, retired).await {
            Ok(Some((key, record, contents))) => Ok((Origin::Stored { key, record }, Some(contents), true)),
            Ok(None) => {
                engine.tell(EventKind::RetiredId, Some(key), None);
                Ok((Origin::Retired { successor }, None, false))
            }
            Err(_) if engine.failure_policy == FailurePolicy::Anonymous => {
                Ok((Origin::StoreFailed { key }, None, false))
            }
            Err(error) => Err(error),
        },
        Err(error) => match error.leaves_alone() {
            Some(why) => Ok(leave_alone(engine, key, why, &error, record.owner.as_ref())),
            None => match error {
                // Whose it is nobody knows, so no owner is named. It opens nothing, and is kept for who looks into it.
                SessionError::Codec(error) if error.is_tampered() => {
                    engine.tell(EventKind::Tampered { error: &error }, Some(key), None);
                    Ok(NOTHING)
                }
                _ => start_over(backend, &key).await,
            },
        },
    }
}

/// Leaves what another server may read, or this one once it has the key or the version, as it is.
fn leave_alone(engine: &Engine, key: SessionKey, why: ReadOnly, error: &SessionError, owner: Option<&Owner>) -> Read {
    let kind = match error {
        SessionError::Codec(error) if error.lacks_key() => EventKind::NoKey { error },
        error => EventKind::UnknownFormat { error },
    };
    engine.tell(kind, Some(key), owner);
    (Origin::LeftAlone { key, why }, None, false)
}

/// Removes what cannot be read, so that its browser is not locked out for good.
async fn start_over(backend: Backend<'_>, key: &SessionKey) -> Result<Read, SessionError> {
    // If it cannot be removed now, the next request tries again.
    let _ = remove_unreadable(backend, key).await;
    Ok(NOTHING)
}
