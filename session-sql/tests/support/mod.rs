//! What the tests share: a harness per database.

#![allow(dead_code, unused_imports, unused_macros, reason = "every test file uses some of it")]

pub(crate) mod bed;
pub(crate) mod given;
#[cfg(feature = "mysql")]
pub(crate) mod mysql;
#[cfg(feature = "mysql")]
pub(crate) mod mysql_plans;
#[cfg(feature = "postgres")]
pub(crate) mod name;
#[cfg(feature = "postgres")]
pub(crate) mod postgres;
#[cfg(feature = "postgres")]
pub(crate) mod splitter;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) mod servers;
