//! What stands in Redis: times to live, and the owners' indexes.

mod common;

use std::num::NonZeroUsize;
use std::time::Duration;

use common::harness::OnRedis;
use common::topology::{Single, Topology};
use common::{damage, key, record, record_name, until};
use session_conformance::Harness;
use session_redis::redis::{Cmd, Value, cmd};
use session_redis::session_core::{
    Clock, Owner, Put, PutOutcome, Record, SessionKey, SessionStore, StoreError, SystemClock, Timestamp,
};

type Single1 = OnRedis<Single>;

async fn start<T: Topology>() -> OnRedis<T> {
    OnRedis::start().await.expect("a server")
}

fn of(name: &str, key: &str) -> Cmd {
    let mut command = cmd(name);
    command.arg(key);
    command
}

async fn ask<T: Topology>(on: &OnRedis<T>, command: &Cmd) -> i64 {
    on.admin.run(command).await.unwrap()
}

async fn listed(store: &dyn SessionStore, owner: &Owner) -> usize {
    let limit = NonZeroUsize::new(100).unwrap();
    store.owners().unwrap().list(owner, None, limit).await.unwrap().records.len()
}

const HOUR: i64 = 60 * 60 * 1_000;

#[tokio::test]
async fn a_session_lives_an_hour_longer_than_its_deadline() {
    let on: Single1 = start().await;
    let (store, key, mut record) = (on.store(), key(), record(None));
    let ends = |record: &Record| record.expires_at.as_millis() as i64 + HOUR;
    assert_eq!(store.put(&key, &record, Put::Create).await.unwrap(), PutOutcome::Stored);
    let expires = of("PEXPIRETIME", &record_name(&on.user.name, &key));
    assert_eq!(ask(&on, &expires).await, ends(&record));

    record.expires_at = record.expires_at + Duration::from_millis(1_234);
    assert!(store.touch(&key, record.version, record.last_seen_at, record.expires_at).await.unwrap());
    assert_eq!(ask(&on, &expires).await, ends(&record));
    // A touch that moves no deadline leaves it.
    let seen = record.last_seen_at + Duration::from_secs(1);
    assert!(store.touch(&key, record.version, seen, Timestamp::MIN).await.unwrap());
    assert_eq!(ask(&on, &expires).await, ends(&record));

    let last = Record { expires_at: Timestamp::MAX, ..common::record(None) };
    assert_eq!(store.put(&key, &last, Put::Replace(record.version)).await.unwrap(), PutOutcome::Stored);
    assert_eq!(ask(&on, &expires).await, ends(&last));

    // Over for half an hour: Redis keeps it still. Over for two: it may go.
    let over = SystemClock.now() - Duration::from_secs(30 * 60);
    let earlier = Record { expires_at: over, last_seen_at: over, ..common::record(None) };
    assert_eq!(store.put(&key, &earlier, Put::Replace(last.version)).await.unwrap(), PutOutcome::Stored);
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&earlier));
    on.stop().await;
}

#[tokio::test]
async fn an_index_lives_longer_than_every_session_in_it() {
    let on: Single1 = start().await;
    let (store, key, owner) = (on.store(), key(), Owner::new("ann").unwrap());
    let first = record(Some(&owner));
    assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), PutOutcome::Stored);
    let (index, session) = (format!("{}:o:ann", on.user.name), record_name(&on.user.name, &key));
    let (index, session) = (of("PEXPIRETIME", &index), of("PEXPIRETIME", &session));
    let first_end = ask(&on, &index).await;
    assert!(first_end > ask(&on, &session).await);
    // Within the margin nothing has to be done to it, and beyond it is.
    for hours in [3, 30, 300] {
        let until = SystemClock.now() + Duration::from_secs(hours * 60 * 60);
        assert!(store.touch(&key, first.version, first.last_seen_at, until).await.unwrap());
        assert!(ask(&on, &index).await > ask(&on, &session).await, "{hours} hours");
    }
    assert!(ask(&on, &index).await > first_end);
    on.stop().await;
}

#[tokio::test]
async fn an_index_that_is_empty_goes_soon() {
    let on: Single1 = start().await;
    let (store, key, owner) = (on.store(), key(), Owner::new("ann").unwrap());
    assert_eq!(store.put(&key, &record(Some(&owner)), Put::Create).await.unwrap(), PutOutcome::Stored);
    assert!(store.delete(&key).await.unwrap());
    let index = format!("{}:o:ann", on.user.name);
    assert!(ask(&on, &of("PTTL", &index)).await <= 10 * 60 * 1_000);
    // And stays if somebody comes meanwhile.
    assert_eq!(store.put(&key, &record(Some(&owner)), Put::Create).await.unwrap(), PutOutcome::Stored);
    assert!(ask(&on, &of("PTTL", &index)).await > 24 * HOUR);
    on.stop().await;
}

/// Plants an entry that answers to no record, so many minutes old.
async fn plant(on: &Single1, owner: &Owner, key: &SessionKey, minutes: u64) {
    let at = (SystemClock.now() - Duration::from_secs(minutes * 60)).as_millis() * 1_000;
    let member = [key.as_bytes().as_slice(), &[7; 8]].concat();
    let mut command = cmd("ZADD");
    command.arg(format!("{}:o:{}", on.user.name, owner.as_str())).arg(at).arg(member);
    on.admin.run::<Value>(&command).await.unwrap();
}

