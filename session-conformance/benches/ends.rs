//! Shows how soon the end of a session is seen by another process that waits for it, what telling it costs, and what waiting
//! for it takes.
//!
//! ```text
//! cargo bench -p session-conformance --features servers --bench ends -- [--quick]
//! ```
//!
//! A thousand sessions are ended, one after the other, by one handle on a store, and waited for by another with connections of
//! its own (a hundred with `--quick`). Prints what was measured, and at the end lines of `ratio NAME VALUE`:
//!
//! | ratio | |
//! |---|---|
//! | `seen_p50_STORE`, `seen_p99_STORE`, `seen_max_STORE` | from the call that ends it until it is seen, over the median of that call itself |
//! | `seen_p99_of_budget_STORE` | the same p99 over the budget of ten milliseconds |
//! | `end_told_postgres` | the median of an `End` that PostgreSQL tells, over one that it does not |
//! | `replace_told_postgres` | the same of a `Replace`, which it never tells |
//! | `ends_at_once_told_postgres` | the time of as many ends by eight tasks, told over not told |
//! | `waiting_memory` | what 10,000 connections that wait take, over what their sessions' handles take |

mod common;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{record, remove, stored};
use session_conformance::servers::{Postgres, Redis};
use session_conformance::session_core::{BoxError, Put, SessionId, SessionStore, Sessions, Version};
use session_conformance::sockets::{self, EndsSeen};
use session_ets::{EtsStore, Table};
use session_redis::{RedisConfig, RedisStore};
use session_sql::{Ends, PostgresStore, SqlConfig};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What a socket of another process may take at the 99th of a hundred.
const BUDGET: Duration = Duration::from_millis(10);
const SOCKETS: usize = 10_000;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let ends = if std::env::args().any(|argument| argument == "--quick") { 100 } else { 1_000 };
    let (redis, postgres) = (Redis::start().await?, Postgres::start().await?);
    let prefix = format!("ends-{:x}", Version::random()?.as_u64());
    let table = format!("ends_{:x}", Version::random()?.as_u64());
    let on_redis = || RedisStore::from_url(redis.url(), RedisConfig::default().with_prefix(&prefix));
    let config = || SqlConfig::default().with_table(&table);
    let on_postgres = |ends| PostgresStore::from_url_with(postgres.url(), config()?.with_ends(ends));
    let ets = EtsStore::new(Table::private());

    let mut lines = Vec::new();
    lines.extend(seen("ets", ets.clone(), ets.clone(), ends).await?);
    lines.extend(seen("redis", on_redis()?, on_redis()?, ends).await?);
    let told = on_postgres(Ends::Told)?;
    lines.extend(seen("postgres", told.clone(), on_postgres(Ends::Told)?, ends).await?);
    lines.extend(told_or_not(&told, &on_postgres(Ends::Silent)?, 2 * ends).await?);
    lines.push(waiting(ets).await?);

    remove(&told, &table).await;
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Ends sessions by one store that are waited for by another, and tells how soon that is seen.
async fn seen<S: SessionStore>(name: &str, here: S, there: S, ends: usize) -> Result<Vec<String>, BoxError> {
    let (here, there) = (Sessions::builder(here).build()?, Sessions::builder(there).build()?);
    here.init().await?;
    let EndsSeen { delays, calls, .. } = sockets::ends_seen(&here, &there, ends).await?;
    let of = |share: usize| delays[(ends * share / 1_000).min(ends - 1)];
    let (call, p50, p99, max) = (calls[ends / 2], of(500), of(990), of(1_000));
    let (p10, p90, p999) = (of(100), of(900), of(999));
    println!("{name}: {ends} ends, each call {call:?}; seen after, of a thousand");
    println!("  | 100 | 500 | 900 | 990 | 999 | all |");
    println!("  | {p10:.2?} | {p50:.2?} | {p90:.2?} | {p99:.2?} | {p999:.2?} | {max:.2?} |");
    Ok(vec![
        format!("ratio seen_p50_{name} {:.2}", over(p50, call)),
        format!("ratio seen_p99_{name} {:.2}", over(p99, call)),
        format!("ratio seen_max_{name} {:.2}", over(max, call)),
        format!("ratio seen_p99_of_budget_{name} {:.3}", over(p99, BUDGET)),
    ])
}

