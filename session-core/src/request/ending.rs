//! The end of a session, and the beginning after it.
//!
//! A beginning of nobody's is stored first, and the end is written last and names it: a crash in between leaves a session
//! that nobody has the id of, and never one that was to end without the new one. One of an owner comes after the end, so
//! that no moment shows two people at one browser. Only the request whose own write ended the session begins another, or
//! removes the cookie; but a login always begins.

use std::sync::Arc;

use super::login::log_in;
use super::owner_limit::check_owner_limit;
use super::retirement::{End, retire};
use super::retry::{Attempt, Try, keep_trying};
use super::write::{New, Saved, check_size, create, withdraw};
use crate::engine::{Backend, Engine, EventKind, SessionError};
use crate::session::{Ending, Job};
use crate::store::{Record, SessionKey, Timestamp};

/// Ends what the job is to end, and begins what it has to begin.
pub(super) async fn end(backend: Backend<'_>, job: &mut Job) -> Result<Saved, SessionError> {
    if job.begins() {
        check_size(backend.engine, &job.contents)?;
    }
    if let Some(owner) = job.privilege.login.clone() {
        check_owner_limit(backend, &owner, &job.endings).await?;
        let last = job.endings.last().and_then(|ending| ending.origin.key().ok().flatten());
        end_all(backend, job, None).await?;
        return Box::pin(log_in(backend, last, &owner, job)).await;
    }
    if !job.begins() {
        end_all(backend, job, None).await?;
        return Ok(Saved::Ended { began: None });
    }
    let new = create(backend, &job.contents, None, None).await?;
    match end_all(backend, job, Some(&new)).await {
        Ok(()) if job.ended => Ok(Saved::Ended { began: Some(new) }),
        Ok(()) => {
            withdraw(backend, new.key).await;
            Ok(Saved::Ended { began: None })
        }
        Err(error) => {
            withdraw(backend, new.key).await;
            Err(error)
        }
    }
}

/// Ends what the job is to end, one after the other, and takes each from the job; the last is told what began.
async fn end_all(backend: Backend<'_>, job: &mut Job, began: Option<&New>) -> Result<(), SessionError> {
    while let Some(ending) = job.endings.first_mut() {
        // Where this cannot be ended, nothing is.
        let key = ending.origin.key()?;
        while let Some(other) = ending.others.last() {
            job.ended |= end_one(backend, other, None, &End::by_browser(ending.asked_at)).await?;
            ending.others.pop();
        }
        let (asked_at, known) = (ending.asked_at, ending.origin.record().cloned());
        let is_last = job.endings.len() == 1;
        if let Some(key) = key {
            let began = began.filter(|_| is_last).map(|new| new.key);
            job.ended |= end_one(backend, &key, known, &End { began, ..End::by_browser(asked_at) }).await?;
        }
        job.endings.remove(0);
    }
    Ok(())
}

async fn end_one(
    backend: Backend<'_>,
    key: &SessionKey,
    known: Option<Arc<Record>>,
    end: &End<'_>,
) -> Result<bool, SessionError> {
    let ended = retire(backend, key, known, end).await?;
    if let Some(record) = &ended {
        backend.engine.tell(EventKind::Destroyed, Some(*key), record.owner.as_ref());
    }
    Ok(ended.is_some())
}

/// Tries in the background to make the ends that the store failed to make, for as long as the sessions may live. This
/// process treats their ids as ended meanwhile.
pub(super) fn settle(engine: &Arc<Engine>, endings: Vec<Ending>) {
    for ending in endings {
        let own = ending.origin.key().ok().flatten();
        for key in own.into_iter().chain(ending.others) {
            if engine.settling.begin(key) {
                let gives_up_at = ending.asked_at + engine.expiry.longest();
                let attempt = Late { key, asked_at: ending.asked_at };
                keep_trying(Arc::clone(engine), gives_up_at, attempt, move |engine| engine.settling.done(&key));
            }
        }
    }
}

/// An end that was asked for before, and spares who proved who they are since.
struct Late {
    key: SessionKey,
    asked_at: Timestamp,
}

impl Attempt for Late {
    async fn make(&self, backend: Backend<'_>) -> Try {
        match end_one(backend, &self.key, None, &End::by_browser(self.asked_at)).await {
            Err(error) if error.leaves_alone().is_none() => Try::Again,
            _ => Try::Done,
        }
    }
}
