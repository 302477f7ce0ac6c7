//! The kept samples of what stands in Redis are planted as they are and read through the store; see `layout.rs`.

#[path = "../common/mod.rs"]
mod common;
mod sample;

use std::num::NonZeroUsize;

use common::harness::OnRedis;
use common::record_name;
use common::topology::Single;
use sample::{keep, kept};
use session_conformance::Harness;
use session_redis::redis::{Value, cmd};
use session_redis::session_core::{
    Bytes, Owner, Put, PutOutcome, Record, SessionKey, SessionStore, StoreError, Timestamp, Version,
};

const OWNED: SessionKey = SessionKey::from_bytes([3; 32]);
const NOBODYS: SessionKey = SessionKey::from_bytes([4; 32]);

fn owner() -> Owner {
    Owner::new("ann@example.org é").unwrap()
}

fn owned() -> Record {
    Record {
        version: Version::from_u64(0x0102_0304_0506_0708),
        payload: Bytes::from_static(b"\x01\0{}\0\xff"),
        owner: Some(owner()),
        created_at: Timestamp::from_millis(1_763_834_400_123),
        last_seen_at: Timestamp::from_millis(1_763_834_400_124),
        expires_at: Timestamp::from_millis(253_402_300_799_997),
    }
}

fn nobodys() -> Record {
    Record {
        version: Version::from_u64(u64::MAX),
        payload: Bytes::new(),
        owner: None,
        created_at: Timestamp::MIN,
        last_seen_at: Timestamp::from_millis(1),
        expires_at: Timestamp::MAX,
    }
}

/// Gives a record as the store writes it.
async fn record_sample(name: &str, key: SessionKey, record: &Record) -> Vec<u8> {
    if let Some(bytes) = kept(name) {
        return bytes;
    }
    let on = start().await;
    assert_eq!(on.store().put(&key, record, Put::Create).await.unwrap(), PutOutcome::Stored);
    let bytes = on.admin.run(cmd("GET").arg(record_name(&on.user.name, &key))).await.unwrap();
    on.stop().await;
    keep(name, bytes)
}

/// Gives the entries of an owner's index as the store writes them: 40 bytes in hexadecimal digits and a score, one a
/// line. The first is the mark, and has no bytes.
async fn index_sample() -> String {
    let name = "index/1/entries";
    let bytes = match kept(name) {
        Some(bytes) => bytes,
        None => {
            let on = start().await;
            assert_eq!(on.store().put(&OWNED, &owned(), Put::Create).await.unwrap(), PutOutcome::Stored);
            let mut all = cmd("ZRANGE");
            all.arg(index_name(&on)).arg(0).arg(-1).arg("WITHSCORES");
            let entries: Vec<(Vec<u8>, String)> = on.admin.run(&all).await.unwrap();
            on.stop().await;
            let line = |(member, score): &(Vec<u8>, String)| {
                let hex: String = member.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{hex} {score}\n")
            };
            keep(name, entries.iter().map(line).collect::<String>().into())
        }
    };
    String::from_utf8(bytes).unwrap()
}

async fn start() -> OnRedis<Single> {
    OnRedis::start().await.expect("a server")
}

fn index_name(on: &OnRedis<Single>) -> String {
    format!("{}:o:{}", on.user.name, owner().as_str())
}

async fn plant(on: &OnRedis<Single>, key: &SessionKey, bytes: &[u8]) {
    on.admin.run::<Value>(cmd("SET").arg(record_name(&on.user.name, key)).arg(bytes)).await.unwrap();
}

async fn plant_index(on: &OnRedis<Single>) {
    for line in index_sample().await.lines() {
        let (hex, score) = line.split_once(' ').unwrap();
        let byte = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let member: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
        on.admin.run::<Value>(cmd("ZADD").arg(index_name(on)).arg(score).arg(member)).await.unwrap();
    }
}

async fn listed(store: &dyn SessionStore) -> Vec<(SessionKey, Record)> {
    let page = store.owners().unwrap().list(&owner(), None, NonZeroUsize::MIN).await.unwrap();
    page.records.into_iter().map(|(key, record)| (key, Record::clone(&record))).collect()
}

