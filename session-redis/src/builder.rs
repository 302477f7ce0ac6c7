//! How a store is made.

use std::num::NonZeroUsize;
use std::sync::Arc;

use redis::Client;
use redis::aio::ConnectionLike;
use session_core::{SessionStore, StoreError};

#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::config::RedisConfig;
use crate::error::BuildError;
use crate::feed::Feed;
use crate::keys::Keys;
use crate::link::Target;
use crate::links::Links;
use crate::store::{Inner, RedisStore};
use crate::url::{self, Topology};
use crate::wire::{Route, Wire};

impl RedisStore {
    /// Connects to the server that the URL names, and checks that it can keep sessions.
    ///
    /// # Errors
    /// `Misconfigured` if the URL cannot be read or the server cannot keep sessions as it is set up; `Unavailable` or
    /// `Timeout` if it does not answer.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with(url, RedisConfig::default()).await
    }

    /// Connects as [`connect`](Self::connect) does, with these settings.
    ///
    /// # Errors
    /// As `connect`, and `Misconfigured` if a setting cannot work.
    pub async fn connect_with(url: &str, config: RedisConfig) -> Result<Self, StoreError> {
        let store = Self::from_url(url, config)?;
        store.init().await?;
        Ok(store)
    }

    /// Creates a store of a URL. It connects when it is first used, or by `init`.
    ///
    /// ```
    /// use session_redis::{BuildError, RedisConfig, RedisStore};
    ///
    /// let store = RedisStore::from_url("redis://user:secret@127.0.0.1:6379/0", RedisConfig::default())?;
    /// assert!(!format!("{store:?}").contains("secret"));
    ///
    /// let error = RedisStore::from_url("http://127.0.0.1", RedisConfig::default()).unwrap_err();
    /// assert!(error.to_string().contains("redis://"));
    /// # Ok::<(), BuildError>(())
    /// ```
    ///
    /// # Errors
    /// [`BuildError`] if the URL cannot be read, asks for a feature that is off, or a setting cannot work.
    pub fn from_url(url: &str, config: RedisConfig) -> Result<Self, BuildError> {
        let route = match url::topology(url)? {
            Topology::Single => links(Target::Server(Box::new(url::client(url)?)), &config)?,
            #[cfg(feature = "cluster")]
            Topology::Cluster => {
                let timeouts = config.timeouts();
                Route::Cluster(Cluster::new(url::cluster(url, timeouts)?, timeouts.connect))
            }
            #[cfg(feature = "sentinel")]
            Topology::Sentinel => links(sentinels(url::sentinel(url)?), &config)?,
            #[allow(unreachable_patterns, reason = "where both features are on")]
            _ => unreachable!("a topology whose feature is off is refused"),
        };
        Self::new(route, config)
    }

    /// Creates a store of a client of the caller's, for what a URL cannot say, such as certificates. The store makes
    /// its own connections, with the timeouts of `config`. Ask for RESP3 if the server speaks it, by which a lost
    /// connection is noticed at once.
    ///
    /// # Errors
    /// [`BuildError`] if a setting cannot work.
    pub fn from_client(client: Client, config: RedisConfig) -> Result<Self, BuildError> {
        let route = links(Target::Server(Box::new(client)), &config)?;
        Self::new(route, config)
    }

    /// Creates a store on a connection of the caller's to a single server, such as a `redis::aio::ConnectionManager`.
    /// Its timeouts and its reconnecting are the caller's; those of `config` do not matter.
    ///
    /// # Errors
    /// [`BuildError`] if a setting cannot work.
    pub fn from_connection<C>(connection: C, config: RedisConfig) -> Result<Self, BuildError>
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Self::new(Route::Own(Box::new(connection)), config)
    }

    /// Creates a store of Sentinels and a master's name, for what a URL cannot say, such as the Sentinels' own
    /// password.
    ///
    /// # Errors
    /// [`BuildError`] if a setting cannot work.
    #[cfg(feature = "sentinel")]
    pub fn from_sentinel(client: redis::sentinel::SentinelClient, config: RedisConfig) -> Result<Self, BuildError> {
        Self::new(links(sentinels(client), &config)?, config)
    }

    /// Creates a store of a cluster's client, for what a URL cannot say, such as certificates. Timeouts and retries are
    /// the client's own, but for the connect timeout of `config`, by which the cluster is found. It must not read from
    /// replicas: they lag behind, and a session would be found that was ended a moment ago.
    ///
    /// # Errors
    /// [`BuildError`] if a setting cannot work.
    #[cfg(feature = "cluster")]
    pub fn from_cluster(client: redis::cluster::ClusterClient, config: RedisConfig) -> Result<Self, BuildError> {
        Self::new(Route::Cluster(Cluster::new(client, config.connect_timeout)), config)
    }

    fn new(route: Route, config: RedisConfig) -> Result<Self, BuildError> {
        let keys = config.check()?;
        let feed = feed(&keys, &route);
        let wire = Wire::new(route, config.read_retries);
        Ok(Self { inner: Arc::new(Inner { wire, keys, config, feed }) })
    }
}

fn links(target: Target, config: &RedisConfig) -> Result<Route, BuildError> {
    let count = NonZeroUsize::new(config.connections).ok_or(BuildError::Zero { setting: "connections" })?;
    Ok(Route::Links(Links::new(target, config.timeouts(), count)))
}

/// Makes what changes are told over, where there is one server, and it can push.
fn feed(keys: &Keys, route: &Route) -> Option<Feed> {
    match route {
        Route::Links(links) if links.speaks_resp3() => {
            let prefix = keys.records().to_owned();
            Some(Feed::new(keys.clone(), |listener| links.heard_by(listener, prefix)))
        }
        _ => None,
    }
}

#[cfg(feature = "sentinel")]
fn sentinels(client: redis::sentinel::SentinelClient) -> Target {
    Target::Sentinel(Arc::new(tokio::sync::Mutex::new(client)))
}
