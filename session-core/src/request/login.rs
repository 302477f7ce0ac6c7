//! How somebody logs in: whatever became of the session that the request came with, who proved who they are is let in.
//!
//! | what the id leads to | |
//! |---|---|
//! | a session of nobody's | becomes the owner's under a new id, with its values |
//! | a session of the same owner | is renewed, with its values |
//! | a session of another owner | ends; the login begins with nothing |
//! | a session that was begun from an id that was ended from elsewhere | ends, and nothing of it is kept: whoever else held that id may have planted it |
//! | nothing | the login begins a session, and marks what is left of the old one |
//!
//! The second click on "sign in" meets what the first one made. If that was born of a login within the straggler's window,
//! its id serves for that window: the answers may come in either order. Such a one is kept, with its values, also where it
//! leads back to an id that was ended from elsewhere: a login of its owner's has made it what it is, and whoever else held
//! that id cannot have.

use std::sync::Arc;

use super::dead::{Marked, is_doubtful, mark};
use super::renew::{OldId, Renewed, renew};
use super::retirement::{End, LONGEST_CHAIN, One, retire_one};
use super::write::{Saved, create, withdraw};
use crate::engine::{Backend, EventKind, SessionError};
use crate::payload::{Contents, Kind};
use crate::session::{Job, WrongTypes, replay};
use crate::store::{Owner, Record, SessionKey, StoreError};

/// What is left of the last dead session on the way.
type Dead = (SessionKey, Arc<Record>);

/// Logs in from the session under `key`, or from what became of it; `None` if there never was one.
pub(super) async fn log_in(
    backend: Backend<'_>,
    key: Option<SessionKey>,
    owner: &Owner,
    job: &mut Job,
) -> Result<Saved, SessionError> {
    let engine = backend.engine;
    let mut dead: Option<Dead> = None;
    let mut doubtful = false;
    let mut next = key;
    for _ in 0..LONGEST_CHAIN {
        let Some((key, record, kind)) = look(backend, next).await? else {
            match begin(backend, dead.as_ref(), owner, job).await? {
                Some(saved) => return Ok(saved),
                // Somebody else began from there meanwhile.
                None => next = dead.as_ref().map(|(key, _)| *key),
            }
            continue;
        };
        match kind {
            Kind::Retired(retired) => {
                doubtful |= is_doubtful(&retired);
                next = retired.moved_to().or(retired.began.map(|began| began.key));
                dead = Some((key, record));
            }
            Kind::Live(contents) => {
                let theirs = record.owner.as_ref();
                let twice = theirs == Some(owner) && engine.logged_in_within(&contents, engine.straggler_window);
                if theirs.is_some_and(|theirs| theirs != owner) || (doubtful && !twice) {
                    // What is left of it is looked at, and marked, as that of any other.
                    end_here(backend, &key).await?;
                    next = Some(key);
                    continue;
                }
                let until = engine.now() + engine.straggler_window;
                let old_id = if dead.is_some() && twice { OldId::Until(until) } else { OldId::Dead };
                job.contents = on(contents.into_owned(), job)?;
                match renew(backend, &key, &record, job, old_id).await? {
                    Renewed::Ended => next = Some(key),
                    Renewed::Saved(saved) => return Ok(saved),
                }
            }
        }
    }
    Err(SessionError::Conflict)
}

/// Ends the session under `key` for a login that takes its place, and no session that it became.
pub(super) async fn end_here(backend: Backend<'_>, key: &SessionKey) -> Result<(), SessionError> {
    let engine = backend.engine;
    if let One::Ended(record) = retire_one(backend, key, None, &End::by_browser(engine.now())).await? {
        engine.tell(EventKind::Destroyed, Some(*key), record.owner.as_ref());
    }
    Ok(())
}

/// Reads what stands under `key`; `None` if it is nothing, or nothing that a login could go on from.
async fn look(
    backend: Backend<'_>,
    key: Option<SessionKey>,
) -> Result<Option<(SessionKey, Arc<Record>, Kind<'static>)>, SessionError> {
    let engine = backend.engine;
    let Some(key) = key else { return Ok(None) };
    let now = engine.now();
    let record = match backend.get(&key).await {
        Ok(Some(record)) if record.is_live_at(now) && !engine.is_settling(&key) => record,
        Ok(_) | Err(SessionError::Store(StoreError::Corrupt { .. })) => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(match engine.decode(&key, &record) {
        Ok(Kind::Live(contents)) if !engine.opens(&record, &contents, now) => None,
        Ok(kind) => Some((key, record, kind)),
        Err(error) if error.leaves_alone().is_some() => return Err(error),
        Err(_) => None,
    })
}

/// Begins a session of the owner's, with nothing in it but the job's own changes; `None` if another request was faster to
/// begin one from the same dead id.
async fn begin(
    backend: Backend<'_>,
    dead: Option<&Dead>,
    owner: &Owner,
    job: &mut Job,
) -> Result<Option<Saved>, SessionError> {
    job.contents = on(backend.engine.new_contents(), job)?;
    // Of several clicks each creates one before the marks tell which stays: they are one session, and take one place.
    job.contents.reserved.renewed_from = dead.map(|(key, _)| *key);
    let new = create(backend, &job.contents, Some(owner.clone()), None).await?;
    if let Some((key, record)) = dead
        && let Marked::No = mark(backend, key, record, &new).await?
    {
        withdraw(backend, new.key).await;
        return Ok(None);
    }
    Ok(Some(Saved::Created(new)))
}

/// Makes the job's changes on other contents.
///
/// # Errors
/// `Conflict` if it took what is not there.
fn on(contents: Contents, job: &Job) -> Result<Contents, SessionError> {
    replay(&job.log, contents, &mut WrongTypes::default())
}
