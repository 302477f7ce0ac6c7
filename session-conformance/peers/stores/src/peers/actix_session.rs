//! actix-session's store on Redis; its other one keeps a session in the cookie.
//!
//! `save` draws the key itself. How it is called in Redis is the user's to say, by `cache_keygen`: there the key of our
//! choice takes its place. `update` of what is gone goes on under a key that it draws; what it began is deleted again.

use std::cell::Cell;
use std::collections::HashMap;

use actix_session::storage::{LoadError, RedisSessionStore, SessionStore, UpdateError};
use actix_web::cookie::time::Duration;
use session_conformance::Corruption;
use session_core::{BoxError, Record, SessionKey, StoreError};
use session_redis::redis::{Client, cmd};

use super::place::Shared;
use crate::behind::Peer;
use crate::values::{backend, corrupt, from_texts, time_to_live, to_texts};

tokio::task_local! {
    /// What the next key that is drawn is to be.
    static CHOSEN: Cell<Option<String>>;
}

pub(crate) struct OnRedis {
    store: RedisSessionStore,
    client: Client,
}

/// Theirs has none.
impl std::fmt::Debug for OnRedis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OnRedis").finish_non_exhaustive()
    }
}

fn theirs(key: &SessionKey) -> Result<actix_session::storage::SessionKey, StoreError> {
    key.encode().try_into().map_err(backend)
}

fn lives(record: &Record) -> Duration {
    Duration::try_from(time_to_live(record)).unwrap_or(Duration::MAX)
}

impl Peer for OnRedis {
    type Place = Shared;

    async fn place() -> Result<Shared, BoxError> {
        Shared::new().await
    }

    async fn open(server: &Shared) -> Result<Self, BoxError> {
        let keygen = |drawn: &str| CHOSEN.try_with(Cell::take).ok().flatten().unwrap_or_else(|| drawn.to_owned());
        let store = RedisSessionStore::builder(server.url()).cache_keygen(keygen).build().await?;
        Ok(Self { store, client: Client::open(server.url())? })
    }

    async fn load(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        match self.store.load(&theirs(key)?).await {
            Ok(texts) => texts.map(from_texts).transpose().map_err(corrupt),
            Err(error @ LoadError::Deserialization(_)) => Err(corrupt(error)),
            Err(error) => Err(backend(error)),
        }
    }

    /// It sets what is not there, and does not look whether it did: so we do.
    async fn create(&self, key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
        if self.load(key).await?.is_some() {
            return Ok(false);
        }
        let (state, lives): (HashMap<_, _>, _) = (to_texts(record), lives(record));
        let saved = CHOSEN.scope(Cell::new(Some(key.encode())), self.store.save(state, &lives));
        saved.await.map_err(backend)?;
        Ok(self.load(key).await?.is_some_and(|stands| stands.version == record.version))
    }

    async fn save(&self, key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
        let state: HashMap<_, _> = to_texts(record);
        let drawn = match self.store.update(theirs(key)?, state, &lives(record)).await {
            Ok(drawn) => drawn,
            Err(error @ UpdateError::Serialization(_)) => return Err(corrupt(error)),
            Err(error) => return Err(backend(error)),
        };
        let is_there = drawn == theirs(key)?;
        if !is_there {
            self.store.delete(&drawn).await.map_err(backend)?;
        }
        Ok(is_there)
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), StoreError> {
        self.store.delete(&theirs(key)?).await.map_err(backend)
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let mut connection = self.client.get_multiplexed_async_connection().await?;
        cmd("SET").arg(key.encode()).arg("garbage").arg("KEEPTTL").exec_async(&mut connection).await?;
        Ok(Corruption::Planted)
    }
}
