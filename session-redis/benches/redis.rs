//! Times the store's verbs against the same commands sent by hand over the same connection, in the same run.
//!
//! ```text
//! cargo bench -p session-redis --features near-cache --bench redis -- [--quick]
//! ```
//!
//! Starts a server of its own. Prints what was measured, and at the end lines of `ratio NAME VALUE`: the store's time
//! over that by hand, unless the name says otherwise. Times themselves tell about the machine.

#[path = "redis/by_hand.rs"]
mod by_hand;
#[path = "redis/facts.rs"]
mod facts;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use by_hand::ByHand;
use session_conformance::servers::Redis;
use session_redis::redis::aio::MultiplexedConnection;
use session_redis::redis::{AsyncConnectionConfig, Client};
use session_redis::session_core::{
    Bytes, Put, PutOutcome, Record, SessionId, SessionKey, SessionStore, Timestamp, Version,
};
use session_redis::{NearCache, RedisConfig, RedisStore};

/// Keeps the best time of each measurement: what disturbs a run only ever makes it longer.
#[derive(Default)]
struct Times(BTreeMap<(String, &'static str), Duration>);

impl Times {
    fn note(&mut self, name: &str, who: &'static str, took: Duration) {
        self.0.entry((name.to_owned(), who)).and_modify(|best| *best = took.min(*best)).or_insert(took);
    }

    fn of(&self, name: &str, who: &'static str) -> f64 {
        self.0[&(name.to_owned(), who)].as_secs_f64()
    }
}

/// Sets so many tasks off, each with its part of the keys, and gives how long all took.
async fn timed<F, Fut>(keys: &Arc<Vec<SessionKey>>, tasks: usize, work: F) -> Duration
where
    F: Fn(SessionKey, usize) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    let began = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|task| {
            let (keys, work) = (Arc::clone(keys), work.clone());
            tokio::spawn(async move {
                for at in (task..keys.len()).step_by(tasks) {
                    work(keys[at], at).await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.expect("no panic");
    }
    began.elapsed()
}

fn record(payload: &Bytes, version: u64) -> Record {
    Record {
        version: Version::from_u64(version),
        payload: payload.clone(),
        owner: None,
        created_at: Timestamp::from_millis(1_763_834_400_000),
        last_seen_at: Timestamp::from_millis(1_763_834_400_000),
        expires_at: Timestamp::MAX - Duration::from_secs(3_600),
    }
}

fn keys(count: usize) -> Arc<Vec<SessionKey>> {
    Arc::new((0..count).map(|_| SessionId::random().expect("randomness").key()).collect())
}

/// Every verb once for each key, by the store and by hand, over one connection.
async fn round(connection: &MultiplexedConnection, size: usize, tasks: usize, count: usize, times: &mut Times) {
    let payload = Bytes::from(vec![b'x'; size]);
    let config = RedisConfig::default().with_prefix("bench-store");
    let store = RedisStore::from_connection(connection.clone(), config).expect("a store");
    let hand = ByHand::new(connection.clone(), "bench-hand");
    let keys = keys(count);
    macro_rules! verb {
        ($name:literal, $store:expr, $hand:expr) => {{
            let name = format!("{} of {size} B by {tasks}", $name);
            let (store, payload_) = (store.clone(), payload.clone());
            let by_store = move |key, _| {
                let (store, payload) = (store.clone(), payload_.clone());
                async move { $store(store, key, payload).await }
            };
            let (hand, payload_) = (hand.clone(), payload.clone());
            let by_hand = move |key, _| {
                let (hand, payload) = (hand.clone(), payload_.clone());
                async move { $hand(hand, key, payload).await }
            };
            times.note(&name, "hand", timed(&keys, tasks, by_hand).await);
            times.note(&name, "store", timed(&keys, tasks, by_store).await);
        }};
    }
    verb!(
        "create",
        async |store: RedisStore, key, payload| {
            assert_eq!(store.put(&key, &record(&payload, 1), Put::Create).await.unwrap(), PutOutcome::Stored);
        },
        async |hand: ByHand, key, payload| hand.put(&key, &record(&payload, 1), None).await
    );
    verb!(
        "read",
        async |store: RedisStore, key, _| assert!(store.get(&key).await.unwrap().is_some()),
        async |hand: ByHand, key, _| hand.get(&key).await
    );
    verb!(
        "touch",
        async |store: RedisStore, key, payload| {
            let at = record(&payload, 1);
            let until = at.expires_at + Duration::from_secs(1);
            assert!(store.touch(&key, at.version, at.last_seen_at + Duration::from_secs(1), until).await.unwrap());
        },
        async |hand: ByHand, key, payload| hand.touch(&key, &record(&payload, 1)).await
    );
    verb!(
        "write",
        async |store: RedisStore, key, payload| {
            let put = Put::Replace(Version::from_u64(1));
            let next = Record { last_seen_at: Timestamp::from_millis(1_763_834_500_000), ..record(&payload, 2) };
            assert_eq!(store.put(&key, &next, put).await.unwrap(), PutOutcome::Stored);
        },
        async |hand: ByHand, key, payload| hand.put(&key, &record(&payload, 2), Some(1)).await
    );
    let (blind, bytes) = (hand.clone(), payload.clone());
    let name = format!("write of {size} B by {tasks}");
    let blindly = move |key, _| {
        let (blind, bytes) = (blind.clone(), bytes.clone());
        async move { blind.set(&key, &bytes).await }
    };
    times.note(&name, "blind", timed(&keys, tasks, blindly).await);
    verb!(
        "delete",
        async |store: RedisStore, key, _| assert!(store.delete(&key).await.unwrap()),
        async |hand: ByHand, key, _| hand.delete(&key).await
    );
}

/// Reads the same sessions over and over, from the server and from the process.
async fn near(url: &str, tasks: usize, count: usize, times: &mut Times) {
    let config = RedisConfig::default().with_prefix("bench-near");
    let far = RedisStore::from_url(url, config.clone()).expect("a store");
    let settings = NearCache::default().with_max_age(Duration::from_secs(600));
    let near = RedisStore::from_url(url, config.with_near_cache(settings)).expect("a store");
    let keys = keys(1_000.min(count));
    for key in keys.iter() {
        let stored = far.put(key, &record(&Bytes::from(vec![b'x'; 200]), 1), Put::Create).await.unwrap();
        assert_eq!(stored, PutOutcome::Stored);
        near.get(key).await.unwrap();
    }
    let again = Arc::new(keys.iter().copied().cycle().take(count).collect::<Vec<_>>());
    let name = format!("read of 200 B by {tasks}");
    for (who, store) in [("far", far.clone()), ("near", near)] {
        let read = move |key, _| {
            let store = store.clone();
            async move { assert!(store.get(&key).await.unwrap().is_some()) }
        };
        times.note(&name, who, timed(&again, tasks, read).await);
    }
    for key in keys.iter() {
        assert!(far.delete(key).await.unwrap());
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (rounds, most) = if quick { (3, 2_000) } else { (7, 20_000) };
    let server = Redis::alone(&[]).await.expect("a server");
    let client = Client::open(format!("{}/?protocol=resp3", server.url())).expect("a URL");
    let patient = AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(60)));
    let connection = client.get_multiplexed_async_connection_with_config(&patient).await.expect("a connection");
    ByHand::new(connection.clone(), "bench-hand").load().await;
    let mut times = Times::default();
    for _ in 0..rounds {
        for size in [200, 2_000, 64_000] {
            for tasks in [1, 4, 16, 64] {
                let count = if size == 64_000 { most / 10 } else { most };
                round(&connection, size, tasks, count, &mut times).await;
            }
        }
        for tasks in [1, 16] {
            near(server.url(), tasks, most * 5, &mut times).await;
        }
    }
    for ((name, who), took) in &times.0 {
        println!("{name:<28} {who:<6} {:>9.1} ms for all", took.as_secs_f64() * 1_000.0);
    }
    facts::print(&connection, server.url()).await;
    for verb in ["create", "read", "touch", "write", "delete"] {
        for (size, tasks) in [(200, 1), (200, 16), (200, 64), (2_000, 16), (64_000, 16)] {
            let name = format!("{verb} of {size} B by {tasks}");
            println!("ratio {verb}-{size}B-{tasks} {:.2}", times.of(&name, "store") / times.of(&name, "hand"));
        }
    }
    for tasks in [1, 4, 16, 64] {
        let name = format!("write of 200 B by {tasks}");
        println!("ratio checked-over-blind-write-{tasks} {:.2}", times.of(&name, "store") / times.of(&name, "blind"));
    }
    for tasks in [1, 16] {
        let name = format!("read of 200 B by {tasks}");
        println!("ratio far-over-near-read-{tasks} {:.1}", times.of(&name, "far") / times.of(&name, "near"));
    }
}
