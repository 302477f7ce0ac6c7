//! Compares two stores, both ways.

use std::num::NonZeroUsize;

use serde_json::json;
use session_core::{Clock, Record, SessionKey, StoreError, SystemClock};

use crate::backend::{Backend, patiently};
use crate::failure::Failure;
use crate::report::Report;

const PAGE: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// Tells what only one of them has, and what differs. Nobody should be writing to either.
pub(crate) async fn verify(from: &Backend, to: &Backend) -> Result<Report, Failure> {
    let (mut same, mut missing, mut different, mut extra, mut unreadable) = (0_u64, 0_u64, 0_u64, 0_u64, 0_usize);
    for (one, other, forth) in [(from, to, true), (to, from, false)] {
        let mut after = None;
        loop {
            let page = one.page(after.as_ref(), PAGE).await?;
            unreadable += page.unreadable.len();
            for (key, record) in page.records {
                let there = live(other, &key).await?;
                // Judged after both were read: what ends in between is no difference.
                let now = SystemClock.now();
                let there = there.filter(|there| there.is_live_at(now));
                match there {
                    _ if !record.is_live_at(now) => {}
                    None if forth => missing += 1,
                    None => extra += 1,
                    Some(there) if forth && there == *record => same += 1,
                    Some(_) if forth => different += 1,
                    Some(_) => {}
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
    }
    let figures = json!({
        "same": same, "missing": missing, "different": different, "only_at_target": extra, "unreadable": unreadable,
    });
    Ok(Report::figures(figures).no_if(missing + different + extra > 0))
}

/// Reads a record; what cannot be read is as good as none.
async fn live(backend: &Backend, key: &SessionKey) -> Result<Option<Record>, Failure> {
    match patiently(|| backend.store.get(key)).await {
        Ok(record) => Ok(record.map(|record| (*record).clone())),
        Err(StoreError::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
