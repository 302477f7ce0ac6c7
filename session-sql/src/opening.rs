//! How another connection is opened.
//!
//! By a task, which goes on where whoever asked for it is given one that came back: were it given up, a busy store would
//! never have more than the first. And a call waits for it once: to work out what PostgreSQL asks of a password, sqlx gives way
//! 819 times (4,096 rounds, every five), which is as many polls of whatever is polled with it.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::Poll;
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Connection, Database, Pool};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};

use crate::fault::Fault;
use crate::shelf::{Idle, Shelf};

/// Reads what an error of the database means.
pub(crate) type Reads = fn(&dyn DatabaseError) -> Fault;

/// How long one waits before a server is asked again that has no connection to give; twice as long each time.
const PAUSE: Duration = Duration::from_millis(10);

/// A connection that is being opened: counted until it is there, or cannot be had, or the runtime is gone on which it was.
struct Begun<Db: Database> {
    opening: Arc<Opening>,
    shelf: Weak<Shelf<Db>>,
    /// What came of it.
    idle: Option<Idle<Db>>,
}

impl<Db: Database> Drop for Begun<Db> {
    fn drop(&mut self) {
        if let Some(shelf) = self.shelf.upgrade() {
            shelf.opened(self.idle.take());
        }
        self.opening.ended.notify_waiters();
    }
}

/// Opens connections, and knows whether the server had none to give.
#[derive(Debug)]
pub(crate) struct Opening {
    reads: Reads,
    /// When the server last said that it has none to give.
    refused: Mutex<Option<Instant>>,
    /// Why it could last not be reached, and when.
    unreached: Mutex<Option<(Instant, io::ErrorKind, String)>>,
    /// Tells those who wait for one that another one opens.
    ended: Notify,
    /// One at a time asks why it takes so long.
    asking: Semaphore,
}

impl Opening {
    pub(crate) fn new(reads: Reads) -> Self {
        let (refused, unreached) = (Mutex::default(), Mutex::default());
        Self { reads, refused, unreached, ended: Notify::new(), asking: Semaphore::new(1) }
    }

    /// Opens a connection where there are more who wait than are being opened; otherwise waits until one of those is there, or
    /// cannot be had. Otherwise whoever gave one to somebody else, and needs one again, would open one too many.
    pub(crate) async fn open_or_wait<Db: Database>(
        opening: &Arc<Self>,
        pool: &Pool<Db>,
        shelf: &Arc<Shelf<Db>>,
    ) -> Result<(), sqlx::Error> {
        let mut ended = pin!(opening.ended.notified());
        // Before it is counted, so that no end comes in between.
        ended.as_mut().enable();
        if shelf.opens() {
            return Self::open(opening, pool, shelf).await;
        }
        ended.await;
        Ok(())
    }

