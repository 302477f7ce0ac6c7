//! What comes with the id of a session that is over: a straggler, or a newcomer in all but name.
//!
//! | the session was ended | a request that was opened | is |
//! |---|---|---|
//! | by its own browser | before that, or within the window after it | a straggler |
//! | by its own browser | later | a newcomer |
//! | from elsewhere | before that | a straggler |
//! | from elsewhere | later | a newcomer |
//!
//! A *straggler* finds an empty session, and can neither write it nor be given a cookie: its browser may have that of a
//! login by now, however late the request is answered. A *newcomer* may begin a session. Its last write then marks what is
//! left of the old one as ended by its own browser, and names what it began: who comes second with the same id cannot mark
//! it, and is a straggler. To join the first one's session would be to join a thief's.

use super::retirement::retired;
use super::write::{New, Saved, create, withdraw};
use crate::engine::{Backend, Engine, SessionError, unexpected};
use crate::payload::{Beginning, EndedBy, Kind, Retired};
use crate::session::Job;
use crate::store::{Put, PutOutcome, Record, SessionKey, Timestamp};

/// Tells whether a request that was opened at `opened_at` with the id of what is left here is a straggler. `retired` is what
/// is left of the session that the id opened last: one that had moved, and still opened it, was over when that was.
pub(super) fn is_straggler(engine: &Engine, record: &Record, retired: &Retired, opened_at: Timestamp) -> bool {
    // An older version says no more than that it ended, at the time of this write.
    let at = retired.at.unwrap_or(record.last_seen_at);
    match retired.by {
        EndedBy::Browser => opened_at < at + engine.straggler_window,
        EndedBy::Elsewhere => opened_at < at,
    }
}

/// Begins a session for a browser that came with the id of a dead one, whose record is left.
pub(super) async fn begin(
    backend: Backend<'_>,
    key: &SessionKey,
    record: &Record,
    job: &Job,
) -> Result<Saved, SessionError> {
    if !job.begins() {
        return Ok(Saved::Nothing);
    }
    let new = create(backend, &job.contents, None, None).await?;
    match mark(backend, key, record, &new).await? {
        Marked::Yes => Ok(Saved::Created(new)),
        Marked::No => {
            withdraw(backend, new.key).await;
            Ok(Saved::Gone)
        }
    }
}

/// Tells whether what a browser began is what the dead id leads to now.
#[derive(Debug)]
pub(super) enum Marked {
    Yes,
    /// Another request was faster.
    No,
}

/// Marks what is left of a dead session as ended by its own browser, which began `new`. It stands no longer for that.
///
/// # Errors
/// As the store fails; then what was begun is withdrawn.
pub(super) async fn mark(
    backend: Backend<'_>,
    key: &SessionKey,
    record: &Record,
    new: &New,
) -> Result<Marked, SessionError> {
    let marked = try_mark(backend, key, record, new).await;
    if marked.is_err() {
        withdraw(backend, new.key).await;
    }
    marked
}

async fn try_mark(backend: Backend<'_>, key: &SessionKey, record: &Record, new: &New) -> Result<Marked, SessionError> {
    let engine = backend.engine;
    // Whatever else stands there is none of a browser's business.
    let Kind::Retired(old) = engine.decode(key, record)? else { return Ok(Marked::No) };
    let began = Beginning { key: new.key, doubtful: is_doubtful(&old) };
    let what = Retired { began: Some(began), by: EndedBy::Browser, at: Some(engine.now()), ..old };
    let marked = retired(engine, key, record, what, record.expires_at)?;
    match backend.put(key, &marked, Put::End(record.version)).await?.outcome {
        // Nothing is left that could be marked, so the id is unknown by now.
        PutOutcome::Stored | PutOutcome::Gone => Ok(Marked::Yes),
        PutOutcome::Conflict(_) => Ok(Marked::No),
        outcome @ PutOutcome::Exists => Err(unexpected(&outcome)),
    }
}

/// Tells whether somebody else than its browser may hold the id of what is left here, and begin sessions from it.
pub(super) fn is_doubtful(retired: &Retired) -> bool {
    retired.by == EndedBy::Elsewhere || retired.began.is_some_and(|began| began.doubtful)
}
