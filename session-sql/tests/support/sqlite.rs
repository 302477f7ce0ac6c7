//! SQLite for the suite: on a file, and in memory.

use std::sync::Arc;

use session_conformance::{Corruption, Harness};
use session_sql::session_core::{BoxError, Limits, SessionKey, SessionStore};
use session_sql::sqlx::{self, AssertSqlSafe, Executor, Sqlite};
use session_sql::{SqlConfig, SqliteStore};
use tempfile::TempDir;

use super::bed::{Bed, patient};

/// A file per clause.
#[derive(Debug)]
pub(crate) struct SqliteFile {
    pub(crate) store: SqliteStore,
    pub(crate) folder: TempDir,
}

impl SqliteFile {
    pub(crate) fn url(folder: &TempDir) -> String {
        format!("sqlite://{}", folder.path().join("sessions.db").display())
    }
}

impl Harness for SqliteFile {
    async fn start() -> Result<Self, BoxError> {
        let folder = tempfile::tempdir()?;
        Ok(Self { store: SqliteStore::from_url_with(&Self::url(&folder), patient())?, folder })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(SqliteStore::from_url_with(&Self::url(&self.folder), patient())?))
    }

    fn limits(&self) -> Limits {
        Limits::default().with_max_payload(SqlConfig::default().max_payload)
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        corrupt(&self.store, key).await
    }

    async fn unreachable(&self) -> Result<Option<Arc<dyn SessionStore>>, BoxError> {
        let missing = self.folder.path().join("no such folder").join("sessions.db");
        Ok(Some(Arc::new(SqliteStore::from_url(&format!("sqlite://{}", missing.display()))?)))
    }
}

/// A database per clause. It is one connection's, so another handle is a clone.
#[derive(Debug)]
pub(crate) struct SqliteMemory(SqliteStore);

impl Harness for SqliteMemory {
    async fn start() -> Result<Self, BoxError> {
        Ok(Self(SqliteStore::in_memory()))
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.0.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.store())
    }

    fn limits(&self) -> Limits {
        Limits::default().with_max_payload(SqlConfig::default().max_payload)
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        corrupt(&self.0, key).await
    }
}

/// A deadline that is no time. The owner stays, so that the row is among those of its owner.
async fn corrupt(store: &SqliteStore, key: &SessionKey) -> Result<Corruption, BoxError> {
    let damage = sqlx::query("UPDATE sessions SET expires_at = -1 WHERE session_key = ?");
    damage.bind(key.as_bytes().as_slice()).execute(store.pool()).await?;
    Ok(Corruption::Planted)
}

impl Bed for SqliteFile {
    type Db = Sqlite;

    fn sql(&self) -> &SqliteStore {
        &self.store
    }

    async fn with(&self, config: SqlConfig) -> Result<SqliteStore, BoxError> {
        Ok(SqliteStore::from_url_with(&Self::url(&self.folder), config)?)
    }

    async fn run(&self, sql: String) -> Result<(), BoxError> {
        self.store.pool().execute(AssertSqlSafe(sql)).await?;
        Ok(())
    }

    async fn number(&self, sql: String) -> Result<i64, BoxError> {
        Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(self.store.pool()).await?)
    }
}