#[tokio::test]
async fn a_record_of_the_first_format_is_read_listed_and_written() {
    let samples = [("record/1/owned", OWNED, owned()), ("record/1/nobodys", NOBODYS, nobodys())];
    let on = start().await;
    let store = on.store();
    for (name, key, expected) in &samples {
        plant(&on, key, &record_sample(name, *key, expected).await).await;
        assert_eq!(store.get(key).await.unwrap().as_deref(), Some(expected), "{name}");
    }
    plant_index(&on).await;
    assert_eq!(listed(&*store).await, [(OWNED, owned())]);

    // Every script reads the same bytes.
    let (_, key, mut expected) = samples[0].clone();
    expected.last_seen_at = Timestamp::from_millis(1_763_834_500_000);
    expected.expires_at = Timestamp::MAX;
    assert!(store.touch(&key, expected.version, expected.last_seen_at, expected.expires_at).await.unwrap());
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&expected));
    let next = Record { version: Version::from_u64(9), ..expected.clone() };
    assert_eq!(store.put(&key, &next, Put::Replace(expected.version)).await.unwrap(), PutOutcome::Stored);
    assert_eq!(listed(&*store).await, [(OWNED, next)]);
    assert!(store.delete(&key).await.unwrap());
    assert_eq!(listed(&*store).await, []);
    on.stop().await;
}

/// What `get` answers where a record was damaged.
#[derive(Debug, PartialEq)]
enum Answer {
    /// It is none, and can still be deleted.
    Corrupt,
    /// It is of a format that another version may know. The core leaves it alone.
    UnknownFormat,
    /// It is read: what was damaged can be anything.
    Read,
}

#[tokio::test]
async fn a_record_that_was_damaged_gives_the_answer_of_its_field() {
    let whole = record_sample("record/1/owned", OWNED, &owned()).await;
    let owner_at = 44;
    let payload_at = owner_at + owner().as_str().len();
    let damages = [
        ("what it is", 0, b'x', Answer::Corrupt),
        ("what it is", 1, b'x', Answer::Corrupt),
        ("format", 2, 2, Answer::UnknownFormat),
        ("length of the owner", 3, 0xff, Answer::Corrupt),
        ("version", 4, 0xff, Answer::Read),
        ("created", 12, 0xff, Answer::Corrupt),
        ("last seen", 18, 0xff, Answer::Corrupt),
        ("deadline", 24, 0xff, Answer::Corrupt),
        ("tag", 30, 0xff, Answer::Read),
        ("until when the index lives", 38, 0xff, Answer::Read),
        ("owner", owner_at, 0xff, Answer::Corrupt),
        // The core judges it.
        ("payload", payload_at, 0xff, Answer::Read),
    ];
    let on = start().await;
    let store = on.store();
    for (field, place, byte, expected) in damages {
        let mut damaged = whole.clone();
        damaged[place] = byte;
        plant(&on, &OWNED, &damaged).await;
        let answer = match store.get(&OWNED).await {
            Ok(Some(_)) => Answer::Read,
            Err(StoreError::Corrupt { .. }) => Answer::Corrupt,
            Err(StoreError::UnknownFormat { .. }) => Answer::UnknownFormat,
            other => panic!("{field}: {other:?}"),
        };
        assert_eq!(answer, expected, "{field}");
        if expected == Answer::UnknownFormat {
            // Nothing but a delete changes it.
            let next = Record { version: Version::from_u64(9), ..owned() };
            for put in [Put::Create, Put::Replace(owned().version)] {
                assert!(store.put(&OWNED, &next, put).await.is_err(), "{field}");
            }
            assert!(store.touch(&OWNED, owned().version, Timestamp::MAX, Timestamp::MAX).await.is_err(), "{field}");
            let stands: Vec<u8> = on.admin.run(cmd("GET").arg(record_name(&on.user.name, &OWNED))).await.unwrap();
            assert_eq!(stands, damaged, "{field}");
        }
        assert!(store.delete(&OWNED).await.unwrap(), "{field}");
    }
    for length in [0, 1, 2, 3, 29, 30, owner_at, payload_at - 1] {
        plant(&on, &OWNED, &whole[..length]).await;
        let cut = store.get(&OWNED).await;
        assert!(matches!(cut, Err(StoreError::Corrupt { .. })), "{length} bytes: {cut:?}");
    }
    on.stop().await;
}
