//! Times the store's verbs against the same statements by hand: prepared, on the same pool, in the same run.
//!
//! ```text
//! cargo bench -p session-sql --all-features -- [--quick] [sqlite] [postgres] [mariadb]
//! ```
//!
//! Prints `ratio DATABASE_NAME VALUE`, the store's time over the statement's. The servers are those of the tests:
//! yours by `SESSION_TEST_POSTGRES_URL` and `SESSION_TEST_MARIADB_URL`, or the installed programs.

use std::collections::BTreeMap;
use std::future::Future;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use session_sql::session_core::{
    BoxError, Bytes, Owner, Owners, Put, PutOutcome, Record, SessionKey, SessionStore, Sweep, Timestamp, Version,
};
use session_sql::{Dialect, SqlStore};
use tokio::task::JoinSet;

#[path = "sql/by_hand.rs"]
mod by_hand;

use by_hand::ByHand;

const SEEN: Timestamp = Timestamp::from_millis(2_000);
/// What the sweep takes.
const DUE: Timestamp = Timestamp::from_millis(1_000_000);
const LIVE: Timestamp = Timestamp::from_millis(3_000_000);

/// How much is done.
#[derive(Clone, Copy)]
struct Size {
    rounds: usize,
    /// Sessions per round and verb.
    sessions: u64,
    /// Other rows in the table, a power of ten.
    rows: u32,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), BoxError> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let wanted = |name: &str| {
        let named = |it: &String| ["sqlite", "postgres", "mariadb"].contains(&&**it);
        arguments.iter().any(|it| it == name) || !arguments.iter().any(named)
    };
    let size = match arguments.iter().any(|it| it == "--quick") {
        true => Size { rounds: 5, sessions: 300, rows: 5 },
        false => Size { rounds: 9, sessions: 1_000, rows: 6 },
    };
    #[cfg(feature = "sqlite")]
    if wanted("sqlite") {
        let folder = tempfile::tempdir()?;
        let options = session_sql::sqlx::sqlite::SqliteConnectOptions::new()
            .filename(folder.path().join("sessions.db"))
            .create_if_missing(true)
            .journal_mode(session_sql::sqlx::sqlite::SqliteJournalMode::Wal)
            // What the disk does is nobody's merit.
            .synchronous(session_sql::sqlx::sqlite::SqliteSynchronous::Normal);
        let pool =
            session_sql::sqlx::sqlite::SqlitePoolOptions::new().max_connections(10).connect_with(options).await?;
        measure("sqlite", SqlStore::new(pool), size).await?;
    }
    #[cfg(feature = "postgres")]
    if wanted("postgres") {
        let server = session_conformance::servers::Postgres::start().await?;
        let pool = session_sql::sqlx::postgres::PgPoolOptions::new().max_connections(10).connect(server.url()).await?;
        let config = session_sql::SqlConfig::default().with_table("session_bench")?;
        measure("postgres", SqlStore::with_config(pool, config)?, size).await?;
    }
    #[cfg(feature = "mysql")]
    if wanted("mariadb") {
        let server = session_conformance::servers::MariaDb::start().await?;
        let pool = session_sql::sqlx::mysql::MySqlPoolOptions::new().max_connections(10).connect(server.url()).await?;
        let config = session_sql::SqlConfig::default().with_table("session_bench")?;
        measure("mariadb", SqlStore::with_config(pool, config)?, size).await?;
    }
    Ok(())
}

/// Keeps the times of each measurement.
#[derive(Default)]
struct Times(BTreeMap<(&'static str, &'static str), Vec<Duration>>);

