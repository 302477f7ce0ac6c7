//! This project's stores, for comparison.

use std::sync::Arc;
use std::time::Duration;

use session_conformance::{Corruption, Harness};
use session_core::{BoxError, Limits, Reclaim, SessionKey, SessionStore, Version};
use session_ets::{EtsStore, Table};
use session_redis::redis::{Client, cmd};
use session_redis::{RedisConfig, RedisStore};
use session_sql::sqlx::query;
use session_sql::{PostgresStore, SqlConfig, SqliteStore};

use crate::column::TIME_LIMIT;
use crate::peers::place::{Database, File, Shared};

pub(crate) struct Ets(Table);

impl Harness for Ets {
    const TIME_LIMIT: Duration = TIME_LIMIT;

    async fn start() -> Result<Self, BoxError> {
        Ok(Self(Table::private()))
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(EtsStore::new(self.0.clone()))
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.store())
    }
}

fn sql_limits() -> Limits {
    Limits::default().with_max_payload(SqlConfig::default().max_payload)
}

pub(crate) struct Sqlite {
    file: File,
    store: SqliteStore,
}

impl Harness for Sqlite {
    const TIME_LIMIT: Duration = TIME_LIMIT;

    async fn start() -> Result<Self, BoxError> {
        let file = File::new()?;
        Ok(Self { store: SqliteStore::from_url(&file.url())?, file })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(SqliteStore::from_url(&self.file.url())?))
    }

    fn limits(&self) -> Limits {
        sql_limits()
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let damage = query("UPDATE sessions SET expires_at = -1 WHERE session_key = ?");
        damage.bind(key.as_bytes().as_slice()).execute(self.store.pool()).await?;
        Ok(Corruption::Planted)
    }
}

pub(crate) struct OnPostgres {
    database: Database,
    store: PostgresStore,
}

impl Harness for OnPostgres {
    const TIME_LIMIT: Duration = TIME_LIMIT;

    async fn start() -> Result<Self, BoxError> {
        let database = Database::new().await?;
        Ok(Self { store: PostgresStore::from_url(&database.url())?, database })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(PostgresStore::from_url(&self.database.url())?))
    }

    fn limits(&self) -> Limits {
        sql_limits()
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let damage = query("UPDATE sessions SET expires_at = -1 WHERE session_key = $1");
        damage.bind(key.as_bytes().as_slice()).execute(self.store.pool()).await?;
        Ok(Corruption::Planted)
    }

    async fn stop(self) {
        self.store.close().await;
    }
}

pub(crate) struct OnRedis {
    server: Shared,
    prefix: String,
    store: RedisStore,
}

impl OnRedis {
    fn open(server: &Shared, prefix: &str) -> Result<RedisStore, BoxError> {
        Ok(RedisStore::from_url(server.url(), RedisConfig::default().with_prefix(prefix))?)
    }
}

impl Harness for OnRedis {
    const TIME_LIMIT: Duration = TIME_LIMIT;

    async fn start() -> Result<Self, BoxError> {
        let server = Shared::new().await?;
        let prefix = format!("ours-{:016x}", Version::random()?.as_u64());
        Ok(Self { store: Self::open(&server, &prefix)?, server, prefix })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(Self::open(&self.server, &self.prefix)?))
    }

    fn limits(&self) -> Limits {
        Limits::default().with_max_payload(1 << 20).with_reclaim(Reclaim::ByItself)
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let mut connection = Client::open(self.server.url())?.get_multiplexed_async_connection().await?;
        let name = format!("{}:s:{}", self.prefix, key.encode());
        cmd("SET").arg(name).arg("garbage").arg("KEEPTTL").exec_async(&mut connection).await?;
        Ok(Corruption::Planted)
    }
}
