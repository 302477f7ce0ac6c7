#![doc = include_str!("../README.md")]
// On docs.rs each item says which feature it is behind.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod config;
pub mod error;
pub mod store;

mod builder; // how a store is made
#[cfg(feature = "cluster")]
mod cluster; // the way to a cluster
mod cursor; // places in a walk
mod feed; // what the server pushes of changes
mod info; // what a server says of itself
mod init; // whether the server is one that can keep sessions
mod keys; // what the keys in Redis are called
mod layout; // how a record stands in Redis
mod link; // one connection at a time, made anew when it is lost
mod links; // several of them, by turns
mod owners; // the index by owner
mod pages; // records for pages, which are bounded in bytes
mod scan; // all records
mod script; // what runs as one step on the server
mod url; // what a URL says
mod wire; // one command, over whatever the topology asks for

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
pub use redis;
pub use session_core;
pub use store::RedisStore;