impl Times {
    async fn take<T>(
        &mut self,
        name: &'static str,
        who: &'static str,
        work: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError> {
        let start = Instant::now();
        let done = work.await?;
        self.0.entry((name, who)).or_default().push(start.elapsed());
        Ok(done)
    }

    /// The median: a database now and then does something else for a while.
    fn of(&self, name: &'static str, who: &'static str) -> Duration {
        let mut times = self.0[&(name, who)].clone();
        times.sort_unstable();
        times[times.len() / 2]
    }

    fn print(&self, database: &str, size: Size) {
        for (name, who) in self.0.keys() {
            let each = self.of(name, who).as_secs_f64() * 1e6 / size.sessions as f64;
            println!("{database:<9} {name:<10} {who:<5} {each:>9.1} µs per session");
        }
        for (name, _) in self.0.keys().filter(|(_, who)| *who == "hand") {
            let ratio = self.of(name, "store").as_secs_f64() / self.of(name, "hand").as_secs_f64();
            println!("ratio {database}_{name} {ratio:.2}");
        }
    }
}

async fn measure<Db: Dialect + ByHand>(database: &str, store: SqlStore<Db>, size: Size) -> Result<(), BoxError> {
    let hand = by_hand::Hand::new(&store);
    hand.run(&hand.drop_table()).await?;
    store.init().await?;
    hand.run(&hand.fill(size.rows, LIVE)).await?;
    for statement in hand.settle() {
        hand.run(&statement).await?;
    }
    let mut times = Times::default();
    for round in 0..size.rounds as u64 {
        // Who comes first takes turns.
        for turn in 0..2 {
            let first = (2 * round + turn) * size.sessions;
            let keys: Vec<_> = (first..first + size.sessions).map(key).collect();
            if (round + turn) % 2 == 0 {
                by_store(&mut times, &store, &keys).await?;
            } else {
                by_hand(&mut times, &hand, &keys).await?;
            }
        }
    }
    for round in 0..3 {
        for turn in 0..2 {
            // One row of a hundred has expired.
            hand.run(&hand.fill(size.rows - 2, Timestamp::MIN)).await?;
            let (rows, batch) = (10_u64.pow(size.rows - 2), NonZeroUsize::new(1_000).expect("not zero"));
            if (round + turn) % 2 == 0 {
                let sweep = drain(rows, async || Ok(store.delete_expired(DUE, batch).await?));
                times.take("sweep", "store", sweep).await?;
            } else {
                times.take("sweep", "hand", drain(rows, async || hand.sweep(DUE, batch).await)).await?;
            }
        }
    }
    times.print(database, size);
    hand.run(&hand.drop_table()).await?;
    store.close().await;
    Ok(())
}

async fn by_store<Db: Dialect>(times: &mut Times, store: &SqlStore<Db>, keys: &[SessionKey]) -> Result<(), BoxError> {
    times
        .take("create", "store", async {
            for key in keys {
                assert_eq!(store.put(key, &record(1), Put::Create).await?, PutOutcome::Stored);
            }
            Ok(())
        })
        .await?;
    times
        .take("read", "store", async {
            for key in keys {
                assert!(store.get(key).await?.is_some());
            }
            Ok(())
        })
        .await?;
    times
        .take("touch", "store", async {
            for key in keys {
                assert!(store.touch(key, Version::from_u64(1), SEEN, LIVE).await?);
            }
            Ok(())
        })
        .await?;
    times
        .take("write", "store", async {
            for key in keys {
                assert_eq!(store.put(key, &record(2), Put::Replace(Version::from_u64(1))).await?, PutOutcome::Stored);
            }
            Ok(())
        })
        .await?;
    let contended = keys[0];
    times
        .take("contention", "store", async {
            let mut tasks = JoinSet::new();
            for task in 0..8_u64 {
                let (store, turns) = (store.clone(), keys.len() as u64 / 8);
                tasks.spawn(async move {
                    let mut standing = Version::from_u64(2);
                    for turn in 0..turns {
                        let next = record((task << 32) + turn + 10);
                        while let PutOutcome::Conflict(winner) =
                            store.put(&contended, &next, Put::Replace(standing)).await?
                        {
                            standing = winner.version;
                        }
                        standing = next.version;
                    }
                    Ok::<_, BoxError>(())
                });
            }
            all(tasks).await
        })
        .await?;
    times
        .take("list", "store", async {
            let (ann, hundred) = (Owner::new("ann")?, NonZeroUsize::new(100).expect("not zero"));
            for _ in 0..keys.len() / 10 {
                assert_eq!(store.list(&ann, None, hundred).await?.records.len(), 100);
            }
            Ok(())
        })
        .await?;
    times
        .take("delete", "store", async {
            for key in keys {
                assert!(store.delete(key).await?);
            }
            Ok(())
        })
        .await
}

async fn by_hand<Db: Dialect + ByHand>(
    times: &mut Times,
    hand: &by_hand::Hand<Db>,
    keys: &[SessionKey],
) -> Result<(), BoxError> {
    times
        .take("create", "hand", async {
            for key in keys {
                assert_eq!(hand.create(key, &record(1)).await?, 1);
            }
            Ok(())
        })
        .await?;
    times
        .take("read", "hand", async {
            for key in keys {
                assert!(hand.get(key).await?.is_some());
            }
            Ok(())
        })
        .await?;
    times
        .take("touch", "hand", async {
            for key in keys {
                assert_eq!(hand.touch(key, 1, SEEN, LIVE).await?, 1);
            }
            Ok(())
        })
        .await?;
    times
        .take("write", "hand", async {
            for key in keys {
                assert_eq!(hand.replace(key, &record(2), 1).await?, 1);
            }
            Ok(())
        })
        .await?;
    let contended = keys[0];
    times
        .take("contention", "hand", async {
            let mut tasks = JoinSet::new();
            for task in 0..8_u64 {
                let (hand, turns) = (hand.clone(), keys.len() as u64 / 8);
                tasks.spawn(async move {
                    let mut standing = 2;
                    for turn in 0..turns {
                        let next = record((task << 32) + turn + 10);
                        while hand.replace(&contended, &next, standing).await? == 0 {
                            standing = hand.get(&contended).await?.expect("it is there");
                        }
                        standing = next.version.as_u64();
                    }
                    Ok::<_, BoxError>(())
                });
            }
            all(tasks).await
        })
        .await?;
    times
        .take("list", "hand", async {
            for _ in 0..keys.len() / 10 {
                assert_eq!(hand.list(b"ann", 100).await?, 100);
            }
            Ok(())
        })
        .await?;
    times
        .take("delete", "hand", async {
            for key in keys {
                assert_eq!(hand.delete(key).await?, 1);
            }
            Ok(())
        })
        .await
}

/// Sweeps until nothing is left.
async fn drain(rows: u64, sweep: impl AsyncFn() -> Result<u64, BoxError>) -> Result<(), BoxError> {
    let mut removed = 0;
    loop {
        match sweep().await? {
            0 => break,
            some => removed += some,
        }
    }
    assert_eq!(removed, rows);
    Ok(())
}

async fn all(mut tasks: JoinSet<Result<(), BoxError>>) -> Result<(), BoxError> {
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

fn record(version: u64) -> Record {
    Record {
        version: Version::from_u64(version),
        payload: Bytes::from(vec![b'x'; 200]),
        owner: Owner::new("user-17").ok(),
        created_at: Timestamp::from_millis(1_000),
        last_seen_at: Timestamp::from_millis(1_000),
        expires_at: Timestamp::from_millis(2_000_000),
    }
}

/// A key that is spread as hashes are, and that no other row has.
fn key(number: u64) -> SessionKey {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..16].copy_from_slice(&number.to_be_bytes());
    SessionKey::from_bytes(bytes)
}
