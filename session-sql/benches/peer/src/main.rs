//! Times the store beside tower-sessions-sqlx-store: each on a pool of its own, set up alike, in the same run.
//!
//! ```text
//! cargo run --release --manifest-path session-sql/benches/peer/Cargo.toml -- [--quick] [sqlite] [postgres] [mariadb]
//! ```
//!
//! Prints `ratio DATABASE_NAME VALUE`, this store's time over the peer's; below 1 it is faster. The peer writes
//! unconditionally and knows neither owners nor touches: what stands beside a touch is its save.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use session_sql::session_core::{
    Bytes, Owner, Put, PutOutcome, Record, SessionKey, SessionStore as _, Sweep as _, Timestamp, Version,
};
use session_sql::sqlx::{self as ours_sqlx, AssertSqlSafe};
use session_sql::{Dialect, SqlStore};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tower_sessions_core::session::{Id, Record as PeerRecord};
use tower_sessions_core::{ExpiredDeletion, SessionStore as PeerStore};
use tower_sessions_sqlx_store as peer;
use tower_sessions_sqlx_store::sqlx as peer_sqlx;

type Failure = Box<dyn Error + Send + Sync>;

/// How much is done.
#[derive(Clone, Copy)]
struct Size {
    rounds: usize,
    sessions: u64,
    /// Rows in the table when it is swept; one of a hundred has expired.
    rows: u64,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let wanted = |name: &str| {
        let named = |it: &String| ["sqlite", "postgres", "mariadb"].contains(&&**it);
        arguments.iter().any(|it| it == name) || !arguments.iter().any(named)
    };
    let size = match arguments.iter().any(|it| it == "--quick") {
        true => Size { rounds: 5, sessions: 200, rows: 20_000 },
        false => Size { rounds: 9, sessions: 1_000, rows: 1_000_000 },
    };
    if wanted("sqlite") {
        let folder = tempfile::tempdir()?;
        let ours = ours_sqlx::sqlite::SqlitePoolOptions::new().connect_with(
            ours_sqlx::sqlite::SqliteConnectOptions::new()
                .filename(folder.path().join("ours.db"))
                .create_if_missing(true)
                .journal_mode(ours_sqlx::sqlite::SqliteJournalMode::Wal)
                .synchronous(ours_sqlx::sqlite::SqliteSynchronous::Normal),
        );
        let theirs = peer_sqlx::sqlite::SqlitePoolOptions::new().connect_with(
            peer_sqlx::sqlite::SqliteConnectOptions::new()
                .filename(folder.path().join("theirs.db"))
                .create_if_missing(true)
                .journal_mode(peer_sqlx::sqlite::SqliteJournalMode::Wal)
                .synchronous(peer_sqlx::sqlite::SqliteSynchronous::Normal),
        );
        let (ours, pool) = (SqlStore::new(ours.await?), theirs.await?);
        let theirs = peer::SqliteStore::new(pool.clone());
        theirs.migrate().await?;
        let fill = async |rows| {
            fill_ours(rows, "X'", async |sql| {
                Ok(drop(ours_sqlx::raw_sql(AssertSqlSafe(sql)).execute(ours.pool()).await?))
            })
            .await?;
            fill_theirs("tower_sessions", rows, "X'", "datetime", async |sql: String| {
                Ok(drop(peer_sqlx::raw_sql(&sql).execute(&pool).await?))
            })
            .await
        };
        measure("sqlite", ours.clone(), theirs, size, fill).await?;
    }
    if wanted("postgres") {
        let server = session_conformance::servers::Postgres::start().await?;
        let pool = peer_sqlx::PgPool::connect(server.url()).await?;
        let ours = SqlStore::new(ours_sqlx::PgPool::connect(server.url()).await?);
        let theirs = peer::PostgresStore::new(pool.clone());
        peer_sqlx::raw_sql("DROP TABLE IF EXISTS sessions; DROP SCHEMA IF EXISTS tower_sessions CASCADE")
            .execute(&pool)
            .await?;
        theirs.migrate().await?;
        let fill = async |rows| {
            fill_ours(rows, "'\\x", async |sql| {
                Ok(drop(ours_sqlx::raw_sql(AssertSqlSafe(sql)).execute(ours.pool()).await?))
            })
            .await?;
            fill_theirs("tower_sessions.session", rows, "'\\x", "timestamptz", async |sql: String| {
                Ok(drop(peer_sqlx::raw_sql(&sql).execute(&pool).await?))
            })
            .await
        };
        measure("postgres", ours.clone(), theirs, size, fill).await?;
    }
    if wanted("mariadb") {
        let server = session_conformance::servers::MariaDb::start().await?;
        let pool = peer_sqlx::MySqlPool::connect(server.url()).await?;
        let ours = SqlStore::new(ours_sqlx::MySqlPool::connect(server.url()).await?);
        let theirs = peer::MySqlStore::new(pool.clone());
        for drop in ["DROP TABLE IF EXISTS sessions", "DROP DATABASE IF EXISTS tower_sessions"] {
            peer_sqlx::raw_sql(drop).execute(&pool).await?;
        }
        theirs.migrate().await?;
        let fill = async |rows| {
            fill_ours(rows, "X'", async |sql| {
                Ok(drop(ours_sqlx::raw_sql(AssertSqlSafe(sql)).execute(ours.pool()).await?))
            })
            .await?;
            fill_theirs("tower_sessions.session", rows, "X'", "timestamp", async |sql: String| {
                Ok(drop(peer_sqlx::raw_sql(&sql).execute(&pool).await?))
            })
            .await
        };
        measure("mariadb", ours.clone(), theirs, size, fill).await?;
    }
    Ok(())
}

