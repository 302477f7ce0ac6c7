//! One step of writing a session: a new record under a new id, or another in the place of one.
//!
//! All that writes runs with the handle's write lock held, so one handle writes one thing at a time. Against
//! other handles, processes and servers there is nothing but the versions in the store.
//!
//! What a write seldom waits for is boxed there: the future of every write would have room for it otherwise.

use std::borrow::Cow;
use std::sync::Arc;

use super::finish::in_background;
use super::owner_limit::enforce_owner_limit;
use crate::engine::{Backend, Engine, SessionError, unexpected};
use crate::payload::{Contents, Kind};
use crate::store::{Draws, Owner, Put, PutOutcome, Record, SessionId, SessionKey, Version};

/// What a write came to.
#[derive(Debug)]
pub(super) enum Saved {
    /// There was nothing to store.
    Nothing,
    /// Stored under a new id.
    Created(New),
    /// Stored under the key it had.
    Replaced { key: SessionKey, record: Arc<Record> },
    /// Moved to a new id; the old one is retired.
    Renewed { from: SessionKey, new: New },
    /// What was to end has ended, by the job's own write or not; and this began after it.
    Ended { began: Option<New> },
    /// The session had ended; the changes are discarded.
    Gone,
}

/// A record under a new id, and its key: to derive that again would cost a hash.
#[derive(Debug)]
pub(super) struct New {
    pub(super) id: SessionId,
    pub(super) key: SessionKey,
    pub(super) record: Arc<Record>,
}

/// What one try to replace a record came to.
#[derive(Debug)]
pub(super) enum Once {
    Stored(Arc<Record>),
    Conflict(Arc<Record>),
    Gone,
}

/// Stores a new record under a new id. `previous` is the record that it continues.
pub(super) async fn create(
    backend: Backend<'_>,
    contents: &Contents,
    owner: Option<Owner>,
    previous: Option<&Record>,
) -> Result<New, SessionError> {
    let engine = backend.engine;
    let logs_in = owner.is_some() && owner.as_ref() != previous.and_then(|previous| previous.owner.as_ref());
    let mut draws = Draws::from(&*engine.random);
    let new = loop {
        let id = draws.draw()?;
        let key = id.key();
        let record = Arc::new(record(engine, &key, contents, owner.clone(), previous)?);
        let written = match backend.put(&key, &record, Put::Create).await {
            Err(SessionError::Indeterminate) => {
                Box::pin(withdraw(backend, key)).await;
                return Err(SessionError::Indeterminate);
            }
            written => written?,
        };
        match written.outcome {
            PutOutcome::Stored => break New { id, key, record },
            PutOutcome::Exists => {}
            outcome => return Err(unexpected(&outcome)),
        }
    };
    if let (true, Some(owner)) = (logs_in, &owner)
        && let Err(error) = Box::pin(enforce_owner_limit(backend, owner, &new.key)).await
    {
        Box::pin(withdraw(backend, new.key)).await;
        return Err(error);
    }
    Ok(new)
}

/// Removes a record whose id nobody was told; in the background, if the time is up.
pub(super) async fn withdraw(backend: Backend<'_>, key: SessionKey) {
    if backend.delete(&key).await.is_ok() {
        return;
    }
    let engine = Arc::clone(backend.engine);
    in_background(async move {
        // If that fails as well, the record is left to its deadline: nobody can present its id.
        let _ = Backend::new(&engine, &engine.deadline()).delete(&key).await;
    });
}

/// Replaces `current` under `key`, if it still stands there. The owner stays: another one takes a new id.
pub(super) async fn replace_once(
    backend: Backend<'_>,
    key: &SessionKey,
    contents: &Contents,
    current: &Record,
) -> Result<Once, SessionError> {
    let record = Arc::new(record(backend.engine, key, contents, current.owner.clone(), Some(current))?);
    let written = backend.put(key, &record, Put::Replace(current.version)).await?;
    match written.outcome {
        PutOutcome::Stored => Ok(Once::Stored(record)),
        PutOutcome::Gone => Ok(Once::Gone),
        // Ours may have been stored first, and then theirs: to make the changes again could count twice.
        PutOutcome::Conflict(_) if written.resent => Err(SessionError::Indeterminate),
        PutOutcome::Conflict(winner) => Ok(Once::Conflict(winner)),
        PutOutcome::Exists => Err(unexpected(&written.outcome)),
    }
}

/// Tells whether a session of its own can be made of `contents`.
///
/// # Errors
/// `TooLarge` if they are; `Codec` if they cannot be written.
pub(super) fn check_size(engine: &Engine, contents: &Contents) -> Result<(), SessionError> {
    record(engine, &SessionKey::from_bytes([0; 32]), contents, None, None).map(drop)
}

/// Makes a record of `contents`, as of now. `previous` is what it replaces or continues.
fn record(
    engine: &Engine,
    key: &SessionKey,
    contents: &Contents,
    owner: Option<Owner>,
    previous: Option<&Record>,
) -> Result<Record, SessionError> {
    let now = engine.now();
    let created_at = previous.map_or(now, |previous| previous.created_at);
    // Another server's clock may be ahead of ours; time does not run back for the session.
    let last_seen_at = previous.map_or(now, |previous| previous.last_seen_at.max(now));
    let expires_at = engine.deadline_of(contents, created_at, last_seen_at);
    let payload = engine.encode(key, owner.as_ref(), created_at, Kind::Live(Cow::Borrowed(contents)))?;
    if payload.len() > engine.max_payload {
        return Err(SessionError::TooLarge { limit: engine.max_payload });
    }
    let version = Version::random_from(&*engine.random)?;
    Ok(Record { version, payload, owner, created_at, last_seen_at, expires_at })
}
