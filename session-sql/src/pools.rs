//! Where connections come from, and how a writer waits for its turn.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::{Connection, Database, Pool};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::config::SqlConfig;
use crate::fault::Failure;

/// Holds the connections of a store.
#[derive(Debug)]
pub struct Pools<Db: Database> {
    pub(crate) read: Pool<Db>,
    pub(crate) write: Pool<Db>,
    writers: Writers,
    /// The file that is the store's to set up; `None` if the database is set up by others.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "SQLite alone is a file"))]
    pub(crate) file: Option<PathBuf>,
}

/// Says how many may write at once.
#[derive(Debug)]
enum Writers {
    /// As many as there are connections to write with.
    AsConnections,
    /// One: the pool is the caller's, has several connections, and the database takes one writer. Waiting here is
    /// fair and wakes in time; waiting in SQLite is neither.
    One(Semaphore),
}

impl<Db: Database> Pools<Db> {
    /// Takes the caller's pool.
    pub(crate) fn of_caller(pool: Pool<Db>, one_writer: bool) -> Self {
        let writers = if one_writer { Writers::One(Semaphore::new(1)) } else { Writers::AsConnections };
        Self { read: pool.clone(), write: pool, writers, file: None }
    }

    /// Takes pools that were made of a URL.
    pub(crate) fn of_url(read: Pool<Db>, write: Pool<Db>, file: Option<PathBuf>) -> Self {
        Self { read, write, writers: Writers::AsConnections, file }
    }

    /// Waits for a connection to write with.
    pub(crate) async fn writer(&self) -> Result<Writer<'_, Db>, Failure> {
        let turn = match &self.writers {
            Writers::AsConnections => None,
            Writers::One(turn) => {
                // No timer for what need not wait; it never passes over those who do.
                match turn.try_acquire() {
                    Ok(taken) => Some(taken),
                    Err(_) => {
                        let waited = timeout(self.write.options().get_acquire_timeout(), turn.acquire()).await;
                        // Nobody closes the semaphore, so only time can run out.
                        Some(waited.ok().and_then(Result::ok).ok_or(Failure::Unsent(sqlx::Error::PoolTimedOut))?)
                    }
                }
            }
        };
        let connection = self.write.acquire().await.map_err(Failure::Unsent)?;
        Ok(Writer { connection, _turn: turn })
    }
}

/// Holds a connection to write with, and the turn if there are turns. The connection goes first.
pub(crate) struct Writer<'a, Db: Database> {
    pub(crate) connection: PoolConnection<Db>,
    _turn: Option<SemaphorePermit<'a>>,
}

/// How long a connection may lie unused and still be taken on trust. Past it, it is asked first: a round trip, which
/// a busy server would make for every request otherwise.
const TRUSTED: Duration = Duration::from_secs(1);

/// Sets up a pool for a store that is made of a URL.
pub(crate) fn options<Db: Database>(config: &SqlConfig) -> PoolOptions<Db> {
    PoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(config.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection: &mut Db::Connection, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}