/// Adds rows to this store's table; one of a hundred has expired.
async fn fill_ours(rows: u64, hex: &str, run: impl AsyncFn(String) -> Result<(), Failure>) -> Result<(), Failure> {
    for chunk in (0..rows).collect::<Vec<_>>().chunks(1_000) {
        let payload = "78".repeat(200);
        let value = |number: &u64| {
            let expires_at = if number.is_multiple_of(100) { 1_000 + number } else { 4_000_000_000_000 };
            format!("({hex}{:064x}', 1, {hex}{payload}', NULL, 0, 0, {expires_at})", number + 1)
        };
        let values = chunk.iter().map(value).collect::<Vec<_>>().join(", ");
        let columns = "session_key, version, payload, owner, created_at, last_seen_at, expires_at";
        run(format!("INSERT INTO sessions ({columns}) VALUES {values}")).await?;
    }
    Ok(())
}

/// Adds rows to the peer's table; one of a hundred has expired.
async fn fill_theirs(
    table: &str,
    rows: u64,
    hex: &str,
    kind: &str,
    run: impl AsyncFn(String) -> Result<(), Failure>,
) -> Result<(), Failure> {
    for chunk in (0..rows).collect::<Vec<_>>().chunks(1_000) {
        let payload = "78".repeat(200);
        let value = |number: &u64| {
            let year = if number.is_multiple_of(100) { 2001 } else { 2037 };
            let at = match kind {
                "datetime" => format!("'{year}-01-01T00:00:00Z'"),
                _ => format!("{} '{year}-01-01 00:00:00'", kind.to_uppercase()),
            };
            format!("('row-{number}', {hex}{payload}', {at})")
        };
        let values = chunk.iter().map(value).collect::<Vec<_>>().join(", ");
        run(format!("INSERT INTO {table} (id, data, expiry_date) VALUES {values}")).await?;
    }
    Ok(())
}

/// Keeps the times of each measurement.
#[derive(Default)]
struct Times(BTreeMap<(&'static str, &'static str), Vec<Duration>>);

impl Times {
    async fn take(
        &mut self,
        name: &'static str,
        who: &'static str,
        work: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        let start = Instant::now();
        work.await?;
        self.0.entry((name, who)).or_default().push(start.elapsed());
        Ok(())
    }

    fn of(&self, name: &'static str, who: &'static str) -> Duration {
        let mut times = self.0[&(name, who)].clone();
        times.sort_unstable();
        times[times.len() / 2]
    }

    fn print(&self, database: &str) {
        for (name, _) in self.0.keys().filter(|(_, who)| *who == "peer") {
            let (ours, theirs) = (self.of(name, "store"), self.of(name, "peer"));
            println!("{database:<9} {name:<10} {ours:>12.1?} against {theirs:>12.1?}");
            println!("ratio {database}_{name} {:.2}", ours.as_secs_f64() / theirs.as_secs_f64());
        }
    }
}

async fn measure<Db: Dialect, P: PeerStore + ExpiredDeletion + Clone>(
    database: &str,
    ours: SqlStore<Db>,
    theirs: P,
    size: Size,
    fill: impl AsyncFn(u64) -> Result<(), Failure>,
) -> Result<(), Failure> {
    ours.init().await?;
    let mut times = Times::default();
    for round in 0..size.rounds {
        for turn in 0..2 {
            match (round + turn) % 2 {
                0 => by_store(&mut times, &ours, size.sessions).await?,
                _ => by_peer(&mut times, &theirs, size.sessions).await?,
            }
        }
    }
    fill(size.rows).await?;
    times
        .take("sweep", "store", async {
            let (batch, mut removed) = (NonZeroUsize::new(1_000).expect("not zero"), 0);
            loop {
                match ours.delete_expired(Timestamp::from_millis(1_000_000_000_000), batch).await? {
                    0 => break,
                    some => removed += some,
                }
            }
            assert_eq!(removed, size.rows / 100);
            Ok(())
        })
        .await?;
    times.take("sweep", "peer", async { Ok(theirs.delete_expired().await?) }).await?;
    times.print(database);
    Ok(())
}

