//! A store that loses calls and replies, by chance.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use session_core::{
    Limits, ManualClock, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep, Timestamp,
    Version, Watch, async_trait,
};

use super::seeded::Seeded;

/// Lets other requests go on before and after each call, and fails some.
#[derive(Clone, Debug)]
pub(crate) struct Shaky {
    inner: Arc<dyn SessionStore>,
    chance: Seeded,
    /// Each call takes a millisecond of it, so that of two logins one is the later.
    clock: ManualClock,
    /// Of a thousand calls, so many fail.
    failing: Arc<AtomicUsize>,
    /// Of a thousand writes, so many are refused, as by a store that reads and does not write.
    refusing: Arc<AtomicUsize>,
}

impl Shaky {
    pub(crate) fn new(inner: Arc<dyn SessionStore>, chance: Seeded, clock: ManualClock) -> Self {
        Self { inner, chance, clock, failing: Arc::default(), refusing: Arc::default() }
    }

    pub(crate) fn fails(&self, failing: usize, refusing: usize) {
        self.failing.store(failing, Ordering::Relaxed);
        self.refusing.store(refusing, Ordering::Relaxed);
    }

    async fn call<T>(
        &self,
        writes: bool,
        done: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.pause().await;
        self.clock.advance(Duration::from_millis(1));
        let (failing, refusing) = (self.failing.load(Ordering::Relaxed), self.refusing.load(Ordering::Relaxed));
        if writes && self.chance.below(1_000) < refusing {
            return Err(StoreError::Unavailable { store: "shaky", source: "read only".into() });
        }
        if self.chance.below(1_000) >= failing {
            let done = done.await;
            self.pause().await;
            return done;
        }
        match self.chance.below(3) {
            0 => Err(StoreError::Unavailable { store: "shaky", source: "connection refused".into() }),
            1 => Err(StoreError::Indeterminate { store: "shaky", source: "connection reset before".into() }),
            _ => {
                done.await?;
                Err(StoreError::Indeterminate { store: "shaky", source: "connection reset after".into() })
            }
        }
    }

    async fn pause(&self) {
        for _ in 0..self.chance.below(4) {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl SessionStore for Shaky {
    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.inner.init().await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.call(false, self.inner.get(key)).await
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        self.call(true, self.inner.put(key, record, put)).await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.call(true, self.inner.touch(key, version, seen, expires_at)).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.call(true, self.inner.delete(key)).await
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        self.inner.sweep()
    }

    fn owners(&self) -> Option<&dyn Owners> {
        self.inner.owners()
    }

    fn scan(&self) -> Option<&dyn Scan> {
        self.inner.scan()
    }

    fn watch(&self) -> Option<&dyn Watch> {
        self.inner.watch()
    }
}
