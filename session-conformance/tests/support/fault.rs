//! A store with one fault: the correct store, and what the fault puts in place of a verb.

use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use session_conformance::session_core::{
    BoxError, Clock, Cursor, Limits, Owner, Owners, Put, Record, Scan, SessionKey, SessionStore, StoreError, Sweep,
    SystemClock, Tells, Timestamp, Version, Watch, Watcher,
};
use session_conformance::{Corruption, Crash, Harness, Interruption, async_trait};

use super::calls::{Found, KeyCall, Listed, PageCall, PutCall, PutResult, SweepCall, TouchCall};
use super::memory::{Memory, limits};

/// What no error may show.
pub const PASSWORD: &str = "correct-horse-battery";

/// Breaks what it overrides; the rest is the correct store. Each handle has a fault of its own, so what
/// a fault remembers is what one handle remembers; what the backend remembers is in [`Memory`].
#[async_trait]
pub trait Fault: Default + Debug + Send + Sync + 'static {
    fn limits(&self) -> Limits {
        limits()
    }

    /// What its page declares.
    fn declared(&self) -> Limits {
        limits()
    }

    fn has_sweep(&self) -> bool {
        true
    }

    async fn init(&self, memory: &Memory) -> Result<(), StoreError> {
        memory.init().await
    }

    async fn get(&self, call: KeyCall<'_>) -> Found {
        call.get().await
    }

    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right().await
    }

    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        call.right().await
    }

    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        call.delete().await
    }

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        call.right().await
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        call.right().await
    }

    async fn scan(&self, call: PageCall<'_>) -> Listed {
        call.right().await
    }

    fn watcher(&self, memory: &Memory) -> Watcher {
        memory.watcher()
    }

    /// Breaks what changes are told over.
    fn interrupt(memory: &Memory) {
        for notifier in [&memory.notifier, &memory.instead] {
            notifier.lost();
            notifier.resumed();
        }
    }

    /// Gives a handle of an earlier version on the same backend.
    fn previous(_: &Arc<Memory>) -> Option<Arc<dyn SessionStore>> {
        None
    }

    /// Does to the backend what a loss of power does.
    fn crash(_: &Memory) -> Crash {
        Crash::Impossible("what is in memory alone is lost")
    }
}

/// The store with the fault `F`.
#[derive(Debug, Default)]
pub struct Faulty<F> {
    memory: Arc<Memory>,
    fault: F,
}

impl<F: Fault> Faulty<F> {
    /// Gives a handle on this backend.
    pub fn on(memory: &Arc<Memory>) -> Arc<dyn SessionStore> {
        Arc::new(Self { memory: Arc::clone(memory), fault: F::default() })
    }
}

#[async_trait]
impl<F: Fault> SessionStore for Faulty<F> {
    fn limits(&self) -> Limits {
        self.fault.limits()
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.fault.init(&self.memory).await
    }

    async fn get(&self, key: &SessionKey) -> Found {
        self.fault.get(KeyCall { memory: &self.memory, key }).await
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> PutResult {
        self.fault.put(PutCall { memory: &self.memory, key, record, put }).await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.fault.touch(TouchCall { memory: &self.memory, key, version, seen, until }).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.fault.delete(KeyCall { memory: &self.memory, key }).await
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

    fn watch(&self) -> Option<&dyn Watch> {
        Some(self)
    }
}

impl<F: Fault> Watch for Faulty<F> {
    fn tells(&self) -> Tells {
        Tells::Changes
    }

    fn watcher(&self) -> Watcher {
        self.fault.watcher(&self.memory)
    }
}

#[async_trait]
impl<F: Fault> Sweep for Faulty<F> {
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        self.fault.sweep(SweepCall { memory: &self.memory, before, limit }).await
    }
}

#[async_trait]
impl<F: Fault> Owners for Faulty<F> {
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Listed {
        self.fault.list(PageCall { memory: &self.memory, owner: Some(owner), after, limit }).await
    }
}

#[async_trait]
impl<F: Fault> Scan for Faulty<F> {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Listed {
        self.fault.scan(PageCall { memory: &self.memory, owner: None, after, limit }).await
    }
}

impl<F: Fault> Harness for Faulty<F> {
    const TIME_LIMIT: Duration = Duration::from_secs(20);

    async fn start() -> Result<Self, BoxError> {
        Ok(Self::default())
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Self::on(&self.memory)
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.store())
    }

    fn limits(&self) -> Limits {
        self.fault.declared()
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        self.memory.damage(key);
        Ok(Corruption::Planted)
    }

    async fn previous(&self) -> Result<Option<Arc<dyn SessionStore>>, BoxError> {
        Ok(F::previous(&self.memory))
    }

    async fn crash(&self) -> Result<Crash, BoxError> {
        Ok(F::crash(&self.memory))
    }

    async fn interrupt(&self) -> Result<Interruption, BoxError> {
        F::interrupt(&self.memory);
        Ok(Interruption::Broken)
    }

    fn secrets(&self) -> Vec<String> {
        vec![PASSWORD.to_owned()]
    }

    /// At the same part of a second each time, so that a fault which cuts times shows or does not each time.
    fn base_time(&self) -> Timestamp {
        let ahead = (SystemClock.now() + Duration::from_secs(60 * 60)).as_millis();
        Timestamp::from_millis(ahead / 1_000 * 1_000 + 137)
    }
}

/// Whether the gaps of races are as narrow as they can be.
pub static NARROW: AtomicBool = AtomicBool::new(false);

/// Stands between the two halves of what ought to be one step. It is an await, as the second round trip
/// to a backend would be, unless gaps are narrow: then nothing but other threads can come between.
pub async fn gap() {
    if !NARROW.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
    }
}
