//! One record: what the target has of it, and what is to be done about that.

use std::fmt::Debug;
use std::sync::Arc;

use session_core::{Bytes, Put, PutOutcome, Record, SessionKey, SessionStore, StoreError, Timestamp, Version};

use super::ledger::Entry;
use crate::backend::patiently;

type Store = Arc<dyn SessionStore>;

/// Says what is to be done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Plan {
    /// Nothing: the target has it.
    Same,
    /// Nothing: it was written to the target by somebody else, or removed there.
    Foreign,
    Write(Write),
}

/// Says how it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Write {
    /// It is the same write, used since.
    Touch,
    Create,
    /// What stands there is this copy's.
    Replace(Version, Timestamp),
}

/// Says what a write came to.
#[derive(Debug)]
pub(crate) enum Done {
    /// Somebody else was faster.
    Foreign,
    Written,
    Touched,
    /// The target does not take it.
    Refused(StoreError),
}

/// Compares a record of the source with what the target has.
pub(crate) async fn plan(
    to: &Store,
    key: &SessionKey,
    record: &Record,
    entry: Option<Entry>,
    now: Timestamp,
) -> Result<Plan, StoreError> {
    let there = patiently(|| to.get(key)).await?;
    Ok(match (there, entry) {
        (None, Some(entry)) if entry.should_stand(now) => Plan::Foreign,
        (None, _) => Plan::Write(Write::Create),
        // The same write, which only this copy can have brought here. Whoever uses a session moves its times.
        (Some(there), _) if there.version == record.version => {
            let (seen, expires_at) = (record.last_seen_at, record.expires_at);
            match (there.last_seen_at == seen, there.expires_at == expires_at) {
                (true, true) => Plan::Same,
                _ if there.last_seen_at <= seen && there.expires_at <= expires_at => Plan::Write(Write::Touch),
                _ => Plan::Foreign,
            }
        }
        (Some(there), Some(entry)) if entry.is(&there) => Plan::Write(Write::Replace(there.version, there.expires_at)),
        (Some(_), _) => Plan::Foreign,
    })
}

/// Does what was planned.
pub(crate) async fn write(to: &Store, key: &SessionKey, record: &Record, write: Write) -> Result<Done, StoreError> {
    let written = match write {
        Write::Touch => {
            let (version, seen, expires_at) = (record.version, record.last_seen_at, record.expires_at);
            if patiently(|| to.touch(key, version, seen, expires_at)).await? {
                return Ok(Done::Touched);
            }
            // It was over there at the time it was used here.
            anew(to, key, record).await
        }
        Write::Create => patiently(|| to.put(key, record, Put::Create)).await,
        Write::Replace(version, _) => match patiently(|| to.put(key, record, Put::Replace(version))).await {
            Ok(PutOutcome::Gone) => anew(to, key, record).await,
            written => written,
        },
    };
    match written {
        Ok(PutOutcome::Stored) => Ok(Done::Written),
        Ok(_) => Ok(Done::Foreign),
        Err(error @ StoreError::TooLarge { .. }) => Ok(Done::Refused(error)),
        Err(error) => Err(error),
    }
}

/// Puts a record in the place of one that was over when this one was last used.
async fn anew(to: &Store, key: &SessionKey, record: &Record) -> Result<PutOutcome, StoreError> {
    match patiently(|| to.get(key)).await? {
        // Somebody has written it meanwhile.
        Some(there) if there.is_live_at(record.last_seen_at) => return Ok(PutOutcome::Conflict(there)),
        Some(_) => _ = patiently(|| to.delete(key)).await?,
        None => {}
    }
    patiently(|| to.put(key, record, Put::Create)).await
}

/// Ends what this copy has put under a key, since the source has it no more; `false` if somebody else has written it. A dry
/// run tells the same, and leaves it there.
///
/// It is replaced by what is over before it is deleted: a replacement is made only if nobody has written meanwhile.
pub(crate) async fn end(to: &Store, key: &SessionKey, entry: &Entry, dry: bool) -> Result<bool, StoreError> {
    let Some(there) = patiently(|| to.get(key)).await? else { return Ok(true) };
    let is_own = entry.is(&there);
    if dry || !is_own {
        return Ok(is_own);
    }
    // Any but the one that stands.
    let version = Version::from_u64(!there.version.as_u64());
    let over = Record {
        version,
        payload: Bytes::new(),
        owner: None,
        // Earlier than the deadline, whatever that is, so that the record counts as live.
        last_seen_at: Timestamp::MIN,
        expires_at: Timestamp::MIN,
        ..(*there).clone()
    };
    match patiently(|| to.put(key, &over, Put::End(there.version))).await? {
        PutOutcome::Conflict(_) | PutOutcome::Exists => return Ok(false),
        PutOutcome::Stored | PutOutcome::Gone => {}
    }
    patiently(|| to.delete(key)).await?;
    Ok(true)
}
