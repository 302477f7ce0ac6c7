//! tower-sessions' trait over a store of ours.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use session_core::{BoxError, Causes, Clock, SessionStore, StoreError, Timestamp};
use time::OffsetDateTime;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_core::session_store::{self, Error, ExpiredDeletion};

use crate::kept::{Kept, State, key};

/// How many a sweep takes at once.
const BATCH: NonZeroUsize = NonZeroUsize::new(1_000).expect("it is not zero");

/// A store for tower-sessions' `SessionManagerLayer` that keeps its sessions in one of ours.
///
/// Call [`init`](SessionStore::init) of the store once before its first use.
#[derive(Clone, Debug)]
pub struct TowerStore(Kept);

impl TowerStore {
    /// Makes it of any store.
    pub fn new(store: impl SessionStore) -> Self {
        Self(Kept::new(Arc::new(store)))
    }

    /// Sets the name of the value that says whose a session is, a text of 1 to 255 bytes or a number. The store's list of
    /// an owner's sessions then has it. Without it a session is nobody's.
    #[must_use]
    pub fn with_owner(mut self, name: &str) -> Self {
        self.0.owner = Some(name.into());
        self
    }

    /// Sets the clock that sessions end by; else it is the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.0.clock = Arc::new(clock);
        self
    }

    fn state(&self, record: &Record) -> session_store::Result<State> {
        let payload = serde_json::to_vec(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
        let owner = self.0.owner.as_deref().and_then(|name| record.data.get(name)).cloned();
        Ok(State { payload, owner })
    }
}

fn until(record: &Record) -> Timestamp {
    let millis = record.expiry_date.unix_timestamp_nanos() / 1_000_000;
    Timestamp::from_millis(u64::try_from(millis).unwrap_or(0))
}

fn key_of(id: Id) -> session_core::SessionKey {
    key(&id.0.to_le_bytes())
}

#[async_trait]
impl session_store::SessionStore for TowerStore {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        // Ids are random: a second one is never taken, too.
        while !self.0.create(&key_of(record.id), self.state(record)?, until(record)).await.map_err(failed)? {
            record.id = Id::default();
        }
        Ok(())
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.0.update(&key_of(record.id), self.state(record)?, until(record)).await.map_err(failed)
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let Some(record) = self.0.load(&key_of(*id)).await.map_err(|error| failed(error.into()))? else {
            return Ok(None);
        };
        let nanos = i128::from(record.expires_at.as_millis()) * 1_000_000;
        let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(nanos);
        Ok(Some(Record {
            id: *id,
            data: serde_json::from_slice(&record.payload).map_err(|error| Error::Decode(error.to_string()))?,
            expiry_date: expiry_date.map_err(|error| Error::Decode(error.to_string()))?,
        }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.0.store.delete(&key_of(*id)).await.map(drop).map_err(|error| failed(error.into()))
    }
}

#[async_trait]
impl ExpiredDeletion for TowerStore {
    async fn delete_expired(&self) -> session_store::Result<()> {
        let Some(sweep) = self.0.store.sweep() else { return Ok(()) };
        let now = self.0.clock.now();
        let all = BATCH.get() as u64;
        while sweep.delete_expired(now, BATCH).await.map_err(|error| failed(error.into()))? >= all {}
        Ok(())
    }
}

/// Their errors are texts, so the causes are written out. Ours show no secret.
fn failed(error: BoxError) -> Error {
    match error.downcast_ref::<StoreError>() {
        Some(StoreError::Corrupt { .. } | StoreError::UnknownFormat { .. }) => {
            Error::Decode(Causes(&*error).to_string())
        }
        _ => Error::Backend(Causes(&*error).to_string()),
    }
}
