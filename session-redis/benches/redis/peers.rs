//! The peers: tower-sessions-redis-store and actix-session's Redis store, as their pages set them up. Both encode and
//! decode what is in a session themselves.

use std::collections::HashMap;

use actix_session::storage::{RedisSessionStore, SessionKey, SessionStore as _};
use time::{Duration, OffsetDateTime};
use tower_sessions_core::SessionStore as _;
use tower_sessions_core::session::{Id, Record};
use tower_sessions_redis_store::RedisStore;
use tower_sessions_redis_store::fred::prelude::{Builder, Client, ClientLike, Config};

use super::contention::Counter;
use super::contest::Contestant;

const HOUR: Duration = Duration::HOUR;

/// It knows no touch: what stands beside one is its save.
#[derive(Clone)]
pub(crate) struct Tower {
    pub(crate) store: RedisStore<Client>,
    data: HashMap<String, serde_json::Value>,
}

impl Tower {
    pub(crate) async fn connect(url: &str) -> RedisStore<Client> {
        let config = Config::from_url(url).expect("a URL");
        let client = Builder::from_config(config).build().expect("a client");
        client.init().await.expect("a server");
        RedisStore::new(client)
    }

    pub(crate) fn new(store: RedisStore<Client>, text: &str) -> Self {
        Self { store, data: [("data".to_owned(), text.into())].into() }
    }

    fn record(&self, id: Id, expiry_date: OffsetDateTime) -> Record {
        Record { id, data: self.data.clone(), expiry_date }
    }
}

impl Contestant for Tower {
    type Key = Id;

    async fn create(&self) -> Id {
        let mut record = self.record(Id::default(), OffsetDateTime::now_utc() + HOUR);
        self.store.create(&mut record).await.expect("an answer");
        record.id
    }

    async fn read(&self, id: &Id) {
        assert!(self.store.load(id).await.expect("an answer").is_some());
    }

    async fn touch(&self, id: &Id) {
        self.store.save(&self.record(*id, OffsetDateTime::now_utc() + HOUR * 2)).await.expect("an answer");
    }

    async fn write(&self, id: &Id) {
        self.store.save(&self.record(*id, OffsetDateTime::now_utc() + HOUR)).await.expect("an answer");
    }

    async fn delete(&self, id: &Id) {
        self.store.delete(id).await.expect("an answer");
    }
}

impl Counter for Tower {
    async fn start(&self) -> Id {
        let data = [("number".to_owned(), 0.into())].into();
        let mut record = Record { id: Id::default(), data, expiry_date: OffsetDateTime::now_utc() + HOUR };
        self.store.create(&mut record).await.expect("an answer");
        record.id
    }

    async fn add_one(&self, id: &Id) {
        let mut record = self.store.load(id).await.expect("an answer").expect("it is there");
        let number = record.data["number"].as_u64().expect("a number");
        record.data.insert("number".to_owned(), (number + 1).into());
        self.store.save(&record).await.expect("an answer");
    }

    async fn number(&self, id: &Id) -> u64 {
        let record = self.store.load(id).await.expect("an answer").expect("it is there");
        record.data["number"].as_u64().expect("a number")
    }
}

#[derive(Clone)]
pub(crate) struct Actix {
    pub(crate) store: RedisSessionStore,
    data: HashMap<String, String>,
}

impl Actix {
    pub(crate) async fn connect(url: &str) -> RedisSessionStore {
        RedisSessionStore::new(url).await.expect("a server")
    }

    pub(crate) fn new(store: RedisSessionStore, text: &str) -> Self {
        Self { store, data: [("data".to_owned(), text.to_owned())].into() }
    }

    fn key(key: &str) -> SessionKey {
        key.to_owned().try_into().expect("a key")
    }

    async fn save(&self, data: HashMap<String, String>) -> String {
        self.store.save(data, &HOUR).await.expect("an answer").as_ref().to_owned()
    }

    async fn update(&self, key: &str, data: HashMap<String, String>) {
        // Where nothing is to update it makes a session under another key.
        let updated = self.store.update(Self::key(key), data, &HOUR).await.expect("an answer");
        assert_eq!(updated.as_ref(), key);
    }
}

impl Contestant for Actix {
    type Key = String;

    async fn create(&self) -> String {
        self.save(self.data.clone()).await
    }

    async fn read(&self, key: &String) {
        assert!(self.store.load(&Self::key(key)).await.expect("an answer").is_some());
    }

    async fn touch(&self, key: &String) {
        self.store.update_ttl(&Self::key(key), &(HOUR * 2)).await.expect("an answer");
    }

    async fn write(&self, key: &String) {
        self.update(key, self.data.clone()).await;
    }

    async fn delete(&self, key: &String) {
        self.store.delete(&Self::key(key)).await.expect("an answer");
    }
}

impl Counter for Actix {
    async fn start(&self) -> String {
        self.save([("number".to_owned(), "0".to_owned())].into()).await
    }

    async fn add_one(&self, key: &String) {
        let number = Counter::number(self, key).await;
        self.update(key, [("number".to_owned(), (number + 1).to_string())].into()).await;
    }

    async fn number(&self, key: &String) -> u64 {
        let data = self.store.load(&Self::key(key)).await.expect("an answer").expect("it is there");
        data["number"].parse().expect("a number")
    }
}
