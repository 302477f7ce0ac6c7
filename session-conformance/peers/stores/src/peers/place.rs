//! What a clause has of a backend for itself.

use session_conformance::servers::{Postgres, Redis};
use session_core::{BoxError, Version};
use session_sql::sqlx::{AssertSqlSafe, Connection as _, PgConnection, query};
use tempfile::TempDir;

/// A file of its own.
#[derive(Debug)]
pub(crate) struct File(TempDir);

impl File {
    pub(crate) fn new() -> Result<Self, BoxError> {
        Ok(Self(tempfile::tempdir()?))
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}?mode=rwc", self.0.path().join("sessions.db").display())
    }
}

/// A database of its own on a server that is shared.
#[derive(Debug)]
pub(crate) struct Database {
    server: Postgres,
    name: String,
}

impl Database {
    pub(crate) async fn new() -> Result<Self, BoxError> {
        let server = Postgres::start().await?;
        let name = format!("peer_{:016x}", Version::random()?.as_u64());
        let mut connection = PgConnection::connect(server.url()).await?;
        query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
        connection.close().await?;
        Ok(Self { server, name })
    }

    pub(crate) fn url(&self) -> String {
        let url = self.server.url();
        let server = url.rsplit_once('/').map_or(url, |(server, _)| server);
        format!("{server}/{}", self.name)
    }
}

/// A Redis that is shared: keys are drawn at random, and nobody flushes it.
#[derive(Debug)]
pub(crate) struct Shared(Redis);

impl Shared {
    pub(crate) async fn new() -> Result<Self, BoxError> {
        Ok(Self(Redis::start().await?))
    }

    pub(crate) fn url(&self) -> &str {
        self.0.url()
    }
}
