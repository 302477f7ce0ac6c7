//! A server that is killed in the middle of writes and started again, or stops answering for a while.
//!
//! Every write that was acknowledged is there; of those that were not, each is there whole or not at all; and the
//! store goes on by itself.
#![cfg(unix)]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use session_conformance::servers::{self, Alone};
use session_conformance::{Clause, Crash, Harness, run};
use session_sql::SqlConfig;
use session_sql::session_core::{BoxError, Put, PutOutcome, Record, SessionStore, StoreError, Version};
use support::bed::{create, key, patient, record};

fn version(session: u64, write: u64) -> u64 {
    session * 1_000_000 + write
}

fn written(session: u64, write: u64) -> Record {
    record(version(session, write), 1_000_000)
}

/// Calls until the store answers again.
async fn reads_again(store: &dyn SessionStore, session: u64) -> Option<Arc<Record>> {
    let begun = Instant::now();
    loop {
        match store.get(&key(session)).await {
            Ok(found) => return found,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(30), "{error:?}"),
        }
    }
}

/// A server of one's own, which the suite kills in the midst of writes.
#[cfg(any(feature = "postgres", feature = "mysql"))]
struct Killed<S: KilledServer> {
    server: Alone,
    store: S,
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
trait KilledServer: SessionStore + Clone {
    async fn server() -> Result<Alone, BoxError>;

    fn on(server: &Alone, config: SqlConfig) -> Result<Self, BoxError>;
}

#[cfg(feature = "postgres")]
impl KilledServer for session_sql::PostgresStore {
    async fn server() -> Result<Alone, BoxError> {
        Ok(servers::Postgres::alone(&[]).await?)
    }

    fn on(server: &Alone, config: SqlConfig) -> Result<Self, BoxError> {
        Ok(Self::from_url_with(server.url(), config)?)
    }
}

#[cfg(feature = "mysql")]
impl KilledServer for session_sql::MySqlStore {
    async fn server() -> Result<Alone, BoxError> {
        Ok(servers::MariaDb::alone(&[]).await?)
    }

    fn on(server: &Alone, config: SqlConfig) -> Result<Self, BoxError> {
        Ok(Self::from_url_with(server.url(), config)?)
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl<S: KilledServer> Killed<S> {
    fn config() -> SqlConfig {
        SqlConfig::default().with_acquire_timeout(Duration::from_secs(5))
    }
}

#[cfg(any(feature = "postgres", feature = "mysql"))]
impl<S: KilledServer> Harness for Killed<S> {
    // A server of its own starts twice, and syncs each write, beside whatever else the machine has to do.
    const TIME_LIMIT: Duration = Duration::from_secs(240);

    async fn start() -> Result<Self, BoxError> {
        let server = S::server().await?;
        Ok(Self { store: S::on(&server, Self::config())?, server })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(S::on(&self.server, Self::config())?))
    }

    async fn crash(&self) -> Result<Crash, BoxError> {
        let node = &self.server.nodes()[0];
        node.kill().await?;
        node.restart().await?;
        self.server.ready().await?;
        Ok(Crash::CameBack)
    }
}

/// A server that stops answering: whoever waits gives up by his own deadline, and once it goes on, so does the store,
/// with the old record or one of the new, whole.
#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn paused(server: Alone, store: Arc<dyn SessionStore>) -> Result<(), BoxError> {
    store.init().await?;
    create(&*store, key(1), &written(1, 0)).await;
    let node = &server.nodes()[0];
    node.pause()?;
    // More than there are connections.
    for write in 1..=12 {
        let next = written(1, write);
        let key = key(1);
        let put = store.put(&key, &next, Put::Replace(Version::from_u64(version(1, 0))));
        match tokio::time::timeout(Duration::from_millis(50), put).await {
            Err(_) => {}
            Ok(done) => assert!(matches!(done, Err(StoreError::Unavailable { .. })), "{done:?}"),
        }
    }
    node.resume()?;
    let found = reads_again(&*store, 1).await.expect("it was acknowledged");
    let stands = found.version.as_u64() - version(1, 0);
    assert!(stands <= 12 && *found == written(1, stands), "half of a write");
    // A write that was given up may still arrive; then it is what stands.
    let mut standing = found;
    while let PutOutcome::Conflict(winner) =
        store.put(&key(1), &written(1, 100), Put::Replace(standing.version)).await?
    {
        standing = winner;
    }
    assert_eq!(*store.get(&key(1)).await?.expect("it is there"), written(1, 100));
    Ok(())
}

#[cfg(feature = "postgres")]
#[test]
fn postgres_loses_no_acknowledged_write() {
    run::<Killed<session_sql::PostgresStore>>(Clause::FLT_8, &[]).assert_passed();
}

#[cfg(feature = "mysql")]
#[test]
fn mariadb_loses_no_acknowledged_write() {
    run::<Killed<session_sql::MySqlStore>>(Clause::FLT_8, &[]).assert_passed();
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_stops_answering_is_used_again_when_it_goes_on() -> Result<(), BoxError> {
    let server = servers::Postgres::alone(&[]).await?;
    let config = patient().with_max_connections(4);
    let store = session_sql::PostgresStore::from_url_with(server.url(), config)?;
    paused(server, Arc::new(store)).await
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mariadb_that_stops_answering_is_used_again_when_it_goes_on() -> Result<(), BoxError> {
    let server = servers::MariaDb::alone(&[]).await?;
    let config = patient().with_max_connections(4);
    let store = session_sql::MySqlStore::from_url_with(server.url(), config)?;
    paused(server, Arc::new(store)).await
}

/// SQLite has no server: the process that has the store is killed.
#[cfg(feature = "sqlite")]
mod sqlite {
    use std::path::Path;

    use session_conformance::child::{self, OnDisk};
    use session_sql::SqliteStore;

    use super::*;

    struct Sqlite;

    impl OnDisk for Sqlite {
        const SERVED_BY: &'static str = "sqlite::serves_a_file";

        fn open(path: &Path) -> Result<Arc<dyn SessionStore>, BoxError> {
            Ok(Arc::new(SqliteStore::from_url_with(&format!("sqlite://{}", path.display()), patient())?))
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[ignore = "the process that `sqlite_loses_no_acknowledged_write` kills"]
    async fn serves_a_file() -> Result<(), BoxError> {
        Sqlite::serve().await
    }

    #[test]
    fn sqlite_loses_no_acknowledged_write() {
        run::<child::Killed<Sqlite>>(Clause::FLT_8, &[]).assert_passed();
    }
}
