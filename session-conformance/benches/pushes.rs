//! Shows what is pushed to processes that each hold records near them, and what that takes: one writes, and up to sixteen
//! listen, each by a handle on the store with connections of its own.
//!
//! ```text
//! cargo bench -p session-conformance --features servers --bench pushes -- [--quick]
//! ```
//!
//! Four thousand writes, about a thousand a second (four hundred with `--quick`), of which one in a hundred ends a session.
//! It fails if an end is not told to each who listens, or if a store tells more than it says it does. Processor time is for
//! each write: of this process, which is the writer and all who listen, and of a Redis server. Prints a table, and at the
//! end lines of `ratio NAME VALUE`:
//!
//! | ratio | |
//! |---|---|
//! | `pushes_STORE` | pushes that each of sixteen takes, over writes |

mod common;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use common::{record, remove, stored};
use rustix::time::{ClockId, clock_gettime};
use session_conformance::servers::{Postgres, Redis};
use session_conformance::session_core::{
    BoxError, Notice, Put, SessionId, SessionKey, SessionStore, Tells, Version, Watcher,
};
use session_ets::{EtsStore, Table};
use session_redis::redis::{Client, InfoDict, cmd};
use session_redis::{RedisConfig, RedisStore};
use session_sql::{PostgresStore, SqlConfig};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

const PACE: Duration = Duration::from_millis(1);
/// One write in so many ends a session.
const TO_AN_END: usize = 100;
/// How many sessions the other writes go to, in turn.
const LIVE: usize = 200;
const LISTENERS: [usize; 4] = [0, 1, 4, 16];
const LONG: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let writes = if std::env::args().any(|argument| argument == "--quick") { 400 } else { 4_000 };
    let (redis, postgres) = (Redis::start().await?, Postgres::start().await?);
    let name = format!("pushes_{:x}", Version::random()?.as_u64());
    let on_redis = || Ok(RedisStore::from_url(redis.url(), RedisConfig::default().with_prefix(&name))?);
    let on_postgres = || Ok(PostgresStore::from_url_with(postgres.url(), SqlConfig::default().with_table(&name)?)?);
    let ets = EtsStore::new(Table::private());

    println!("| store | listen | writes a second | pushes each | µs a write | server's µs a write |");
    println!("|---|---|---|---|---|---|");
    let lines = [
        measured("ets", || Ok(ets.clone()), writes, async || Ok(None)).await?,
        measured("redis", on_redis, writes, async || Ok(Some(spent_by(redis.url()).await?))).await?,
        measured("postgres", on_postgres, writes, async || Ok(None)).await?,
    ];
    remove(&on_postgres()?, &name).await;
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Prints a store's lines of the table, and gives its ratio.
async fn measured<S: SessionStore>(
    name: &str,
    handle: impl Fn() -> Result<S, BoxError>,
    writes: usize,
    server: impl AsyncFn() -> Result<Option<Duration>, BoxError>,
) -> Result<String, BoxError> {
    let mut ratio = 0.0;
    let ends = writes / TO_AN_END;
    for listeners in LISTENERS {
        let store = handle()?;
        store.init().await?;
        let work = Work::prepare(&store, ends).await?;
        let mut heard = JoinSet::new();
        for _ in 0..listeners {
            let ending = work.ending.iter().map(|(key, _)| *key).collect();
            heard.spawn(Listener::begin(handle()?).await?.hear(ending));
        }
        let (process, spent, began) = (spent(), server().await?, Instant::now());
        work.run(&store, writes).await?;
        let took = began.elapsed();
        let mut pushes = 0;
        for told in timeout(LONG, heard.join_all()).await? {
            pushes += told?;
        }
        let process = self::spent().saturating_sub(process);
        let server = server().await?.zip(spent).map(|(now, before)| now.saturating_sub(before));
        let each = pushes as f64 / listeners.max(1) as f64;
        let most = match store.watch().ok_or("it cannot tell")?.tells() {
            Tells::Ends => ends,
            _ => writes,
        };
        if each > most as f64 {
            return Err(format!("{name} told {each} of {most}").into());
        }
        ratio = each / writes as f64;
        let micros = |time: Duration| format!("{:.0}", time.as_secs_f64() * 1e6 / writes as f64);
        println!(
            "| {name} | {listeners} | {:.0} | {each:.0} | {} | {} |",
            writes as f64 / took.as_secs_f64(),
            micros(process),
            server.map_or("-".to_owned(), micros),
        );
    }
    Ok(format!("ratio pushes_{name} {ratio:.3}"))
}

/// What is to be written.
struct Work {
    live: Vec<(SessionKey, Version)>,
    ending: Vec<(SessionKey, Version)>,
}

impl Work {
    async fn prepare(store: &impl SessionStore, ends: usize) -> Result<Self, BoxError> {
        let create = async || {
            let (key, record) = (SessionId::random()?.key(), record()?);
            stored(store, &key, &record, Put::Create).await?;
            Ok::<_, BoxError>((key, record.version))
        };
        let (mut live, mut ending) = (Vec::new(), Vec::new());
        for _ in 0..LIVE {
            live.push(create().await?);
        }
        for _ in 0..ends {
            ending.push(create().await?);
        }
        Ok(Self { live, ending })
    }

    async fn run(mut self, store: &impl SessionStore, writes: usize) -> Result<(), BoxError> {
        let mut pace = interval(PACE);
        for number in 0..writes {
            pace.tick().await;
            let next = record()?;
            let version = next.version;
            if (number + 1) % TO_AN_END == 0 {
                let (key, version) = &self.ending[number / TO_AN_END];
                stored(store, key, &next, Put::End(*version)).await?;
            } else {
                let (key, stands) = &mut self.live[number % LIVE];
                stored(store, key, &next, Put::Replace(*stands)).await?;
                *stands = version;
            }
        }
        Ok(())
    }
}

/// One who listens. The store goes on telling for as long as it is there.
struct Listener<S> {
    _store: S,
    watcher: Watcher,
}

impl<S: SessionStore> Listener<S> {
    /// Begins to listen, and waits until it is told of everything.
    async fn begin(store: S) -> Result<Self, BoxError> {
        let mut watcher = store.watch().ok_or("it cannot tell")?.watcher();
        match timeout(LONG, watcher.next()).await? {
            Some(Notice::Resumed) => Ok(Self { _store: store, watcher }),
            other => Err(format!("it begins with {other:?}").into()),
        }
    }

    /// Counts what it is told until it has heard of all that ended.
    async fn hear(mut self, mut ending: HashSet<SessionKey>) -> Result<usize, BoxError> {
        let mut told = 0;
        while !ending.is_empty() {
            match self.watcher.next().await {
                Some(Notice::Changed(key)) => {
                    told += 1;
                    ending.remove(&key);
                }
                other => return Err(format!("it was told {other:?}").into()),
            }
        }
        Ok(told)
    }
}

/// What this process has spent.
fn spent() -> Duration {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec.unsigned_abs() as u32)
}

/// What the Redis at this URL has spent.
async fn spent_by(url: &str) -> Result<Duration, BoxError> {
    let mut connection = Client::open(url)?.get_multiplexed_async_connection().await?;
    let info: InfoDict = cmd("INFO").arg("cpu").query_async(&mut connection).await?;
    let of = |name| info.get::<f64>(name).ok_or("it says what it has spent");
    Ok(Duration::from_secs_f64(of("used_cpu_user")? + of("used_cpu_sys")?))
}
