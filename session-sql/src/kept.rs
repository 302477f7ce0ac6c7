//! Connections that stay at hand between statements.
//!
//! A pool of sqlx asks each connection that it is given back whether it still answers: a task and a round trip for every
//! statement, and so for every verb. A store made of a URL keeps its connections instead. It gives back only one whose
//! statement failed or was dropped, once that answers. The pool's timeouts hold here as well: as statements come
//! by, what has lain for too long or is too old is closed.
//!
//! Who finds none at hand opens another, and takes that or one that comes back before: a server may have fewer to give than
//! the pool may have, and the pool itself waits for the server alone.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use sqlx::{Database, Pool};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::fault::Failure;
use crate::loan::{Asked, Lent, Loan, within};
use crate::metrics::Figures;
use crate::opening::{Opening, Reads};
use crate::shelf::{Idle, Shelf};

/// How long a connection may lie unused and still be taken on trust. Past it, it is asked first.
pub(crate) const TRUSTED: Duration = Duration::from_secs(1);

/// How long a connection may lie before it is closed, once another comes back.
const MOST_IDLE: Duration = Duration::from_secs(10 * 60);

/// How long a connection may live: long enough not to matter, and short enough to follow what moves behind a name.
const LONGEST_LIFE: Duration = Duration::from_secs(30 * 60);

/// Keeps the connections of a pool at hand.
#[derive(Debug)]
pub(crate) struct Kept<Db: Database> {
    pool: Pool<Db>,
    /// How long a connection may take to answer, or to close; `None` for a database in this process.
    patience: Option<Duration>,
    /// As many as the pool has connections. Who waits, waits here: the pool cannot tell when one of these is free.
    turns: Semaphore,
    shelf: Arc<Shelf<Db>>,
    opening: Arc<Opening>,
    figures: Figures,
}

impl<Db: Database> Kept<Db> {
    pub(crate) fn new(pool: Pool<Db>, patience: Option<Duration>, reads: Reads) -> Self {
        let connections = usize::try_from(pool.options().get_max_connections()).unwrap_or(usize::MAX);
        let turns = Semaphore::new(connections.min(Semaphore::MAX_PERMITS));
        let opening = Arc::new(Opening::new(reads));
        let figures = Figures::register(Db::NAME, pool.options().get_max_connections());
        Self { pool, patience, turns, shelf: Arc::default(), opening, figures }
    }

