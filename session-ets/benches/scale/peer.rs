//! Who is timed, and what each does for a verb.

use std::collections::HashMap;
use std::future::Future;
use std::hash::BuildHasherDefault;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use serde_json::{Value, json};
use session_ets::session_core::{Bytes, Put, PutOutcome, Record, SessionKey, SessionStore, Version};
use session_ets::{EtsStore, Table};
use time::OffsetDateTime;
use tower_sessions::session::{Id, Record as TowerRecord};
use tower_sessions::session_store::SessionStore as TowerStore;

use crate::raw::{LIVE, Map, NOW, key, record};

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

/// This crate, as an app holds it.
pub(crate) struct Ours {
    pub(crate) store: Arc<dyn SessionStore>,
    payload: usize,
}

impl Ours {
    pub(crate) fn new(payload: usize) -> Self {
        Self { store: Arc::new(EtsStore::new(Table::private())), payload }
    }

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
    map: Map,
    payload: usize,
}

impl Raw {
    pub(crate) fn new(payload: usize) -> Self {
        Self { map: Map::with_hasher_and_shard_amount(BuildHasherDefault::default(), 256), payload }
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
    values: HashMap<String, Value>,
}

/// Gives four values, as the bench `request` of `session-core` has them, as many bytes as our payload when they are
/// written as JSON: this store keeps them as values, and gives a copy to every reader.
fn values(payload: usize) -> HashMap<String, Value> {
    let cart: Vec<u32> = (4_711_001..4_711_011).collect();
    let mut values = HashMap::from([
        ("name".to_owned(), json!("Ada Lovelace")),
        ("cart".to_owned(), json!(cart)),
        ("visits".to_owned(), json!(1)),
    ]);
    let written = json!(values).to_string().len() + r#","token":"""#.len();
    values.insert("token".to_owned(), json!("x".repeat(payload.saturating_sub(written))));
    values
}

impl<S: TowerStore> Tower<S> {
    pub(crate) fn new(store: S, payload: usize) -> Self {
        Self { store, values: values(payload) }
    }

    fn id(at: &Visit) -> Id {
        Id(i128::from_ne_bytes(*at.key.as_bytes().first_chunk().expect("16 of 32 bytes")))
    }

    fn record(&self, at: &Visit) -> TowerRecord {
        TowerRecord {
            id: Self::id(at),
            data: self.values.clone(),
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
