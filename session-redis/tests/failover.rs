//! What happens to writes whose answer is lost, and when a master dies.

mod common;

use std::time::{Duration, Instant};

use common::admin::Admin;
use common::proxy::{self, Loss};
use common::{command, key, record, until};
use session_conformance::servers::{Alone, Redis};
use session_redis::redis::Client;
use session_redis::session_core::{Put, PutOutcome, SessionKey, SessionStore, StoreError};
use session_redis::{RedisConfig, RedisStore};

const STORED: PutOutcome = PutOutcome::Stored;

fn config() -> RedisConfig {
    RedisConfig::default().with_response_timeout(Duration::from_secs(2))
}

/// The answer to a write is lost, somebody else writes, and the same write is sent again.
async fn is_told_and_not_sent_again(store: &RedisStore, direct: &RedisStore, loss: &Loss) {
    for round in 0..5 {
        let (key, first, next, other) = (key(), record(None), record(None), record(None));
        assert!(until("the store", || async { store.get(&key).await.ok() }).await.is_none());
        loss.next();
        let create = store.put(&key, &first, Put::Create).await;
        assert!(matches!(create, Err(StoreError::Indeterminate { .. })), "round {round}: {create:?}");
        assert!(loss.happened());
        assert_eq!(direct.get(&key).await.unwrap().as_deref(), Some(&first), "it was carried out");
        assert_eq!(until("the store", || async { store.put(&key, &first, Put::Create).await.ok() }).await, STORED);
        assert_eq!(store.put(&key, &other, Put::Create).await.unwrap(), PutOutcome::Exists);
        loss.next();
        let put = store.put(&key, &next, Put::Replace(first.version)).await;
        assert!(matches!(put, Err(StoreError::Indeterminate { .. })), "round {round}: {put:?}");
        assert!(loss.happened());
        assert_eq!(direct.get(&key).await.unwrap().as_deref(), Some(&next), "it was carried out");
        // The same once more is the core's to send, who then knows what a conflict may mean.
        let again =
            until("the store", || async { store.put(&key, &next, Put::Replace(first.version)).await.ok() }).await;
        assert_eq!(again, STORED);
        assert_eq!(direct.put(&key, &other, Put::Replace(next.version)).await.unwrap(), STORED);
        let again = store.put(&key, &next, Put::Replace(first.version)).await.unwrap();
        assert_eq!(again, PutOutcome::Conflict(other.into()));
    }
}

#[tokio::test]
async fn a_lost_answer_is_indeterminate() {
    let server = Redis::alone(&[]).await.expect("a server");
    let (loss, direct) = (Loss::default(), RedisStore::from_url(server.url(), config()).unwrap());
    let port = proxy::before(server.nodes()[0].port(), loss.clone()).await.unwrap();
    let url = server.url().replace(&server.nodes()[0].port().to_string(), &port.to_string());
    let store = RedisStore::from_url(&url, config()).unwrap();
    is_told_and_not_sent_again(&store, &direct, &loss).await;
}

/// Writes until new sessions are stored again, wherever their keys lead.
async fn usable(store: &RedisStore) {
    let store_one = || async { store.put(&key(), &record(None), Put::Create).await.ok() };
    assert_eq!(until("the end of the failover", store_one).await, STORED);
    let mut in_a_row = 0;
    while in_a_row < 30 {
        in_a_row = if store_one().await.is_some() { in_a_row + 1 } else { 0 };
    }
}

/// Waits until the replicas have what their masters have by now.
async fn replicas_catch_up(server: &Alone) {
    let (_, rest) = server.url().split_once("://").unwrap();
    let (user, _) = rest.split_at(rest.rfind('@').unwrap() + 1);
    // All masters are among the first three nodes, of a cluster and behind Sentinels.
    for node in &server.nodes()[..3] {
        let client = Client::open(format!("redis://{user}127.0.0.1:{}", node.port())).unwrap();
        let node = Admin::of(&client).await.unwrap();
        let told = async || node.run::<String>(&command("INFO replication")).await.unwrap();
        let written = number(&told().await, "master_repl_offset:").unwrap();
        let is_behind = |line: &str| number(line, ",offset=").is_some_and(|offset| offset < written);
        until("the replicas", || async { (!told().await.lines().any(is_behind)).then_some(()) }).await;
    }
}

