//! A primary with a hot standby behind one name.
//!
//! With synchronous replication nothing that was acknowledged is lost and nothing that was ended comes back; what fails
//! meanwhile is told as such, and the store goes on by itself.
#![cfg(all(unix, feature = "postgres"))]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use session_conformance::servers::{Alone, Postgres, PostgresStandby};
use session_sql::session_core::{BoxError, Put, PutOutcome, SessionStore, StoreError, Version};
use session_sql::sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, query_scalar, raw_sql};
use session_sql::{PostgresStore, SqlConfig};
use support::bed::{create, key, patient, record, with_causes};
use support::name::Name;
use tokio::task::JoinSet;

/// How long anything here may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

fn config() -> SqlConfig {
    SqlConfig::default().with_acquire_timeout(Duration::from_secs(1))
}

/// A primary, its standby, and a name that leads to the primary.
struct Pair {
    primary: Alone,
    standby: Alone,
    name: Name,
    url: String,
}

impl Pair {
    /// Starts both, and creates the table. From then on a write is acknowledged once the standby has it.
    async fn start() -> Result<Self, BoxError> {
        let primary = Postgres::alone(&[]).await?;
        let store = PostgresStore::from_url_with(primary.url(), patient())?;
        store.init().await?;
        store.close().await;
        let standby = PostgresStandby::of(&primary, &[]).await?;
        for statement in ["ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"] {
            run(primary.url(), statement).await?;
        }
        let name = Name::of(primary.nodes()[0].port()).await?;
        let url = name.instead_of(primary.url(), primary.nodes()[0].port());
        Ok(Self { primary, standby, name, url })
    }

    fn standby_port(&self) -> u16 {
        self.standby.nodes()[0].port()
    }

    async fn promote(&self) -> Result<(), BoxError> {
        run(self.standby.url(), "SELECT pg_promote()").await
    }
}

async fn run(url: &str, statement: &str) -> Result<(), BoxError> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(raw_sql(AssertSqlSafe(statement.to_owned()))).await?;
    connection.close().await?;
    Ok(())
}

/// What a session has come to, as far as it was acknowledged.
#[derive(Clone, Copy, Debug)]
enum Acknowledged {
    Version(u64),
    Ended,
}

