//! How a store is set up.

use std::num::NonZeroUsize;
use std::time::Duration;

use url::Url;

use crate::error::ConfigError;

/// What a key and a header take of an item at most, with memcached's own share (56 bytes).
pub(crate) const OVERHEAD: usize = 1024;

/// The longest prefix: memcached's keys have 250 bytes at most, and 43 of them are the session's.
const LONGEST_PREFIX: usize = 200;

/// Sets up a [`MemcachedStore`](crate::MemcachedStore).
///
/// ```
/// use memcached_store::MemcachedConfig;
///
/// let config = MemcachedConfig::from_url("memcached://cache.internal")?.with_prefix("shop:");
/// assert_eq!(config.address, "cache.internal:11211");
/// assert_eq!(config.max_payload, 1024 * 1024 - 1024);
/// # Ok::<(), memcached_store::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MemcachedConfig {
    /// Where memcached listens, as `host:port`. One server: see the README for why.
    pub address: String,
    /// What every key begins with, so that several apps can share a memcached.
    pub prefix: String,
    /// The most bytes a payload may have.
    pub max_payload: usize,
    /// How long it may take to connect, to get a free connection, and to be answered, each.
    pub timeout: Duration,
    /// The most connections to have open.
    pub connections: NonZeroUsize,
}

impl MemcachedConfig {
    /// Makes a configuration with the defaults: the prefix `session:`, memcached's own limit of one MiB for
    /// an item, a second, and 64 connections.
    ///
    /// # Errors
    /// [`ConfigError`] if the URL is not `memcached://host` or `memcached://host:port`.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        // What is wrong with it is said without quoting it: it might hold a password.
        let url = Url::parse(url).map_err(ConfigError::Url)?;
        if url.scheme() != "memcached" {
            return Err(ConfigError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(ConfigError::Password);
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(ConfigError::Excess);
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(ConfigError::NoHost)?;
        Ok(Self {
            address: format!("{host}:{}", url.port().unwrap_or(11211)),
            prefix: "session:".to_owned(),
            max_payload: 1024 * 1024 - OVERHEAD,
            timeout: Duration::from_secs(1),
            connections: NonZeroUsize::new(64).expect("64 is not zero"),
        })
    }

    /// Sets what every key begins with: up to 200 visible ASCII characters.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the most bytes a payload may have. An item takes a KiB more, and memcached's `-I` must allow it;
    /// [`init`](session_core::SessionStore::init) checks that.
    #[must_use]
    pub fn with_max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Sets how long it may take to connect, to get a free connection, and to be answered, each.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the most connections to have open. Whoever finds none free waits for one.
    #[must_use]
    pub fn with_connections(mut self, connections: NonZeroUsize) -> Self {
        self.connections = connections;
        self
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let visible = self.prefix.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && self.prefix.len() <= LONGEST_PREFIX { Ok(()) } else { Err(ConfigError::Prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_gives_host_and_port_and_may_leave_the_port_out() {
        let address = |url| MemcachedConfig::from_url(url).unwrap().address;
        assert_eq!(address("memcached://127.0.0.1:1234"), "127.0.0.1:1234");
        assert_eq!(address("memcached://cache/"), "cache:11211");
        assert_eq!(address("memcached://[::1]:1234"), "[::1]:1234");
    }

    #[test]
    fn what_a_url_says_in_vain_is_refused_without_being_quoted() {
        for url in [
            "redis://hunter2",
            "hunter2",
            "memcached://",
            "memcached:hunter2",
            "memcached://ann:hunter2@cache",
            "memcached://hunter2@cache",
            "memcached://cache/hunter2",
            "memcached://cache?password=hunter2",
            "memcached://cache#hunter2",
            "memcached://cache:hunter2",
        ] {
            let error = MemcachedConfig::from_url(url).expect_err(url);
            let shown = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[test]
    fn a_prefix_that_memcached_would_not_take_is_refused() {
        let config = MemcachedConfig::from_url("memcached://cache").unwrap();
        for (prefix, fine) in [("", true), ("shop:", true), (&*"x".repeat(200), true), (&*"x".repeat(201), false)] {
            assert_eq!(config.clone().with_prefix(prefix).check().is_ok(), fine, "{prefix}");
        }
        for prefix in ["a b", "a\r\nflush_all\r\n", "a\0", "é"] {
            assert!(matches!(config.clone().with_prefix(prefix).check(), Err(ConfigError::Prefix)), "{prefix:?}");
        }
    }
}
