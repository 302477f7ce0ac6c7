//! What the tests share: records, and what can stand in memcached's way.

#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test binary uses what it needs")]

mod proxy;
mod raw;
mod scripted;

use std::time::Duration;

use memcached_store::session_core::{
    BoxError, Bytes, Clock, Owner, Record, SessionId, SessionKey, SystemClock, Timestamp, Version,
};
use memcached_store::{MemcachedConfig, MemcachedStore};

pub use proxy::{Proxy, Replies};
pub use raw::raw;
pub use scripted::Scripted;

pub const HOUR: Duration = Duration::from_secs(60 * 60);

/// Gives a configuration with a prefix that no other test has.
pub fn config(url: &str) -> Result<MemcachedConfig, BoxError> {
    Ok(MemcachedConfig::from_url(url)?.with_prefix(format!("test-{:016x}:", Version::random()?.as_u64())))
}

/// Gives a configuration for a server of the test's own.
pub fn config_of(address: &str) -> MemcachedConfig {
    config(&format!("memcached://{address}")).expect("an address makes a URL")
}

pub fn store(config: &MemcachedConfig) -> MemcachedStore {
    MemcachedStore::new(config.clone()).expect("the prefix is fine")
}

pub fn key() -> SessionKey {
    SessionId::random().expect("randomness").key()
}

/// Gives a record that ends so long after now.
pub fn record(payload: &'static str, ends_in: Duration) -> Record {
    let now = now();
    Record {
        version: Version::random().expect("randomness"),
        payload: Bytes::from_static(payload.as_bytes()),
        owner: Some(Owner::new("ann").expect("an owner")),
        created_at: now,
        last_seen_at: now,
        expires_at: now + ends_in,
    }
}

pub fn now() -> Timestamp {
    SystemClock.now()
}
