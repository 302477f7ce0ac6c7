//! The store: on the connection that the commands by hand go over, and by a URL, as an app has it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use session_redis::RedisStore;
use session_redis::session_core::{
    Bytes, Clock, Put, PutOutcome, Record, SessionId, SessionKey, SessionStore, SystemClock, Timestamp, Version,
};

use super::contention::Counter;
use super::contest::Contestant;

pub(crate) const CREATED: Timestamp = Timestamp::from_millis(1_763_834_400_000);

pub(crate) fn record(payload: Bytes, version: u64) -> Record {
    Record {
        version: Version::from_u64(version),
        payload,
        owner: None,
        created_at: CREATED,
        last_seen_at: CREATED,
        expires_at: SystemClock.now() + Duration::from_secs(3_600),
    }
}

pub(crate) fn key() -> SessionKey {
    SessionId::random().expect("randomness").key()
}

/// The verbs alone, with payloads that are bytes already.
#[derive(Clone)]
pub(crate) struct Store {
    pub(crate) store: RedisStore,
    pub(crate) payload: Bytes,
}

impl Store {
    async fn put(&self, key: &SessionKey, payload: Bytes, version: u64, put: Put) {
        let outcome = self.store.put(key, &record(payload, version), put).await;
        assert_eq!(outcome.expect("an answer"), PutOutcome::Stored);
    }

    async fn get(&self, key: &SessionKey) -> Arc<Record> {
        self.store.get(key).await.expect("an answer").expect("it is there")
    }
}

impl Contestant for Store {
    type Key = SessionKey;

    async fn create(&self) -> SessionKey {
        let key = key();
        self.put(&key, self.payload.clone(), 1, Put::Create).await;
        key
    }

    async fn read(&self, key: &SessionKey) {
        self.get(key).await;
    }

    async fn touch(&self, key: &SessionKey) {
        let now = SystemClock.now();
        let touched = self.store.touch(key, Version::from_u64(1), now, now + Duration::from_secs(7_200)).await;
        assert!(touched.expect("an answer"));
    }

    async fn write(&self, key: &SessionKey) {
        self.put(key, self.payload.clone(), 2, Put::Replace(Version::from_u64(1))).await;
    }

    async fn delete(&self, key: &SessionKey) {
        assert!(self.store.delete(key).await.expect("an answer"));
    }
}

/// The verbs, and what the core does around them and the peers do within: encoding what is in the session, as JSON.
#[derive(Clone)]
pub(crate) struct Ours {
    inner: Store,
    data: HashMap<String, String>,
}

impl Ours {
    pub(crate) fn new(store: RedisStore, text: &str) -> Self {
        let inner = Store { store, payload: Bytes::new() };
        Self { inner, data: [("data".to_owned(), text.to_owned())].into() }
    }

    fn encoded(&self) -> Bytes {
        serde_json::to_vec(&self.data).expect("text is JSON").into()
    }
}

impl Contestant for Ours {
    type Key = SessionKey;

    async fn create(&self) -> SessionKey {
        let key = key();
        self.inner.put(&key, self.encoded(), 1, Put::Create).await;
        key
    }

    async fn read(&self, key: &SessionKey) {
        let record = self.inner.get(key).await;
        let data: HashMap<String, String> = serde_json::from_slice(&record.payload).expect("JSON");
        assert_eq!(data.len(), self.data.len());
    }

    async fn touch(&self, key: &SessionKey) {
        self.inner.touch(key).await;
    }

    async fn write(&self, key: &SessionKey) {
        self.inner.put(key, self.encoded(), 2, Put::Replace(Version::from_u64(1))).await;
    }

    async fn delete(&self, key: &SessionKey) {
        self.inner.delete(key).await;
    }
}

fn read_number(payload: &[u8]) -> u64 {
    payload.try_into().map(u64::from_be_bytes).expect("eight bytes")
}

impl Counter for Ours {
    async fn start(&self) -> SessionKey {
        let key = key();
        self.inner.put(&key, Bytes::copy_from_slice(&[0; 8]), 1, Put::Create).await;
        key
    }

    async fn add_one(&self, key: &SessionKey) {
        let mut stands = self.inner.get(key).await;
        loop {
            let payload = Bytes::copy_from_slice(&(read_number(&stands.payload) + 1).to_be_bytes());
            let next = Record { version: Version::random().expect("randomness"), payload, ..(*stands).clone() };
            match self.inner.store.put(key, &next, Put::Replace(stands.version)).await.expect("an answer") {
                PutOutcome::Conflict(winner) => stands = winner,
                outcome => break assert_eq!(outcome, PutOutcome::Stored),
            }
        }
    }

    async fn number(&self, key: &SessionKey) -> u64 {
        read_number(&self.inner.get(key).await.payload)
    }
}
