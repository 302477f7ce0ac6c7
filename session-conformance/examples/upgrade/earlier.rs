//! A store of the older version as the present contract has it: `before_core` is the older version of `session-core`.

use std::num::NonZeroUsize;
use std::sync::Arc;

use before_core::SessionStore as _;
use session_core::store::Page;
use session_core::{Cursor, Limits, Owner, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep, Timestamp, Version, async_trait, Watch};

/// Calls the older store, whose limits are the present one's.
#[derive(Debug)]
pub(crate) struct Earlier {
    pub(crate) store: Arc<dyn before_core::SessionStore>,
    pub(crate) limits: Limits,
}

fn key(key: &SessionKey) -> before_core::SessionKey {
    before_core::SessionKey::from_bytes(*key.as_bytes())
}

fn time(time: Timestamp) -> before_core::Timestamp {
    before_core::Timestamp::from_millis(time.as_millis())
}

fn owner(owner: &Owner) -> before_core::Owner {
    before_core::Owner::new(owner.as_str()).expect("what the present version takes the older does")
}

fn record(record: &Record) -> before_core::Record {
    before_core::Record {
        version: before_core::Version::from_u64(record.version.as_u64()),
        payload: record.payload.clone(),
        owner: record.owner.as_ref().map(owner),
        created_at: time(record.created_at),
        last_seen_at: time(record.last_seen_at),
        expires_at: time(record.expires_at),
    }
}

fn told(record: &before_core::Record) -> Arc<Record> {
    let time = |time: before_core::Timestamp| Timestamp::from_millis(time.as_millis());
    Arc::new(Record {
        version: Version::from_u64(record.version.as_u64()),
        payload: record.payload.clone(),
        owner: record.owner.as_ref().map(|it| Owner::new(it.as_str()).expect("what the older version takes")),
        created_at: time(record.created_at),
        last_seen_at: time(record.last_seen_at),
        expires_at: time(record.expires_at),
    })
}

fn page(page: before_core::Page) -> Page {
    let key = |key: &before_core::SessionKey| SessionKey::from_bytes(*key.as_bytes());
    Page {
        records: page.records.iter().map(|(at, record)| (key(at), told(record))).collect(),
        next: page.next.map(|it| Cursor::new(it.as_bytes().to_vec())),
        unreadable: page.unreadable.iter().map(key).collect(),
    }
}

fn after(cursor: Option<&Cursor>) -> Option<before_core::Cursor> {
    cursor.map(|it| before_core::Cursor::new(it.as_bytes().to_vec()))
}

/// No clause that is run here asks which error it is.
fn failed(error: before_core::StoreError) -> StoreError {
    StoreError::Backend { store: "earlier", source: error.into() }
}

#[async_trait]
impl SessionStore for Earlier {
    fn limits(&self) -> Limits {
        self.limits
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.store.init().await.map_err(failed)
    }

    async fn get(&self, at: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.store.get(&key(at)).await.map_err(failed)?.map(|it| told(&it)))
    }

    async fn put(&self, at: &SessionKey, new: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        // An `End` is a `Replace` to a store; the older version has no other word.
        let put = put.replaces().map_or(before_core::Put::Create, |version| {
            before_core::Put::Replace(before_core::Version::from_u64(version.as_u64()))
        });
        Ok(match self.store.put(&key(at), &record(new), put).await.map_err(failed)? {
            before_core::PutOutcome::Stored => PutOutcome::Stored,
            before_core::PutOutcome::Exists => PutOutcome::Exists,
            before_core::PutOutcome::Conflict(winner) => PutOutcome::Conflict(told(&winner)),
            before_core::PutOutcome::Gone => PutOutcome::Gone,
        })
    }

    async fn touch(
        &self,
        at: &SessionKey,
        version: Version,
        seen: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let version = before_core::Version::from_u64(version.as_u64());
        self.store.touch(&key(at), version, time(seen), time(until)).await.map_err(failed)
    }

    async fn delete(&self, at: &SessionKey) -> Result<bool, StoreError> {
        self.store.delete(&key(at)).await.map_err(failed)
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        self.store.sweep().map(|_| self as &dyn Sweep)
    }

    fn owners(&self) -> Option<&dyn Owners> {
        self.store.owners().map(|_| self as &dyn Owners)
    }

    fn scan(&self) -> Option<&dyn Scan> {
        self.store.scan().map(|_| self as &dyn Scan)
    }

    fn watch(&self) -> Option<&dyn Watch> {
        None
    }
}

#[async_trait]
impl Sweep for Earlier {
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        let sweep = self.store.sweep().expect("it is there");
        sweep.delete_expired(time(before), limit).await.map_err(failed)
    }
}

#[async_trait]
impl Owners for Earlier {
    async fn list(&self, of: &Owner, from: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let owners = self.store.owners().expect("it is there");
        owners.list(&owner(of), after(from).as_ref(), limit).await.map(page).map_err(failed)
    }
}

#[async_trait]
impl Scan for Earlier {
    async fn page(&self, from: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let scan = self.store.scan().expect("it is there");
        scan.page(after(from).as_ref(), limit).await.map(page).map_err(failed)
    }
}
