//! Everything, of all apps, what cannot be read among it: removed, for there is nothing left to be kept.

use std::num::NonZeroUsize;
use std::sync::Arc;

use serde_json::json;
use session_core::{SessionKey, Timestamp};
use tokio::task::JoinSet;

use crate::args::RevokeAll;
use crate::backend::{AT_ONCE, Backend, Progress, patiently};
use crate::everybody::cursor;
use crate::failure::Failure;
use crate::report::Report;

const PAGE: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// Removes all records that began before a time, or all there are. A request that is under way cannot bring one back, as
/// the contract has it: an update never creates.
pub(crate) async fn remove(backend: &Backend, options: &RevokeAll, dry: bool) -> Result<Report, Failure> {
    let (mut next, mut progress) = (Some(cursor(options.after.as_deref())?), Progress::of_all(backend).await);
    let (mut found, mut removed, mut unreadable) = (0_u64, 0_u64, 0_u64);
    while let Some(after) = next.take() {
        let page = backend.page(after.as_ref(), PAGE).await?;
        progress.add(page.records.len() + page.unreadable.len());
        // What cannot be read has no time, so it goes with all there is alone.
        let damaged = page.unreadable.iter().filter(|_| options.before.is_none());
        unreadable += page.unreadable.len() as u64;
        let before = options.before.unwrap_or(Timestamp::MAX);
        let old = page.records.iter().filter(|(_, record)| options.before.is_none() || record.created_at < before);
        let keys: Vec<SessionKey> = old.map(|(key, _)| *key).chain(damaged.copied()).collect();
        found += keys.len() as u64;
        if !dry {
            removed += delete(backend, &keys).await?;
        }
        if let Some(cursor) = &page.next {
            let more = format!(": {found} found, {removed} removed; goes on with --after={}", cursor.encode());
            progress.tell(backend, &more).await;
        }
        next = page.next.map(Some);
    }
    if found == 0 {
        backend.refuse_if_empty().await?;
    }
    let left = options.before.is_some() && unreadable > 0;
    Ok(Report::figures(json!({ "found": found, "removed": removed, "unreadable": unreadable })).no_if(left))
}

async fn delete(backend: &Backend, keys: &[SessionKey]) -> Result<u64, Failure> {
    let mut removed = 0;
    for some in keys.chunks(AT_ONCE) {
        let mut calls = JoinSet::new();
        for &key in some {
            let store = Arc::clone(&backend.store);
            calls.spawn(async move { patiently(|| store.delete(&key)).await });
        }
        for deleted in calls.join_all().await {
            removed += u64::from(deleted?);
        }
    }
    Ok(removed)
}
