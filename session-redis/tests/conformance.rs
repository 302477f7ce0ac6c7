//! The store keeps every clause of the contract, as a user who may do no more than the crate's page lists.

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Admin, Redis, User, command, damage, record_name, unique};
use session_conformance::{Corruption, Harness, suite};
use session_redis::redis::Value;
use session_redis::session_core::{BoxError, Limits, Reclaim, SessionKey, SessionStore};
use session_redis::{RedisConfig, RedisStore};

struct SingleNode {
    server: Redis,
    admin: Admin,
    user: User,
    store: RedisStore,
}

impl SingleNode {
    fn config(user: &User) -> RedisConfig {
        // Long enough for a machine that runs all tests at once.
        RedisConfig::default().with_prefix(&user.name).with_response_timeout(Duration::from_secs(20))
    }
}

impl Harness for SingleNode {
    async fn start() -> Result<Self, BoxError> {
        let server = Redis::start().await?;
        let admin = Admin::of(server.url()).await?;
        let user = User::new(&unique("suite"));
        admin.run::<()>(&user.rules()).await?;
        let store = RedisStore::from_url(&user.url(server.url()), Self::config(&user))?;
        Ok(Self { server, admin, user, store })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(RedisStore::from_url(&self.user.url(self.server.url()), Self::config(&self.user))?))
    }

    fn limits(&self) -> Limits {
        Limits::default().with_max_payload(1 << 20).with_reclaim(Reclaim::ByItself)
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let _: Value = self.admin.run(&damage(&record_name(&self.user.name, key), key)).await?;
        Ok(Corruption::Planted)
    }

    async fn unreachable(&self) -> Result<Option<Arc<dyn SessionStore>>, BoxError> {
        let url = format!("redis://{}:{}@127.0.0.1:1", self.user.name, self.user.password);
        Ok(Some(Arc::new(RedisStore::from_url(&url, Self::config(&self.user))?)))
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.user.password.clone()]
    }

    async fn stop(self) {
        let _ = self.admin.run::<Value>(&command(&format!("ACL DELUSER {}", self.user.name))).await;
    }
}

suite!(SingleNode, without { SWP: "Redis reclaims by itself" });