/// Gives the number that stands behind the words.
fn number(text: &str, words: &str) -> Option<u64> {
    let (_, rest) = text.split_once(words)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Kills a master under load, and waits for the store to be usable again.
async fn survives_the_master(server: &Alone, store: &RedisStore) {
    let settled: Vec<SessionKey> = (0..60).map(|_| key()).collect();
    for key in &settled {
        assert_eq!(
            until("the store", || async { store.put(key, &record(None), Put::Create).await.ok() }).await,
            STORED
        );
    }
    server.ready().await.expect("replicas that follow");
    replicas_catch_up(server).await;
    let load: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                loop {
                    let _ = store.put(&key(), &record(None), Put::Create).await;
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    server.nodes()[0].kill().await.unwrap();
    usable(store).await;
    load.iter().for_each(tokio::task::JoinHandle::abort);
    // The replicas had these before the load began.
    for key in &settled {
        let found = until("the store", || async { store.get(key).await.ok() }).await;
        assert!(found.is_some(), "{key:?}");
    }
}

#[cfg(feature = "sentinel")]
#[tokio::test(flavor = "multi_thread")]
async fn a_store_behind_sentinels_follows_to_the_new_master() {
    let server = session_conformance::servers::RedisSentinel::alone(&[]).await.expect("servers");
    let store = RedisStore::from_url(server.url(), config()).unwrap();
    store.init().await.unwrap();
    survives_the_master(&server, &store).await;
}

#[cfg(feature = "cluster")]
mod cluster {
    use std::collections::HashMap;

    use session_conformance::servers::RedisCluster;
    use session_redis::redis::cluster::{ClusterClient, NodeAddress};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_on_a_cluster_follows_to_the_new_master() {
        let server = RedisCluster::alone(&[]).await.expect("servers");
        let store = RedisStore::from_url(server.url(), config()).unwrap();
        store.init().await.unwrap();
        survives_the_master(&server, &store).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_paused_cluster_ends_every_operation_by_its_deadline() {
        let server = RedisCluster::alone(&[]).await.expect("servers");
        let limits = Duration::from_millis(500);
        let config = || RedisConfig::default().with_connect_timeout(limits).with_response_timeout(limits);
        let [store, newcomer] = [(); 2].map(|()| RedisStore::from_url(server.url(), config()).unwrap());
        let (key, first) = (key(), record(None));
        assert_eq!(until("the store", || async { store.put(&key, &first, Put::Create).await.ok() }).await, STORED);
        server.nodes().iter().for_each(|node| node.pause().unwrap());
        let began = Instant::now();
        assert!(store.get(&key).await.is_err());
        assert!(store.put(&key, &record(None), Put::Replace(first.version)).await.is_err());
        assert!(store.delete(&key).await.is_err());
        // All at once, and none waits for the others.
        let many: Vec<_> = (0..20)
            .map(|_| {
                let newcomer = newcomer.clone();
                tokio::spawn(async move { assert!(newcomer.get(&key).await.is_err()) })
            })
            .collect();
        for one in many {
            one.await.unwrap();
        }
        assert!(began.elapsed() < Duration::from_secs(9), "{:?}", began.elapsed());
        server.nodes().iter().for_each(|node| node.resume().unwrap());
        for store in [store, newcomer] {
            until("the store", || async { store.get(&key).await.ok() }).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_lost_answer_is_indeterminate_although_the_library_would_send_again() {
        let server = RedisCluster::alone(&[]).await.expect("servers");
        let (loss, direct) = (Loss::default(), RedisStore::from_url(server.url(), config()).unwrap());
        let mut proxies = HashMap::new();
        for node in server.nodes() {
            let port = proxy::before(node.port(), loss.clone()).await.unwrap();
            proxies.insert(NodeAddress::new("127.0.0.1", node.port()), NodeAddress::new("127.0.0.1", port));
        }
        let (_, rest) = server.url().split_once("://").unwrap();
        let (user, servers) = rest.split_at(rest.rfind('@').unwrap() + 1);
        let servers = servers.split(',').map(|server| format!("redis://{user}{server}"));
        let client = ClusterClient::builder(servers)
            .node_address_map(proxies)
            .response_timeout(Duration::from_secs(5))
            .min_retry_wait(20)
            .max_retry_wait(500)
            .build()
            .unwrap();
        let store = RedisStore::from_cluster(client, config()).unwrap();
        is_told_and_not_sent_again(&store, &direct, &loss).await;
    }
}
