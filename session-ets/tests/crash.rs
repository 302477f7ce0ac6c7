//! A process that is killed while it saves its table: the file is the table before or after, whole.
//!
//! A table is in memory, so a crash loses what was written since it was saved. The store here saves with each write, before
//! it acknowledges, which no server would, so that the suite's clause about crashes asks for all that `save_to` promises.
#![cfg(unix)]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use session_conformance::child::{Killed, OnDisk};
use session_conformance::{Clause, run};
use session_ets::session_core::{
    BoxError, Limits, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep, Timestamp,
    Version, Watch, async_trait,
};
use session_ets::{EtsStore, Table};
use tokio::sync::{Mutex, MutexGuard};

/// Saves its table with each write.
#[derive(Debug)]
struct Saving {
    store: EtsStore,
    path: PathBuf,
    /// One write and its save at a time: a file with what stood earlier must not come over one with what stands.
    turn: Mutex<()>,
}

impl Saving {
    fn load(path: &Path) -> Result<Self, BoxError> {
        let store = EtsStore::new(Table::private());
        store.table().load_from(path)?;
        let saving = Self { store, path: path.to_owned(), turn: Mutex::new(()) };
        // What is loaded is no longer in a file.
        saving.save()?;
        Ok(saving)
    }

    fn save(&self) -> Result<(), StoreError> {
        let failed = |error: session_ets::EtsError| StoreError::Backend { store: "saving", source: error.into() };
        self.store.table().save_to(&self.path).map(drop).map_err(failed)
    }

    async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }
}

#[async_trait]
impl SessionStore for Saving {
    fn limits(&self) -> Limits {
        self.store.limits()
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.store.init().await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.store.get(key).await
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        let _turn = self.turn().await;
        let outcome = self.store.put(key, record, put).await?;
        self.save()?;
        Ok(outcome)
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let _turn = self.turn().await;
        let touched = self.store.touch(key, version, seen, expires_at).await?;
        self.save()?;
        Ok(touched)
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let _turn = self.turn().await;
        let deleted = self.store.delete(key).await?;
        self.save()?;
        Ok(deleted)
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        Some(self)
    }

    fn owners(&self) -> Option<&dyn Owners> {
        self.store.owners()
    }

    fn scan(&self) -> Option<&dyn Scan> {
        self.store.scan()
    }

    fn watch(&self) -> Option<&dyn Watch> {
        self.store.watch()
    }
}

#[async_trait]
impl Sweep for Saving {
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        let _turn = self.turn().await;
        let swept = self.store.delete_expired(before, limit).await?;
        self.save()?;
        Ok(swept)
    }
}

impl OnDisk for Saving {
    const SERVED_BY: &'static str = "serves_what_it_saves";

    fn open(path: &Path) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(Self::load(path)?))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the other test kills"]
async fn serves_what_it_saves() -> Result<(), BoxError> {
    Saving::serve().await
}

#[test]
fn no_saved_write_is_lost_with_the_process() {
    run::<Killed<Saving>>(Clause::FLT_8, &[]).assert_passed();
}
