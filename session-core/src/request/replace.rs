//! How a session is written in place, on top of whatever others wrote.

use std::sync::Arc;

use super::merge::merge;
use super::write::{Once, Saved, replace_once};
use crate::engine::{Backend, SessionError};
use crate::session::Job;
use crate::store::{Record, SessionKey};

/// Replaces the record under `key` by one with the changes in it, on top of whatever others wrote.
pub(super) async fn replace(
    backend: Backend<'_>,
    key: &SessionKey,
    base: &Arc<Record>,
    job: &mut Job,
) -> Result<Saved, SessionError> {
    let (mut key, mut current) = (*key, Arc::clone(base));
    let mut turn = None;
    loop {
        match replace_once(backend, &key, &job.contents, &current).await? {
            Once::Stored(record) => return Ok(Saved::Replaced { key, record }),
            Once::Gone => return Ok(Saved::Gone),
            Once::Conflict(winner) => match Box::pin(merge(backend, &key, base, winner, job, &mut turn)).await? {
                Some(winner) => (key, current) = winner,
                None => return Ok(Saved::Gone),
            },
        }
    }
}
