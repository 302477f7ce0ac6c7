//! What the suite needs to know of a store on Redis, over any topology.

use std::sync::Arc;
use std::time::Duration;

use session_conformance::{Corruption, Harness, Interruption};
use session_redis::redis::{Value, cmd};
use session_redis::session_core::{BoxError, Limits, Reclaim, SessionKey, SessionStore};
use session_redis::{RedisConfig, RedisStore};

use super::admin::Admin;
use super::topology::Topology;
use super::{User, damage, record_name};

/// A store on a server that is shared, under a prefix and as a user of its own.
pub(crate) struct OnRedis<T> {
    pub(crate) topology: T,
    pub(crate) admin: Admin,
    pub(crate) user: User,
    store: RedisStore,
}

impl<T> OnRedis<T> {
    fn config(user: &User) -> RedisConfig {
        // Long enough for a machine that runs all tests at once.
        RedisConfig::default()
            .with_prefix(&user.name)
            .with_response_timeout(Duration::from_secs(20))
            .with_connect_timeout(Duration::from_secs(20))
    }
}

impl<T: Topology> Harness for OnRedis<T> {
    async fn start() -> Result<Self, BoxError> {
        let topology = T::start().await?;
        let admin = topology.admin().await?;
        let user = User::new();
        admin.run::<Value>(&user.made_with(&T::access())).await?;
        let store = topology.store(&user, Self::config(&user)).await?;
        Ok(Self { topology, admin, user, store })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(self.topology.store(&self.user, Self::config(&self.user)).await?))
    }

    fn limits(&self) -> Limits {
        Limits::default().with_max_payload(1 << 20).with_reclaim(Reclaim::ByItself)
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        self.admin.run::<Value>(&damage(&record_name(&self.user.name, key), key)).await?;
        Ok(Corruption::Planted)
    }

    async fn unreachable(&self) -> Result<Option<Arc<dyn SessionStore>>, BoxError> {
        let config = Self::config(&self.user).with_connect_timeout(Duration::from_secs(1));
        Ok(Some(Arc::new(RedisStore::from_url(&self.user.url(T::nobody()), config)?)))
    }

    fn secrets(&self) -> Vec<String> {
        vec![self.user.password.clone()]
    }

    async fn interrupt(&self) -> Result<Interruption, BoxError> {
        let clients: String = self.admin.run(cmd("CLIENT").arg("LIST")).await?;
        let field = |client: &str, name: &str| {
            let mut fields = client.split(' ').filter_map(|field| field.split_once('='));
            fields.find(|(it, _)| *it == name).map(|(_, value)| value.to_owned())
        };
        for client in clients.lines() {
            // Those that are pushed all changes.
            if field(client, "user").as_ref() == Some(&self.user.name)
                && field(client, "flags").is_some_and(|flags| flags.contains('B'))
            {
                self.admin.run::<Value>(cmd("CLIENT").arg("KILL").arg("ID").arg(field(client, "id"))).await?;
            }
        }
        Ok(Interruption::Broken)
    }

    async fn stop(self) {
        let _ = self.admin.run::<Value>(&self.user.removed()).await;
    }
}
