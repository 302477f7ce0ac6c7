//! The smallest store that keeps the contract: one map, one lock.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use session_conformance::async_trait;
use session_conformance::session_core::store::Page;
use session_conformance::session_core::{
    Cursor, Limits, Owner, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep,
    Timestamp, Version,
};

const NAME: &str = "memory";

/// What stands under a key; `None` if it was damaged.
type Rows = BTreeMap<SessionKey, Option<Arc<Record>>>;

#[derive(Default)]
pub struct Memory(Mutex<Rows>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("records", &self.rows().len()).finish()
    }
}

pub fn limits() -> Limits {
    Limits::default().with_max_payload(1_500_000)
}

impl Memory {
    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Damages what is under the key.
    pub fn damage(&self, key: &SessionKey) {
        self.rows().insert(*key, None);
    }

    /// Reads without a rule; for faults.
    pub fn peek(&self, key: &SessionKey) -> Option<Arc<Record>> {
        self.rows().get(key).cloned().flatten()
    }

    /// Writes without a rule; for faults.
    pub fn set(&self, key: &SessionKey, record: &Record) {
        self.rows().insert(*key, Some(Arc::new(record.clone())));
    }

    fn page(
        &self,
        after: Option<&Cursor>,
        limit: NonZeroUsize,
        wanted: impl Fn(&Record) -> bool,
    ) -> Result<Page, StoreError> {
        let after = after.map(|cursor| cursor.as_bytes().try_into().map(SessionKey::from_bytes)).transpose();
        let Ok(after) = after else { return Err(StoreError::InvalidCursor { store: NAME }) };
        let rows = self.rows();
        let mut records: Vec<_> = rows
            .range((after.map_or(Unbounded, Excluded), Unbounded))
            .filter_map(|(key, row)| Some((*key, row.clone()?)))
            .filter(|(_, record)| wanted(record))
            .take(limit.get().saturating_add(1))
            .collect();
        let more = records.len() > limit.get();
        records.truncate(limit.get());
        let last = records.last().map(|(key, _)| Cursor::new(key.as_bytes().to_vec()));
        Ok(Page { records, next: last.filter(|_| more) })
    }
}

fn readable(row: Option<&Option<Arc<Record>>>) -> Result<Option<&Arc<Record>>, StoreError> {
    match row {
        None => Ok(None),
        Some(Some(record)) => Ok(Some(record)),
        Some(None) => Err(StoreError::Corrupt { store: NAME, source: "it was damaged".into() }),
    }
}

#[async_trait]
impl SessionStore for Memory {
    fn limits(&self) -> Limits {
        limits()
    }

    async fn init(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        readable(self.rows().get(key)).map(|found| found.cloned())
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        let limit = limits().max_payload;
        if record.payload.len() > limit {
            return Err(StoreError::TooLarge { store: NAME, limit });
        }
        let mut rows = self.rows();
        match (readable(rows.get(key))?, put) {
            (Some(stands), _) if stands.version == record.version => return Ok(PutOutcome::Stored),
            (Some(_), Put::Create) => return Ok(PutOutcome::Exists),
            (None, Put::Replace(_)) => return Ok(PutOutcome::Gone),
            (Some(stands), Put::Replace(_)) if !stands.is_live_at(record.last_seen_at) => return Ok(PutOutcome::Gone),
            (Some(stands), Put::Replace(version)) if stands.version != version => {
                return Ok(PutOutcome::Conflict(stands.clone()));
            }
            (None, Put::Create) | (Some(_), Put::Replace(_)) => {}
        }
        rows.insert(*key, Some(Arc::new(record.clone())));
        Ok(PutOutcome::Stored)
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut rows = self.rows();
        match readable(rows.get(key))? {
            Some(stands) if stands.version == version && stands.is_live_at(seen) => {
                let mut moved = (**stands).clone();
                moved.last_seen_at = moved.last_seen_at.max(seen);
                moved.expires_at = moved.expires_at.max(expires_at);
                rows.insert(*key, Some(Arc::new(moved)));
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        Ok(self.rows().remove(key).is_some())
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        Some(self)
    }

    fn owners(&self) -> Option<&dyn Owners> {
        Some(self)
    }

    fn scan(&self) -> Option<&dyn Scan> {
        Some(self)
    }
}

#[async_trait]
impl Sweep for Memory {
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        let mut rows = self.rows();
        let over = rows.iter().filter_map(|(key, row)| Some((row.as_ref()?.expires_at, *key)));
        let mut over: Vec<_> = over.filter(|(expires_at, _)| *expires_at <= before).collect();
        over.sort_unstable();
        over.truncate(limit.get());
        for (_, key) in &over {
            rows.remove(key);
        }
        Ok(over.len() as u64)
    }
}

#[async_trait]
impl Owners for Memory {
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        self.page(after, limit, |record| record.owner.as_ref() == Some(owner))
    }
}

#[async_trait]
impl Scan for Memory {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        self.page(after, limit, |_| true)
    }
}
