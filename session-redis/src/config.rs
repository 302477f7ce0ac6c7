//! How a store is set up.

use std::time::Duration;

use session_core::Eviction;

use crate::error::BuildError;
use crate::keys::Keys;
use crate::link::Timeouts;

/// Redis takes strings of 512 MiB; the head and the longest owner need some of it.
const MOST_PAYLOAD: usize = (512 << 20) - 1_024;

/// The settings of a [`RedisStore`](crate::RedisStore). The default is the prefix `session`, payloads of 1 MiB at most,
/// two connections, 2 seconds to connect, 1 second for an answer, and one retry of a read.
///
/// ```
/// use std::time::Duration;
/// use session_redis::RedisConfig;
///
/// let config = RedisConfig::default()
///     .with_prefix("shop:session")
///     .with_max_payload(64 * 1024)
///     .with_response_timeout(Duration::from_millis(250));
/// assert_eq!(config.prefix, "shop:session");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RedisConfig {
    /// What the names of all keys begin with; a colon follows. Two apps on one server need two.
    pub prefix: String,
    /// The most bytes a payload may have. A script that writes a long one keeps everybody else waiting.
    pub max_payload: usize,
    /// How many connections there are to one server, or to the master that Sentinels name; commands take them by
    /// turns. On a cluster, and on a connection of the caller's, it does not matter.
    pub connections: usize,
    /// How long it may take to make a connection.
    pub connect_timeout: Duration,
    /// How long the answer to one command may take.
    pub response_timeout: Duration,
    /// How often a read is sent again if its connection is lost meanwhile. A write never is, unless it surely was not
    /// carried out: that is the core's to decide.
    pub read_retries: u32,
    /// What the server may do when its memory is full. It is looked at by `init`.
    pub eviction: Eviction,
}

impl RedisConfig {
    /// Sets what the names of all keys begin with: 1 to 64 ASCII letters, digits, or `-`, `_`, `.`, `:`.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the most bytes a payload may have. A `put` beyond it fails with `TooLarge`.
    #[must_use]
    pub fn with_max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Sets how many connections there are, at least 1. Two keep both the server and this process at work; a third adds
    /// little.
    #[must_use]
    pub fn with_connections(mut self, connections: usize) -> Self {
        self.connections = connections;
        self
    }

    /// Sets how long it may take to make a connection.
    #[must_use]
    pub fn with_connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets how long the answer to one command may take.
    #[must_use]
    pub fn with_response_timeout(mut self, limit: Duration) -> Self {
        self.response_timeout = limit;
        self
    }

    /// Sets how often a read is sent again if its connection is lost meanwhile; 0 for never.
    #[must_use]
    pub fn with_read_retries(mut self, times: u32) -> Self {
        self.read_retries = times;
        self
    }

    /// Allows the server to drop sessions when its memory is full, and owners' indexes with them, so that a session
    /// may be missing from its owner's list. Without this `init` refuses a server that would.
    #[must_use]
    pub fn with_eviction(mut self, eviction: Eviction) -> Self {
        self.eviction = eviction;
        self
    }

    pub(crate) fn check(&self) -> Result<Keys, BuildError> {
        let durations = [("connect_timeout", self.connect_timeout), ("response_timeout", self.response_timeout)];
        if let Some((setting, _)) = durations.into_iter().find(|(_, it)| it.is_zero()) {
            return Err(BuildError::Zero { setting });
        }
        if self.max_payload > MOST_PAYLOAD {
            return Err(BuildError::MaxPayload { limit: MOST_PAYLOAD });
        }
        Keys::new(&self.prefix)
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts { connect: self.connect_timeout, response: self.response_timeout }
    }
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            prefix: "session".to_owned(),
            max_payload: 1 << 20,
            connections: 2,
            connect_timeout: Duration::from_secs(2),
            response_timeout: Duration::from_secs(1),
            read_retries: 1,
            eviction: Eviction::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_work_is_refused() {
        let config = RedisConfig::default;
        assert!(config().check().is_ok());
        assert!(matches!(config().with_prefix("{a}").check(), Err(BuildError::Prefix)));
        assert!(matches!(config().with_max_payload(1 << 30).check(), Err(BuildError::MaxPayload { .. })));
        let zero = config().with_response_timeout(Duration::ZERO).check();
        assert!(matches!(zero, Err(BuildError::Zero { setting: "response_timeout" })));
        let zero = config().with_connect_timeout(Duration::ZERO).check();
        assert!(matches!(zero, Err(BuildError::Zero { setting: "connect_timeout" })));
    }
}
