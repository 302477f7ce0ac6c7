//! A peer's store behind our contract: what a user would write to keep our records there.

use std::fmt::Debug;
use std::sync::Arc;

use session_conformance::{Corruption, Harness};
use session_core::{
    BoxError, Limits, Owners, Put, PutOutcome, Reclaim, Record, Scan, SessionKey, SessionStore, StoreError, Sweep,
    Timestamp, Version, Watch, async_trait,
};

/// What a peer's store can do, with its own means alone.
pub(crate) trait Peer: Debug + Send + Sync + Sized + 'static {
    /// What a clause has for itself, and keeps until it ends: a file, a table, or the memory that all handles share.
    type Place: 'static;

    fn place() -> impl Future<Output = Result<Self::Place, BoxError>>;

    /// Opens a handle there, with connections of its own.
    fn open(place: &Self::Place) -> impl Future<Output = Result<Self, BoxError>>;

    /// Does what the peer's pages tell to do before its first use.
    fn init(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
        async { Ok(()) }
    }

    fn load(&self, key: &SessionKey) -> impl Future<Output = Result<Option<Record>, StoreError>> + Send;

    /// Begins a session under the key; `false` if the peer says, in whatever way, that it is taken.
    fn create(&self, key: &SessionKey, record: &Record) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Saves a session that was loaded before; `false` if the peer says that there is none any more.
    fn save(&self, key: &SessionKey, record: &Record) -> impl Future<Output = Result<bool, StoreError>> + Send;

    fn delete(&self, key: &SessionKey) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Damages what is stored, behind the peer's back.
    fn corrupt(&self, _: &SessionKey) -> impl Future<Output = Result<Corruption, BoxError>> {
        async { Ok(Corruption::Impossible("it keeps values as they are, so there is nothing to misread")) }
    }
}

/// A peer's store as one of ours.
///
/// No peer can be handed a version, so the wrapper looks first and writes then, and whoever comes in between is
/// overwritten. Where a peer has a call that looks and writes in one, such as one that never creates, it is used.
#[derive(Debug)]
pub(crate) struct Behind<P>(P);

#[async_trait]
impl<P: Peer> SessionStore for Behind<P> {
    fn limits(&self) -> Limits {
        limits()
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.0.init().await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.0.load(key).await?.map(Arc::new))
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        let Some(replaced) = put.replaces() else {
            if self.0.create(key, record).await? {
                return Ok(PutOutcome::Stored);
            }
            let stands = self.0.load(key).await?;
            let is_ours = stands.is_some_and(|stands| stands.version == record.version);
            return Ok(if is_ours { PutOutcome::Stored } else { PutOutcome::Exists });
        };
        match self.0.load(key).await? {
            Some(stands) if stands.version == record.version => Ok(PutOutcome::Stored),
            Some(stands) if !stands.is_live_at(record.last_seen_at) => Ok(PutOutcome::Gone),
            Some(stands) if stands.version != replaced => Ok(PutOutcome::Conflict(Arc::new(stands))),
            Some(_) if self.0.save(key, record).await? => Ok(PutOutcome::Stored),
            _ => Ok(PutOutcome::Gone),
        }
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        match self.0.load(key).await? {
            Some(stands) if stands.version == version && stands.is_live_at(seen) => {
                let last_seen_at = seen.max(stands.last_seen_at);
                let expires_at = expires_at.max(stands.expires_at);
                self.0.save(key, &Record { last_seen_at, expires_at, ..stands }).await
            }
            _ => Ok(false),
        }
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        let was_there = match self.0.load(key).await {
            Ok(stands) => stands.is_some(),
            Err(StoreError::Corrupt { .. }) => true,
            Err(error) => return Err(error),
        };
        self.0.delete(key).await?;
        Ok(was_there)
    }

    // Where a peer sweeps, it does so by its own clock, all at once, and most do not say how many.
    fn sweep(&self) -> Option<&dyn Sweep> {
        None
    }

    fn owners(&self) -> Option<&dyn Owners> {
        None
    }

    fn scan(&self) -> Option<&dyn Scan> {
        None
    }

    fn watch(&self) -> Option<&dyn Watch> {
        None
    }
}

/// What is past its deadline is gone by the peer's own clock.
fn limits() -> Limits {
    Limits::default().with_reclaim(Reclaim::ByItself)
}

/// A peer's store for the suite.
pub(crate) struct Harnessed<P: Peer> {
    place: P::Place,
    store: Arc<Behind<P>>,
}

impl<P: Peer> Harness for Harnessed<P> {
    const TIME_LIMIT: std::time::Duration = crate::column::TIME_LIMIT;

    async fn start() -> Result<Self, BoxError> {
        let place = P::place().await?;
        let store = Arc::new(Behind(P::open(&place).await?));
        Ok(Self { place, store })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        self.store.clone()
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(Behind(P::open(&self.place).await?)))
    }

    fn limits(&self) -> Limits {
        limits()
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        self.store.0.corrupt(key).await
    }
}
