#![doc = include_str!("../README.md")]
// On docs.rs each item says which feature it is behind.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(any(feature = "sqlite", feature = "postgres", feature = "mysql")),
    allow(dead_code, unused_imports, unused_macros, unused_variables, reason = "without a database nothing is used")
)]

pub mod config;
pub mod error;
pub mod store;

mod clock; // whether the clock here and the database's agree
mod cursor; // places in a walk
mod dialect; // what the databases differ in
mod fault; // how a statement fails
#[cfg(feature = "postgres")]
mod feed; // what PostgreSQL tells of ends
mod guard; // what keeps two statements apart
mod inline; // a statement with its values in it
mod kept; // connections that stay at hand
mod loan; // a connection that is lent, and asked if it comes back by itself
mod metrics; // figures of the connections
mod opening; // how another one is opened
mod pools; // where connections come from
mod retry; // what a failure means, and whether to try again
mod row; // what stands in a row
mod schema; // init: look, create, refuse
mod shelf; // where they lie, and who waits for one
mod statements; // the SQL of the verbs
mod url; // what a URL may not have
mod walk; // sweep, owners, scan

#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/backups.md")]
pub mod backups {}
#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/formats.md")]
pub mod formats {}

#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(test)]
mod replay; // what fuzzing found, on any toolchain

pub use config::{Durability, Ends, Identifier, ListenUrl, Logging, Preparing, SqlConfig};
pub use dialect::Dialect;
pub use error::{ConfigError, SchemaError, SqlError};
pub use schema::Found;
pub use session_core;
pub use sqlx;
pub use store::SqlStore;

#[cfg(feature = "mysql")]
pub use store::MySqlStore;
#[cfg(feature = "postgres")]
pub use store::PostgresStore;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
