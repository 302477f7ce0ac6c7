//! How the changes of a request are written: to a new session, into the one that there is, or under a new id.

use super::dead::begin;
use super::ending::end;
use super::login::{end_here, log_in};
use super::renew::{OldId, Renewed, renew};
use super::replace::replace;
use super::write::{Saved, create};
use crate::engine::{Backend, SessionError};
use crate::session::{Job, Origin};
use crate::store::Owner;

/// Writes a job; the caller takes note of what is [`Saved`]. The job's contents are then what was written, and of its
/// endings only those are left that were not made.
pub(super) async fn save(backend: Backend<'_>, job: &mut Job) -> Result<Saved, SessionError> {
    if !job.endings.is_empty() {
        return Box::pin(end(backend, job)).await;
    }
    if let Some(owner) = job.privilege.login.clone() {
        return Box::pin(save_login(backend, &owner, job)).await;
    }
    match job.origin.clone() {
        Origin::New if !job.begins() => Ok(Saved::Nothing),
        Origin::New => Box::pin(create(backend, &job.contents, None, None)).await.map(Saved::Created),
        Origin::Dead { key, record } => Box::pin(begin(backend, &key, &record, job)).await,
        Origin::Stored { key, record } if job.privilege.renew => {
            let old_id = if job.privilege.routine { OldId::Serves } else { OldId::Dead };
            match Box::pin(renew(backend, &key, &record, job, old_id)).await? {
                Renewed::Saved(saved) => Ok(saved),
                Renewed::Ended => Ok(Saved::Gone),
            }
        }
        Origin::Stored { key, record } => replace(backend, &key, &record, job).await,
        _ => Ok(Saved::Nothing),
    }
}

/// Logs in; other sessions that the browser presented end first.
async fn save_login(backend: Backend<'_>, owner: &Owner, job: &mut Job) -> Result<Saved, SessionError> {
    while let Some(other) = job.others.last() {
        end_here(backend, other).await?;
        job.others.pop();
    }
    if let Origin::Stored { key, record } = job.origin.clone() {
        match renew(backend, &key, &record, job, OldId::Dead).await? {
            Renewed::Saved(saved) => return Ok(saved),
            Renewed::Ended => {}
        }
    }
    log_in(backend, job.origin.key()?, owner, job).await
}