/// Compares a store that tells of ends with one that does not, in turns.
async fn told_or_not(told: &PostgresStore, silent: &PostgresStore, writes: usize) -> Result<Vec<String>, BoxError> {
    let mut lines = Vec::new();
    for (name, put) in [("end", Put::End as fn(Version) -> Put), ("replace", Put::Replace)] {
        let mut took = [Vec::new(), Vec::new()];
        // Many at a time: who listens is served after the call, and would be counted with the next.
        for _ in 0..writes / 50 {
            for (store, took) in [told, silent].into_iter().zip(&mut took) {
                for _ in 0..50 {
                    took.push(once(store, put).await?);
                }
            }
        }
        let [told, silent] = took.map(|mut took| {
            took.sort_unstable();
            took[writes / 2]
        });
        println!("postgres: {name} {told:?} where ends are told, {silent:?} where they are not");
        lines.push(format!("ratio {name}_told_postgres {:.2}", over(told, silent)));
    }
    let mut at_once = [Vec::new(), Vec::new()];
    for _ in 0..5 {
        for (store, took) in [told, silent].into_iter().zip(&mut at_once) {
            let began = Instant::now();
            let mut tasks = JoinSet::new();
            for _ in 0..8 {
                let store = store.clone();
                tasks.spawn(async move {
                    for _ in 0..writes / 8 {
                        once(&store, Put::End).await?;
                    }
                    Ok::<_, BoxError>(())
                });
            }
            for done in tasks.join_all().await {
                done?;
            }
            took.push(began.elapsed());
        }
    }
    let [told, silent] = at_once.map(|mut took| {
        took.sort_unstable();
        took[2]
    });
    let a_second = |took: Duration| (writes / 8 * 8) as f64 / took.as_secs_f64();
    println!(
        "postgres: by eight tasks {:.0} ends a second where they are told, {:.0} where not",
        a_second(told),
        a_second(silent)
    );
    lines.push(format!("ratio ends_at_once_told_postgres {:.2}", over(told, silent)));
    Ok(lines)
}

/// Writes over a new record, and gives how long that took.
async fn once(store: &PostgresStore, put: fn(Version) -> Put) -> Result<Duration, BoxError> {
    let (key, record, next) = (SessionId::random()?.key(), record()?, record()?);
    stored(store, &key, &record, Put::Create).await?;
    let began = Instant::now();
    stored(store, &key, &next, put(record.version)).await?;
    Ok(began.elapsed())
}

/// Tells what connections take that wait, over what their sessions take.
async fn waiting(store: EtsStore) -> Result<String, BoxError> {
    let sessions = Arc::new(Sessions::builder(store).build()?);
    let before = resident()?;
    let mut handles = Vec::with_capacity(SOCKETS);
    for _ in 0..SOCKETS {
        handles.push(sockets::socket(&sessions).await?);
    }
    let with_handles = resident()?;
    let mut tasks = JoinSet::new();
    for session in handles {
        tasks.spawn(async move { session.ended().await });
    }
    sleep(Duration::from_secs(1)).await;
    let with_all = resident()?;
    let (handles, waiting) = (with_handles.saturating_sub(before), with_all.saturating_sub(with_handles));
    println!("{SOCKETS} handles with their records {handles} bytes, and {waiting} more where each waits");
    Ok(format!("ratio waiting_memory {:.2}", waiting as f64 / handles.max(1) as f64))
}

fn over(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

fn resident() -> Result<usize, BoxError> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("the kernel says how much")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<usize>()? * 1024)
}
