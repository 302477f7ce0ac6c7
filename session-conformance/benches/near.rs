//! Shows what pages cost that are shown from what the process has read before, beside the same pages from the store.
//!
//! ```text
//! cargo bench -p session-conformance --features servers --bench near -- [--quick]
//! ```
//!
//! A page is a request with a session of 200 bytes that is opened, loaded and closed. Which of ten thousand sessions it is
//! goes by Zipf's law, and all of them have been read. The servers are on the same machine. Prints what was measured, and at
//! the end lines of `ratio NAME VALUE`:
//!
//! | ratio | |
//! |---|---|
//! | `far_over_near_STORE` | the time of a page from the store, over that of one that is kept near, one after the other |
//! | `far_over_near_STORE_64` | the same with 64 tasks at once |

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::remove;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Zipf};
use session_conformance::servers::{Postgres, Redis};
use session_conformance::session_core::{BoxError, Handled, Near, RequestHead, SessionStore, Sessions, Version};
use session_ets::{EtsStore, Table};
use session_redis::{RedisConfig, RedisStore};
use session_sql::{PostgresStore, SqlConfig, SqliteStore};
use tokio::task::JoinSet;

const SESSIONS: usize = 10_000;
const ROUNDS: usize = 7;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let pages = if std::env::args().any(|argument| argument == "--quick") { 2_000 } else { 20_000 };
    let (redis, postgres) = (Redis::start().await?, Postgres::start().await?);
    let folder = tempfile::tempdir()?;
    let name = format!("near_{:x}", Version::random()?.as_u64());
    let on_postgres = PostgresStore::from_url_with(postgres.url(), SqlConfig::default().with_table(&name)?)?;
    let on_sqlite = SqliteStore::from_url(&format!("sqlite://{}/near.db", folder.path().display()))?;
    let mut lines = Vec::new();
    lines.extend(measured("ets", EtsStore::new(Table::private()), pages).await?);
    lines.extend(measured("sqlite", on_sqlite, pages).await?);
    let on_redis = RedisStore::from_url(redis.url(), RedisConfig::default().with_prefix(&name))?;
    lines.extend(measured("redis", on_redis, pages).await?);
    lines.extend(measured("postgres", on_postgres.clone(), pages).await?);
    remove(&on_postgres, &name).await;
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Shows pages with and without the cache, in turns.
async fn measured<S: SessionStore + Clone>(name: &str, store: S, pages: usize) -> Result<[String; 2], BoxError> {
    // A second, where no more is allowed, is shorter than a round, and most pages are shown within it.
    let near = Near::default().with_max_age(Duration::from_secs(60)).with_stale_reads(Duration::from_secs(1));
    let far = Sessions::builder(store.clone()).build()?;
    let near = Sessions::builder(store).near(near).build()?;
    far.init().await?;
    let mut cookies = Vec::with_capacity(SESSIONS);
    for _ in 0..SESSIONS {
        cookies.push(begun(&far).await?);
    }
    let cookies: Arc<[String]> = cookies.into();
    let mut lines = Vec::new();
    for tasks in [1, 64] {
        let mut took = [Vec::new(), Vec::new()];
        for round in 0..ROUNDS {
            for (sessions, took) in [&far, &near].into_iter().zip(&mut took) {
                // What is asked for within the round has been read before.
                shown(sessions, &cookies, tasks, pages, round).await?;
                took.push(shown(sessions, &cookies, tasks, pages, round).await?);
            }
        }
        let [far, near] = took.map(|mut took| {
            took.sort_unstable();
            took[ROUNDS / 2]
        });
        println!("{name}, {tasks} at once: {pages} pages in {far:?} from the store, in {near:?} near");
        lines.push(far.as_secs_f64() / near.as_secs_f64());
    }
    Ok([
        format!("ratio far_over_near_{name} {:.1}", lines[0]),
        format!("ratio far_over_near_{name}_64 {:.1}", lines[1]),
    ])
}

/// Shows pages to visitors that the round draws, and gives how long that took.
async fn shown(
    sessions: &Sessions,
    cookies: &Arc<[String]>,
    tasks: usize,
    pages: usize,
    round: usize,
) -> Result<Duration, BoxError> {
    let began = Instant::now();
    let mut showing = JoinSet::new();
    for task in 0..tasks {
        let (sessions, cookies) = (sessions.clone(), Arc::clone(cookies));
        showing.spawn(async move {
            let mut chance = StdRng::seed_from_u64((round * tasks + task) as u64);
            let zipf = Zipf::new(SESSIONS as f64, 1.0)?;
            for _ in 0..pages / tasks {
                let at = zipf.sample(&mut chance) as usize - 1;
                let lazy = sessions.open(RequestHead::new("GET").with_cookies([cookies[at].as_bytes()]));
                if lazy.load().await?.is_new() {
                    return Err(BoxError::from("it is there"));
                }
                sessions.close(&lazy, Handled::Completed).await.outcome?;
            }
            Ok(())
        });
    }
    for done in showing.join_all().await {
        done?;
    }
    Ok(began.elapsed())
}

/// Begins a session, and gives its cookie.
async fn begun(sessions: &Sessions) -> Result<String, BoxError> {
    let lazy = sessions.open(RequestHead::new("POST"));
    lazy.load().await?.insert("text", "x".repeat(180))?;
    let closed = sessions.close(&lazy, Handled::Completed).await;
    closed.outcome?;
    let set_cookie = closed.set_cookie.ok_or("it is set")?;
    Ok(set_cookie.split(';').next().unwrap_or_default().to_owned())
}
