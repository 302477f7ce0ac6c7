//! A store around another, which says only what it does differently.

use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::Arc;

use session_core::{
    Limits, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep, Timestamp, Version,
    Watch, async_trait,
};
use session_ets::EtsStore;

/// What a store does around each call of another.
pub(crate) trait Around: Debug + Send + Sync + 'static {
    /// Whether it has the capabilities of the other.
    const CAPABLE: bool = true;

    /// Does a call, in its own way. The pages of owners and scans are read without it.
    fn call<T: Send>(
        &self,
        _verb: &'static str,
        done: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> impl Future<Output = Result<T, StoreError>> + Send {
        done
    }

    /// What tells of changes.
    fn watch<'a>(&'a self, inner: &'a EtsStore) -> Option<&'a dyn Watch> {
        inner.watch().filter(|_| Self::CAPABLE)
    }
}

/// A store that does `A` around each call of another.
#[derive(Clone, Debug)]
pub(crate) struct Wrapped<A> {
    pub(crate) inner: EtsStore,
    around: A,
}

impl<A> Wrapped<A> {
    pub(crate) fn around(inner: EtsStore, around: A) -> Self {
        Self { inner, around }
    }
}

impl<A> Deref for Wrapped<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.around
    }
}

#[async_trait]
impl<A: Around> SessionStore for Wrapped<A> {
    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.call("init", self.inner.init()).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.call("get", self.inner.get(key)).await
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        self.call("put", self.inner.put(key, record, put)).await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.call("touch", self.inner.touch(key, version, seen, expires_at)).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.call("delete", self.inner.delete(key)).await
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        A::CAPABLE.then_some(self)
    }

    fn owners(&self) -> Option<&dyn Owners> {
        self.inner.owners().filter(|_| A::CAPABLE)
    }

    fn scan(&self) -> Option<&dyn Scan> {
        self.inner.scan().filter(|_| A::CAPABLE)
    }

    fn watch(&self) -> Option<&dyn Watch> {
        self.around.watch(&self.inner)
    }
}

#[async_trait]
impl<A: Around> Sweep for Wrapped<A> {
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        self.call("sweep", self.inner.sweep().expect("ETS has it").delete_expired(before, limit)).await
    }
}
