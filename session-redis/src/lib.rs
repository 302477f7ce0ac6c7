#![doc = include_str!("../README.md")]
// On docs.rs each item says which feature it is behind.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod config;
pub mod error;
pub mod store;

mod builder;
#[cfg(feature = "cluster")]
mod cluster;
mod cursor;
mod info;
mod init;
mod keys;
mod layout;
mod link;
mod links;
#[cfg(feature = "near-cache")]
mod near;
mod owners;
mod scan;
mod script;
mod url;
mod wire;

#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/formats.md")]
pub mod formats {}

#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(test)]
mod replay; // what fuzzing found, on any toolchain

pub use config::RedisConfig;
pub use error::BuildError;
#[cfg(feature = "near-cache")]
pub use near::NearCache;
pub use redis;
pub use session_core;
pub use store::RedisStore;
