//! Whoever looks after a server, and talks to it past the store.

use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, FromRedisValue};
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
        Ok(Self::One(client.get_multiplexed_async_connection().await?))
    }

    #[cfg(feature = "cluster")]
    pub(crate) async fn of_cluster(client: &redis::cluster::ClusterClient) -> Result<Self, BoxError> {
        Ok(Self::Cluster(client.get_async_connection().await?))
    }

    pub(crate) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, BoxError> {
        match self {
            Self::One(connection) => Ok(command.query_async(&mut connection.clone()).await?),
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => Ok(command.query_async(&mut connection.clone()).await?),
        }
    }
}
