//! The servers that the tests run on: single, behind Sentinels, a cluster, over TLS.

use session_redis::redis::Client;
use session_redis::session_core::BoxError;
use session_redis::{RedisConfig, RedisStore};

use super::admin::Admin;
use super::{ACCESS, User};

/// A way to a server, and how a store takes it.
pub(crate) trait Topology: Sized + 'static {
    /// Gives the server, shared with other tests.
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

fn url(variable: &str) -> Result<String, BoxError> {
    std::env::var(variable).map_err(|_| format!("set {variable} to the URL of a server for the tests").into())
}

/// One server, by its URL.
pub(crate) struct Single(String);

impl Single {
    pub(crate) fn url(&self) -> &str {
        &self.0
    }
}

impl Topology for Single {
    async fn start() -> Result<Self, BoxError> {
        url("SESSION_TEST_REDIS_URL").map(Self)
    }

    async fn admin(&self) -> Result<Admin, BoxError> {
        Admin::of(&Client::open(self.url())?).await
    }

    async fn store(&self, user: &User, config: RedisConfig) -> Result<RedisStore, BoxError> {
        Ok(RedisStore::from_url(&user.url(self.url()), config)?)
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

        let client = Client::open(user.url(self.0.url()))?;
        let timeouts = AsyncConnectionConfig::new().set_response_timeout(Some(config.response_timeout));
        let connection = client.get_multiplexed_async_connection_with_config(&timeouts).await?;
        Ok(RedisStore::from_connection(connection, config)?)
    }
}

/// A master that Sentinels watch.
#[cfg(feature = "sentinel")]
pub(crate) struct Sentinels(String);

#[cfg(feature = "sentinel")]
impl Topology for Sentinels {
    async fn start() -> Result<Self, BoxError> {
        url("SESSION_TEST_REDIS_SENTINEL_URL").map(Self)
    }

    async fn admin(&self) -> Result<Admin, BoxError> {
        use session_redis::redis::sentinel::{SentinelClient, SentinelServerType};

        let (_, rest) = self.0.split_once("://").ok_or("a URL")?;
        let (servers, name) = rest.split_once('/').ok_or("the URL names no master")?;
        let servers = servers.split(',').map(|server| format!("redis://{server}")).collect();
        let mut client = SentinelClient::build(servers, name.to_owned(), None, SentinelServerType::Master)?;
        Admin::of(&client.async_get_client().await?).await
    }

    async fn store(&self, user: &User, config: RedisConfig) -> Result<RedisStore, BoxError> {
        Ok(RedisStore::from_url(&user.url(&self.0), config)?)
    }

    fn nobody() -> &'static str {
        "redis+sentinel://127.0.0.1:1,127.0.0.1:2/mymaster"
    }
}

/// A cluster.
#[cfg(feature = "cluster")]
pub(crate) struct Cluster(String);

#[cfg(feature = "cluster")]
impl Topology for Cluster {
    async fn start() -> Result<Self, BoxError> {
        url("SESSION_TEST_REDIS_CLUSTER_URL").map(Self)
    }

    async fn admin(&self) -> Result<Admin, BoxError> {
        use session_redis::redis::cluster::ClusterClient;

        let (_, servers) = self.0.split_once("://").ok_or("a URL")?;
        let servers = servers.split(',').map(|server| format!("redis://{server}"));
        Admin::of_cluster(&ClusterClient::new(servers)?).await
    }

    async fn store(&self, user: &User, config: RedisConfig) -> Result<RedisStore, BoxError> {
        Ok(RedisStore::from_url(&user.url(&self.0), config)?)
    }

    fn nobody() -> &'static str {
        "redis+cluster://127.0.0.1:1,127.0.0.1:2"
    }

    fn access() -> Vec<&'static str> {
        vec![ACCESS, super::CLUSTER_ACCESS]
    }
}

/// One server, over TLS, with a certificate of the tests' own.
#[cfg(feature = "tls")]
pub(crate) struct Tls {
    url: String,
    authority: Vec<u8>,
}

#[cfg(feature = "tls")]
impl Tls {
    fn client(&self, url: &str) -> Result<Client, BoxError> {
        use session_redis::redis::{IntoConnectionInfo, ProtocolVersion, TlsCertificates};

        // The store's own URLs choose the cryptography; here it is the app's to choose.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let info = url.into_connection_info()?;
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let certificates = TlsCertificates { client_tls: None, root_cert: Some(self.authority.clone()) };
        Ok(Client::build_with_tls(info.set_redis_settings(settings), certificates)?)
    }
}

#[cfg(feature = "tls")]
impl Topology for Tls {
    async fn start() -> Result<Self, BoxError> {
        let authority = std::fs::read(url("SESSION_TEST_REDIS_TLS_AUTHORITY")?)?;
        Ok(Self { url: url("SESSION_TEST_REDIS_TLS_URL")?, authority })
    }

    async fn admin(&self) -> Result<Admin, BoxError> {
        Admin::of(&self.client(&self.url)?).await
    }

    async fn store(&self, user: &User, config: RedisConfig) -> Result<RedisStore, BoxError> {
        Ok(RedisStore::from_client(self.client(&user.url(&self.url))?, config)?)
    }

    fn nobody() -> &'static str {
        "rediss://127.0.0.1:1"
    }
}
