//! tower-sessions' stores.
//!
//! A session's id is an `i128` there. `create` draws another id where the one it is given is taken; then what it began is
//! deleted again.

use std::fmt::Debug;

use session_conformance::Corruption;
use session_core::{BoxError, Record, SessionKey, StoreError};
use time::OffsetDateTime;
use tower_sessions::MemoryStore;
use tower_sessions::session::{self, Id};
use tower_sessions::session_store::{Error, SessionStore};
use tower_sessions_moka_store::MokaStore;
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{ClientLike as _, Config, KeysInterface as _, Pool};
use tower_sessions_redis_store::fred::types::Expiration;
use tower_sessions_sqlx_store::sqlx::{PgPool, SqlitePool, query};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore};

use super::place::{Database, File, Shared};
use crate::behind::Peer;
use crate::values::{backend, corrupt, from_values, half, to_values};

/// No MessagePack begins with this byte.
const GARBAGE: [u8; 1] = [0xc1];

fn id(key: &SessionKey) -> Id {
    Id(i128::from_le_bytes(half(key)))
}

fn to_theirs(key: &SessionKey, record: &Record) -> Result<session::Record, StoreError> {
    let nanos = i128::from(record.expires_at.as_millis()) * 1_000_000;
    let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(backend)?;
    Ok(session::Record { id: id(key), data: to_values(record).into_iter().collect(), expiry_date })
}

fn failed(error: Error) -> StoreError {
    match error {
        Error::Decode(_) => corrupt(error),
        _ => backend(error),
    }
}

async fn load(store: &impl SessionStore, key: &SessionKey) -> Result<Option<Record>, StoreError> {
    let found = store.load(&id(key)).await.map_err(failed)?;
    found.map(|found| from_values(found.data.into_iter().collect())).transpose().map_err(corrupt)
}

async fn create(store: &impl SessionStore, key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
    let mut theirs = to_theirs(key, record)?;
    store.create(&mut theirs).await.map_err(failed)?;
    let is_free = theirs.id == id(key);
    if !is_free {
        store.delete(&theirs.id).await.map_err(failed)?;
    }
    Ok(is_free)
}

/// It says nothing of what it found there.
async fn save(store: &impl SessionStore, key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
    store.save(&to_theirs(key, record)?).await.map_err(failed)?;
    Ok(true)
}

async fn delete(store: &impl SessionStore, key: &SessionKey) -> Result<(), StoreError> {
    store.delete(&id(key)).await.map_err(failed)
}

#[derive(Debug)]
pub(crate) struct Memory {
    store: MemoryStore,
}

impl Peer for Memory {
    type Place = MemoryStore;

    async fn place() -> Result<MemoryStore, BoxError> {
        Ok(MemoryStore::default())
    }

    async fn open(store: &MemoryStore) -> Result<Self, BoxError> {
        Ok(Self { store: store.clone() })
    }

    verbs!(store);
}

#[derive(Debug)]
pub(crate) struct Moka {
    store: MokaStore,
}

impl Peer for Moka {
    type Place = MokaStore;

    async fn place() -> Result<MokaStore, BoxError> {
        Ok(MokaStore::new(None))
    }

    async fn open(store: &MokaStore) -> Result<Self, BoxError> {
        Ok(Self { store: store.clone() })
    }

    verbs!(store);
}

#[derive(Debug)]
pub(crate) struct Sqlite {
    pool: SqlitePool,
    store: SqliteStore,
}

impl Peer for Sqlite {
    type Place = File;

    async fn place() -> Result<File, BoxError> {
        File::new()
    }

    async fn open(file: &File) -> Result<Self, BoxError> {
        let pool = SqlitePool::connect(&file.url()).await?;
        Ok(Self { store: SqliteStore::new(pool.clone()), pool })
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.store.migrate().await.map_err(backend)
    }

    verbs!(store);

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let damage = query("UPDATE tower_sessions SET data = ? WHERE id = ?");
        damage.bind(GARBAGE.as_slice()).bind(id(key).to_string()).execute(&self.pool).await?;
        Ok(Corruption::Planted)
    }
}

#[derive(Debug)]
pub(crate) struct OnPostgres {
    pool: PgPool,
    store: PostgresStore,
}

impl Peer for OnPostgres {
    type Place = Database;

    async fn place() -> Result<Database, BoxError> {
        Database::new().await
    }

    async fn open(database: &Database) -> Result<Self, BoxError> {
        let pool = PgPool::connect(&database.url()).await?;
        Ok(Self { store: PostgresStore::new(pool.clone()), pool })
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.store.migrate().await.map_err(backend)
    }

    verbs!(store);

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let damage = query("UPDATE tower_sessions.session SET data = $1 WHERE id = $2");
        damage.bind(GARBAGE.as_slice()).bind(id(key).to_string()).execute(&self.pool).await?;
        Ok(Corruption::Planted)
    }
}

#[derive(Debug)]
pub(crate) struct OnRedis {
    pool: Pool,
    store: RedisStore<Pool>,
}

impl Peer for OnRedis {
    type Place = Shared;

    async fn place() -> Result<Shared, BoxError> {
        Shared::new().await
    }

    async fn open(server: &Shared) -> Result<Self, BoxError> {
        // As many connections as its example has.
        let pool = Pool::new(Config::from_url(server.url())?, None, None, None, 6)?;
        pool.init().await?;
        Ok(Self { store: RedisStore::new(pool.clone()), pool })
    }

    verbs!(store);

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let garbage = GARBAGE.as_slice();
        let _: () = self.pool.set(id(key).to_string(), garbage, Some(Expiration::KEEPTTL), None, false).await?;
        Ok(Corruption::Planted)
    }
}