#[tokio::test]
async fn a_stale_entry_is_pruned_once_no_write_can_be_under_way() {
    let on: Single1 = start().await;
    let (store, live, owner) = (on.store(), key(), Owner::new("ann").unwrap());
    assert_eq!(store.put(&live, &record(Some(&owner)), Put::Create).await.unwrap(), PutOutcome::Stored);
    for minutes in [0, 9, 11, 10_000] {
        plant(&on, &owner, &key(), minutes).await;
    }
    let count = of("ZCARD", &format!("{}:o:ann", on.user.name));
    assert_eq!(ask(&on, &count).await, 6, "four, the live one and the mark");
    assert_eq!(listed(&*store, &owner).await, 1);
    assert_eq!(ask(&on, &count).await, 4, "those of 0 and of 9 minutes may be about to be written");
    on.stop().await;
}

#[tokio::test]
async fn the_entry_of_a_record_in_another_format_is_not_pruned() {
    let on: Single1 = start().await;
    let (store, key, owner) = (on.store(), key(), Owner::new("ann").unwrap());
    plant(&on, &owner, &key, 60).await;
    // As a newer version of this crate might write it.
    let mut newer = of("SET", &record_name(&on.user.name, &key));
    newer.arg(b"\xf5S\x02and who knows what");
    on.admin.run::<Value>(&newer).await.unwrap();
    let count = of("ZCARD", &format!("{}:o:ann", on.user.name));
    assert_eq!(listed(&*store, &owner).await, 0);
    assert_eq!(ask(&on, &count).await, 1);
    assert!(store.delete(&key).await.unwrap());
    assert_eq!(listed(&*store, &owner).await, 0);
    assert_eq!(ask(&on, &count).await, 0);
    on.stop().await;
}

#[tokio::test]
async fn a_spoilt_index_keeps_nobody_from_leaving_it() {
    let on: Single1 = start().await;
    let (store, owner) = (on.store(), Owner::new("ann").unwrap());
    let spoilt = || async {
        let index = format!("{}:o:ann", on.user.name);
        on.admin.run::<Value>(&of("DEL", &index)).await.unwrap();
        let mut set = of("SET", &index);
        set.arg("spoilt");
        on.admin.run::<Value>(&set).await.unwrap();
        on.admin.run::<Value>(&of("PERSIST", &index)).await.unwrap();
    };
    let [left, ended] = [key(), key()];
    let first = record(Some(&owner));
    for key in [left, ended] {
        on.admin.run::<Value>(&of("DEL", &format!("{}:o:ann", on.user.name))).await.unwrap();
        assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), PutOutcome::Stored);
    }
    spoilt().await;
    let next = record(None);
    assert_eq!(store.put(&left, &next, Put::Replace(first.version)).await.unwrap(), PutOutcome::Stored);
    assert_eq!(store.get(&left).await.unwrap().as_deref(), Some(&next));
    assert!(store.delete(&ended).await.unwrap());
    // But nobody enters it unseen.
    let key = key();
    let put = store.put(&key, &record(Some(&owner)), Put::Create).await;
    assert!(matches!(put, Err(StoreError::Corrupt { .. })), "{put:?}");
    assert_eq!(store.get(&key).await.unwrap(), None);
    on.stop().await;
}

#[tokio::test]
async fn an_owner_who_never_lists_leaves_no_heap_of_entries() {
    let on: Single1 = start().await;
    let (store, owner) = (on.store(), Owner::new("robot").unwrap());
    for _ in 0..50 {
        plant(&on, &owner, &key(), 60).await;
    }
    for _ in 0..20 {
        assert_eq!(store.put(&key(), &record(Some(&owner)), Put::Create).await.unwrap(), PutOutcome::Stored);
    }
    let count = of("ZCARD", &format!("{}:o:robot", on.user.name));
    until("the pruning", || async { (ask(&on, &count).await <= 21).then_some(()) }).await;
    assert_eq!(listed(&*store, &owner).await, 20);
    on.stop().await;
}

#[tokio::test]
async fn whatever_stands_under_a_key_is_corrupt_and_can_be_deleted() {
    let on: Single1 = start().await;
    let (store, owner) = (on.store(), Owner::new("ann").unwrap());
    for kind in 0..5 {
        let mut bytes = *key().as_bytes();
        bytes[0] = kind;
        let key = SessionKey::from_bytes(bytes);
        let first = record(Some(&owner));
        assert_eq!(store.put(&key, &first, Put::Create).await.unwrap(), PutOutcome::Stored);
        on.admin.run::<Value>(&damage(&record_name(&on.user.name, &key), &key)).await.unwrap();
        let is_corrupt = |error: &StoreError| matches!(error, StoreError::Corrupt { .. });
        assert!(store.get(&key).await.is_err_and(|it| is_corrupt(&it)), "{kind}");
        let next = record(Some(&owner));
        for (next, put) in [(&next, Put::Create), (&record(None), Put::Create), (&next, Put::Replace(first.version))] {
            assert!(store.put(&key, next, put).await.is_err_and(|it| is_corrupt(&it)), "{kind} {put:?}");
        }
        let touch = store.touch(&key, first.version, first.last_seen_at, first.expires_at).await;
        assert!(touch.is_err_and(|it| is_corrupt(&it)), "{kind}");
        assert_eq!(listed(&*store, &owner).await, 0);
        // MGET does not tell what is no string from nothing.
        let unreadable = if kind == 2 { vec![] } else { vec![key] };
        let page = store.scan().unwrap().page(None, NonZeroUsize::new(10).unwrap()).await.unwrap();
        assert_eq!(page.unreadable, unreadable, "{kind}");
        assert!(store.delete(&key).await.unwrap());
        assert_eq!(store.get(&key).await.unwrap(), None);
    }
    on.stop().await;
}
