//! Where connections come from, and how a writer waits for its turn.

use std::ops::{Deref, DerefMut};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::{Connection, Database, Pool};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::config::SqlConfig;
use crate::fault::{Failure, Fault};
use crate::kept::{Kept, TRUSTED};
use crate::loan::{Lent, Loan, within};
use crate::opening::Reads;

/// The connections of a store.
#[derive(Debug)]
pub struct Pools<Db: Database> {
    /// What the application may use as well.
    pub(crate) pool: Pool<Db>,
    readers: Source<Db>,
    /// `None` if a writer takes what a reader takes.
    writers: Option<Source<Db>>,
    /// The file that is the store's to set up; `None` if the database is set up by others.
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "SQLite alone is a file"))]
    pub(crate) file: Option<PathBuf>,
    /// How long a server may take to let a connection go; `None` where the database is in this process.
    patience: Option<Duration>,
    /// Whether it was seen that nothing in between mixes up prepared statements, so that it need not be looked at again.
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "PostgreSQL alone has poolers in between"))]
    pub(crate) kept_apart: AtomicBool,
}

/// Says where a statement gets its connection.
#[derive(Debug)]
enum Source<Db: Database> {
    /// From a pool that others use as well. A connection whose statement did not come to its end may take so long to answer;
    /// `None` where the database is in this process.
    Pool(Pool<Db>, Option<Duration>),
    /// From such a pool, one at a time: it has several connections, and the database takes one writer. Waiting here is
    /// fair and wakes in time; waiting in SQLite is neither.
    Turns(Pool<Db>, Semaphore),
    /// From those that are nobody else's.
    Kept(Kept<Db>),
}

impl<Db: Database> Pools<Db> {
    /// Takes the caller's pool.
    pub(crate) fn of_caller(pool: Pool<Db>, one_writer: bool) -> Self {
        // Where the database takes one writer it is in this process.
        let writers = one_writer.then(|| Source::Turns(pool.clone(), Semaphore::new(1)));
        let patience = (!one_writer).then(|| pool.options().get_acquire_timeout());
        let readers = Source::Pool(pool.clone(), patience);
        Self { readers, pool, writers, file: None, patience, kept_apart: AtomicBool::default() }
    }

    /// Takes a pool of one connection, which is the database.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of_memory(pool: Pool<Db>) -> Self {
        let readers = Source::Pool(pool.clone(), None);
        Self { readers, pool, writers: None, file: None, patience: None, kept_apart: AtomicBool::default() }
    }

    /// Takes pools that were made of a URL: one for the application, and those that are the store's own.
    pub(crate) fn of_url(
        pool: Pool<Db>,
        readers: Pool<Db>,
        writers: Option<Pool<Db>>,
        file: Option<PathBuf>,
        reads: Reads,
    ) -> Self {
        let patience = file.is_none().then(|| pool.options().get_acquire_timeout());
        let kept = |pool| Source::Kept(Kept::new(pool, patience, reads));
        let (readers, writers) = (kept(readers), writers.map(kept));
        Self { pool, readers, writers, file, patience, kept_apart: AtomicBool::default() }
    }

    /// Waits for a connection to read with.
    pub(crate) async fn reader(&self) -> Result<Taken<'_, Db>, Failure> {
        self.readers.take().await
    }

    /// Waits for a connection to write with.
    pub(crate) async fn writer(&self) -> Result<Taken<'_, Db>, Failure> {
        self.writers.as_ref().unwrap_or(&self.readers).take().await
    }

    /// Closes all connections, and waits until they are, or as long as there is patience.
    pub(crate) async fn close(&self) {
        // All of them stop to give connections out before any is waited for.
        let sources = std::iter::once(&self.readers).chain(&self.writers);
        let kept: Vec<_> = sources.filter_map(Source::kept).map(Kept::close).collect();
        let pool = self.pool.close();
        for closed in kept {
            closed.await;
        }
        within(self.patience, pool).await;
    }
}

