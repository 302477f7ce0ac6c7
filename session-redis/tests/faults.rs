//! What happens when a server dies, hangs, forgets, is full, or does not let one in.

mod common;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use common::admin::Admin;
use common::{User, command, key, record, unique, until};
use session_conformance::servers::{Alone, Redis};
use session_redis::redis::{Client, Value};
use session_redis::session_core::{
    BoxError, Bytes, Eviction, Owner, Put, PutOutcome, Record, SessionStore, StoreError, Version,
};
use session_redis::{BuildError, RedisConfig, RedisStore};

const STORED: PutOutcome = PutOutcome::Stored;

async fn alone(arguments: &[&str]) -> Alone {
    Redis::alone(arguments).await.expect("a server")
}

fn store(server: &Alone) -> RedisStore {
    let config = RedisConfig::default().with_response_timeout(Duration::from_millis(500));
    RedisStore::from_url(server.url(), config).unwrap()
}

async fn admin(server: &Alone) -> Admin {
    Admin::of(&Client::open(server.url()).unwrap()).await.unwrap()
}

fn causes(error: &StoreError) -> String {
    let source = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    format!("{error}: {source}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_kill() {
    let server = alone(&["--appendonly", "yes", "--appendfsync", "always"]).await;
    let store = store(&server);
    store.init().await.unwrap();
    let owner = Owner::new("ann").unwrap();
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let (store, owner) = (store.clone(), owner.clone());
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                loop {
                    let (key, first) = (key(), record(Some(&owner)));
                    let second = record(Some(&owner));
                    match store.put(&key, &first, Put::Create).await {
                        Ok(outcome) => assert_eq!(outcome, STORED),
                        Err(_) => return acknowledged,
                    }
                    // If the answer to this is lost, either of the two may stand.
                    match store.put(&key, &second, Put::Replace(first.version)).await {
                        Ok(outcome) => assert_eq!(outcome, STORED),
                        Err(_) => return acknowledged,
                    }
                    acknowledged.push((key, second));
                }
            })
        })
        .collect();
    let admin = admin(&server).await;
    until("some writes", || async { (admin.run::<i64>(&command("DBSIZE")).await.unwrap() > 200).then_some(()) }).await;
    server.nodes()[0].kill().await.unwrap();
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.unwrap());
    }
    assert!(store.get(&key()).await.is_err(), "nobody is there");
    server.nodes()[0].restart().await.unwrap();
    server.ready().await.unwrap();
    until("the store", || async { store.get(&key()).await.ok() }).await;
    assert!(acknowledged.len() > 50, "{}", acknowledged.len());
    for (key, record) in &acknowledged {
        assert_eq!(store.get(key).await.unwrap().as_deref(), Some(record));
    }
}

#[tokio::test]
async fn a_paused_server_ends_every_operation_by_its_deadline() {
    let server = alone(&[]).await;
    let (store, key, first) = (store(&server), key(), record(None));
    assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), STORED);
    // Over the other connection, so that both stand.
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&first));
    server.nodes()[0].pause().unwrap();
    let began = Instant::now();
    assert!(matches!(store.get(&key).await, Err(StoreError::Timeout { .. })));
    let next = record(None);
    let put = store.put(&key, &next, Put::Replace(first.version)).await;
    // The connection that gave no answer was given up, and no other can be made: nothing was done.
    assert!(matches!(put, Err(StoreError::Indeterminate { .. } | StoreError::Unavailable { .. })), "{put:?}");
    assert!(store.delete(&key).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    server.nodes()[0].resume().unwrap();
    until("the store", || async { store.get(&key).await.ok() }).await;
}

