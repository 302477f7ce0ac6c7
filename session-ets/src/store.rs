//! The store: the contract's verbs over a table.

use std::num::NonZeroUsize;
use std::sync::Arc;

use bytes::Bytes;
use session_core::{
    Cursor, Eviction, Limits, Owner, Owners, Page, Put, PutOutcome, Reclaim, Record, Scan, SessionKey, SessionStore,
    StoreError, Sweep, Tells, Timestamp, Version, Watch, Watcher, async_trait,
};

use crate::cursor;
use crate::error::{EtsError, NAME};
use crate::table::Table;

/// A store that keeps sessions in a [`Table`].
///
/// A handle: clones are stores on the same table.
///
/// ```
/// use session_ets::{EtsStore, Table};
///
/// let _table = Table::new("session")?;
/// let store = EtsStore::named("session")?;
/// assert_eq!(store.table().name(), Some("session"));
///
/// let error = EtsStore::named("sessions").unwrap_err();
/// assert!(error.to_string().contains(r#"make it first with `Table::new("sessions")`"#));
/// # Ok::<(), session_ets::EtsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct EtsStore {
    table: Table,
}

impl EtsStore {
    /// Creates a store on `table`.
    #[must_use]
    pub fn new(table: Table) -> Self {
        Self { table }
    }

    /// Creates a store on the table of this name, which must be there.
    ///
    /// # Errors
    /// [`EtsError::NoTable`] if it is not.
    pub fn named(name: &str) -> Result<Self, EtsError> {
        Table::named(name).map(Self::new)
    }

    /// Returns the table.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }
}

impl From<Table> for EtsStore {
    fn from(table: Table) -> Self {
        Self::new(table)
    }
}

#[async_trait]
impl SessionStore for EtsStore {
    fn limits(&self) -> Limits {
        Limits::default()
            .with_max_payload(self.table.config().max_payload.unwrap_or(usize::MAX))
            .with_eviction(Eviction::Never)
            .with_reclaim(Reclaim::BySweep)
    }

    async fn init(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.table.read(key))
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        let limit = self.limits().max_payload;
        if record.payload.len() > limit {
            return Err(StoreError::TooLarge { store: NAME, limit });
        }
        let mut record = own(record);
        match put.replaces() {
            None => match self.table.insert(key, &record).map_err(full)? {
                None => Ok(PutOutcome::Stored),
                Some(standing) if standing.version == record.version => Ok(PutOutcome::Stored),
                // Past its deadline, too, until a sweep takes it: ids are random, so nobody waits for one.
                Some(_) => Ok(PutOutcome::Exists),
            },
            Some(version) => {
                let mut is_new = false;
                let outcome = self.table.update(key, |standing| {
                    if standing.version == record.version {
                        PutOutcome::Stored
                    } else if !standing.is_live_at(record.last_seen_at) {
                        PutOutcome::Gone
                    } else if standing.version != version {
                        PutOutcome::Conflict(Arc::clone(standing))
                    } else {
                        // Swapped, so that the old record is not freed under the row's guard.
                        std::mem::swap(standing, &mut record);
                        is_new = true;
                        PutOutcome::Stored
                    }
                });
                self.tell(key, is_new);
                Ok(outcome.unwrap_or(PutOutcome::Gone))
            }
        }
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let touched = self.table.update(key, |standing| {
            if standing.version != version || !standing.is_live_at(seen) {
                return false;
            }
            // A record that a reader still holds is copied, its payload shared; it never changes.
            let record = Arc::make_mut(standing);
            record.last_seen_at = record.last_seen_at.max(seen);
            record.expires_at = record.expires_at.max(expires_at);
            true
        });
        Ok(self.tell(key, touched.unwrap_or(false)))
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        Ok(self.tell(key, self.table.remove_if(key, |_| true)))
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

#[async_trait]
impl Sweep for EtsStore {
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        let removed = self.table.remove_due(before, limit);
        #[cfg(feature = "metrics")]
        crate::metrics::stored(&self.table);
        Ok(removed as u64)
    }
}

#[async_trait]
impl Owners for EtsStore {
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let after = after.map(cursor::sequence).transpose()?;
        let (records, next) = self.table.owned_by(owner, after, limit);
        Ok(Page { records, next: next.map(cursor::after_sequence), ..Page::default() })
    }
}

#[async_trait]
impl Scan for EtsStore {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let after = after.map(cursor::key).transpose()?;
        let (records, next) = self.table.all(after.as_ref(), limit);
        Ok(Page { records, next: next.as_ref().map(cursor::after_key), ..Page::default() })
    }
}

/// In this process alone, as the table is.
impl Watch for EtsStore {
    fn tells(&self) -> Tells {
        Tells::Changes
    }

    fn watcher(&self) -> Watcher {
        self.table.notifier().watcher()
    }
}

impl EtsStore {
    /// Tells whoever listens of a change, now that its row is free again, and gives whether there was one.
    fn tell(&self, key: &SessionKey, is_new: bool) -> bool {
        if is_new {
            self.table.notifier().changed(key);
        }
        is_new
    }
}

/// Copies a record for the table. The payload is copied, too: it may be a slice of some larger
/// buffer, which would stay in memory for as long as the session.
fn own(record: &Record) -> Arc<Record> {
    Arc::new(Record { payload: Bytes::copy_from_slice(&record.payload), ..record.clone() })
}

fn full(source: EtsError) -> StoreError {
    StoreError::Full { store: NAME, source: source.into() }
}
