//! What goes wrong on an encrypted connection costs that connection, and nothing else; and who the server is, is looked at as
//! the URL asks.

#![cfg(all(unix, feature = "tls", feature = "mysql", feature = "postgres"))]

mod support;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use session_conformance::servers::Node;
use session_conformance::{Clause, Harness};
use session_sql::session_core::{BoxError, Put, PutOutcome, SessionStore, StoreError};
use session_sql::sqlx::{AssertSqlSafe, query_scalar};
use session_sql::{PostgresStore, SqlStore};
use support::bed::{Bed, create, key, record, with_causes};
use support::mysql::{MariaDbOverTls, MySqlHarness};
use support::postgres::{OverTls, PostgresHarness};
use tokio::time::timeout;

type MariaDb = MySqlHarness<MariaDbOverTls>;
type Postgres = PostgresHarness<OverTls>;

/// A harness whose server is nobody else's.
trait Own: Bed {
    fn node(&self) -> &Node;
}

impl Own for MariaDb {
    fn node(&self) -> &Node {
        self.server().node()
    }
}

impl Own for Postgres {
    fn node(&self) -> &Node {
        self.server().node()
    }
}

/// Polls a future once, and drops it; tells whether it was still waiting, which a fast server can spare it.
async fn dropped_at_once(future: impl Future) -> bool {
    let mut future = pin!(future);
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

async fn holds_no_connection_back<B: Own>() -> Result<(), BoxError> {
    let bed = B::start().await?;
    bed.sql().init().await?;
    let store = bed.with(bed.config().with_max_connections(1)).await?;
    create(&store, key(1), &record(1, 1_000)).await;
    let mut dropped = 0;
    for _ in 0..50 {
        // It is prepared already, so that this sends it, and the key is taken.
        assert_eq!(store.put(&key(1), &record(2, 1_000), Put::Create).await?, PutOutcome::Exists);
        dropped += usize::from(dropped_at_once(store.put(&key(1), &record(3, 1_000), Put::Create)).await);
        assert_eq!(*store.get(&key(1)).await?.unwrap(), record(1, 1_000));
    }
    assert!(dropped > 0, "it never waits");
    store.close().await;
    bed.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mariadb_a_statement_that_was_dropped_and_then_fails_holds_no_connection_back() -> Result<(), BoxError> {
    holds_no_connection_back::<MariaDb>().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_statement_that_was_dropped_holds_no_connection_back() -> Result<(), BoxError> {
    holds_no_connection_back::<Postgres>().await
}

/// Reads until there is an answer: on a busy machine a connection takes longer than this store waits for one.
async fn answers<B: Own>(store: &SqlStore<B::Db>) {
    let read = async {
        loop {
            match store.get(&key(1)).await {
                Ok(found) => return assert_eq!(*found.unwrap(), record(1, 1_000)),
                Err(StoreError::Unavailable { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    timeout(Duration::from_secs(60), read).await.expect("an answer");
}

async fn holds_up_nobody<B: Own>() -> Result<(), BoxError> {
    let bed = B::start().await?;
    bed.sql().init().await?;
    let (patience, limit) = (Duration::from_secs(2), Duration::from_secs(30));
    let one = bed.config().with_max_connections(1).with_acquire_timeout(patience);
    let (dropped, idle) = (bed.with(one.clone()).await?, bed.with(one).await?);
    create(bed.sql(), key(1), &record(1, 1_000)).await;
    for store in [&dropped, &idle] {
        answers::<B>(store).await;
    }
    bed.node().pause()?;
    assert!(dropped_at_once(dropped.get(&key(1))).await);
    timeout(limit, idle.close()).await.expect("it is closed");
    // Whoever asks is told until the connection that does not answer is let go, and then until the server opens another.
    assert!(matches!(dropped.get(&key(1)).await, Err(StoreError::Unavailable { .. })));
    bed.node().resume()?;
    answers::<B>(&dropped).await;
    bed.node().pause()?;
    timeout(limit, dropped.close()).await.expect("it is closed");
    bed.node().resume()?;
    bed.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mariadb_that_hangs_holds_up_neither_the_pool_nor_who_closes_it() -> Result<(), BoxError> {
    holds_up_nobody::<MariaDb>().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_hangs_holds_up_neither_the_pool_nor_who_closes_it() -> Result<(), BoxError> {
    holds_up_nobody::<Postgres>().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_is_encrypted_and_known_by_its_certificate_where_the_url_asks() -> Result<(), BoxError> {
    let bed = Postgres::start().await?;
    let encrypted = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    assert!(query_scalar::<_, bool>(encrypted).fetch_one(bed.pool()).await?);
    bed.sql().init().await?;
    create(bed.sql(), key(1), &record(1, 1_000)).await;

    let certificate: Vec<String> =
        query_scalar("SELECT regexp_split_to_table(pg_read_file('server.crt'), '\n')").fetch_all(bed.pool()).await?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str, content: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).map(|()| path.display().to_string())
    };
    let known = file("known", &certificate.join("\n"))?;
    let other = file("other", &rcgen::generate_simple_self_signed(["localhost".to_owned()])?.cert.pem())?;
    let plain = bed.server().url().split('?').next().expect("a URL");
    let by = |parameters: &str| {
        let config = bed.config().with_acquire_timeout(Duration::from_secs(10));
        PostgresStore::from_url_with(&format!("{plain}?{parameters}"), config)
    };
    let store = by(&format!("sslmode=verify-ca&sslrootcert={known}"))?;
    assert!(query_scalar::<_, bool>(AssertSqlSafe(encrypted)).fetch_one(store.pool()).await?);
    assert_eq!(*store.get(&key(1)).await?.expect("it is there"), record(1, 1_000));
    store.close().await;
    // Somebody else's certificate, and one for another host than the one in the URL.
    for refused in
        [format!("sslmode=verify-ca&sslrootcert={other}"), format!("sslmode=verify-full&sslrootcert={known}")]
    {
        let store = by(&refused)?;
        let error = store.get(&key(1)).await.expect_err("it is not the one that is meant");
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
        assert!(with_causes(&error).contains("certificate"), "{}", with_causes(&error));
        store.close().await;
    }
    bed.stop().await;
    Ok(())
}

/// Writes that are dropped, which on MariaDB over TLS once ended in a hang.
#[test]
fn on_postgres_dropped_writes_end_whole_or_not_at_all_over_tls() {
    session_conformance::run::<Postgres>(Clause::PUT_10, &[]).assert_passed();
}
