//! axum_session's stores: what it publishes of them is `DatabasePool`, which sessions are written through. What it keeps in
//! the process is within the crate.
//!
//! It stores one text for a session, and looks whether there is one before it loads it.

use axum_session::DatabasePool;
use axum_session_redispool::SessionRedisPool;
use axum_session_sqlx::{SessionPgPool, SessionSqlitePool};
use redis_pool::RedisPool;
use session_conformance::Corruption;
use session_core::{BoxError, Record, SessionKey, StoreError};
use session_redis::redis::{Client, cmd};
use session_sql::sqlx::{PgPool, SqlitePool, query};

use super::place::{Database, File, Shared};
use crate::behind::Peer;
use crate::values::{backend, corrupt, from_values, to_values};

/// As its configuration has it.
const TABLE: &str = "sessions";
const GARBAGE: &str = "garbage";

async fn load(pool: &(impl DatabasePool + Sync), key: &SessionKey) -> Result<Option<Record>, StoreError> {
    let id = key.encode();
    if !pool.exists(&id, TABLE).await.map_err(backend)? {
        return Ok(None);
    }
    let Some(text) = pool.load(&id, TABLE).await.map_err(backend)? else { return Ok(None) };
    let values = serde_json::from_str(&text).map_err(corrupt)?;
    from_values(values).map(Some).map_err(corrupt)
}

/// It knows of no other way to write than over whatever is there.
async fn create(pool: &(impl DatabasePool + Sync), key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
    let is_free = !pool.exists(&key.encode(), TABLE).await.map_err(backend)?;
    if is_free {
        save(pool, key, record).await?;
    }
    Ok(is_free)
}

async fn save(pool: &(impl DatabasePool + Sync), key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
    let text = serde_json::Value::Object(to_values(record)).to_string();
    // In seconds, of which none may take from what a session has left.
    let expires = i64::try_from(record.expires_at.as_millis().div_ceil(1_000)).map_err(backend)?;
    pool.store(&key.encode(), &text, expires, TABLE).await.map_err(backend)?;
    Ok(true)
}

async fn delete(pool: &(impl DatabasePool + Sync), key: &SessionKey) -> Result<(), StoreError> {
    pool.delete_one_by_id(&key.encode(), TABLE).await.map_err(backend)
}

async fn init(pool: &(impl DatabasePool + Sync)) -> Result<(), StoreError> {
    pool.initiate(TABLE).await.map_err(backend)
}

#[derive(Debug)]
pub(crate) struct Sqlite {
    pool: SqlitePool,
    theirs: SessionSqlitePool,
}

impl Peer for Sqlite {
    type Place = File;

    async fn place() -> Result<File, BoxError> {
        File::new()
    }

    async fn open(file: &File) -> Result<Self, BoxError> {
        let pool = SqlitePool::connect(&file.url()).await?;
        Ok(Self { theirs: pool.clone().into(), pool })
    }

    async fn init(&self) -> Result<(), StoreError> {
        init(&self.theirs).await
    }

    verbs!(theirs);

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let damage = query("UPDATE sessions SET session = ? WHERE id = ?");
        damage.bind(GARBAGE).bind(key.encode()).execute(&self.pool).await?;
        Ok(Corruption::Planted)
    }
}

#[derive(Debug)]
pub(crate) struct OnPostgres {
    pool: PgPool,
    theirs: SessionPgPool,
}

impl Peer for OnPostgres {
    type Place = Database;

    async fn place() -> Result<Database, BoxError> {
        Database::new().await
    }

    async fn open(database: &Database) -> Result<Self, BoxError> {
        let pool = PgPool::connect(&database.url()).await?;
        Ok(Self { theirs: pool.clone().into(), pool })
    }

    async fn init(&self) -> Result<(), StoreError> {
        init(&self.theirs).await
    }

    verbs!(theirs);

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let damage = query("UPDATE sessions SET session = $1 WHERE id = $2");
        damage.bind(GARBAGE).bind(key.encode()).execute(&self.pool).await?;
        Ok(Corruption::Planted)
    }
}

#[derive(Debug)]
pub(crate) struct OnRedis {
    client: Client,
    theirs: SessionRedisPool,
}

impl Peer for OnRedis {
    type Place = Shared;

    async fn place() -> Result<Shared, BoxError> {
        Shared::new().await
    }

    async fn open(server: &Shared) -> Result<Self, BoxError> {
        let client = Client::open(server.url())?;
        Ok(Self { theirs: RedisPool::from(client.clone()).into(), client })
    }

    async fn init(&self) -> Result<(), StoreError> {
        init(&self.theirs).await
    }

    verbs!(theirs);

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let mut connection = self.client.get_multiplexed_async_connection().await?;
        let name = format!("{TABLE}:{}", key.encode());
        cmd("SET").arg(name).arg(GARBAGE).arg("KEEPTTL").exec_async(&mut connection).await?;
        Ok(Corruption::Planted)
    }
}