async fn by_store<Db: Dialect>(times: &mut Times, store: &SqlStore<Db>, sessions: u64) -> Result<(), Failure> {
    let keys = (0..sessions).map(|_| Ok(SessionKey::from_bytes(fresh()?))).collect::<Result<Vec<_>, Failure>>()?;
    let version = Version::from_u64;
    let put = async |key, next: &Record, put| {
        assert_eq!(store.put(key, next, put).await?, PutOutcome::Stored);
        Ok::<_, Failure>(())
    };
    let create = async {
        for key in &keys {
            put(key, &record(1), Put::Create).await?;
        }
        Ok(())
    };
    times.take("create", "store", create).await?;
    let read = async {
        for key in &keys {
            assert!(store.get(key).await?.is_some());
        }
        Ok(())
    };
    times.take("read", "store", read).await?;
    let touch = async {
        for key in &keys {
            assert!(store.touch(key, version(1), at(2), at(4_000_000_001_000)).await?);
        }
        Ok(())
    };
    times.take("touch", "store", touch).await?;
    let write = async {
        for key in &keys {
            put(key, &record(2), Put::Replace(version(1))).await?;
        }
        Ok(())
    };
    times.take("write", "store", write).await?;
    // Every write of every task counts: whoever loses goes on from the winner.
    let contention = async {
        let mut tasks = JoinSet::new();
        for task in 0..8_u64 {
            let (store, key) = (store.clone(), keys[0]);
            tasks.spawn(async move {
                let mut standing = version(2);
                for turn in 0..sessions / 8 {
                    let next = record((task << 32) + turn + 10);
                    while let PutOutcome::Conflict(winner) = store.put(&key, &next, Put::Replace(standing)).await? {
                        standing = winner.version;
                    }
                    standing = next.version;
                }
                Ok::<_, Failure>(())
            });
        }
        all(tasks).await
    };
    times.take("contention", "store", contention).await?;
    let delete = async {
        for key in &keys {
            assert!(store.delete(key).await?);
        }
        Ok(())
    };
    times.take("delete", "store", delete).await
}

async fn by_peer<P: PeerStore + Clone>(times: &mut Times, store: &P, sessions: u64) -> Result<(), Failure> {
    let mut records = (0..sessions).map(|_| peer_record()).collect::<Result<Vec<_>, _>>()?;
    let create = async {
        for record in &mut records {
            store.create(record).await?;
        }
        Ok(())
    };
    times.take("create", "peer", create).await?;
    let read = async {
        for record in &records {
            assert!(store.load(&record.id).await?.is_some());
        }
        Ok(())
    };
    times.take("read", "peer", read).await?;
    for name in ["touch", "write"] {
        let save = async {
            for record in &records {
                store.save(record).await?;
            }
            Ok(())
        };
        times.take(name, "peer", save).await?;
    }
    // The last write of all counts; the others are lost.
    let contention = async {
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let (store, record) = (store.clone(), records[0].clone());
            tasks.spawn(async move {
                for _ in 0..sessions / 8 {
                    store.save(&record).await?;
                }
                Ok::<_, Failure>(())
            });
        }
        all(tasks).await
    };
    times.take("contention", "peer", contention).await?;
    let delete = async {
        for record in &records {
            store.delete(&record.id).await?;
        }
        Ok(())
    };
    times.take("delete", "peer", delete).await
}

async fn all(mut tasks: JoinSet<Result<(), Failure>>) -> Result<(), Failure> {
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

fn fresh() -> Result<[u8; 32], Failure> {
    Ok(*session_sql::session_core::SessionId::random()?.key().as_bytes())
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn record(version: u64) -> Record {
    Record {
        version: Version::from_u64(version),
        payload: Bytes::from(vec![b'x'; 200]),
        owner: Owner::new("user-17").ok(),
        created_at: at(1),
        last_seen_at: at(1),
        expires_at: at(4_000_000_000_000),
    }
}

/// A record of about the same size.
fn peer_record() -> Result<PeerRecord, Failure> {
    Ok(PeerRecord {
        id: Id::default(),
        data: [("data".to_owned(), "x".repeat(170).into())].into(),
        expiry_date: OffsetDateTime::from_unix_timestamp(2_000_000_000)?,
    })
}
