//! How a store is made.

use redis::aio::ConnectionLike;
use redis::{Client, IntoConnectionInfo, ProtocolVersion};
use session_core::{SessionStore, StoreError};
use std::sync::Arc;

use crate::config::RedisConfig;
use crate::error::BuildError;
use crate::link::{Link, Target};
use crate::store::{Inner, RedisStore};
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

    /// Makes a store of a URL. It connects when it is first used, or by `init`.
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
    /// [`BuildError`] if the URL cannot be read, or a setting cannot work.
    pub fn from_url(url: &str, config: RedisConfig) -> Result<Self, BuildError> {
        let route = Route::Link(Link::new(Target::Server(single(url)?), config.timeouts()));
        Self::new(route, config)
    }

    /// Makes a store of a client of the caller's, for what a URL cannot say, such as certificates. The store makes
    /// its own connection, with the timeouts of `config`. Ask for RESP3 if the server speaks it, by which a lost
    /// connection is noticed at once.
    ///
    /// # Errors
    /// [`BuildError`] if a setting cannot work.
    pub fn from_client(client: Client, config: RedisConfig) -> Result<Self, BuildError> {
        let route = Route::Link(Link::new(Target::Server(client), config.timeouts()));
        Self::new(route, config)
    }

    /// Makes a store on a connection of the caller's to a single server, such as a `redis::aio::ConnectionManager`. Its
    /// timeouts and its reconnecting are the caller's; those of `config` do not matter.
    ///
    /// # Errors
    /// [`BuildError`] if a setting cannot work.
    pub fn from_connection<C>(connection: C, config: RedisConfig) -> Result<Self, BuildError>
    where
        C: ConnectionLike + Clone + Send + Sync + 'static,
    {
        Self::new(Route::Own(Box::new(connection)), config)
    }

    fn new(route: Route, config: RedisConfig) -> Result<Self, BuildError> {
        let keys = config.check()?;
        let wire = Wire::new(route, config.read_retries);
        Ok(Self { inner: Arc::new(Inner { wire, keys, config }) })
    }
}

/// Reads the URL of a single server. RESP3 is asked for unless the URL says which protocol to speak.
fn single(url: &str) -> Result<Client, BuildError> {
    let Some(parsed) = redis::parse_redis_url(url) else {
        return Err(BuildError::Url { reason: "it has to begin with redis://, rediss:// or unix://" });
    };
    if matches!(parsed.scheme(), "rediss" | "valkeys") && !cfg!(feature = "tls") {
        return Err(BuildError::Feature { feature: "tls" });
    }
    let says_protocol = parsed.query_pairs().any(|(name, _)| name == "protocol");
    // The library's own words quote no part of the URL but an unknown protocol.
    let reason = "host, port, database or parameters are none";
    let mut info = parsed.into_connection_info().map_err(|_| BuildError::Url { reason })?;
    if !says_protocol {
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        info = info.set_redis_settings(settings);
    }
    Client::open(info).map_err(|_| BuildError::Url { reason })
}
