//! What the tests share: servers, and a user on them who may do what the crate's page lists and nothing else.
#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::atomic::{AtomicU64, Ordering};

use redis::{Client, Cmd, ConnectionInfo, FromRedisValue, IntoConnectionInfo, cmd};
use session_redis::redis;
use session_redis::session_core::{BoxError, SessionId, SessionKey};

/// Stands in for the server module of the conformance crate, of the same shape.
pub(crate) struct Redis(String);

impl Redis {
    pub(crate) async fn start() -> Result<Self, BoxError> {
        let url = std::env::var("SESSION_TEST_REDIS_URL");
        url.map(Self).map_err(|_| "set SESSION_TEST_REDIS_URL to the URL of a Redis server".into())
    }

    pub(crate) fn url(&self) -> &str {
        &self.0
    }
}

/// What the crate's page grants; the README's own words are compared with it in `access.rs`.
pub(crate) const ACCESS: &str = "+get +mget +scan +eval +evalsha +getrange +exists +set +setrange +del \
    +pexpireat +pexpire +pttl +zadd +zscore +zcard +zcount +zrem +zrangebyscore +time +info";

/// Gives a name that no other test has.
pub(crate) fn unique(name: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let drawn = SessionId::random().expect("the system has randomness").key().encode();
    let text: String = drawn.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
    format!("{name}-{text}-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Talks to the server past the store, as its administrator.
#[derive(Clone)]
pub(crate) struct Admin(redis::aio::MultiplexedConnection);

impl Admin {
    pub(crate) async fn of(url: &str) -> Result<Self, BoxError> {
        Ok(Self(Client::open(url)?.get_multiplexed_async_connection().await?))
    }

    pub(crate) async fn run<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, BoxError> {
        Ok(command.query_async(&mut self.0.clone()).await?)
    }
}

/// Writes a command as one would type it.
pub(crate) fn command(words: &str) -> Cmd {
    let mut words = words.split_whitespace();
    let mut command = cmd(words.next().expect("a command"));
    for word in words {
        command.arg(word);
    }
    command
}

/// A user who may do what the page lists, under one prefix, and nothing else.
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
}

impl User {
    pub(crate) fn new(prefix: &str) -> Self {
        Self { name: prefix.to_owned(), password: unique("secret-") }
    }

    pub(crate) fn rules(&self) -> Cmd {
        let mut command = cmd("ACL");
        command.arg("SETUSER").arg(&self.name).arg("reset").arg("on").arg(format!(">{}", self.password));
        command.arg(format!("~{}:*", self.name));
        for rule in ACCESS.split_whitespace() {
            command.arg(rule);
        }
        command
    }

    /// Puts the user into a URL.
    pub(crate) fn url(&self, url: &str) -> String {
        let info: ConnectionInfo = url.into_connection_info().expect("a URL of the test's own");
        let scheme = url.split("://").next().expect("a URL has a scheme");
        format!("{scheme}://{}:{}@{}/{}", self.name, self.password, info.addr(), info.redis_settings().db())
    }
}

/// Puts something under a record's name that is no record: by the key, each time something else.
pub(crate) fn damage(name: &str, key: &SessionKey) -> Cmd {
    let mut command = cmd("EVAL");
    let script = match key.as_bytes()[0] % 5 {
        0 => "return redis.call('SET', KEYS[1], 'garbage', 'KEEPTTL')",
        1 => "return redis.call('SET', KEYS[1], '', 'KEEPTTL')",
        2 => "redis.call('DEL', KEYS[1]) return redis.call('RPUSH', KEYS[1], 'a', 'b')",
        3 => "return redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[1]), 1, 20), 'KEEPTTL')",
        _ => "return redis.call('SETRANGE', KEYS[1], 2, '\\9')",
    };
    command.arg(script).arg(1).arg(name);
    command
}

/// Gives the name of a record, as the crate's page says it is.
pub(crate) fn record_name(prefix: &str, key: &SessionKey) -> String {
    format!("{prefix}:s:{}", key.encode())
}
