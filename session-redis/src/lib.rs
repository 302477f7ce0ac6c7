#![doc = include_str!("../README.md")]

pub mod config;
pub mod error;
pub mod store;

mod builder;
#[cfg(feature = "cluster")]
mod cluster;
mod cursor;
mod init;
mod keys;
mod layout;
mod link;
mod owners;
mod scan;
mod script;
mod url;
mod wire;

pub use config::RedisConfig;
pub use error::BuildError;
pub use redis;
pub use session_core;
pub use store::RedisStore;
