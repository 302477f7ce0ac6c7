//! A store with one fault: the correct store, and what the fault puts in place of a verb.

use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::sync::Arc;

use session_conformance::async_trait;
use session_conformance::session_core::store::Page;
use session_conformance::session_core::{
    BoxError, Cursor, Limits, Owner, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError,
    Sweep, Timestamp, Version,
};
use session_conformance::{Clause, Corruption, Failure, Harness, run};

use super::memory::{Memory, limits};

/// Breaks what it overrides; the rest is the correct store. Each handle has a fault of its own, so what
/// a fault remembers is what one handle remembers.
#[async_trait]
pub trait Fault: Default + Debug + Send + Sync + 'static {
    fn limits(&self, memory: &Memory) -> Limits {
        memory.limits()
    }

    fn has_sweep(&self) -> bool {
        true
    }

    async fn init(&self, memory: &Memory) -> Result<(), StoreError> {
        memory.init().await
    }

    async fn get(&self, memory: &Memory, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        memory.get(key).await
    }

    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        memory.put(key, record, put).await
    }

    async fn touch(
        &self,
        memory: &Memory,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        memory.touch(key, version, seen, expires_at).await
    }

    async fn delete(&self, memory: &Memory, key: &SessionKey) -> Result<bool, StoreError> {
        memory.delete(key).await
    }

    async fn delete_expired(&self, memory: &Memory, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        memory.delete_expired(before, limit).await
    }

    async fn list(
        &self,
        memory: &Memory,
        owner: &Owner,
        after: Option<&Cursor>,
        limit: NonZeroUsize,
    ) -> Result<Page, StoreError> {
        memory.list(owner, after, limit).await
    }

    async fn page(&self, memory: &Memory, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        Scan::page(memory, after, limit).await
    }
}

/// The store with the fault `F`.
#[derive(Debug, Default)]
pub struct Faulty<F> {
    memory: Arc<Memory>,
    fault: F,
}

#[async_trait]
impl<F: Fault> SessionStore for Faulty<F> {
    fn limits(&self) -> Limits {
        self.fault.limits(&self.memory)
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.fault.init(&self.memory).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.fault.get(&self.memory, key).await
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        self.fault.put(&self.memory, key, record, put).await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.fault.touch(&self.memory, key, version, seen, expires_at).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.fault.delete(&self.memory, key).await
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        self.fault.has_sweep().then_some(self)
    }

    fn owners(&self) -> Option<&dyn Owners> {
        Some(self)
    }

    fn scan(&self) -> Option<&dyn Scan> {
        Some(self)
    }
}

#[async_trait]
impl<F: Fault> Sweep for Faulty<F> {
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        self.fault.delete_expired(&self.memory, before, limit).await
    }
}

#[async_trait]
impl<F: Fault> Owners for Faulty<F> {
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        self.fault.list(&self.memory, owner, after, limit).await
    }
}

#[async_trait]
impl<F: Fault> Scan for Faulty<F> {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        self.fault.page(&self.memory, after, limit).await
    }
}

impl<F: Fault> Harness for Faulty<F> {
    const TIME_LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

    async fn start() -> Result<Self, BoxError> {
        Ok(Self::default())
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(Self { memory: self.memory.clone(), fault: F::default() })
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.store())
    }

    fn limits(&self) -> Limits {
        limits()
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        self.memory.damage(key);
        Ok(Corruption::Planted)
    }
}

/// Runs the clause on the store with the fault, and gives the failure.
#[track_caller]
pub fn failure_of<F: Fault>(clause: Clause) -> Failure {
    // A race is met by chance: one run in a hundred misses the rarest, on a machine with other things to do.
    let failure = (0..5).find_map(|_| run::<Faulty<F>>(clause, &[]).failure());
    let failure = failure.unwrap_or_else(|| panic!("{clause} does not catch {:?}", F::default()));
    assert_eq!(failure.clause, clause);
    failure
}
