//! What the apps keep sessions in: a real server or file, that nobody else uses.

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use session_conformance::servers::{Alone, Postgres, Redis};
use session_redis::redis::{self, AsyncConnectionConfig, Client};
use session_sql::sqlx::postgres::PgPool;
use session_sql::sqlx::{AssertSqlSafe, query, query_scalar};
use tempfile::TempDir;

use crate::app::Who;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Backend {
    Memory,
    Sqlite,
    Postgres,
    Redis,
}

impl Backend {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }
}

/// A backend that runs.
#[derive(Debug)]
pub(crate) struct Running {
    place: Place,
    /// The server's first process; `None` where the app is all there is.
    pub(crate) process: Option<i32>,
}

#[derive(Debug)]
enum Place {
    Memory,
    Folder(TempDir),
    Postgres(Alone, PgPool),
    Redis(Alone),
}

impl Running {
    pub(crate) async fn start(backend: Backend) -> Result<Self> {
        match backend {
            Backend::Memory => Ok(Self { place: Place::Memory, process: None }),
            Backend::Sqlite => Ok(Self { place: Place::Folder(tempfile::tempdir()?), process: None }),
            Backend::Postgres => {
                let server = Postgres::alone(&[]).await?;
                let pool = PgPool::connect(server.url()).await?;
                let file: String = query_scalar("SELECT pg_read_file('postmaster.pid')").fetch_one(&pool).await?;
                let process = file.lines().next().context("the file has lines")?.trim().parse()?;
                Ok(Self { place: Place::Postgres(server, pool), process: Some(process) })
            }
            Backend::Redis => {
                let server = Redis::alone(&[]).await?;
                let client = Client::open(server.url())?;
                let config = AsyncConnectionConfig::new();
                let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
                let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
                let line = info.lines().find_map(|line| line.strip_prefix("process_id:"));
                let process = line.context("it says which process it is")?.trim().parse()?;
                Ok(Self { place: Place::Redis(server), process: Some(process) })
            }
        }
    }

    /// Gives a place in it for one app.
    pub(crate) async fn place(&self, who: Who) -> Result<String> {
        Ok(match &self.place {
            Place::Memory => String::new(),
            Place::Folder(folder) => format!("sqlite://{}", folder.path().join(who.name()).display()),
            Place::Postgres(server, pool) => {
                query(AssertSqlSafe(format!("CREATE DATABASE {}", who.name()))).execute(pool).await?;
                let (server, _) = server.url().rsplit_once('/').context("a URL names a database")?;
                format!("{server}/{}", who.name())
            }
            Place::Redis(server) => format!("{}/{}", server.url(), who as u8),
        })
    }

    /// Has the server do now what it would do at some time, which would be in somebody's turn.
    pub(crate) async fn settle(&self, apps: impl Iterator<Item = Who>) -> Result<()> {
        if let Place::Postgres(server, _) = &self.place {
            let (server, _) = server.url().rsplit_once('/').context("a URL names a database")?;
            for who in apps {
                let pool = PgPool::connect(&format!("{server}/{}", who.name())).await?;
                query("VACUUM ANALYZE").execute(&pool).await?;
                pool.close().await;
            }
        }
        if let Place::Postgres(_, pool) = &self.place {
            query("CHECKPOINT").execute(pool).await?;
        }
        Ok(())
    }
}
