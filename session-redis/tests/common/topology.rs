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

/// One server, with the near cache on.
#[cfg(feature = "near-cache")]
pub(crate) struct NearCache(Single);

#[cfg(feature = "near-cache")]
impl Topology for NearCache {
    async fn start() -> Result<Self, BoxError> {
        Single::start().await.map(Self)
    }

    async fn admin(&self) -> Result<Admin, BoxError> {
        self.0.admin().await
    }

    async fn store(&self, user: &User, config: RedisConfig) -> Result<RedisStore, BoxError> {
        let near = session_redis::NearCache::default().with_max_age(std::time::Duration::from_secs(60));
        self.0.store(user, config.with_near_cache(near)).await
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

/// One server, over TLS, with a certificate of the test's own.
#[cfg(feature = "tls")]
pub(crate) struct Tls {
    server: servers::Alone,
    url: String,
    authority: Vec<u8>,
    _folder: tempfile::TempDir,
}

#[cfg(feature = "tls")]
impl Tls {
    fn client(&self, url: &str) -> Result<Client, BoxError> {
        use session_redis::redis::{IntoConnectionInfo, ProtocolVersion, TlsCertificates};

        // For a URL the store chooses the cryptography; for a client it is the app's to choose.
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
        use std::os::unix::fs::PermissionsExt;

        let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let folder = tempfile::tempdir()?;
        // The server may run as another user.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755))?;
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        std::fs::write(path("certificate"), certified.cert.pem())?;
        std::fs::write(path("key"), certified.signing_key.serialize_pem())?;
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (port_text, certificate, key) = (port.to_string(), path("certificate"), path("key"));
        let arguments = ["--tls-port", &port_text, "--tls-cert-file", &certificate, "--tls-key-file", &key];
        let authority = ["--tls-ca-cert-file", &certificate, "--tls-auth-clients", "no"];
        let server = servers::Redis::alone(&[arguments.as_slice(), &authority].concat()).await?;
        let (plain, _) = server.url().rsplit_once('@').ok_or("a URL with a password")?;
        let url = format!("{}@localhost:{port}", plain.replace("redis://", "rediss://"));
        Ok(Self { server, url, authority: certified.cert.pem().into_bytes(), _folder: folder })
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
