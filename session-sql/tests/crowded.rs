//! A server that allows fewer connections than the store may open.
#![cfg(all(unix, any(feature = "postgres", feature = "mysql")))]

mod support;

use std::time::{Duration, Instant};

use session_conformance::servers::{Alone, MariaDb, Postgres};
use session_sql::session_core::{BoxError, Put, PutOutcome, SessionStore, StoreError};
use session_sql::sqlx::{self, Connection};
use session_sql::{Dialect, SqlConfig, SqlStore};
use support::bed::{create, key, record, with_causes};
use tokio::task::JoinSet;

/// How many connections the servers here allow; MariaDB does not go lower.
const ALLOWED: usize = 10;

/// How long a store here waits for a connection, and somewhat more than it takes to open one.
const PATIENCE: Duration = Duration::from_millis(1_500);

fn config() -> SqlConfig {
    SqlConfig::default().with_max_connections(20).with_acquire_timeout(PATIENCE)
}

/// Connections of others, as many as the server still has to give.
async fn all_that_are_left<C: Connection>(url: &str) -> Result<Vec<C>, BoxError> {
    let mut held = Vec::new();
    loop {
        match C::connect(url).await {
            Ok(connection) => held.push(connection),
            Err(sqlx::Error::Database(_)) => return Ok(held),
            Err(error) => return Err(error.into()),
        }
    }
}

async fn turns_nobody_away<Db: Dialect>(server: &Alone) -> Result<(), BoxError> {
    let store = SqlStore::<Db>::from_url_with(server.url(), config())?;
    store.init().await?;
    create(&store, key(0), &record(0, 1_000)).await;
    // Some are taken by others, and the rest are fewer than there are callers.
    let others = all_that_are_left::<Db::Connection>(server.url()).await?;
    assert!(others.len() < ALLOWED + 2, "it allows more: {}", others.len());
    let others: Vec<_> = others.into_iter().take(ALLOWED / 2).collect();
    let (mut tasks, end) = (JoinSet::new(), Instant::now() + 2 * PATIENCE);
    for task in 1..=40_u64 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut turn = 0_u64;
            while Instant::now() < end {
                let own = key(task << 32 | turn);
                assert_eq!(*store.get(&key(0)).await?.expect("it is there"), record(0, 1_000));
                assert_eq!(store.put(&own, &record(turn, 1_000), Put::Create).await?, PutOutcome::Stored);
                assert!(store.delete(&own).await?);
                turn += 1;
            }
            Ok::<_, StoreError>(turn)
        });
    }
    while let Some(turns) = tasks.join_next().await {
        assert!(turns?? > 0, "somebody never had a turn");
    }
    drop(others);
    store.close().await;
    Ok(())
}

async fn says_what_to_set<Db: Dialect>(server: &Alone) -> Result<(), BoxError> {
    let store = SqlStore::<Db>::from_url_with(server.url(), config())?;
    // Whoever asked whether the server is there may count still.
    let mut others = Vec::new();
    while others.len() < ALLOWED {
        others.extend(all_that_are_left::<Db::Connection>(server.url()).await?);
    }
    let begun = Instant::now();
    let refused = store.init().await.expect_err("there is no connection to be had");
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
    let said = with_causes(&refused);
    assert!(said.contains("max_connections") && said.contains("with_max_connections"), "{said}");
    assert!(begun.elapsed() < 10 * PATIENCE, "it waited for {:?}", begun.elapsed());
    drop(others);
    // The server notices by and by.
    let end = Instant::now() + Duration::from_secs(30);
    while let Err(error) = store.init().await {
        assert!(Instant::now() < end, "{}", with_causes(&error));
    }
    create(&store, key(1), &record(1, 1_000)).await;
    store.close().await;
    Ok(())
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_allows_fewer_connections_turns_nobody_away_or_says_what_to_set() -> Result<(), BoxError> {
    let limit = format!("max_connections={ALLOWED}");
    let server = Postgres::alone(&["-c", &limit, "-c", "superuser_reserved_connections=0"]).await?;
    // First, for connections that were let go count until the server notices.
    says_what_to_set::<sqlx::Postgres>(&server).await?;
    turns_nobody_away::<sqlx::Postgres>(&server).await
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mariadb_that_allows_fewer_connections_turns_nobody_away_or_says_what_to_set() -> Result<(), BoxError> {
    let server = MariaDb::alone(&[&format!("--max-connections={ALLOWED}")]).await?;
    // First, for connections that were let go count until the server notices.
    says_what_to_set::<sqlx::MySql>(&server).await?;
    turns_nobody_away::<sqlx::MySql>(&server).await
}
