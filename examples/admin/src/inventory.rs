//! What is in a store: counted, by age, by owner.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use serde_json::{Value, json};
use session_core::{Clock, Codec, Owner, Payload, Record, RecordHead, SessionKey, SystemClock, Timestamp};

use crate::app::AppCodec;
use crate::args::Age;
use crate::backend::Backend;
use crate::failure::Failure;
use crate::report::Report;

/// Counts all records.
pub(crate) async fn count(backend: &Backend, codec: &AppCodec) -> Result<Report, Failure> {
    let (mut live, mut owned, mut retired, mut unread, mut expired) = (0_u64, 0_u64, 0_u64, 0_u64, 0_u64);
    let (mut unreadable, mut bytes) = (0, 0);
    let mut walk = backend.walk();
    while let Some(page) = walk.next().await? {
        unreadable += page.unreadable.len();
        let now = SystemClock.now();
        for (key, record) in page.records {
            bytes += record.payload.len();
            match codec.decode(&RecordHead::of(&key, &record, now), &record.payload) {
                _ if !record.is_live_at(now) => expired += 1,
                Ok(payload) if payload.is_retired() => retired += 1,
                payload => {
                    live += 1;
                    owned += u64::from(record.owner.is_some());
                    // Sealed by a key that is not here, or of a codec of the app's own: it may be retired as well.
                    unread += u64::from(payload.is_err());
                }
            }
        }
    }
    Ok(Report::figures(json!({
        "live": live, "owned": owned, "not_plain_json": unread, "retired": retired, "expired": expired,
        "unreadable": unreadable, "payload_bytes": bytes,
    })))
}

/// Tells whether a record is a session, as far as it can be read here.
fn is_live(codec: &AppCodec, key: &SessionKey, record: &Record, now: Timestamp) -> bool {
    let is_retired = || {
        let payload = codec.decode(&RecordHead::of(key, record, now), &record.payload);
        payload.is_ok_and(|payload: Payload<'_>| payload.is_retired())
    };
    record.is_live_at(now) && !is_retired()
}

/// Up to which age each row of the histogram goes, and what it is called.
const AGES: [(u64, &str); 11] = [
    (60, "1 minute"),
    (10 * 60, "10 minutes"),
    (60 * 60, "1 hour"),
    (6 * 60 * 60, "6 hours"),
    (24 * 60 * 60, "1 day"),
    (3 * 24 * 60 * 60, "3 days"),
    (7 * 24 * 60 * 60, "7 days"),
    (30 * 24 * 60 * 60, "30 days"),
    (90 * 24 * 60 * 60, "90 days"),
    (365 * 24 * 60 * 60, "365 days"),
    (u64::MAX, "more"),
];
/// How long the longest bar is.
const BAR: u64 = 30;

/// Tells how old live sessions are.
pub(crate) async fn ages(backend: &Backend, codec: &AppCodec, by: Age) -> Result<Report, Failure> {
    let mut counts = [0_u64; AGES.len()];
    let mut walk = backend.walk();
    while let Some(page) = walk.next().await? {
        let now = SystemClock.now();
        for (_, record) in page.records.iter().filter(|(key, record)| is_live(codec, key, record, now)) {
            let age = match by {
                Age::Created => now.since(record.created_at),
                Age::Seen => now.since(record.last_seen_at),
                Age::Expires => record.expires_at.since(now),
            };
            counts[place(age)] += 1;
        }
    }
    let (all, most) = (counts.iter().sum::<u64>(), counts.iter().copied().max().unwrap_or(0).max(1));
    let rows = AGES.iter().zip(counts).map(|((_, name), count)| {
        let bar = "#".repeat(usize::try_from((count * BAR).div_ceil(most)).unwrap_or(0));
        vec![format!("up to {name}").replace("up to more", "more"), count.to_string(), bar]
    });
    let buckets = AGES.iter().zip(counts).map(|((seconds, _), count)| {
        json!({ "up_to_seconds": (*seconds != u64::MAX).then_some(*seconds), "sessions": count })
    });
    let by = match by {
        Age::Created => "created",
        Age::Seen => "seen",
        Age::Expires => "expires",
    };
    let result = json!({ "by": by, "live": all, "ages": buckets.collect::<Vec<_>>() });
    Ok(Report::table(&[by, "sessions", ""], rows.collect::<Vec<_>>(), result))
}

fn place(age: Duration) -> usize {
    AGES.iter().position(|(up_to, _)| age.as_secs() < *up_to).unwrap_or(AGES.len() - 1)
}

/// Lists owners by how many live sessions each has, in all apps on the store. It holds a number for each owner.
pub(crate) async fn owners(
    backend: &Backend,
    codec: &AppCodec,
    begin: Option<&str>,
    at_least: u64,
    limit: NonZeroUsize,
) -> Result<Report, Failure> {
    let begin = begin.unwrap_or_default();
    let mut counts: HashMap<Owner, u64> = HashMap::new();
    let mut walk = backend.walk();
    while let Some(page) = walk.next().await? {
        let now = SystemClock.now();
        for (key, record) in &page.records {
            if let Some(owner) = record.owner.as_ref().filter(|owner| owner.as_str().starts_with(begin))
                && is_live(codec, key, record, now)
            {
                *counts.entry(owner.clone()).or_default() += 1;
            }
        }
    }
    if walk.seen() == 0 {
        backend.refuse_if_empty().await?;
    }
    let mut found: Vec<_> = counts.into_iter().filter(|(_, count)| *count >= at_least).collect();
    let (owners, sessions) = (found.len(), found.iter().map(|(_, count)| count).sum::<u64>());
    found.sort_by(|(a, many), (b, more)| more.cmp(many).then_with(|| a.as_str().cmp(b.as_str())));
    found.truncate(limit.get());
    let listed: Vec<Value> =
        found.iter().map(|(owner, count)| json!({ "owner": owner.as_str(), "sessions": count })).collect();
    let result = json!({ "found": owners, "sessions": sessions, "owners": listed });
    let rows = found.iter().map(|(owner, count)| vec![owner.as_str().to_owned(), count.to_string()]);
    let left = owners - found.len();
    let more = (left > 0).then(|| vec![format!("and {left} more, see --limit"), String::new()]);
    Ok(Report::table(&["owner", "sessions"], rows.chain(more), result).no_if(owners == 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_in_the_row_up_to_which_it_goes() {
        for (seconds, row) in [(0, 0), (59, 0), (60, 1), (3_599, 2), (86_400, 5), (u64::MAX, 10)] {
            assert_eq!(place(Duration::from_secs(seconds)), row, "{seconds}");
        }
    }
}
