#![doc = include_str!("../README.md")]
// On docs.rs each item says which feature it is behind.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod clock;
pub mod config;
pub mod error;
pub mod file;
pub mod row;
pub mod store;
pub mod table;

mod cursor; // places in a walk
mod hash; // a key is its own hash
mod index; // which row is due when, and whose it is
#[cfg(feature = "metrics")]
mod metrics; // a figure
mod names; // tables by name
mod usage; // what a table holds, and when it is full
mod walk; // sweep, owners, scan

#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(test)]
mod replay; // what fuzzing found, on any toolchain

pub use clock::CoarseClock;
pub use config::TableConfig;
pub use error::{EtsError, FileError};
pub use file::Loaded;
pub use row::{Row, Rows};
pub use session_core;
pub use store::EtsStore;
pub use table::{Table, TableInfo};
