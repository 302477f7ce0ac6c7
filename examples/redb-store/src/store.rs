//! The store.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use redb::{Database, Durability, ReadTransaction, ReadableDatabase};
use session_core::{
    Cursor, Limits, Notifier, Owner, Owners, Page, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError,
    Sweep, Tells, Timestamp, Version, Watch, Watcher, async_trait,
};
use tokio::task::spawn_blocking;

use crate::codec::decode;
use crate::error::{NAME, RedbError, gave_up, indeterminate};
use crate::tables::{Done, OWNERS, RECORDS, Tables};

/// The most bytes that a payload may have; redb itself takes three times as many.
const LARGEST: usize = 1 << 30;

/// Keeps sessions in a file of redb's.
///
/// A clone is another handle on the same file, and tells of the same changes: nobody else can make any while this process has
/// the file. It may be used from any runtime of tokio's.
#[derive(Clone)]
pub struct RedbStore {
    database: Arc<Database>,
    durability: Durability,
    told: Arc<Notifier>,
}

impl RedbStore {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// `Misconfigured` if another process, or another store of this one, has it; `Backend` if it cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let database = Database::create(path).map_err(RedbError::from)?;
        Ok(Self::new(Arc::new(database)))
    }

    /// Makes a store of a database that the application has opened, and may keep other tables in. One of several that are
    /// made so, and are no clones, tells of its own changes alone.
    #[must_use]
    pub fn new(database: Arc<Database>) -> Self {
        let told = Arc::new(Notifier::new());
        told.resumed();
        Self { database, durability: Durability::Immediate, told }
    }

    /// Sets whether a write waits until it is on the disk: `Immediate`, the default, or `None`, which is for tests. With that
    /// a crash forgets what was written last, and so brings back who logged out.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Reads in a transaction, on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTransaction) -> Result<T, RedbError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let database = Arc::clone(&self.database);
        let read = spawn_blocking(move || work(&database.begin_read()?));
        Ok(read.await.map_err(gave_up)??)
    }

    /// Writes in a transaction, on a thread that may block. It goes on to its end whatever becomes of this future, so
    /// that what it leaves is whole; if it changes one record, that is told once it can be seen.
    async fn write<T: Send + 'static>(
        &self,
        key: Option<SessionKey>,
        work: impl FnOnce(&mut Tables<'_>) -> Result<Done<T>, RedbError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (database, durability, told) = (Arc::clone(&self.database), self.durability, Arc::clone(&self.told));
        let written = spawn_blocking(move || {
            let mut transaction = database.begin_write().map_err(RedbError::from)?;
            transaction.set_durability(durability).map_err(RedbError::from)?;
            let done = work(&mut Tables::of(&transaction)?)?;
            match done {
                // Dropped, and so undone, though there is nothing to undo: that costs no sync.
                Done::Unchanged(answer) => Ok(answer),
                Done::Changed(answer) => {
                    transaction.commit().map_err(|error| indeterminate(error.into()))?;
                    if let Some(key) = key {
                        told.changed(&key);
                    }
                    Ok(answer)
                }
            }
        });
        written.await.map_err(|error| indeterminate(gave_up(error)))?
    }
}

impl fmt::Debug for RedbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedbStore").field("durability", &self.durability).finish_non_exhaustive()
    }
}

#[async_trait]
impl SessionStore for RedbStore {
    fn limits(&self) -> Limits {
        Limits::default().with_max_payload(LARGEST)
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.write(None, |tables| tables.init()).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        let key = *key.as_bytes();
        self.read(move |transaction| {
            let bytes = transaction.open_table(RECORDS)?.get(key)?;
            let stored = bytes.map(|bytes| decode(bytes.value())).transpose()?;
            Ok(stored.map(|stored| Arc::new(stored.record)))
        })
        .await
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        if record.payload.len() > LARGEST {
            return Err(StoreError::TooLarge { store: NAME, limit: LARGEST });
        }
        let (key, record) = (*key, record.clone());
        self.write(Some(key), move |tables| tables.put(&key, record, put)).await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let key = *key;
        self.write(Some(key), move |tables| tables.touch(&key, version, seen, expires_at)).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let key = *key;
        self.write(Some(key), move |tables| tables.delete(&key)).await
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

impl Watch for RedbStore {
    fn tells(&self) -> Tells {
        Tells::Changes
    }

    fn watcher(&self) -> Watcher {
        self.told.watcher()
    }
}

#[async_trait]
impl Sweep for RedbStore {
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        self.write(None, move |tables| tables.delete_expired(before, limit.get())).await
    }
}

#[async_trait]
impl Owners for RedbStore {
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let (owner, after) = (owner.clone(), after.map(place).transpose()?);
        self.read(move |transaction| {
            let (records, owners) = (transaction.open_table(RECORDS)?, transaction.open_table(OWNERS)?);
            let owner = owner.as_str().as_bytes();
            let first = after.map_or(Bound::Included((owner, 0)), |place| Bound::Excluded((owner, place)));
            let (mut page, mut bytes) = (Page::default(), 0);
            for entry in owners.range((first, Bound::Included((owner, u64::MAX))))? {
                let (at, key) = entry?;
                let (place, key) = (at.value().1, key.value());
                // One that cannot be read, or whose place this is no longer, is left out.
                if let Some(stored) = records.get(key)?
                    && let Ok(stored) = decode(stored.value())
                    && stored.place == place
                {
                    bytes += stored.record.payload.len();
                    page.records.push((SessionKey::from_bytes(key), Arc::new(stored.record)));
                }
                if page.records.len() >= limit.get() || bytes >= Page::BYTES {
                    page.next = Some(Cursor::new([&[OWNED][..], &place.to_be_bytes()].concat()));
                    break;
                }
            }
            Ok(page)
        })
        .await
    }
}

#[async_trait]
impl Scan for RedbStore {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let after = after.map(scanned).transpose()?;
        self.read(move |transaction| {
            let records = transaction.open_table(RECORDS)?;
            let first = after.map_or(Bound::Unbounded, Bound::Excluded);
            let (mut page, mut bytes) = (Page::default(), 0);
            for entry in records.range::<[u8; 32]>((first, Bound::Unbounded))? {
                let (key, stored) = entry?;
                let key = SessionKey::from_bytes(key.value());
                match decode(stored.value()) {
                    Ok(stored) => {
                        bytes += stored.record.payload.len();
                        page.records.push((key, Arc::new(stored.record)));
                    }
                    Err(_) => page.unreadable.push(key),
                }
                if page.records.len() + page.unreadable.len() >= limit.get() || bytes >= Page::BYTES {
                    page.next = Some(Cursor::new([&[ALL][..], key.as_bytes()].concat()));
                    break;
                }
            }
            Ok(page)
        })
        .await
    }
}

/// What cursors of lists and of scans begin with.
const OWNED: u8 = b'o';
const ALL: u8 = b'a';

/// Reads the cursor of a list.
fn place(cursor: &Cursor) -> Result<u64, StoreError> {
    let place = cursor.as_bytes().strip_prefix(&[OWNED]).and_then(|place| place.try_into().ok());
    place.map(u64::from_be_bytes).ok_or(StoreError::InvalidCursor { store: NAME })
}

/// Reads the cursor of a scan.
fn scanned(cursor: &Cursor) -> Result<[u8; 32], StoreError> {
    let key = cursor.as_bytes().strip_prefix(&[ALL]).and_then(|key| key.try_into().ok());
    key.ok_or(StoreError::InvalidCursor { store: NAME })
}
