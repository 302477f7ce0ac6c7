//! The near cache: what is served from the process, and when it is forgotten.
#![cfg(feature = "near-cache")]

mod common;

use std::cell::Cell;
use std::time::{Duration, Instant};

use common::admin::Admin;
use common::proxy::{self, Loss};
use common::{command, key, record, until};
use session_conformance::servers::{Alone, Redis};
use session_redis::redis::{Client, Value};
use session_redis::session_core::{Bytes, Put, PutOutcome, Record, SessionKey, SessionStore};
use session_redis::{BuildError, NearCache, RedisConfig, RedisStore};

const STORED: PutOutcome = PutOutcome::Stored;

async fn alone() -> (Alone, Admin) {
    let server = Redis::alone(&[]).await.expect("a server");
    let admin = Admin::of(&Client::open(server.url()).unwrap()).await.unwrap();
    (server, admin)
}

fn near(server: &Alone) -> RedisStore {
    let near = NearCache::default().with_max_age(Duration::from_secs(600));
    RedisStore::from_url(server.url(), RedisConfig::default().with_near_cache(near)).unwrap()
}

fn far(server: &Alone) -> RedisStore {
    RedisStore::from_url(server.url(), RedisConfig::default()).unwrap()
}

/// Asks the server how often it was asked for a session.
async fn gets(admin: &Admin) -> u64 {
    let stats: String = admin.run(&command("INFO commandstats")).await.unwrap();
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_get:calls="));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

async fn kept(store: &RedisStore, key: &SessionKey, admin: &Admin) -> bool {
    let before = gets(admin).await;
    store.get(key).await.unwrap();
    gets(admin).await == before
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_read_again_is_served_from_this_process() {
    let (server, admin) = alone().await;
    let (store, key, first) = (near(&server), key(), record(None));
    assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), STORED);
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&first));
    // The note about the write may come after the first read.
    until("a read that is kept", || async { kept(&store, &key, &admin).await.then_some(()) }).await;
    let before = gets(&admin).await;
    for _ in 0..1_000 {
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&first));
    }
    assert_eq!(gets(&admin).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_elsewhere_is_seen_after_one_push() {
    let (server, admin) = alone().await;
    let (store, other, key) = (near(&server), far(&server), key());
    let mut stands = record(None);
    assert_eq!(other.put(&key, &stands, Put::Create).await.unwrap(), STORED);
    let mut longest = Duration::ZERO;
    for round in 0..100 {
        until("a read that is kept", || async { kept(&store, &key, &admin).await.then_some(()) }).await;
        if round % 3 == 0 {
            assert!(other.delete(&key).await.unwrap());
        } else {
            let next = record(None);
            assert_eq!(other.put(&key, &next, Put::Replace(stands.version)).await.unwrap(), STORED);
            stands = next;
        }
        let began = Instant::now();
        let expected = (round % 3 != 0).then_some(&stands);
        until("the change", || async { (store.get(&key).await.unwrap().as_deref() == expected).then_some(()) }).await;
        longest = longest.max(began.elapsed());
        if round % 3 == 0 {
            stands = record(None);
            assert_eq!(other.put(&key, &stands, Put::Create).await.unwrap(), STORED);
        }
    }
    assert!(longest < Duration::from_secs(5), "{longest:?}, on a machine however slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handle_sees_its_own_writes_at_once() {
    let (server, _) = alone().await;
    let (store, key) = (near(&server), key());
    let mut stands = record(None);
    assert_eq!(store.put(&key, &stands, Put::Create).await.unwrap(), STORED);
    // Others of this process keep asking, so that something old is always under way.
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                loop {
                    store.get(&key).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for round in 0..500 {
        let next = record(None);
        assert_eq!(store.put(&key, &next, Put::Replace(stands.version)).await.unwrap(), STORED);
        assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&next), "round {round}");
        stands = next;
    }
    assert!(store.delete(&key).await.unwrap());
    assert_eq!(store.get(&key).await.unwrap(), None);
    readers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_goes_with_the_connection() {
    let (server, admin) = alone().await;
    let (store, other, key, first) = (near(&server), far(&server), key(), record(None));
    assert_eq!(other.put(&key, &first, Put::Create).await.unwrap(), STORED);
    until("a read that is kept", || async { kept(&store, &key, &admin).await.then_some(()) }).await;
    server.nodes()[0].kill().await.unwrap();
    // Without a connection nobody says what has changed: the store no longer knows.
    until("an error", || async { store.get(&key).await.err() }).await;
    server.nodes()[0].restart().await.unwrap();
    until("the store", || async { store.get(&key).await.ok() }).await;
    assert_eq!(store.get(&key).await.unwrap(), None, "nothing was saved");
}

#[tokio::test]
async fn what_is_kept_is_asked_for_again_in_time() {
    let (server, admin) = alone().await;
    let near = NearCache::default().with_max_age(Duration::from_millis(1));
    let store = RedisStore::from_url(server.url(), RedisConfig::default().with_near_cache(near)).unwrap();
    let (key, first) = (key(), record(None));
    assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), STORED);
    let before = gets(&admin).await;
    until("two reads", || async {
        store.get(&key).await.unwrap();
        (gets(&admin).await >= before + 2).then_some(())
    })
    .await;
    let _: Value = admin.run(&command("PING")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_never_older_than_its_age_though_no_note_arrives() {
    let (server, admin) = alone().await;
    let (loss, other, key, age) = (Loss::default(), far(&server), key(), Duration::from_millis(200));
    let port = proxy::before(server.nodes()[0].port(), loss.clone()).await.unwrap();
    let url = server.url().replace(&server.nodes()[0].port().to_string(), &port.to_string());
    let config = RedisConfig::default().with_near_cache(NearCache::default().with_max_age(age));
    let store = RedisStore::from_url(&url, config).unwrap();
    loss.notes();
    let mut stands = record(None);
    assert_eq!(other.put(&key, &stands, Put::Create).await.unwrap(), STORED);
    let old = Cell::new(0);
    for _ in 0..10 {
        until("a read that is kept", || async { kept(&store, &key, &admin).await.then_some(()) }).await;
        let read_before = Instant::now();
        let next = record(None);
        assert_eq!(other.put(&key, &next, Put::Replace(stands.version)).await.unwrap(), STORED);
        stands = next;
        until("the change", || async {
            let began = Instant::now();
            let is_new = store.get(&key).await.unwrap().as_deref() == Some(&stands);
            if !is_new {
                old.set(old.get() + 1);
                assert!(began < read_before + age, "{:?} after it was read", began - read_before);
            }
            is_new.then_some(())
        })
        .await;
    }
    assert!(old.get() > 0, "no note was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_although_reads_may_be_old() {
    const UPDATES: u64 = 100;
    let (server, _) = alone().await;
    let (stores, key) = ([near(&server), near(&server)], key());
    let number = |record: &Record| record.payload.as_ref().try_into().map(u64::from_be_bytes).unwrap();
    let first = Record { payload: Bytes::copy_from_slice(&[0; 8]), ..record(None) };
    assert_eq!(stores[0].put(&key, &first, Put::Create).await.unwrap(), STORED);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = stores[task % 2].clone();
            tokio::spawn(async move {
                for _ in 0..UPDATES {
                    let mut stands = store.get(&key).await.unwrap().unwrap();
                    loop {
                        let payload = Bytes::copy_from_slice(&(number(&stands) + 1).to_be_bytes());
                        let next = Record { payload, ..record(None) };
                        match store.put(&key, &next, Put::Replace(stands.version)).await.unwrap() {
                            PutOutcome::Conflict(winner) => stands = winner,
                            outcome => break assert_eq!(outcome, STORED),
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(number(&far(&server).get(&key).await.unwrap().unwrap()), 8 * UPDATES);
}

#[test]
fn it_is_refused_where_the_server_cannot_push() {
    let config = || RedisConfig::default().with_near_cache(NearCache::default());
    let refused = |url| matches!(RedisStore::from_url(url, config()), Err(BuildError::NearCache { .. }));
    assert!(!refused("redis://127.0.0.1"));
    assert!(refused("redis://127.0.0.1/?protocol=resp2"));
    #[cfg(feature = "cluster")]
    assert!(refused("redis-cluster://127.0.0.1"));
}