/// Calls until there is an answer, as the core does with a write whose outcome is not known; every error on the way has to be
/// one of those that say so. Counts them.
async fn answer<T, F>(failed: &AtomicU64, call: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, StoreError>>,
{
    let end = Instant::now() + LIMIT;
    loop {
        match call().await {
            Ok(answer) => return answer,
            Err(StoreError::Unavailable { .. } | StoreError::Indeterminate { .. } | StoreError::Timeout { .. }) => {
                failed.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => panic!("{}", with_causes(&error)),
        }
        assert!(Instant::now() < end, "there is no answer");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Writes sessions until there are enough writes, and gives what each has come to. Every second one is ended.
async fn writes(
    store: PostgresStore,
    task: u64,
    done: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
) -> Vec<(u64, Acknowledged)> {
    let mut sessions = Vec::new();
    for number in 0.. {
        if done.load(Ordering::Relaxed) == u64::MAX {
            break;
        }
        let (session, versions) = (task << 32 | number, 1 + number % 4);
        let key = key(session);
        let version = |write| session * 8 + write;
        let first = record(version(0), 1_000_000);
        let created = answer(&failed, || store.put(&key, &first, Put::Create)).await;
        assert_eq!(created, PutOutcome::Stored);
        for write in 1..versions {
            let (next, put) = (record(version(write), 1_000_000), Put::Replace(Version::from_u64(version(write - 1))));
            assert_eq!(answer(&failed, || store.put(&key, &next, put)).await, PutOutcome::Stored);
        }
        if number % 2 == 0 {
            answer(&failed, || store.delete(&key)).await;
            assert!(answer(&failed, || store.get(&key)).await.is_none());
            sessions.push((session, Acknowledged::Ended));
        } else {
            sessions.push((session, Acknowledged::Version(version(versions - 1))));
        }
        let _ = done.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| count.checked_add(1));
    }
    sessions
}

/// Waits until so many sessions have been written since.
async fn more(done: &AtomicU64, sessions: u64) {
    let (begun, from) = (Instant::now(), done.load(Ordering::Relaxed));
    while done.load(Ordering::Relaxed) < from + sessions {
        assert!(begun.elapsed() < LIMIT, "nothing is written");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_write_is_lost_and_nothing_that_was_ended_comes_back() -> Result<(), BoxError> {
    let pair = Pair::start().await?;
    let store = PostgresStore::from_url_with(&pair.url, config())?;
    store.init().await?;
    let (done, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut tasks = JoinSet::new();
    for task in 1..=8 {
        tasks.spawn(writes(store.clone(), task, Arc::clone(&done), Arc::clone(&failed)));
    }
    more(&done, 100).await;
    let before = failed.load(Ordering::Relaxed); // none, unless the machine is busy
    // The network between them goes first: what the primary takes from here on is not to be acknowledged.
    for statement in ["ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"] {
        run(pair.standby.url(), statement).await?;
    }
    let mut connection = PgConnection::connect(pair.standby.url()).await?;
    let begun = Instant::now();
    while query_scalar::<_, i64>("SELECT count(*) FROM pg_stat_wal_receiver").fetch_one(&mut connection).await? > 0 {
        assert!(begun.elapsed() < LIMIT, "it goes on following");
    }
    pair.primary.nodes()[0].kill().await?;
    pair.promote().await?;
    pair.name.turn_all(pair.standby_port());
    more(&done, 100).await;
    done.store(u64::MAX, Ordering::Relaxed);
    let direct = PostgresStore::from_url_with(pair.standby.url(), patient())?;
    let (mut written, mut ended) = (0, 0);
    while let Some(sessions) = tasks.join_next().await {
        for (session, acknowledged) in sessions? {
            let found = direct.get(&key(session)).await?;
            match acknowledged {
                Acknowledged::Ended => assert!(found.is_none(), "{session} is back"),
                Acknowledged::Version(version) => {
                    assert_eq!(found.as_deref(), Some(&record(version, 1_000_000)), "{session}");
                }
            }
            match acknowledged {
                Acknowledged::Ended => ended += 1,
                Acknowledged::Version(_) => written += 1,
            }
        }
    }
    println!("{written} sessions stand and {ended} were ended; {} calls failed", failed.load(Ordering::Relaxed));
    assert!(failed.load(Ordering::Relaxed) > before, "nobody noticed");
    direct.close().await;
    store.close().await;
    Ok(())
}

/// As where a switch-over is planned: the old primary takes no writes any more, and ends no connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_takes_no_writes_any_more_is_left() -> Result<(), BoxError> {
    let pair = Pair::start().await?;
    let store = PostgresStore::from_url_with(&pair.url, config())?;
    create(&store, key(1), &record(1, 1_000)).await;
    // Several connections lie there.
    let mut reads = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        reads.spawn(async move { store.get(&key(1)).await.map(drop) });
    }
    while let Some(read) = reads.join_next().await {
        read??;
    }
    for statement in ["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"] {
        run(pair.primary.url(), statement).await?;
    }
    let end = Instant::now() + LIMIT;
    let refused = loop {
        // Either may be the first that is refused.
        let written = match store.put(&key(2), &record(2, 1_000), Put::Create).await {
            Ok(_) => store.delete(&key(2)).await,
            Err(error) => Err(error),
        };
        match written {
            Err(error) => break error,
            Ok(deleted) => assert!(deleted && Instant::now() < end, "it goes on taking writes"),
        }
    };
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
    assert!(with_causes(&refused).contains("have the URL lead to the primary"), "{}", with_causes(&refused));
    pair.promote().await?;
    pair.name.turn(pair.standby_port());
    // At most one more of those connections is taken for a write.
    let again = store.put(&key(2), &record(2, 1_000), Put::Create).await;
    if again.is_err() {
        create(&store, key(2), &record(2, 1_000)).await;
    }
    assert!(store.delete(&key(1)).await?);
    let direct = PostgresStore::from_url_with(pair.standby.url(), patient())?;
    assert_eq!(direct.get(&key(2)).await?.as_deref(), Some(&record(2, 1_000)));
    assert!(direct.get(&key(1)).await?.is_none());
    direct.close().await;
    store.close().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_says_that_it_is_one() -> Result<(), BoxError> {
    let pair = Pair::start().await?;
    let store = PostgresStore::from_url_with(pair.standby.url(), config())?;
    store.init().await?; // the table is there
    let elsewhere = PostgresStore::from_url_with(pair.standby.url(), config().with_table("more_sessions")?)?;
    let refused = [
        elsewhere.init().await.map(drop),
        store.put(&key(1), &record(1, 1_000), Put::Create).await.map(drop),
        store.delete(&key(1)).await.map(drop),
    ];
    for refused in refused {
        let refused = refused.expect_err("it takes no writes");
        assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
        assert!(with_causes(&refused).contains("it is a standby"), "{}", with_causes(&refused));
    }
    Ok(())
}
