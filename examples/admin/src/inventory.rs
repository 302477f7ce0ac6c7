//! What is in a store, and what it can do.

use std::num::NonZeroUsize;
use std::time::Duration;

use serde_json::json;
use session_core::{Clock, Codec, Json, RecordHead, SessionKey, SystemClock};

use crate::backend::{Backend, patiently};
use crate::failure::Failure;
use crate::report::Report;

const PAGE: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// Tells what the store, which was opened, can do.
pub(crate) async fn check(backend: &Backend) -> Result<Report, Failure> {
    let (store, limits) = (&backend.store, backend.store.limits());
    // Opening it has connected, and made or upgraded the schema; reading shows that it serves.
    store.get(&SessionKey::from_bytes([0; 32])).await?;
    Ok(Report::figures(json!({
        "store": backend.url.name(),
        "url": backend.url.to_string(),
        "sweep": store.sweep().is_some(),
        "owners": store.owners().is_some(),
        "scan": store.scan().is_some(),
        "max_payload": (limits.max_payload != usize::MAX).then_some(limits.max_payload),
        "eviction": format!("{:?}", limits.eviction),
        "reclaim": format!("{:?}", limits.reclaim),
    })))
}

/// Counts all records.
pub(crate) async fn count(backend: &Backend) -> Result<Report, Failure> {
    let (mut live, mut owned, mut retired, mut sealed, mut expired) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let (mut unreadable, mut bytes) = (0, 0);
    let mut pages = backend.pages(PAGE);
    while let Some(page) = pages.next().await? {
        unreadable += page.unreadable.len();
        let now = SystemClock.now();
        for (key, record) in page.records {
            bytes += record.payload.len();
            match Json.decode(&RecordHead::of(&key, &record, now), &record.payload) {
                _ if !record.is_live_at(now) => expired += 1,
                Ok(payload) if payload.is_retired() => retired += 1,
                payload => {
                    live += 1;
                    owned += u64::from(record.owner.is_some());
                    // Encrypted, or of a codec of the app's own: it may be retired as well.
                    sealed += u64::from(payload.is_err());
                }
            }
        }
    }
    Ok(Report::figures(json!({
        "live": live, "owned": owned, "not_plain_json": sealed, "retired": retired, "expired": expired,
        "unreadable": unreadable, "payload_bytes": bytes,
    })))
}

/// Removes what has expired.
pub(crate) async fn sweep(backend: &Backend, grace: u64, batch: NonZeroUsize) -> Result<Report, Failure> {
    let Some(sweep) = backend.store.sweep() else {
        return Err(Failure::Unsupported(format!("{} removes what has expired by itself", backend.url.name())));
    };
    let before = SystemClock.now() - Duration::from_secs(grace);
    let mut removed = 0;
    loop {
        match patiently(|| sweep.delete_expired(before, batch)).await? {
            0 => return Ok(Report::figures(json!({ "removed": removed }))),
            batch => removed += batch,
        }
    }
}
