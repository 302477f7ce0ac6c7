//! Removes what has expired, and lets requests pass.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde_json::json;
use session_core::{Clock, SystemClock};

use crate::backend::{Backend, Progress, patiently, pause};
use crate::failure::Failure;
use crate::report::Report;

/// Removes what has expired, with pauses of so many times as long as a batch took.
pub(crate) async fn sweep(
    backend: &Backend,
    grace: u64,
    batch: NonZeroUsize,
    pauses: u32,
    dry: bool,
) -> Result<Report, Failure> {
    let Some(sweep) = backend.store.sweep() else {
        return Err(Failure::unsupported(format!("{} removes what has expired by itself", backend.url.name())));
    };
    let before = SystemClock.now() - Duration::from_secs(grace);
    let mut removed = 0;
    if dry {
        let mut walk = backend.walk();
        while let Some(page) = walk.next().await? {
            removed += page.records.iter().filter(|(_, record)| record.expires_at <= before).count();
        }
        return Ok(Report::figures(json!({ "found": removed, "removed": 0 })));
    }
    let mut progress = Progress::of_some();
    loop {
        let began = Instant::now();
        match patiently(|| sweep.delete_expired(before, batch)).await? {
            0 => return Ok(Report::figures(json!({ "removed": removed }))),
            batch => {
                removed += usize::try_from(batch).unwrap_or(usize::MAX);
                progress.add(usize::try_from(batch).unwrap_or(usize::MAX));
            }
        }
        pause(began.elapsed(), pauses).await;
        progress.tell(backend, " removed").await;
    }
}
