//! Shows what a sweep of much that has expired takes from requests, where there is one writer.
//!
//! ```text
//! cargo bench -p session-sql --bench sweep -- [--quick]
//! ```
//!
//! Sixteen tasks read and write sessions of their own on SQLite, among 300,000 that have expired (60,000 with `--quick`): by
//! themselves, then beside a [`Sweeper`], then beside one that never pauses, and by themselves once more. Prints what was
//! measured, and at the end lines of `ratio NAME VALUE`, each over the mean of the two by themselves: `sweep_requests` is how
//! many requests a second were left, `sweep_p99` how much longer the slowest hundredth took; `unpaced_…` is without pauses.
//! `alone` is the second by themselves over the first: how far the machine can be trusted.
//!
//! [`Sweeper`]: session_core::Sweeper

use std::time::{Duration, Instant};

use session_core::{
    BoxError, Bytes, Clock, Owner, Put, PutOutcome, Record, SessionId, SessionKey, SessionStore, Sessions,
    SweeperConfig, SystemClock, Timestamp, Version,
};
use session_sql::{Durability, SqlConfig, SqliteStore};

/// How many requests run at once.
const TASKS: usize = 16;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let expired = if std::env::args().any(|argument| argument == "--quick") { 60_000 } else { 300_000 };
    let alone = measure(expired, None).await?;
    println!("by themselves: {alone}");
    let paced = measure(expired, Some(SweeperConfig::default())).await?;
    println!("beside a sweeper: {paced}");
    let unpaced = measure(expired, Some(SweeperConfig::default().with_pauses(0))).await?;
    println!("beside one that never pauses: {unpaced}");
    let again = measure(expired, None).await?;
    println!("by themselves again: {again}");
    println!("ratio alone {:.2}", again.a_second / alone.a_second);
    let (a_second, p99) = ((alone.a_second + again.a_second) / 2.0, (alone.p99 + again.p99) / 2);
    for (name, load) in [("sweep", paced), ("unpaced", unpaced)] {
        println!("ratio {name}_requests {:.2}", load.a_second / a_second);
        println!("ratio {name}_p99 {:.2}", load.p99.as_secs_f64() / p99.as_secs_f64());
    }
    Ok(())
}

/// What requests came to.
#[derive(Clone, Copy)]
struct Load {
    a_second: f64,
    p99: Duration,
    /// How much of what had expired was removed a second.
    removed: f64,
}

impl std::fmt::Display for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.0} requests a second, p99 {:?}, {:.0} removed a second", self.a_second, self.p99, self.removed)
    }
}

/// Loads a new store in which so many have expired for some seconds, beside their sweep if there is one.
async fn measure(expired: u64, config: Option<SweeperConfig>) -> Result<Load, BoxError> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("sessions.db").display());
    // What the disk does is nobody's merit.
    let settings = SqlConfig::default().with_durability(Durability::Process);
    let store = SqliteStore::from_url_with(&url, settings)?;
    store.init().await?;
    let now = SystemClock.now();
    for _ in 0..expired {
        create(&store, now - Duration::from_secs(2 * 3_600), now - Duration::from_secs(3_600)).await?;
    }
    let sessions = Sessions::builder(store.clone()).build()?;
    let sweeper = config.map(|config| sessions.start_sweeper(config.with_interval(Duration::from_secs(1))));
    // Once it has begun.
    while sweeper.is_some() && left(&store).await? as u64 >= expired {
        tokio::task::yield_now().await;
    }
    let (before, began) = (left(&store).await?, Instant::now());
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let (store, until) = (store.clone(), began + Duration::from_secs(6));
        tasks.push(tokio::spawn(async move { requests(&store, until).await }));
    }
    let mut took = Vec::new();
    for task in tasks {
        took.extend(task.await?.map_err(|error| error.to_string())?);
    }
    let seconds = began.elapsed().as_secs_f64();
    let after = left(&store).await?;
    took.sort_unstable();
    let removed = (before + TASKS as i64).saturating_sub(after).max(0) as f64 / seconds;
    Ok(Load { a_second: took.len() as f64 / seconds, p99: took[took.len() * 99 / 100], removed })
}

/// Reads and writes a session over and over, and tells how long each took.
async fn requests(store: &SqliteStore, until: Instant) -> Result<Vec<Duration>, BoxError> {
    let now = SystemClock.now();
    let (key, mut record) = create(store, now, now + Duration::from_secs(3_600)).await?;
    let mut took = Vec::new();
    while Instant::now() < until {
        let began = Instant::now();
        let found = store.get(&key).await?.ok_or("it is gone")?;
        record.version = Version::random()?;
        let outcome = store.put(&key, &record, Put::Replace(found.version)).await?;
        assert_eq!(outcome, PutOutcome::Stored);
        took.push(began.elapsed());
    }
    Ok(took)
}

async fn create(store: &SqliteStore, at: Timestamp, until: Timestamp) -> Result<(SessionKey, Record), BoxError> {
    let key = SessionId::random()?.key();
    let record = Record {
        version: Version::random()?,
        payload: Bytes::from_static(&[b'x'; 200]),
        owner: Some(Owner::new("ann")?),
        created_at: at,
        last_seen_at: at,
        expires_at: until,
    };
    let outcome = store.put(&key, &record, Put::Create).await?;
    assert_eq!(outcome, PutOutcome::Stored);
    Ok((key, record))
}

/// Counts what is in the table.
async fn left(store: &SqliteStore) -> Result<i64, BoxError> {
    Ok(sqlx::query_scalar("SELECT count(*) FROM sessions").fetch_one(store.pool()).await?)
}
