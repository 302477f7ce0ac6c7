//! async-session's store in memory; its others are crates that have not moved for years.
//!
//! A session's id is the hash of its cookie, and is drawn by the crate alone: one of our choice is read from JSON, as the
//! crate's stores on databases do it.

use async_session::{MemoryStore, Session, SessionStore};
use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use serde_json::json;
use session_core::{BoxError, Record, SessionKey, StoreError};

use crate::behind::Peer;
use crate::values::{backend, corrupt, from_texts, to_texts};

#[derive(Debug)]
pub(crate) struct Memory(MemoryStore);

/// The values, in the order of the record's fields.
const NAMES: [&str; 6] = ["version", "payload", "owner", "created_at", "last_seen_at", "expires_at"];

fn cookie(key: &SessionKey) -> String {
    BASE64.encode(key.as_bytes())
}

fn session(key: &SessionKey, record: &Record) -> Result<Session, StoreError> {
    let id = Session::id_from_cookie_value(&cookie(key)).map_err(backend)?;
    let data: std::collections::HashMap<_, _> = to_texts(record);
    let mut session: Session =
        serde_json::from_value(json!({ "id": id, "expiry": null, "data": data })).map_err(backend)?;
    let millis = i64::try_from(record.expires_at.as_millis()).map_err(backend)?;
    let expiry = DateTime::<Utc>::from_timestamp_millis(millis);
    session.set_expiry(expiry.ok_or_else(|| backend("a time that chrono does not know"))?);
    Ok(session)
}

impl Peer for Memory {
    type Place = MemoryStore;

    async fn place() -> Result<MemoryStore, BoxError> {
        Ok(MemoryStore::new())
    }

    async fn open(store: &MemoryStore) -> Result<Self, BoxError> {
        Ok(Self(store.clone()))
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        let found = self.0.load_session(cookie(key)).await.map_err(|error| backend(error.into_boxed_dyn_error()))?;
        let Some(found) = found else { return Ok(None) };
        let texts = NAMES.iter().filter_map(|name| Some(((*name).to_owned(), found.get_raw(name)?)));
        from_texts(texts).map(Some).map_err(corrupt)
    }

    /// It has one call to store, whether the session is new or not.
    async fn create(&self, key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
        if self.load(key).await?.is_some() { Ok(false) } else { self.save(key, record).await }
    }

    async fn save(&self, key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
        let stored = self.0.store_session(session(key, record)?).await;
        stored.map_err(|error| backend(error.into_boxed_dyn_error()))?;
        Ok(true)
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), StoreError> {
        let found = self.0.load_session(cookie(key)).await.map_err(|error| backend(error.into_boxed_dyn_error()))?;
        let Some(found) = found else { return Ok(()) };
        self.0.destroy_session(found).await.map_err(|error| backend(error.into_boxed_dyn_error()))
    }
}
