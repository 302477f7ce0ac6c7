//! The store as the core is given it, where a clause goes through the core.

use std::sync::Arc;

use session_core::{
    Limits, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep, Timestamp, Version,
    Watch, async_trait,
};

use crate::model::spec::{Answer, Op};
use crate::tools::handle::Handle;

/// Passes everything on, and notes it where the handle does.
#[derive(Debug)]
pub(crate) struct Recorded(pub(crate) Handle);

#[async_trait]
impl SessionStore for Recorded {
    fn limits(&self) -> Limits {
        self.0.limits()
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.0.raw().init().await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.0.on_key(key, || Op::Get, self.0.raw().get(key), |it| Answer::Got(it.clone())).await
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        self.0.try_put(key, record, put).await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let call = self.0.raw().touch(key, version, seen, expires_at);
        self.0.on_key(key, || Op::Touch(version, seen, expires_at), call, |done| Answer::Done(*done)).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.0.on_key(key, || Op::Delete, self.0.raw().delete(key), |done| Answer::Done(*done)).await
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        self.0.raw().sweep()
    }

    fn owners(&self) -> Option<&dyn Owners> {
        self.0.raw().owners()
    }

    fn scan(&self) -> Option<&dyn Scan> {
        self.0.raw().scan()
    }

    fn watch(&self) -> Option<&dyn Watch> {
        self.0.raw().watch()
    }
}
