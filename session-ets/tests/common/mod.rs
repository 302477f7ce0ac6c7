//! What the tests share: records, keys and a store on a clock that stands.

#![allow(dead_code, reason = "every test file uses some of it")]

use std::num::NonZeroUsize;

use session_ets::session_core::{
    Bytes, ManualClock, Owner, Owners, Page, Put, PutOutcome, Record, SessionKey, SessionStore, Sweep, Timestamp,
    Version,
};
use session_ets::{EtsStore, Table, TableConfig};

/// So many, and under Miri, which takes far longer, so few.
pub(crate) const fn or_under_miri<T: Copy>(usual: T, few: T) -> T {
    if cfg!(miri) { few } else { usual }
}

/// A store on a private table, and the clock of its rows.
pub(crate) fn store() -> (EtsStore, ManualClock) {
    let clock = ManualClock::new(at(1));
    (EtsStore::new(Table::private_with(TableConfig::default().with_clock(clock.clone()))), clock)
}

pub(crate) fn full_store(capacity: usize) -> EtsStore {
    EtsStore::new(Table::private_with(TableConfig::default().with_capacity(capacity)))
}

pub(crate) fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A key whose first bytes, and so its partition, come from a spread of the number.
pub(crate) fn key(number: u64) -> SessionKey {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..16].copy_from_slice(&number.to_be_bytes());
    SessionKey::from_bytes(bytes)
}

/// A record without owner, of this version and deadline.
pub(crate) fn record(version: u64, expires_at: u64) -> Record {
    Record {
        version: Version::from_u64(version),
        payload: Bytes::from(format!("payload {version}")),
        owner: None,
        created_at: at(10),
        last_seen_at: at(20),
        expires_at: at(expires_at),
    }
}

pub(crate) fn owned(version: u64, owner: &str) -> Record {
    Record { owner: Some(self::owner(owner)), ..record(version, 1_000) }
}

pub(crate) fn owner(owner: &str) -> Owner {
    Owner::new(owner).unwrap()
}

pub(crate) fn limit(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).unwrap()
}

pub(crate) fn version(number: u64) -> Version {
    Version::from_u64(number)
}

pub(crate) async fn create(store: &EtsStore, key: SessionKey, record: &Record) {
    assert_eq!(store.put(&key, record, Put::Create).await.unwrap(), PutOutcome::Stored);
}

pub(crate) async fn replace(store: &EtsStore, key: SessionKey, old: u64, record: &Record) -> PutOutcome {
    store.put(&key, record, Put::Replace(version(old))).await.unwrap()
}

pub(crate) async fn sweep(store: &EtsStore, before: u64, most: usize) -> u64 {
    store.delete_expired(at(before), limit(most)).await.unwrap()
}

/// All pages of an owner's list, by `most` records.
pub(crate) async fn list(store: &EtsStore, name: &str, most: usize) -> Vec<SessionKey> {
    let mut keys = Vec::new();
    let mut page = Page::default();
    loop {
        page = store.list(&owner(name), page.next.as_ref(), limit(most)).await.unwrap();
        assert!(page.records.iter().all(|(_, record)| record.owner == Some(owner(name))));
        keys.extend(page.records.iter().map(|(key, _)| *key));
        if page.next.is_none() {
            return keys;
        }
    }
}
