//! What the tests share: servers, and a user on them who may do what the crate's page lists and nothing else.
#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod admin;
pub(crate) mod harness;
pub(crate) mod proxy;
#[cfg(feature = "cluster")]
pub(crate) mod slots;
#[cfg(feature = "tls")]
pub(crate) mod tls;
pub(crate) mod topology;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::{Cmd, cmd};
use session_redis::redis;
use session_redis::session_core::{Bytes, Clock, Owner, Record, SessionId, SessionKey, SystemClock, Version};

/// What the crate's page grants; the page's own words are compared with it in `access.rs`.
pub(crate) const ACCESS: &str = "+get +mget +scan +eval +evalsha +getrange +exists +set +setrange +rename +del \
    +pexpireat +pexpire +pttl +zadd +zscore +zcard +zcount +zrem +zrangebyscore +time +info +client|tracking";

/// What it grants for another database than 0 besides.
pub(crate) const DATABASE_ACCESS: &str = "+select";

/// What it grants on a cluster besides.
pub(crate) const CLUSTER_ACCESS: &str = "+cluster|slots +ping";

/// Gives a name that no other test has.
pub(crate) fn unique(name: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let drawn = SessionId::random().expect("the system has randomness").key().encode();
    let text: String = drawn.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
    format!("{name}-{text}-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
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
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
}

impl User {
    pub(crate) fn new() -> Self {
        Self { name: unique("suite"), password: unique("secret-") }
    }

    /// Gives the command that makes the user.
    pub(crate) fn made_with(&self, access: &[&str]) -> Cmd {
        let mut command = cmd("ACL");
        command.arg("SETUSER").arg(&self.name).arg("reset").arg("on").arg(format!(">{}", self.password));
        command.arg(format!("~{}:*", self.name));
        for rule in access.iter().flat_map(|rules| rules.split_whitespace()) {
            command.arg(rule);
        }
        command
    }

    pub(crate) fn removed(&self) -> Cmd {
        let mut command = cmd("ACL");
        command.arg("DELUSER").arg(&self.name);
        command
    }

    /// Puts the user into a URL, in the place of whoever is in it.
    pub(crate) fn url(&self, url: &str) -> String {
        let (scheme, rest) = url.split_once("://").expect("a URL has a scheme");
        let servers = rest.rsplit_once('@').map_or(rest, |(_, servers)| servers);
        format!("{scheme}://{}:{}@{servers}", self.name, self.password)
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
        _ => "return redis.call('SETRANGE', KEYS[1], 1, 'T')",
    };
    command.arg(script).arg(1).arg(name);
    command
}

/// Gives the name of a record, as the crate's page says it is.
pub(crate) fn record_name(prefix: &str, key: &SessionKey) -> String {
    format!("{prefix}:s:{}", key.encode())
}

/// Draws a record that is live for two hours, of an owner if one is given.
pub(crate) fn record(owner: Option<&Owner>) -> Record {
    let now = SystemClock.now();
    Record {
        version: Version::random().expect("the system has randomness"),
        payload: Bytes::from(vec![b'x'; 200]),
        owner: owner.cloned(),
        created_at: now,
        last_seen_at: now,
        expires_at: now + Duration::from_secs(2 * 60 * 60),
    }
}

/// Draws a key.
pub(crate) fn key() -> SessionKey {
    SessionId::random().expect("the system has randomness").key()
}

/// Tries until it gives something, for as long as a slow machine may need.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ready: impl FnMut() -> F) -> T {
    let limit = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(value) = ready().await {
            return value;
        }
        assert!(tokio::time::Instant::now() < limit, "{what} did not come within a minute");
        tokio::task::yield_now().await;
    }
}
