//! Who is timed, and what each does for a verb.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasherDefault, Hasher};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use rand::Rng;
use session_ets::session_core::{Bytes, Put, PutOutcome, Record, SessionKey, SessionStore, Timestamp, Version};
use session_ets::{EtsStore, Table};
use time::OffsetDateTime;
use tower_sessions::session::{Id, Record as TowerRecord};
use tower_sessions::session_store::SessionStore as TowerStore;

pub(crate) const EXPIRED: Timestamp = Timestamp::from_millis(2_000_000);
const LIVE: Timestamp = Timestamp::from_millis(3_000_000);
const NOW: Timestamp = Timestamp::from_millis(1_000_000);

/// Does the verbs on the session of a number.
pub(crate) trait Peer: Send + Sync + 'static {
    fn get(&self, at: &Visit) -> impl Future<Output = ()> + Send;
    fn create(&self, at: &Visit) -> impl Future<Output = ()> + Send;
    fn touch(&self, at: &Visit) -> impl Future<Output = ()> + Send;
    fn delete(&self, at: &Visit) -> impl Future<Output = ()> + Send;
}

/// Which session is asked for. Made beforehand, so that no making of keys is timed.
pub(crate) struct Visit {
    key: SessionKey,
    number: usize,
}

impl Visit {
    pub(crate) fn to(number: usize) -> Self {
        Self { key: key(number), number }
    }
}

/// Gives the key of a session: spread as hashes are, the same in every run.
fn key(number: usize) -> SessionKey {
    let mut bytes = [0; 32];
    for (place, chunk) in bytes.chunks_exact_mut(8).enumerate() {
        // SplitMix64.
        let state = (number as u64 * 4 + place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_ne_bytes());
    }
    SessionKey::from_bytes(bytes)
}

/// Gives the record of a session; one in a hundred ends early and can be swept.
fn record(number: usize, payload: usize) -> Record {
    Record {
        version: Version::from_u64(number as u64 + 1),
        payload: Bytes::from(vec![b'x'; payload]),
        owner: None,
        created_at: Timestamp::MIN,
        last_seen_at: Timestamp::MIN,
        expires_at: if number.is_multiple_of(100) { EXPIRED } else { LIVE + Duration::from_millis(number as u64) },
    }
}

/// This crate, as an app holds it.
pub(crate) struct Ours {
    pub(crate) store: Arc<dyn SessionStore>,
    payload: usize,
}

impl Ours {
    pub(crate) fn new(payload: usize) -> Self {
        Self { store: Arc::new(EtsStore::new(Table::private())), payload }
    }
}

impl Ours {
    /// Reads, lets the others run, and writes what it read, until the write is not refused. Gives how often it was.
    pub(crate) async fn rewrite(&self, at: &Visit, random: &mut impl Rng) -> u64 {
        let mut refused = 0;
        loop {
            let stood = self.store.get(&at.key).await.expect("it answers").expect("it is there");
            // Where a handler would be waiting for something.
            tokio::task::yield_now().await;
            let next = Record { version: Version::from_u64(random.next_u64()), ..(*stood).clone() };
            match self.store.put(&at.key, &next, Put::Replace(stood.version)).await.expect("it answers") {
                PutOutcome::Stored => return refused,
                PutOutcome::Conflict(_) => refused += 1,
                outcome => panic!("nobody deletes it: {outcome:?}"),
            }
        }
    }
}

impl Peer for Ours {
    async fn get(&self, at: &Visit) {
        assert!(black_box(self.store.get(&at.key).await).expect("it answers").is_some());
    }
    async fn create(&self, at: &Visit) {
        let outcome = self.store.put(&at.key, &record(at.number, self.payload), Put::Create).await;
        assert_eq!(outcome.expect("it answers"), PutOutcome::Stored);
    }
    async fn touch(&self, at: &Visit) {
        let deadline = LIVE + Duration::from_secs(at.number as u64 % 1_000);
        let version = Version::from_u64(at.number as u64 + 1);
        assert!(self.store.touch(&at.key, version, NOW, deadline).await.expect("it answers"));
    }
    async fn delete(&self, at: &Visit) {
        assert!(self.store.delete(&at.key).await.expect("it answers"));
    }
}

/// The baseline: the same map with the same hasher and as many shards, an `Arc` cloned on every read.
pub(crate) struct Raw {
    map: DashMap<SessionKey, Arc<Record>, BuildHasherDefault<PassThrough>>,
    payload: usize,
}

#[derive(Clone, Default)]
pub(crate) struct PassThrough(u64);

impl Hasher for PassThrough {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = u64::from_ne_bytes(*bytes.first_chunk().expect("a session key"));
    }
    fn write_usize(&mut self, _: usize) {}
    fn finish(&self) -> u64 {
        self.0
    }
}

impl Raw {
    pub(crate) fn new(payload: usize) -> Self {
        Self { map: DashMap::with_hasher_and_shard_amount(BuildHasherDefault::default(), 256), payload }
    }
}

impl Peer for Raw {
    async fn get(&self, at: &Visit) {
        assert!(black_box(self.map.get(&at.key).map(|record| Arc::clone(&record))).is_some());
    }
    async fn create(&self, at: &Visit) {
        // The payload is copied once more, as a store must that does not keep what its caller lent it.
        let record = record(at.number, self.payload);
        let payload = Bytes::copy_from_slice(&record.payload);
        assert!(self.map.insert(at.key, Arc::new(Record { payload, ..record })).is_none());
    }
    async fn touch(&self, at: &Visit) {
        let mut record = self.map.get_mut(&at.key).expect("it is there");
        let record = Arc::make_mut(&mut record);
        record.last_seen_at = NOW;
        record.expires_at = LIVE + Duration::from_secs(at.number as u64 % 1_000);
    }
    async fn delete(&self, at: &Visit) {
        assert!(self.map.remove(&at.key).is_some());
    }
}

/// A store of tower-sessions: its `MemoryStore`, or the one over moka. It has no `touch`: it saves the session again.
pub(crate) struct Tower<S> {
    store: S,
    payload: usize,
}

impl<S: TowerStore> Tower<S> {
    pub(crate) fn new(store: S, payload: usize) -> Self {
        Self { store, payload }
    }

    fn id(at: &Visit) -> Id {
        Id(i128::from_ne_bytes(*at.key.as_bytes().first_chunk().expect("16 of 32 bytes")))
    }

    fn record(&self, at: &Visit) -> TowerRecord {
        TowerRecord {
            id: Self::id(at),
            data: HashMap::from([("data".to_owned(), "x".repeat(self.payload).into())]),
            expiry_date: OffsetDateTime::now_utc() + Duration::from_secs(3_600),
        }
    }
}

impl<S: TowerStore> Peer for Tower<S> {
    async fn get(&self, at: &Visit) {
        assert!(black_box(self.store.load(&Self::id(at)).await).expect("it answers").is_some());
    }
    async fn create(&self, at: &Visit) {
        self.store.save(&self.record(at)).await.expect("it answers");
    }
    async fn touch(&self, at: &Visit) {
        self.create(at).await;
    }
    async fn delete(&self, at: &Visit) {
        self.store.delete(&Self::id(at)).await.expect("it answers");
    }
}
