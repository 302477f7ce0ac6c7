//! Whoever looks after a server, and talks to it past the store.

use std::time::Duration;

#[cfg(feature = "sentinel")]
use redis::IntoConnectionInfo;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue};
use session_redis::redis;
use session_redis::session_core::BoxError;

/// May do everything. What is for all nodes of a cluster goes to all.
#[derive(Clone)]
pub(crate) enum Admin {
    One(MultiplexedConnection),
    #[cfg(feature = "cluster")]
    Cluster(redis::cluster_async::ClusterConnection),
}

impl Admin {
    pub(crate) async fn of(client: &Client) -> Result<Self, BoxError> {
        // Longer than the library's half a second, for a machine that runs all tests at once.
        let patience = Some(Duration::from_secs(20));
        let patient = AsyncConnectionConfig::new().set_connection_timeout(patience).set_response_timeout(patience);
        Ok(Self::One(client.get_multiplexed_async_connection_with_config(&patient).await?))
    }

    #[cfg(feature = "sentinel")]
    pub(crate) async fn of_master(url: &str) -> Result<Self, BoxError> {
        use redis::sentinel::{SentinelClient, SentinelNodeConnectionInfo, SentinelServerType};

        let (user, servers) = parts(url)?;
        let (servers, name) = servers.split_once('/').ok_or("the URL names no master")?;
        let node = format!("redis://{user}127.0.0.1").into_connection_info()?;
        let node = SentinelNodeConnectionInfo::default().set_redis_connection_info(node.redis_settings().clone());
        let servers = servers.split(',').map(|server| format!("redis://{server}")).collect();
        let mut client = SentinelClient::build(servers, String::from(name), Some(node), SentinelServerType::Master)?;
        Self::of(&client.async_get_client().await?).await
    }

    #[cfg(feature = "cluster")]
    pub(crate) async fn of_cluster(url: &str) -> Result<Self, BoxError> {
        let (user, servers) = parts(url)?;
        let servers = servers.split(',').map(|server| format!("redis://{user}{server}"));
        Ok(Self::Cluster(redis::cluster::ClusterClient::new(servers)?.get_async_connection().await?))
    }

    pub(crate) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, BoxError> {
        match self {
            Self::One(connection) => Ok(command.query_async(&mut connection.clone()).await?),
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => Ok(command.query_async(&mut connection.clone()).await?),
        }
    }
}

/// Takes a URL apart into user and password with their `@`, and what follows.
#[cfg(any(feature = "sentinel", feature = "cluster"))]
fn parts(url: &str) -> Result<(&str, &str), BoxError> {
    let (_, rest) = url.split_once("://").ok_or("a URL has a scheme")?;
    Ok(rest.rfind('@').map_or(("", rest), |at| rest.split_at(at + 1)))
}
