//! A store that fails as it is told to.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};

use session_core::{
    Limits, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep, Timestamp, Version,
    async_trait,
};
use session_ets::EtsStore;
use tokio::sync::Notify;

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    No,
    /// The backend is not there; nothing is done.
    Down,
    /// The call is done, and its reply is lost.
    LostReply,
    /// The call is lost, and nobody knows.
    LostCall,
    /// The call never returns.
    Hang,
    /// What is there cannot be read.
    Corrupt,
    /// What is there is of a format that another version of the store writes.
    UnknownFormat,
    /// The call is done once the test lets it go on.
    Wait,
}

/// A store whose next calls fail as its script says; with no script left it is sound.
#[derive(Clone, Debug)]
pub(crate) struct Faulty {
    pub(crate) inner: EtsStore,
    script: Arc<Mutex<VecDeque<(&'static str, Fault)>>>,
    calls: Arc<Mutex<Vec<&'static str>>>,
    /// Tells that a call waits.
    waits: Arc<Notify>,
    /// Lets it go on.
    go: Arc<Notify>,
}

impl Faulty {
    pub(crate) fn new(inner: EtsStore) -> Self {
        Self { inner, script: Arc::default(), calls: Arc::default(), waits: Arc::default(), go: Arc::default() }
    }

    /// Does `meanwhile` while a call waits, and then lets it go on.
    pub(crate) async fn while_waiting(&self, meanwhile: impl FnOnce()) {
        self.waits.notified().await;
        meanwhile();
        self.go.notify_one();
    }

    /// Says what goes wrong with the next call of `verb` after those that were said before.
    pub(crate) fn next(&self, verb: &'static str, fault: Fault) {
        self.script.lock().unwrap().push_back((verb, fault));
    }

    /// Forgets what was to go wrong.
    pub(crate) fn heal(&self) {
        self.script.lock().unwrap().clear();
    }

    /// Gives the calls since the last time.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    async fn call<T>(
        &self,
        verb: &'static str,
        done: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.calls.lock().unwrap().push(verb);
        let fault = {
            let mut script = self.script.lock().unwrap();
            let next = script.iter().position(|(of, _)| *of == verb);
            next.and_then(|next| script.remove(next)).map_or(Fault::No, |(_, fault)| fault)
        };
        let lost = || StoreError::Indeterminate { store: "faulty", source: "connection reset".into() };
        match fault {
            Fault::No => done.await,
            Fault::Down => Err(StoreError::Unavailable { store: "faulty", source: "connection refused".into() }),
            Fault::LostReply => {
                done.await?;
                Err(lost())
            }
            Fault::LostCall => Err(lost()),
            Fault::Hang => pending().await,
            Fault::Wait => {
                self.waits.notify_one();
                self.go.notified().await;
                done.await
            }
            Fault::UnknownFormat => Err(StoreError::UnknownFormat { store: "faulty", source: "format 2".into() }),
            Fault::Corrupt => Err(StoreError::Corrupt { store: "faulty", source: "bad magic".into() }),
        }
    }
}

#[async_trait]
impl SessionStore for Faulty {
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
        Some(self)
    }

    fn owners(&self) -> Option<&dyn Owners> {
        self.inner.owners()
    }

    fn scan(&self) -> Option<&dyn Scan> {
        self.inner.scan()
    }
}

#[async_trait]
impl Sweep for Faulty {
    async fn delete_expired(&self, before: Timestamp, limit: std::num::NonZeroUsize) -> Result<u64, StoreError> {
        self.call("sweep", self.inner.sweep().unwrap().delete_expired(before, limit)).await
    }
}