    /// Tells whether the server has said of late that it has no connection to give.
    pub(crate) fn was_refused_within(&self, limit: Duration) -> bool {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|last| last.elapsed() <= limit)
    }

    /// Says why the server could not be reached of late; that the pool had none in time where nothing else is known.
    pub(crate) fn why_within(&self, limit: Duration) -> sqlx::Error {
        match &*self.unreached.lock().unwrap_or_else(PoisonError::into_inner) {
            // Everybody who waits is told, and such an error is no value to copy.
            Some((last, kind, said)) if last.elapsed() <= limit => io::Error::new(*kind, said.clone()).into(),
            _ => sqlx::Error::PoolTimedOut,
        }
    }

    /// Opens a connection, and puts it on the shelf. It goes on once it has begun, whether anybody waits for it or not.
    async fn open<Db: Database>(
        opening: &Arc<Self>,
        pool: &Pool<Db>,
        shelf: &Arc<Shelf<Db>>,
    ) -> Result<(), sqlx::Error> {
        let (opening, pool) = (Arc::clone(opening), pool.clone());
        let mut begun = Begun { opening: Arc::clone(&opening), shelf: Arc::downgrade(shelf), idle: None };
        let opened = tokio::spawn(async move {
            let limit = pool.options().get_acquire_timeout();
            let opened = timeout(limit, opening.acquire(&pool)).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
            let now = Instant::now();
            opened.map(|connection| {
                // Where the store is closed, so is the connection; and where it is gone.
                begun.idle = (!pool.is_closed()).then_some(Idle { connection, since: now, used: now });
            })
        });
        opened.await.map_err(|_| sqlx::Error::PoolClosed)?
    }

    async fn acquire<Db: Database>(&self, pool: &Pool<Db>) -> Result<PoolConnection<Db>, sqlx::Error> {
        let (mut pause, longest) = (PAUSE, pool.options().get_acquire_timeout() / 5);
        loop {
            match self.acquire_or_ask(pool).await {
                Err(error) if self.notes(&error) => {
                    sleep(pause).await;
                    pause = (2 * pause).min(longest);
                }
                done => return done,
            }
        }
    }

    /// Waits for the pool, and asks why where that takes long: sqlx tries again, and says nothing, while PostgreSQL has none
    /// to give, or nobody listens there.
    async fn acquire_or_ask<Db: Database>(&self, pool: &Pool<Db>) -> Result<PoolConnection<Db>, sqlx::Error> {
        let limit = pool.options().get_acquire_timeout() / 3;
        let mut acquired = pin!(pool.acquire());
        let mut asked = pin!(async {
            sleep(limit).await;
            if let Ok(_alone) = self.asking.try_acquire() {
                // That is all there is to do where it takes too long.
                let _ = timeout(limit, self.ask(pool)).await;
            }
            pending::<Infallible>().await
        });
        poll_fn(|context| match acquired.as_mut().poll(context) {
            Poll::Pending => asked.as_mut().poll(context).map(|never| match never {}),
            done => done,
        })
        .await
    }

    async fn ask<Db: Database>(&self, pool: &Pool<Db>) {
        match pool.connect_options().connect().await {
            // It is as good as closed where that fails.
            Ok(connection) => connection.close().await.unwrap_or_default(),
            Err(sqlx::Error::Io(error)) => {
                let why = (Instant::now(), error.kind(), error.to_string());
                *self.unreached.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
            }
            Err(error) => drop(self.notes(&error)),
        }
    }

    /// Tells whether the server says that it has no connection to give, and remembers when.
    fn notes(&self, error: &sqlx::Error) -> bool {
        let crowded = error.as_database_error().is_some_and(|error| (self.reads)(error) == Fault::Crowded);
        if crowded {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        crowded
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use session_core::{SessionKey, SessionStore, StoreError};
    use sqlx::Postgres;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use tokio::runtime::Runtime;

    use super::*;
    use crate::{PostgresStore, SqlConfig};

    #[test]
    fn a_runtime_that_ends_while_one_is_being_opened_leaves_none_that_is_waited_for() {
        // It takes connections, and says nothing.
        let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let server = PgConnectOptions::new().host("127.0.0.1").port(silent.local_addr().unwrap().port());
        let (opening, shelf) = (Arc::new(Opening::new(|_| Fault::Other)), Arc::new(Shelf::<Postgres>::default()));
        let waiting = shelf.wait();
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async {
            let pool = PgPoolOptions::new().connect_lazy_with(server);
            let mut opened = pin!(Opening::open_or_wait(&opening, &pool, &shelf));
            assert!(poll_fn(|context| Poll::Ready(opened.as_mut().poll(context).is_pending())).await);
            assert!(!shelf.opens(), "one is being opened");
        });
        drop(runtime);
        assert!(shelf.opens(), "another is opened");
        drop(waiting);
    }

    #[tokio::test]
    async fn a_server_that_refuses_is_told_and_not_that_the_pool_timed_out() {
        // Somebody had the port a moment ago, and nobody has it now.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let config = SqlConfig::default().with_acquire_timeout(Duration::from_millis(600));
        let store = PostgresStore::from_url_with(&format!("postgres://127.0.0.1:{port}/x"), config).unwrap();
        let key = SessionKey::from_bytes([1; 32]);
        // Also who waits beside another.
        let (one, other) = tokio::join!(store.get(&key), store.get(&key));
        for failed in [one, other] {
            let Err(StoreError::Unavailable { source, .. }) = failed else { panic!("{failed:?}") };
            let said = format!("{source}: {:?}", source.source().map(ToString::to_string));
            assert!(said.contains("refused") && !said.contains("timed out"), "{said}");
        }
    }
}
