//! What is counted and not timed: round trips, and memory.

use session_redis::RedisStore;
use session_redis::redis::aio::MultiplexedConnection;
use session_redis::redis::cmd;
use session_redis::session_core::{Bytes, Owner, Put, PutOutcome, Record, SessionStore, Version};

use super::contest::Contestant;
use super::ours::{Ours, key, record};
use super::peers::{Actix, Tower};

/// What is sent by itself; what scripts call is counted by the server, too, and is none of these.
const SENT_BY_OURS: [&str; 5] = ["eval", "evalsha", "mget", "get", "zcount"];
/// A session of nobody's is created without a script.
const CREATED_BY_OURS: [&str; 3] = ["eval", "evalsha", "set"];
const SENT_BY_PEERS: [&str; 6] = ["get", "set", "del", "expire", "expireat", "pexpire"];

/// Asks the server how often it was sent these commands.
async fn sent(connection: &MultiplexedConnection, names: &[&str]) -> u64 {
    let stats: String = cmd("INFO").arg("commandstats").query_async(&mut connection.clone()).await.expect("an answer");
    let calls = |name: &&str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
        line.map_or(0, |line| line.split(',').next().and_then(|calls| calls.parse().ok()).unwrap_or(0))
    };
    names.iter().map(calls).sum()
}

/// Counts for a session with an owner, whom the peers do not know.
pub(crate) async fn round_trips_with_owner(connection: &MultiplexedConnection, store: &RedisStore) {
    let owner = Owner::new("ann").expect("an owner");
    let first = Record { owner: Some(owner), ..record(Bytes::from_static(b"x"), 1) };
    let second = Record { version: Version::from_u64(2), ..first.clone() };
    let (key, mut counted) = (key(), Vec::new());
    for verb in ["create", "read", "touch", "write", "delete"] {
        let before = sent(connection, &SENT_BY_OURS).await;
        match verb {
            "create" => assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), PutOutcome::Stored),
            "read" => assert!(store.get(&key).await.unwrap().is_some()),
            "touch" => assert!(store.touch(&key, first.version, first.last_seen_at, first.expires_at).await.unwrap()),
            "write" => {
                let put = Put::Replace(first.version);
                assert_eq!(store.put(&key, &second, put).await.unwrap(), PutOutcome::Stored);
            }
            _ => assert!(store.delete(&key).await.unwrap()),
        }
        counted.push(format!("{verb} {}", sent(connection, &SENT_BY_OURS).await - before));
    }
    println!("commands sent by ours, with an owner: {}", counted.join(", "));
}

/// Counts for a session of nobody's.
pub(crate) async fn round_trips(connection: &MultiplexedConnection, ours: &Ours, tower: &Tower, actix: &Actix) {
    println!("commands sent by ours: {}", counted(connection, ours, [&CREATED_BY_OURS, &SENT_BY_OURS]).await);
    println!("commands sent by tower: {}", counted(connection, tower, [&SENT_BY_PEERS; 2]).await);
    println!("commands sent by actix: {}", counted(connection, actix, [&SENT_BY_PEERS; 2]).await);
}

/// Counts what is sent to create, and then by each other verb.
async fn counted<C: Contestant>(
    connection: &MultiplexedConnection,
    who: &C,
    [to_create, names]: [&[&str]; 2],
) -> String {
    let before = sent(connection, to_create).await;
    let key = who.create().await;
    let created = sent(connection, to_create).await - before;
    let mut at = vec![sent(connection, names).await];
    who.read(&key).await;
    at.push(sent(connection, names).await);
    who.touch(&key).await;
    at.push(sent(connection, names).await);
    who.write(&key).await;
    at.push(sent(connection, names).await);
    who.delete(&key).await;
    at.push(sent(connection, names).await);
    let verbs = ["read", "touch", "write", "delete"];
    let each = verbs.iter().zip(at.windows(2)).map(|(verb, at)| format!("{verb} {}", at[1] - at[0]));
    format!("create {created}, {}", each.collect::<Vec<_>>().join(", "))
}

/// Compares what a session takes with a plain string of its bytes, and with the peers' sessions; gives the ratio to the
/// plain string.
pub(crate) async fn memory(
    connection: &MultiplexedConnection,
    store: &RedisStore,
    prefix: &str,
    (tower, actix): (&Tower, &Actix),
    text: &str,
) -> f64 {
    let (mut taken, mut plain) = (Vec::new(), 0);
    for owner in [None, Some("user-17")] {
        let owner = owner.map(|owner| Owner::new(owner).expect("an owner"));
        let (key, record) = (key(), Record { owner, ..record(Bytes::copy_from_slice(text.as_bytes()), 1) });
        assert_eq!(store.put(&key, &record, Put::Create).await.unwrap(), PutOutcome::Stored);
        let name = format!("{prefix}:s:{}", key.encode());
        taken.push(usage(connection, &name).await);
        assert!(store.delete(&key).await.unwrap());
        cmd("SET").arg(&name).arg(text).arg("EX").arg(60).exec_async(&mut connection.clone()).await.expect("an answer");
        plain = usage(connection, &name).await;
    }
    let (by_tower, by_actix) = (tower.create().await, actix.create().await);
    println!(
        "memory of {} B: {} B by ours, {} B with an owner, {plain} B as a plain string, {} B by tower, {} B by actix",
        text.len(),
        taken[0],
        taken[1],
        usage(connection, &by_tower.to_string()).await,
        usage(connection, &by_actix).await,
    );
    tower.delete(&by_tower).await;
    actix.delete(&by_actix).await;
    taken[0] as f64 / plain as f64
}

async fn usage(connection: &MultiplexedConnection, name: &str) -> u64 {
    cmd("MEMORY").arg("USAGE").arg(name).query_async(&mut connection.clone()).await.expect("an answer")
}
