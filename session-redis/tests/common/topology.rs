//! The servers that the tests run on: single, behind Sentinels, a cluster, over TLS.

use session_conformance::servers;
use session_redis::redis::Client;
use session_redis::session_core::BoxError;
use session_redis::{RedisConfig, RedisStore};

use super::admin::Admin;
use super::{ACCESS, User};

/// A way to a server, and how a store takes it.
pub(crate) trait Topology: Sized + 'static {
    /// Gives the server.
    fn start() -> impl Future<Output = Result<Self, BoxError>>;

    fn admin(&self) -> impl Future<Output = Result<Admin, BoxError>>;

    /// Makes a store with connections of its own.
    fn store(&self, user: &User, config: RedisConfig) -> impl Future<Output = Result<RedisStore, BoxError>>;

    /// Gives the URL of nobody.
    fn nobody() -> &'static str {
        "redis://127.0.0.1:1"
    }

    /// What the user may do.
    fn access() -> Vec<&'static str> {
        vec![ACCESS]
    }
}

/// One server, by its URL.
pub(crate) struct Single(servers::Redis);

impl Topology for Single {
    async fn start() -> Result<Self, BoxError> {
        Ok(Self(servers::Redis::start().await?))
    }

    async fn admin(&self) -> Result<Admin, BoxError> {
        Admin::of(&Client::open(self.0.url())?).await
    }

    async fn store(&self, user: &User, config: RedisConfig) -> Result<RedisStore, BoxError> {
        Ok(RedisStore::from_url(&user.url(self.0.url()), config)?)
    }
}

/// One server, by a connection of the caller's that speaks RESP2.
pub(crate) struct OwnConnection(Single);

impl Topology for OwnConnection {
    async fn start() -> Result<Self, BoxError> {
        Single::start().await.map(Self)
    }

    async fn admin(&self) -> Result<Admin, BoxError> {
        self.0.admin().await
    }

    async fn store(&self, user: &User, config: RedisConfig) -> Result<RedisStore, BoxError> {
        use session_redis::redis::AsyncConnectionConfig;

        let client = Client::open(user.url(self.0.0.url()))?;
        let timeouts = AsyncConnectionConfig::new().set_response_timeout(Some(config.response_timeout));
        let connection = client.get_multiplexed_async_connection_with_config(&timeouts).await?;
        Ok(RedisStore::from_connection(connection, config)?)
    }
}

/// A master that Sentinels watch.
#[cfg(feature = "sentinel")]
pub(crate) struct Sentinels(servers::RedisSentinel);

#[cfg(feature = "sentinel")]
impl Topology for Sentinels {
    async fn start() -> Result<Self, BoxError> {
        Ok(Self(servers::RedisSentinel::start().await?))
    }

    async fn admin(&self) -> Result<Admin, BoxError> {
        Admin::of_master(self.0.url()).await
    }

    async fn store(&self, user: &User, config: RedisConfig) -> Result<RedisStore, BoxError> {
        Ok(RedisStore::from_url(&user.url(self.0.url()), config)?)
    }

    fn nobody() -> &'static str {
        "redis+sentinel://127.0.0.1:1,127.0.0.1:2/mymaster"
    }
}

/// A cluster.
#[cfg(feature = "cluster")]
pub(crate) struct Cluster(servers::RedisCluster);

#[cfg(feature = "cluster")]
impl Topology for Cluster {
    async fn start() -> Result<Self, BoxError> {
        Ok(Self(servers::RedisCluster::start().await?))
    }

    async fn admin(&self) -> Result<Admin, BoxError> {
        Admin::of_cluster(self.0.url()).await
    }

    async fn store(&self, user: &User, config: RedisConfig) -> Result<RedisStore, BoxError> {
        Ok(RedisStore::from_url(&user.url(self.0.url()), config)?)
    }

    fn nobody() -> &'static str {
        "redis-cluster://127.0.0.1:1,127.0.0.1:2"
    }

    fn access() -> Vec<&'static str> {
        vec![ACCESS, super::CLUSTER_ACCESS]
    }
}
