//! What is counted and not timed: round trips, memory, lost updates.

use session_redis::redis::aio::MultiplexedConnection;
use session_redis::redis::{Value, cmd};
use session_redis::session_core::{
    Bytes, Owner, Put, PutOutcome, Record, SessionId, SessionKey, SessionStore, Version,
};
use session_redis::{RedisConfig, RedisStore};

pub(crate) async fn print(connection: &MultiplexedConnection, url: &str) {
    let store = RedisStore::from_url(url, RedisConfig::default().with_prefix("facts")).expect("a store");
    store.init().await.expect("a server");
    round_trips(connection, &store).await;
    memory(connection, &store).await;
    updates(connection, &store).await;
}

fn key() -> SessionKey {
    SessionId::random().expect("randomness").key()
}

/// Asks the server how many commands it was sent; what scripts call is not counted.
async fn sent(connection: &MultiplexedConnection) -> u64 {
    let stats: String = cmd("INFO").arg("commandstats").query_async(&mut connection.clone()).await.expect("an answer");
    let top = ["eval", "evalsha", "mget", "get", "zcount"];
    let calls = |name: &&str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
        line.map_or(0, |line| line.split(',').next().and_then(|calls| calls.parse().ok()).unwrap_or(0))
    };
    top.iter().map(calls).sum()
}

async fn round_trips(connection: &MultiplexedConnection, store: &RedisStore) {
    let owner = Owner::new("ann").expect("an owner");
    for (whose, owner) in [("nobody's", None), ("somebody's", Some(owner))] {
        let first = Record { owner: owner.clone(), ..super::record(&Bytes::from_static(b"x"), 1) };
        let second = Record { version: Version::from_u64(2), ..first.clone() };
        let (key, mut counted) = (key(), Vec::new());
        for verb in ["create", "get", "touch", "replace", "delete"] {
            let before = sent(connection).await;
            match verb {
                "create" => assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), PutOutcome::Stored),
                "get" => assert!(store.get(&key).await.unwrap().is_some()),
                "touch" => {
                    assert!(store.touch(&key, first.version, first.last_seen_at, first.expires_at).await.unwrap());
                }
                "replace" => {
                    let put = Put::Replace(first.version);
                    assert_eq!(store.put(&key, &second, put).await.unwrap(), PutOutcome::Stored);
                }
                _ => assert!(store.delete(&key).await.unwrap()),
            }
            counted.push(format!("{verb} {}", sent(connection).await - before));
        }
        println!("commands sent for {whose} session, by the server's count: {}", counted.join(", "));
    }
}

async fn memory(connection: &MultiplexedConnection, store: &RedisStore) {
    for (owner, size) in [(None, 200), (Some("user-17"), 200), (None, 2_000)] {
        let owner = owner.map(|owner| Owner::new(owner).expect("an owner"));
        let (key, payload) = (key(), Bytes::from(vec![b'x'; size]));
        let record = Record { owner: owner.clone(), ..super::record(&payload, 1) };
        assert_eq!(store.put(&key, &record, Put::Create).await.unwrap(), PutOutcome::Stored);
        let name = format!("facts:s:{}", key.encode());
        let ours = usage(connection, &name).await;
        cmd("SET").arg(&name).arg(&payload[..]).exec_async(&mut connection.clone()).await.expect("an answer");
        let plain = usage(connection, &name).await;
        println!("memory of {size} B with owner {owner:?}: {ours} B, as a plain string {plain} B");
        assert!(store.delete(&key).await.unwrap());
    }
}

async fn usage(connection: &MultiplexedConnection, name: &str) -> u64 {
    cmd("MEMORY").arg("USAGE").arg(name).query_async(&mut connection.clone()).await.expect("an answer")
}

const TASKS: u64 = 16;
const UPDATES: u64 = 100;

/// Many add to one number at once: by the store, and by reading and blindly writing.
async fn updates(connection: &MultiplexedConnection, store: &RedisStore) {
    let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
    let key = key();
    let first = super::record(&Bytes::copy_from_slice(&0_u64.to_be_bytes()), 1);
    assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), PutOutcome::Stored);
    let checked = (0..TASKS).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..UPDATES {
                let mut stands = store.get(&key).await.unwrap().expect("it is there");
                loop {
                    let payload = Bytes::copy_from_slice(&(number(&stands.payload) + 1).to_be_bytes());
                    let version = Version::random().expect("randomness");
                    let next = Record { version, payload, ..(*stands).clone() };
                    match store.put(&key, &next, Put::Replace(stands.version)).await.unwrap() {
                        PutOutcome::Conflict(winner) => stands = winner,
                        outcome => break assert_eq!(outcome, PutOutcome::Stored),
                    }
                }
            }
        })
    });
    for task in checked.collect::<Vec<_>>() {
        task.await.expect("no panic");
    }
    let kept = number(&store.get(&key).await.unwrap().expect("it is there").payload);
    let blind = (0..TASKS).map(|_| {
        let mut connection = connection.clone();
        tokio::spawn(async move {
            for _ in 0..UPDATES {
                let value: Value = cmd("GET").arg("facts:blind").query_async(&mut connection).await.expect("an answer");
                let stands = if let Value::BulkString(bytes) = value { number(&bytes) } else { 0 };
                let next = (stands + 1).to_be_bytes();
                cmd("SET").arg("facts:blind").arg(&next).exec_async(&mut connection).await.expect("an answer");
            }
        })
    });
    for task in blind.collect::<Vec<_>>() {
        task.await.expect("no panic");
    }
    let bytes: Vec<u8> = cmd("GET").arg("facts:blind").query_async(&mut connection.clone()).await.expect("an answer");
    let all = TASKS * UPDATES;
    println!(
        "updates lost of {all}, {TASKS} tasks: by the store {}, by reading and writing blindly {}",
        all - kept,
        all - number(&bytes)
    );
    assert_eq!(kept, all, "the store loses none");
}