    /// Takes a connection; waits for one no longer than the pool would.
    pub(crate) async fn take(&self) -> Result<Lent<'_, Db>, Failure> {
        // Without a timer, if it need not wait. It never passes over those who do.
        if let Ok(turn) = self.turns.try_acquire()
            && let Some(idle) = self.shelf.pop_used(TRUSTED)
        {
            return Ok(self.lend(idle, turn));
        }
        let limit = self.pool.options().get_acquire_timeout();
        match timeout(limit, self.wait()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Err(sqlx::Error::PoolTimedOut) if self.opening.was_refused_within(2 * limit) => Err(Failure::Crowded),
            Err(sqlx::Error::PoolTimedOut) => Err(Failure::Unsent(self.opening.why_within(2 * limit))),
            taken => taken.map_err(Failure::Unsent),
        }
    }

    async fn wait(&self) -> Result<Lent<'_, Db>, sqlx::Error> {
        let _waiting = self.figures.waits();
        let turn = self.turns.acquire().await.map_err(|_| sqlx::Error::PoolClosed)?;
        if let Some(idle) = self.shelf.pop() {
            if idle.used.elapsed() <= TRUSTED {
                return Ok(self.lend(idle, turn));
            }
            if let Some(connection) = Asked::new(idle.connection).answers().await {
                return Ok(self.lend(Idle { connection, ..idle }, turn));
            }
            // Where one is dead, others that have lain are, too.
            while let Some(idle) = self.shelf.pop_lain(TRUSTED) {
                drop(idle.connection.detach());
            }
        }
        Ok(self.lend(self.another().await?, turn))
    }

    /// Opens another connection, and takes that or one that comes back before.
    async fn another(&self) -> Result<Idle<Db>, sqlx::Error> {
        let mut waiting = self.shelf.wait();
        loop {
            let mut opened = pin!(Opening::open_or_wait(&self.opening, &self.pool, &self.shelf));
            let first = poll_fn(|context| match Pin::new(&mut waiting).poll(context) {
                Poll::Ready(given) => Poll::Ready(Some(given.map_err(|_| sqlx::Error::PoolClosed))),
                Poll::Pending => opened.as_mut().poll(context).map(|opened| opened.err().map(Err)),
            });
            // Otherwise one was opened, and given to this one or to somebody who has waited for longer, or could not be had.
            if let Some(first) = first.await {
                return first;
            }
        }
    }

    fn lend<'a>(&self, idle: Idle<Db>, turn: SemaphorePermit<'a>) -> Lent<'a, Db> {
        let connection = Loan::new(idle.connection, self.patience);
        Lent { connection, since: idle.since, counted: self.figures.uses(), turn }
    }

    /// Takes back a connection whose statement came to its end. One that is dropped instead goes to the pool.
    pub(crate) fn keep(&self, Lent { connection, since, turn, .. }: Lent<'_, Db>) {
        let mut connection = connection.returned();
        if let Some(Idle { mut connection, .. }) = self.shelf.pop_lain(MOST_IDLE) {
            connection.close_on_drop();
        }
        if since.elapsed() > LONGEST_LIFE {
            connection.close_on_drop();
            return;
        }
        if !self.pool.is_closed() {
            self.shelf.give(Idle { connection, since, used: Instant::now() });
        }
        drop(turn);
    }

    /// Lets go of a connection, and of all that lie, at once: they lead where nothing can be done.
    pub(crate) fn leave(&self, Lent { connection, turn, .. }: Lent<'_, Db>) {
        drop(connection.returned().detach());
        for idle in self.shelf.take_all() {
            drop(idle.connection.detach());
        }
        drop(turn);
    }

    /// Closes them all; the future waits until they are, or as long as it has patience. Nothing is taken from here on.
    pub(crate) fn close(&self) -> impl Future<Output = ()> {
        self.turns.close();
        let closed = self.pool.close();
        // What is not closed in time is let go.
        let idle: Vec<_> = self.shelf.clear().into_iter().map(|idle| Asked::new(idle.connection)).collect();
        within(self.patience, async move {
            for connection in idle {
                connection.close().await;
            }
            closed.await;
        })
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use std::future::poll_fn;
    #[cfg(feature = "postgres")]
    use std::net::{Ipv4Addr, SocketAddr};
    use std::pin::{Pin, pin};
    use std::sync::Arc;
    use std::task::Poll;

    use sqlx::Sqlite;
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
    use tempfile::TempDir;
    use tokio::runtime::Runtime;
    use tokio::task::yield_now;

    use super::*;
    use crate::fault::Fault;

    const LONG: Duration = Duration::from_secs(30);

    fn kept(connections: u32, patience: Duration) -> (Arc<Kept<Sqlite>>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::new().filename(folder.path().join("x.db")).create_if_missing(true);
        let pool = SqlitePoolOptions::new().max_connections(connections).acquire_timeout(patience);
        (Arc::new(Kept::new(pool.connect_lazy_with(options), None, |_| Fault::Other)), folder)
    }

    async fn until(holds: impl Fn() -> bool) {
        let held = async {
            while !holds() {
                yield_now().await;
            }
        };
        timeout(LONG, held).await.expect("it becomes true");
    }

    /// Polls a future once, and tells whether it waits.
    async fn waits(mut future: Pin<&mut impl Future>) -> bool {
        poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
    }

    #[tokio::test]
    async fn a_connection_stays_unless_somebody_has_to_look_at_it() {
        let (kept, _folder) = kept(2, LONG);
        for _ in 0..10 {
            let lent = kept.take().await.unwrap();
            kept.keep(lent);
            assert_eq!((kept.pool.size(), kept.pool.num_idle(), kept.shelf.len()), (1, 0, 1));
        }
        // Its statement failed, or was dropped.
        drop(kept.take().await.unwrap());
        until(|| kept.pool.num_idle() == 1).await;
        // It is old.
        let mut lent = kept.take().await.unwrap();
        lent.since -= LONGEST_LIFE + TRUSTED;
        kept.keep(lent);
        until(|| kept.pool.size() == 0).await;
        assert!(kept.shelf.len() == 0);
    }

    #[tokio::test]
    async fn those_that_nobody_needs_any_more_are_closed() {
        let (kept, _folder) = kept(3, LONG);
        let lent = [kept.take().await.unwrap(), kept.take().await.unwrap(), kept.take().await.unwrap()];
        lent.into_iter().for_each(|lent| kept.keep(lent));
        assert_eq!((kept.pool.size(), kept.pool.num_idle(), kept.shelf.len()), (3, 0, 3));
        kept.shelf.age(MOST_IDLE);
        for left in [2, 1, 1] {
            let lent = kept.take().await.unwrap();
            kept.keep(lent);
            until(|| kept.pool.size() == left).await;
            assert_eq!(kept.shelf.len(), usize::try_from(left).unwrap());
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn who_waits_gets_the_one_that_comes_back() {
        let (kept, _folder) = kept(2, LONG);
        let tasks = (0..16).map(|task| {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                for turn in 0..200 {
                    let lent = kept.take().await.unwrap();
                    yield_now().await;
                    // Some are dropped, as by an error.
                    if (task + turn) % 10 == 0 { drop(lent) } else { kept.keep(lent) }
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            timeout(LONG, task).await.expect("it ends").unwrap();
        }
        assert_eq!(kept.turns.available_permits(), 2);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_more_are_opened_than_there_are_who_use_them() {
        for _ in 0..20 {
            let (kept, _folder) = kept(16, LONG);
            let tasks = (0..3).map(|_| {
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    for _ in 0..100 {
                        let lent = kept.take().await.unwrap();
                        yield_now().await;
                        kept.keep(lent);
                    }
                })
            });
            for task in tasks.collect::<Vec<_>>() {
                timeout(LONG, task).await.expect("it ends").unwrap();
            }
            assert!(kept.pool.size() <= 3, "{}", kept.pool.size());
        }
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_and_who_gives_up_leaves_nothing() {
        let (kept, _folder) = kept(1, Duration::from_millis(500));
        let held = kept.take().await.unwrap();
        assert!(matches!(kept.take().await, Err(Failure::Unsent(sqlx::Error::PoolTimedOut))));
        {
            let mut taking = pin!(kept.take());
            assert!(waits(taking.as_mut()).await);
        }
        kept.keep(held);
        kept.keep(kept.take().await.unwrap());
        assert_eq!(kept.turns.available_permits(), 1);
    }

    #[tokio::test]
    async fn closing_waits_for_those_that_are_out_and_for_nobody_else() {
        let (kept, _folder) = kept(2, LONG);
        let (out, other) = (kept.take().await.unwrap(), kept.take().await.unwrap());
        kept.keep(other);
        let more = kept.take().await.unwrap();
        {
            let mut waiting = pin!(kept.take());
            assert!(waits(waiting.as_mut()).await);
            kept.keep(more);
            let mut closing = pin!(kept.close());
            assert!(waits(closing.as_mut()).await);
            assert!(matches!(waiting.await, Err(Failure::Unsent(sqlx::Error::PoolClosed))));
            kept.keep(out);
            timeout(LONG, closing).await.expect("it ends");
        }
        assert_eq!((kept.pool.size(), kept.shelf.len()), (0, 0));
        assert!(matches!(kept.take().await, Err(Failure::Unsent(sqlx::Error::PoolClosed))));
    }

    #[test]
    fn it_may_end_after_its_runtime() {
        let runtime = Runtime::new().unwrap();
        let (kept, _folder) = runtime.block_on(async {
            let (kept, folder) = kept(1, LONG);
            kept.keep(kept.take().await.unwrap());
            (kept, folder)
        });
        drop(runtime);
        assert_eq!(kept.shelf.len(), 1);
        drop(kept);
    }

    #[cfg(feature = "postgres")]
    mod on_postgres {
        use sqlx::Postgres;
        use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
        use tokio::io::copy_bidirectional;
        use tokio::net::{TcpListener, TcpStream};
        use tokio::sync::watch;

        use super::*;

        async fn answers(kept: &Kept<Postgres>) {
            let mut lent = kept.take().await.unwrap();
            let one: i32 = sqlx::query_scalar("SELECT 1").fetch_one(&mut *lent.connection).await.unwrap();
            assert_eq!(one, 1);
            kept.keep(lent);
        }

        #[tokio::test]
        async fn one_that_ended_while_it_lay_is_replaced() {
            let server = session_conformance::servers::Postgres::start().await.unwrap();
            let kept = Kept::new(
                PgPoolOptions::new().max_connections(2).connect_lazy(server.url()).unwrap(),
                Some(LONG),
                |_| Fault::Other,
            );
            let (mut a, mut b) = (kept.take().await.unwrap(), kept.take().await.unwrap());
            for lent in [&mut a, &mut b] {
                // The server answers nobody here any more.
                let ended = sqlx::query("SELECT pg_terminate_backend(pg_backend_pid())").execute(&mut *lent.connection);
                assert!(ended.await.is_err());
            }
            kept.keep(a);
            kept.keep(b);
            kept.shelf.age(2 * TRUSTED);
            answers(&kept).await;
            assert_eq!((kept.shelf.len(), kept.pool.size()), (1, 1));
        }

        /// Passes connections on. Each time it is told to, it forgets those it has, without a word to either end.
        async fn forgetful(to: SocketAddr) -> (SocketAddr, watch::Sender<()>) {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (address, forget) = (listener.local_addr().unwrap(), watch::Sender::new(()));
            let told = forget.clone();
            tokio::spawn(async move {
                while let Ok((mut near, _)) = listener.accept().await {
                    let mut told = told.subscribe();
                    tokio::spawn(async move {
                        let mut far = TcpStream::connect(to).await.unwrap();
                        tokio::select! {
                            _ = copy_bidirectional(&mut near, &mut far) => {}
                            _ = told.changed() => std::future::pending().await,
                        }
                    });
                }
            });
            (address, forget)
        }

        #[tokio::test]
        async fn one_that_hangs_is_let_go_at_once() {
            let server = session_conformance::servers::Postgres::start().await.unwrap();
            let options: PgConnectOptions = server.url().parse().unwrap();
            let (address, forget) = forgetful((Ipv4Addr::LOCALHOST, options.get_port()).into()).await;
            let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(LONG);
            let kept =
                Kept::new(pool.connect_lazy_with(options.host("127.0.0.1").port(address.port())), Some(LONG), |_| {
                    Fault::Other
                });
            answers(&kept).await;
            forget.send_replace(());
            kept.shelf.age(2 * TRUSTED);
            {
                // Given up, as after the time that one waits.
                let mut taking = pin!(kept.take());
                assert!(waits(taking.as_mut()).await && kept.pool.size() == 1);
            }
            assert_eq!(kept.pool.size(), 0);
            answers(&kept).await;
        }
    }
}
