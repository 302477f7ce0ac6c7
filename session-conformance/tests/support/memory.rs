//! The smallest store that keeps the contract: one map, one lock.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Bound::{Excluded, Unbounded};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use session_conformance::async_trait;
use session_conformance::session_core::store::Page;
use session_conformance::session_core::{
    Cursor, Limits, Notifier, Owner, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError,
    Sweep, Tells, Timestamp, Version, Watch, Watcher,
};

const NAME: &str = "memory";

/// What stands under the keys; `None` where it was damaged.
#[derive(Default)]
pub struct Rows {
    map: BTreeMap<SessionKey, Option<Arc<Record>>>,
    /// Lists go by the order in which records came to their owners: what is written while somebody pages
    /// comes behind the cursor. An entry whose record is gone, or of another owner, means nothing.
    arrivals: BTreeMap<u64, SessionKey>,
    arrival: BTreeMap<SessionKey, u64>,
    last: u64,
}

impl Rows {
    fn store(&mut self, key: SessionKey, record: Record) {
        let stood = self.map.get(&key).cloned().flatten();
        if stood.is_none_or(|stood| stood.owner != record.owner) {
            self.last += 1;
            if let Some(before) = self.arrival.insert(key, self.last) {
                self.arrivals.remove(&before);
            }
            self.arrivals.insert(self.last, key);
        }
        self.map.insert(key, Some(Arc::new(record)));
    }
}

impl Deref for Rows {
    type Target = BTreeMap<SessionKey, Option<Arc<Record>>>;

    fn deref(&self) -> &Self::Target {
        &self.map
    }
}

impl DerefMut for Rows {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.map
    }
}

/// What a fault keeps in the backend beside the records, where a store that is right needs nothing.
#[derive(Debug, Default)]
pub struct Beside {
    /// An index by owner, written in a step of its own.
    pub index: BTreeSet<(Owner, SessionKey)>,
    /// An index by deadline, or the deadlines that reads have set.
    pub deadlines: BTreeMap<SessionKey, Timestamp>,
    /// Copies of records.
    pub copies: BTreeMap<SessionKey, Arc<Record>>,
    /// Keys that something has happened to.
    pub marks: BTreeSet<SessionKey>,
    /// Pages that were given, and how many writes there have been.
    pub pages: BTreeMap<(Owner, NonZeroUsize), Page>,
    pub writes: u64,
}

pub struct Memory {
    rows: Mutex<Rows>,
    beside: Mutex<Beside>,
    limits: Limits,
    /// Tells whoever listens.
    pub notifier: Notifier,
    /// What a fault tells by in its place.
    pub instead: Notifier,
}

impl Default for Memory {
    fn default() -> Self {
        let live = || {
            let notifier = Notifier::new();
            notifier.resumed();
            notifier
        };
        Self { rows: Mutex::default(), beside: Mutex::default(), limits: limits(), notifier: live(), instead: live() }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("records", &self.rows().len()).finish()
    }
}

pub fn limits() -> Limits {
    Limits::default().with_max_payload(1_500_000)
}

impl Memory {
    /// Makes one that takes whatever comes.
    pub fn boundless() -> Self {
        Self { limits: Limits::default(), ..Self::default() }
    }

    pub fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn beside(&self) -> MutexGuard<'_, Beside> {
        self.beside.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.rows().store(*key, record.clone());
        self.notifier.changed(key);
    }
}

/// Makes a page of as much as there is room for, by number and by bytes.
fn page<M: AsRef<[u8]>>(found: impl Iterator<Item = (M, SessionKey, Arc<Record>)>, limit: NonZeroUsize) -> Page {
    let (mut page, mut last, mut bytes) = (Page::default(), None, 0);
    for (mark, key, record) in found {
        if page.records.len() == limit.get() || bytes >= Page::BYTES {
            page.next = last.map(|mark: M| Cursor::new(mark.as_ref().to_vec()));
            break;
        }
        bytes += record.payload.len();
        page.records.push((key, record));
        last = Some(mark);
    }
    page
}

/// Reads what a page's mark was; `None` before the first page.
fn mark<const N: usize>(after: Option<&Cursor>) -> Result<Option<[u8; N]>, StoreError> {
    let mark = after.map(|cursor| cursor.as_bytes().try_into()).transpose();
    mark.map_err(|_| StoreError::InvalidCursor { store: NAME })
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
        self.limits
    }

    async fn init(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        readable(self.rows().get(key)).map(|found| found.cloned())
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        let limit = self.limits.max_payload;
        if record.payload.len() > limit {
            return Err(StoreError::TooLarge { store: NAME, limit });
        }
        let mut rows = self.rows();
        match (readable(rows.get(key))?, put.replaces()) {
            (Some(stands), _) if stands.version == record.version => return Ok(PutOutcome::Stored),
            (Some(_), None) => return Ok(PutOutcome::Exists),
            (None, Some(_)) => return Ok(PutOutcome::Gone),
            (Some(stands), Some(_)) if !stands.is_live_at(record.last_seen_at) => return Ok(PutOutcome::Gone),
            (Some(stands), Some(version)) if stands.version != version => {
                return Ok(PutOutcome::Conflict(stands.clone()));
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        rows.store(*key, record.clone());
        drop(rows);
        self.notifier.changed(key);
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
                rows.store(*key, moved);
                drop(rows);
                self.notifier.changed(key);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let was_there = self.rows().remove(key).is_some();
        self.notifier.changed(key);
        Ok(was_there)
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

    fn watch(&self) -> Option<&dyn Watch> {
        Some(self)
    }
}

impl Watch for Memory {
    fn tells(&self) -> Tells {
        Tells::Changes
    }

    fn watcher(&self) -> Watcher {
        self.notifier.watcher()
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
        let after = mark(after)?.map_or(0, u64::from_be_bytes);
        let rows = self.rows();
        let behind = rows.arrivals.range((Excluded(after), Unbounded));
        let found = behind.filter_map(|(at, key)| Some((at.to_be_bytes(), *key, rows.get(key)?.clone()?)));
        Ok(page(found.filter(|(_, _, record)| record.owner.as_ref() == Some(owner)), limit))
    }
}

#[async_trait]
impl Scan for Memory {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let after = mark(after)?.map(SessionKey::from_bytes);
        let rows = self.rows();
        let behind = rows.range((after.map_or(Unbounded, Excluded), Unbounded));
        Ok(page(behind.filter_map(|(key, row)| Some((*key.as_bytes(), *key, row.clone()?))), limit))
    }
}
