//! What both bridges do with a store of ours.

use std::sync::Arc;

use serde_json::Value;
use session_core::{
    BoxError, Clock, Owner, Put, PutOutcome, Record, SessionKey, SessionStore, StoreError, SystemClock, Timestamp,
    Version,
};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

/// Says that a session ended, by logout or by time, while a request still had it. Nothing was saved, and nothing begun
/// in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the session is over; its changes were not saved, and no other was begun")]
pub struct Over;

/// How often a write is tried again where others write the same session, each time on what they have written.
const TRIES: usize = 100;

/// A store, the clock that it is used by, and the name of the value that says whose a session is.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) owner: Option<Arc<str>>,
}

impl Kept {
    pub(crate) fn new(store: Arc<dyn SessionStore>) -> Self {
        Self { store, clock: Arc::new(SystemClock), owner: None }
    }

    /// Reads a session; `None` where there is none that is live.
    pub(crate) async fn load(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        let now = self.clock.now();
        Ok(self.store.get(key).await?.filter(|record| record.is_live_at(now)))
    }

    /// Begins a session; `false` if the key is taken.
    pub(crate) async fn create(&self, key: &SessionKey, state: State, until: Timestamp) -> Result<bool, BoxError> {
        let record = self.record(state, self.clock.now(), until)?;
        Ok(self.put(key, &record, Put::Create).await? == PutOutcome::Stored)
    }

    /// Writes over a session that is there, whoever wrote it last, and never begins one.
    pub(crate) async fn update(&self, key: &SessionKey, state: State, until: Timestamp) -> Result<(), BoxError> {
        let mut stands = self.load(key).await?.ok_or(Over)?;
        let record = self.record(state, stands.created_at, until)?;
        for _ in 0..TRIES {
            match self.put(key, &record, Put::Replace(stands.version)).await? {
                PutOutcome::Stored => return Ok(()),
                PutOutcome::Conflict(faster) => stands = faster,
                PutOutcome::Gone | PutOutcome::Exists => return Err(Over.into()),
            }
        }
        Err("others wrote the session each time that it was tried".into())
    }

    /// Moves the deadline; what is over stays so.
    #[cfg(feature = "actix-session")]
    pub(crate) async fn touch(&self, key: &SessionKey, until: Timestamp) -> Result<(), StoreError> {
        if let Some(stands) = self.load(key).await? {
            // Where it is refused, whoever wrote meanwhile has moved the deadline, or has ended the session.
            self.store.touch(key, stands.version, self.clock.now(), until).await?;
        }
        Ok(())
    }

    /// Puts, and where the answer was lost the same once more.
    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        match self.store.put(key, record, put).await {
            Err(StoreError::Indeterminate { .. }) => self.store.put(key, record, put).await,
            outcome => outcome,
        }
    }

    fn record(&self, state: State, created_at: Timestamp, until: Timestamp) -> Result<Record, BoxError> {
        let named = match state.owner {
            Some(Value::String(text)) => Some(text),
            None | Some(Value::Null) => None,
            // As it is written, such as a number.
            Some(other) => Some(other.to_string()),
        };
        Ok(Record {
            version: Version::random()?,
            payload: state.payload.into(),
            owner: named.map(Owner::new).transpose()?,
            created_at,
            last_seen_at: self.clock.now(),
            expires_at: until,
        })
    }
}

/// What a session holds.
pub(crate) struct State {
    /// As the bridge writes it, and reads it again.
    pub(crate) payload: Vec<u8>,
    /// The value that says whose it is, if there is one.
    pub(crate) owner: Option<Value>,
}

/// Derives the key from what stands in the cookie, so that who reads the store has nothing to put into one.
pub(crate) fn key(secret: &[u8]) -> SessionKey {
    SessionKey::from_bytes(Sha256::digest(secret).into())
}