impl<Db: Database> Source<Db> {
    /// Gives the connections that are nobody else's.
    fn kept(&self) -> Option<&Kept<Db>> {
        match self {
            Self::Kept(kept) => Some(kept),
            Self::Pool(..) | Self::Turns(..) => None,
        }
    }

    async fn take(&self) -> Result<Taken<'_, Db>, Failure> {
        match self {
            Self::Pool(pool, patience) => {
                let connection = Loan::new(pool.acquire().await.map_err(Failure::Unsent)?, *patience);
                Ok(Taken::Pooled { connection, _turn: None })
            }
            Self::Turns(pool, turns) => {
                // No timer for what need not wait; it never passes over those who do.
                let turn = match turns.try_acquire() {
                    Ok(turn) => turn,
                    Err(_) => {
                        let waited = timeout(pool.options().get_acquire_timeout(), turns.acquire()).await;
                        // Nobody closes the semaphore, so only time can run out.
                        waited.ok().and_then(Result::ok).ok_or(Failure::Unsent(sqlx::Error::PoolTimedOut))?
                    }
                };
                let connection = Loan::new(pool.acquire().await.map_err(Failure::Unsent)?, None);
                Ok(Taken::Pooled { connection, _turn: Some(turn) })
            }
            Self::Kept(kept) => Ok(Taken::Lent(kept.take().await?, kept)),
        }
    }
}

/// A connection that is taken for a statement. The connection goes first, and the turn second.
pub(crate) enum Taken<'a, Db: Database> {
    Pooled { connection: Loan<Db>, _turn: Option<SemaphorePermit<'a>> },
    Lent(Lent<'a, Db>, &'a Kept<Db>),
}

impl<Db: Database> Taken<'_, Db> {
    /// Lets go of the connection after a statement that came to its end. Where that is not known it is dropped, and
    /// somebody looks at it before it is used again.
    pub(crate) fn done(self) {
        match self {
            Self::Lent(lent, kept) => kept.keep(lent),
            Self::Pooled { connection, _turn } => drop(connection.returned()),
        }
    }

    /// Lets go of the connection after a statement that failed. If the server takes no writes, it was the primary once, or never:
    /// its connections, which answer, are not used again, so that the next one goes wherever the name leads by now.
    pub(crate) fn failed(self, error: sqlx::Error, reads: Reads) -> Failure {
        if error.as_database_error().is_some_and(|error| reads(error) == Fault::ReadOnly) {
            match self {
                Self::Lent(lent, kept) => kept.leave(lent),
                Self::Pooled { connection, .. } => drop(connection.returned().detach()),
            }
        }
        Failure::Sent(error)
    }
}

impl<Db: Database> Deref for Taken<'_, Db> {
    type Target = Db::Connection;

    fn deref(&self) -> &Db::Connection {
        match self {
            Self::Pooled { connection, .. } | Self::Lent(Lent { connection, .. }, _) => connection,
        }
    }
}

impl<Db: Database> DerefMut for Taken<'_, Db> {
    fn deref_mut(&mut self) -> &mut Db::Connection {
        match self {
            Self::Pooled { connection, .. } | Self::Lent(Lent { connection, .. }, _) => connection,
        }
    }
}

/// Sets up a pool for a store that is made of a URL.
pub(crate) fn options<Db: Database>(config: &SqlConfig) -> PoolOptions<Db> {
    PoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(config.acquire_timeout)
        .test_before_acquire(false)
        // With either of these the pool has a task that looks at the idle ones, and may never end: sqlx 0.9 counts them after
        // it lends them again, so a count of none less one comes out as more than can be looked at. `kept.rs` has limits.
        .idle_timeout(None)
        .max_lifetime(None)
        .before_acquire(|connection: &mut Db::Connection, meta| {
            Box::pin(async move {
                if meta.idle_for > TRUSTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use sqlx::Sqlite;

    use super::*;

    #[test]
    fn no_pool_has_a_task_that_looks_at_it() {
        let options = options::<Sqlite>(&SqlConfig::default());
        assert_eq!((options.get_idle_timeout(), options.get_max_lifetime()), (None, None));
    }
}
