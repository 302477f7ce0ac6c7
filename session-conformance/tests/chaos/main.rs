//! The whole request path over real servers that are killed, paused and cut off, and over a store that fails at random
//! besides. Whatever went wrong: no acknowledged write is lost, none counts twice, no session is alive after its end was
//! acknowledged, what begins after an end has nothing of what ended, no login is refused, every request ends by its
//! deadline, and service is back within seconds of the store.
//!
//! ```text
//! CHAOS_SECONDS=60 cargo test -p session-conformance --all-features --test chaos -- --nocapture
//! ```

mod ends;
mod load;
mod proxy;
mod weather;

use std::sync::Arc;
use std::time::Duration;

use load::Load;
use proxy::Proxy;
use session_conformance::servers::{Postgres, Redis};
use session_conformance::{FaultRates, FaultyStore};
use session_core::{BoxError, SessionStore, Sessions};
use session_redis::{RedisConfig, RedisStore};
use session_sql::{PostgresStore, SqlConfig, SqliteStore};
use weather::{Locked, Served, Weather};

/// How long one operation may take. A request has two: it loads, and it closes.
const OPERATION: Duration = Duration::from_millis(1_000);
/// How long after a server is back a request may still fail.
const BACK: Duration = Duration::from_secs(8);

fn duration() -> Duration {
    let seconds = std::env::var("CHAOS_SECONDS").ok().map(|text| text.parse().expect("CHAOS_SECONDS is a number"));
    Duration::from_secs(seconds.unwrap_or(10))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_keeps_its_promises() -> Result<(), BoxError> {
    let server = Redis::alone(&["--appendonly", "yes", "--appendfsync", "always"]).await?;
    let proxy = Proxy::start(server.nodes()[0].port()).await?;
    let config = RedisConfig::default().with_response_timeout(Duration::from_millis(500));
    let store = RedisStore::from_url(&proxy.instead_of(server.url()), config)?;
    storm("redis", store, Served::new(server, proxy)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_keeps_its_promises() -> Result<(), BoxError> {
    let server = Postgres::alone(&[]).await?;
    let proxy = Proxy::start(server.nodes()[0].port()).await?;
    let store = PostgresStore::from_url(&proxy.instead_of(server.url()))?;
    storm("postgresql", store, Served::new(server, proxy)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_its_promises() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("sessions.db").display());
    let other = SqliteStore::from_url_with(&url, SqlConfig::default())?;
    storm("sqlite", SqliteStore::from_url(&url)?, Locked::new(other)).await
}

/// Puts a load on the store while it fails, and looks at what is left.
async fn storm(name: &str, store: impl SessionStore, weather: impl Weather) -> Result<(), BoxError> {
    let store = FaultyStore::new(store, rand_seed());
    store.init().await?;
    let sessions = Sessions::builder(store.clone()).operation_timeout(OPERATION).build()?;
    let load = Arc::new(Load::new(sessions, OPERATION * 2 + Duration::from_secs(1)));
    store.set_rates(FaultRates::STORMY);
    let users: Vec<_> = (0..16).map(|number| tokio::spawn(Arc::clone(&load).user(number))).collect();
    let (until, mut events, mut back) = (tokio::time::Instant::now() + duration(), 0, Duration::ZERO);
    while tokio::time::Instant::now() < until {
        weather.strike(events).await?;
        events += 1;
        back = back.max(load.back_within(BACK).await?);
    }
    store.set_rates(FaultRates::default());
    load.end();
    for user in users {
        user.await?;
    }
    let figures = load.figures();
    println!(
        "chaos {name}: {figures}; {} of {} calls went wrong, {events} times the server; back within {} ms",
        store.faults(),
        store.calls(),
        back.as_millis(),
    );
    assert!(
        figures.acknowledged > 200 && figures.ended > 20 && figures.begun > 10 && events > 2,
        "too little was done: {figures}"
    );
    assert!(figures.violations.is_empty(), "{:#?}", figures.violations);
    Ok(())
}

/// Another storm each time; which one does not matter, since no two runs interleave alike anyhow.
fn rand_seed() -> u64 {
    std::process::id().into()
}
