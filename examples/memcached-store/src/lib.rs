//! Keeps sessions in memcached.
//!
//! ```no_run
//! use memcached_store::session_core::Sessions;
//! use memcached_store::{MemcachedConfig, MemcachedStore};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let config = MemcachedConfig::from_url("memcached://127.0.0.1:11211")?.with_prefix("shop:");
//! let sessions = Sessions::builder(MemcachedStore::new(config)?).build()?;
//! sessions.init().await?; // connects, and refuses a memcached that cannot keep sessions
//! # Ok(())
//! # }
//! ```
//!
//! memcached is a cache: it may evict a session to make room for another, and forgets all of them when it is
//! restarted. The README lists every limit, and tells how to write a store of your own after this one.

pub mod config;
pub mod error;
pub mod store;

mod codec; // records as memcached's values
mod expiry; // deadlines as memcached's times
mod settings; // whether the server can serve as it is set up

pub use config::MemcachedConfig;
pub use error::{ConfigError, MemcachedError};
pub use session_core;
pub use store::MemcachedStore;
