//! Our stores, each on a place of its own.

use std::any::Any;
use std::sync::Arc;

use session_bridges::session_core::{SessionStore, Version};
use session_conformance::servers::{Postgres, Redis};
use session_ets::{EtsStore, Table};
use session_redis::{RedisConfig, RedisStore};
use session_sql::sqlx::{AssertSqlSafe, Connection as _, PgConnection, query};
use session_sql::{PostgresStore, SqlConfig, SqliteStore};

pub(crate) struct Ours {
    pub(crate) name: &'static str,
    pub(crate) store: Arc<dyn SessionStore>,
    /// What it needs for as long as it is used.
    pub(crate) _place: Arc<dyn Any + Send + Sync>,
}

pub(crate) async fn ours() -> Vec<Ours> {
    let fresh = format!("bridge_{:016x}", Version::random().unwrap().as_u64());
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::from_url(&format!("sqlite://{}", folder.path().join("sessions.db").display())).unwrap();
    let postgres = Postgres::start().await.unwrap();
    let mut connection = PgConnection::connect(postgres.url()).await.unwrap();
    query(AssertSqlSafe(format!("CREATE SCHEMA {fresh}"))).execute(&mut connection).await.unwrap();
    let schema = SqlConfig::default().with_schema(&fresh).unwrap();
    let on_postgres = PostgresStore::from_url_with(postgres.url(), schema).unwrap();
    let redis = Redis::start().await.unwrap();
    let on_redis = RedisStore::from_url(redis.url(), RedisConfig::default().with_prefix(&fresh)).unwrap();
    let all = vec![
        Ours { name: "ETS", store: Arc::new(EtsStore::new(Table::private())), _place: Arc::new(()) },
        Ours { name: "SQLite", store: Arc::new(sqlite), _place: Arc::new(folder) },
        Ours { name: "PostgreSQL", store: Arc::new(on_postgres), _place: Arc::new(postgres) },
        Ours { name: "Redis", store: Arc::new(on_redis), _place: Arc::new(redis) },
    ];
    for ours in &all {
        ours.store.init().await.unwrap();
    }
    all
}
