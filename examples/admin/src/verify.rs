//! Compares two stores, both ways.

use std::sync::Arc;

use serde_json::json;
use session_core::{Clock, Record, SessionKey, SessionStore, StoreError, SystemClock};
use tokio::task::JoinSet;

use crate::backend::{AT_ONCE, Backend, patiently};
use crate::failure::Failure;
use crate::report::Report;

/// Tells what only one of them has, and what differs. Nobody should be writing to either.
pub(crate) async fn verify(from: &Backend, to: &Backend) -> Result<Report, Failure> {
    let (mut same, mut missing, mut different, mut extra, mut unreadable) = (0_u64, 0_u64, 0_u64, 0_u64, 0_usize);
    for (one, other, forth) in [(from, to, true), (to, from, false)] {
        let mut pages = one.walk();
        while let Some(page) = pages.next().await? {
            unreadable += page.unreadable.len();
            for records in page.records.chunks(AT_ONCE) {
                let mut reads = JoinSet::new();
                for (key, record) in records.iter().cloned() {
                    let store = Arc::clone(&other.store);
                    reads.spawn(async move { (record, live(&store, &key).await) });
                }
                for (record, there) in reads.join_all().await {
                    // Judged after both were read: what ends in between is no difference.
                    let now = SystemClock.now();
                    let there = there?.filter(|there| there.is_live_at(now));
                    match there {
                        _ if !record.is_live_at(now) => {}
                        None if forth => missing += 1,
                        None => extra += 1,
                        Some(there) if forth && there == record => same += 1,
                        Some(_) if forth => different += 1,
                        Some(_) => {}
                    }
                }
            }
        }
    }
    if same + missing + different + extra == 0 && unreadable == 0 {
        from.refuse_if_empty().await?;
    }
    let figures = json!({
        "same": same, "missing": missing, "different": different, "only_at_target": extra, "unreadable": unreadable,
    });
    Ok(Report::figures(figures).no_if(missing + different + extra > 0 || unreadable > 0))
}

/// Reads a record; what cannot be read is as good as none.
async fn live(store: &Arc<dyn SessionStore>, key: &SessionKey) -> Result<Option<Arc<Record>>, Failure> {
    match patiently(|| store.get(key)).await {
        Err(StoreError::Corrupt { .. }) => Ok(None),
        read => Ok(read?),
    }
}
