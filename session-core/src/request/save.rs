//! How the changes of a request are written: to a new session, into the one that there is, or under a new id.

use super::renew::renew;
use super::replace::replace;
use super::write::{Saved, create};
use crate::engine::{Backend, SessionError};
use crate::session::{Job, Origin};

/// Writes the job of a session that comes from `origin`; the caller takes note of what is [`Saved`].
/// The job's contents are then what was written.
pub(super) async fn save(backend: Backend<'_>, origin: &Origin, job: &mut Job) -> Result<Saved, SessionError> {
    match origin {
        Origin::New => {
            let owner = job.privilege.owner.clone().flatten();
            if owner.is_none() && job.contents.is_empty() {
                return Ok(Saved::Nothing);
            }
            Box::pin(create(backend, &job.contents, owner, None)).await.map(Saved::Created)
        }
        Origin::Stored { key, record } if job.privilege.renew => Box::pin(renew(backend, key, record, job)).await,
        Origin::Stored { key, record } => replace(backend, key, record, job).await,
        _ => Ok(Saved::Nothing),
    }
}
