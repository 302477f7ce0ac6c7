//! Counts what the store does, and in tests fails in its place.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};
use session_core::{
    Cursor, Limits, Owner, Owners, Page, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep,
    Timestamp, Version, Watch, async_trait,
};
use tokio::sync::watch;

/// A store around the real one. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Watched(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Arc<dyn SessionStore>,
    state: watch::Sender<StoreState>,
    counts: Counts<AtomicU64>,
}

/// How the store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum StoreState {
    #[default]
    Up,
    /// It cannot be reached.
    Down,
    /// It gives no answer until this changes.
    Slow,
}

/// How often each verb was called, and how often a `put` came second.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Counts<T = u64> {
    pub(crate) get: T,
    pub(crate) put: T,
    pub(crate) touch: T,
    pub(crate) delete: T,
    pub(crate) list: T,
    pub(crate) conflict: T,
}

impl Counts {
    /// Gives each count with its name in JSON, for the page.
    pub(crate) fn named(self) -> [(&'static str, u64); 6] {
        let Self { get, put, touch, delete, list, conflict } = self;
        [("get", get), ("put", put), ("touch", touch), ("delete", delete), ("list", list), ("conflict", conflict)]
    }
}

impl Watched {
    pub(crate) fn new(store: Arc<dyn SessionStore>) -> Self {
        Self(Arc::new(Inner { store, state: watch::Sender::default(), counts: Counts::default() }))
    }

    pub(crate) fn set(&self, state: StoreState) {
        self.0.state.send_replace(state);
    }

    pub(crate) fn counts(&self) -> Counts {
        let Counts { get, put, touch, delete, list, conflict } = &self.0.counts;
        let [get, put, touch, delete, list, conflict] =
            [get, put, touch, delete, list, conflict].map(|count| count.load(Ordering::Relaxed));
        Counts { get, put, touch, delete, list, conflict }
    }

    /// Takes note of a call, and gives the real store for it if that can be had.
    async fn reach(&self, count: impl Fn(&Counts<AtomicU64>) -> &AtomicU64) -> Result<&dyn SessionStore, StoreError> {
        count(&self.0.counts).fetch_add(1, Ordering::Relaxed);
        let mut state = self.0.state.subscribe();
        // The sender lives as long as this does.
        let state = state.wait_for(|state| *state != StoreState::Slow).await.map_or(StoreState::Down, |state| *state);
        match state {
            StoreState::Down => Err(StoreError::Unavailable { store: "demo", source: "a test has made it so".into() }),
            StoreState::Up | StoreState::Slow => Ok(&*self.0.store),
        }
    }
}

#[async_trait]
impl SessionStore for Watched {
    fn limits(&self) -> Limits {
        self.0.store.limits()
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.0.store.init().await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.reach(|it| &it.get).await?.get(key).await
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        let outcome = self.reach(|it| &it.put).await?.put(key, record, put).await?;
        if let PutOutcome::Conflict(_) = outcome {
            self.0.counts.conflict.fetch_add(1, Ordering::Relaxed);
        }
        Ok(outcome)
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.reach(|it| &it.touch).await?.touch(key, version, seen, expires_at).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.reach(|it| &it.delete).await?.delete(key).await
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        self.0.store.sweep()
    }

    fn owners(&self) -> Option<&dyn Owners> {
        self.0.store.owners().map(|_| self as &dyn Owners)
    }

    fn scan(&self) -> Option<&dyn Scan> {
        self.0.store.scan().map(|_| self as &dyn Scan)
    }

    fn watch(&self) -> Option<&dyn Watch> {
        self.0.store.watch()
    }
}

#[async_trait]
impl Owners for Watched {
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let store = self.reach(|it| &it.list).await?;
        store.owners().expect("it had an index when this was given").list(owner, after, limit).await
    }
}

#[async_trait]
impl Scan for Watched {
    /// Counted with the lists.
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let store = self.reach(|it| &it.list).await?;
        store.scan().expect("it could walk over all when this was given").page(after, limit).await
    }
}