#[tokio::test]
async fn a_write_into_a_paused_server_is_indeterminate_and_heals() {
    let server = alone(&[]).await;
    let (store, key, first) = (store(&server), key(), record(None));
    assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), STORED);
    // Over the other connection, so that both stand.
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&first));
    server.nodes()[0].pause().unwrap();
    let next = record(None);
    let put = store.put(&key, &next, Put::Replace(first.version)).await;
    assert!(matches!(put, Err(StoreError::Indeterminate { .. })), "{put:?}");
    server.nodes()[0].resume().unwrap();
    let again = until("the store", || async { store.put(&key, &next, Put::Replace(first.version)).await.ok() }).await;
    assert_eq!(again, STORED);
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&next));
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_sent_again() {
    let server = alone(&[]).await;
    let (store, admin, owner) = (store(&server), admin(&server).await, Owner::new("ann").unwrap());
    let (key, first, second) = (key(), record(Some(&owner)), record(None));
    let forget = || async { admin.run::<Value>(&command("SCRIPT FLUSH")).await.unwrap() };
    for _ in 0..2 {
        forget().await;
        assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), STORED);
        forget().await;
        assert!(store.touch(&key, first.version, first.last_seen_at, first.expires_at).await.unwrap());
        forget().await;
        let page = store.owners().unwrap().list(&owner, None, 10.try_into().unwrap()).await.unwrap();
        assert_eq!(page.records.len(), 1);
        forget().await;
        assert_eq!(store.put(&key, &second, Put::Replace(first.version)).await.unwrap(), STORED);
        forget().await;
        assert!(store.delete(&key).await.unwrap());
    }
}

#[tokio::test]
async fn a_walk_that_meets_a_restarted_server_says_to_begin_again() {
    let server = alone(&["--appendonly", "yes", "--appendfsync", "always"]).await;
    let store = store(&server);
    let mut written = BTreeSet::new();
    for _ in 0..300 {
        let key = key();
        assert_eq!(store.put(&key, &record(None), Put::Create).await.unwrap(), STORED);
        written.insert(key);
    }
    let (scan, limit) = (store.scan().unwrap(), 10.try_into().unwrap());
    let first = scan.page(None, limit).await.unwrap();
    let second = scan.page(first.next.as_ref(), limit).await.unwrap();
    server.nodes()[0].kill().await.unwrap();
    server.nodes()[0].restart().await.unwrap();
    server.ready().await.unwrap();
    until("the store", || async { store.get(&key()).await.ok() }).await;
    let error = scan.page(second.next.as_ref(), limit).await.unwrap_err();
    assert!(causes(&error).contains("begin again"), "{}", causes(&error));
    let (mut met, mut next) = (BTreeSet::new(), None);
    loop {
        let page = scan.page(next.as_ref(), limit).await.unwrap();
        met.extend(page.records.iter().map(|(key, _)| *key));
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!(met, written);
}

#[tokio::test]
async fn a_full_server_refuses_writes_and_still_lets_people_out() {
    let server = alone(&[]).await;
    let (store, admin, owner) = (store(&server), admin(&server).await, Owner::new("ann").unwrap());
    let (key, first) = (key(), record(Some(&owner)));
    assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), STORED);
    admin.run::<Value>(&command("CONFIG SET maxmemory 1mb")).await.unwrap();
    let large = Record { payload: Bytes::from(vec![b'x'; 1 << 19]), ..record(Some(&owner)) };
    for put in [Put::Create, Put::Replace(first.version)] {
        let key = if put == Put::Create { common::key() } else { key };
        let error = store.put(&key, &large, put).await.unwrap_err();
        assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
        assert!(causes(&error).contains("maxmemory"), "{}", causes(&error));
    }
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&first));
    let page = store.owners().unwrap().list(&owner, None, 10.try_into().unwrap()).await.unwrap();
    assert_eq!(page.records.len(), 1);
    assert!(store.delete(&key).await.unwrap());
}

#[tokio::test]
async fn a_server_that_evicts_is_refused_unless_it_may() {
    let server = alone(&["--maxmemory", "100mb", "--maxmemory-policy", "volatile-lru"]).await;
    let error = store(&server).init().await.unwrap_err();
    assert!(matches!(error, StoreError::Misconfigured { .. }) && causes(&error).contains("volatile-lru"), "{error:?}");
    let config = RedisConfig::default().with_eviction(Eviction::UnderPressure);
    let store = RedisStore::connect_with(server.url(), config).await.unwrap();
    assert_eq!(store.limits().eviction, Eviction::UnderPressure);
}

#[tokio::test]
async fn a_wrong_password_says_so_and_is_not_shown() {
    let server = alone(&[]).await;
    let (_, address) = server.url().rsplit_once('@').unwrap();
    for url in [format!("redis://:the-wrong-one@{address}"), format!("redis://ann:the-wrong-one@{address}?protocol=2")]
    {
        let error = RedisStore::connect(&url).await.unwrap_err();
        assert!(matches!(error, StoreError::Misconfigured { .. }), "{error:?}");
        let shown = format!("{error:?} {}", causes(&error));
        assert!(shown.contains("password") && !shown.contains("the-wrong-one"), "{shown}");
    }
    let error = RedisStore::connect(&format!("redis://{address}")).await.unwrap_err();
    assert!(causes(&error).contains("NOAUTH"), "{}", causes(&error));
}

#[tokio::test]
async fn a_user_who_may_not_is_told_what_to_grant() {
    let server = alone(&[]).await;
    let admin = admin(&server).await;
    let user = User { name: unique("little"), password: unique("secret-") };
    admin.run::<Value>(&user.made_with(&["+get +info +time +eval"])).await.unwrap();
    let store = RedisStore::from_url(&user.url(server.url()), RedisConfig::default().with_prefix(&user.name)).unwrap();
    store.init().await.unwrap();
    let key = key();
    let error = store.put(&key, &record(None), Put::Create).await.unwrap_err();
    assert!(matches!(error, StoreError::Misconfigured { .. }), "{error:?}");
    assert!(causes(&error).contains("'set'") && causes(&error).contains("access"), "{}", causes(&error));
    let error = store.delete(&key).await.unwrap_err();
    assert!(causes(&error).contains("evalsha") && causes(&error).contains("access"), "{}", causes(&error));
    // Not the prefix that was granted.
    let store = RedisStore::from_url(&user.url(server.url()), RedisConfig::default()).unwrap();
    let error = store.get(&key).await.unwrap_err();
    assert!(matches!(error, StoreError::Misconfigured { .. }), "{error:?}");
    assert!(!format!("{error:?}").contains(&key.encode()), "{error:?}");
}

#[tokio::test]
async fn a_replica_is_unavailable_for_writes() {
    let server = alone(&[]).await;
    let (store, admin) = (store(&server), admin(&server).await);
    store.init().await.unwrap();
    admin.run::<Value>(&command("REPLICAOF 127.0.0.1 1")).await.unwrap();
    let error = store.put(&key(), &record(None), Put::Create).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }) && causes(&error).contains("replica"), "{error:?}");
    admin.run::<Value>(&command("REPLICAOF NO ONE")).await.unwrap();
    assert_eq!(store.put(&key(), &record(None), Put::Create).await.unwrap(), STORED);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_costs_no_write() -> Result<(), BoxError> {
    let server = alone(&[]).await;
    let (store, admin) = (store(&server), admin(&server).await);
    let key = key();
    assert_eq!(store.put(&key, &record(None), Put::Create).await?, STORED);
    for _ in 0..20 {
        admin.run::<Value>(&command("CLIENT KILL TYPE normal SKIPME yes")).await?;
        until("the end of the connection", || async {
            let clients: String = admin.run(&command("CLIENT LIST TYPE normal")).await.unwrap();
            (clients.lines().count() == 1).then_some(())
        })
        .await;
        // The note of the end is on its way through this process.
        tokio::task::yield_now().await;
        let version = store.get(&key).await?.ok_or("it is there")?.version;
        let next = Record { version: Version::random()?, ..record(None) };
        assert_eq!(store.put(&key, &next, Put::Replace(version)).await?, STORED);
    }
    Ok(())
}

#[tokio::test]
async fn there_are_as_many_connections_as_were_asked_for_and_one_at_least() -> Result<(), BoxError> {
    let server = alone(&[]).await;
    let admin = admin(&server).await;
    for count in 1..4 {
        let store = RedisStore::from_url(server.url(), RedisConfig::default().with_connections(count))?;
        for _ in 0..2 * count {
            assert_eq!(store.get(&key()).await?, None);
        }
        let clients: String = admin.run(&command("CLIENT LIST TYPE normal")).await?;
        assert_eq!(clients.lines().count(), 1 + count, "the admin's, and the store's");
        drop(store);
        until("the end of the connections", || async {
            let clients: String = admin.run(&command("CLIENT LIST TYPE normal")).await.unwrap();
            (clients.lines().count() == 1).then_some(())
        })
        .await;
    }
    let none = RedisStore::from_url(server.url(), RedisConfig::default().with_connections(0));
    assert!(matches!(none, Err(BuildError::Zero { setting: "connections" })));
    Ok(())
}
