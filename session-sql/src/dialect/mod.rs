//! What the databases differ in: one file for each, and the trait that says what a store needs of one.
//!
//! What they agree on is elsewhere: the verbs' SQL in `statements.rs`, `init` in `schema/`, what a failed statement means
//! in `retry.rs`.

mod backend; // what a store needs of a database
#[cfg(all(test, feature = "postgres"))]
mod distributed; // whether PostgreSQL's SQL is within what CockroachDB and YugabyteDB take
mod driver; // the parts of it that work on connections
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod pooler; // whether what stands before PostgreSQL keeps statements apart
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod value; // what goes into a statement, and what comes out

#[cfg(test)]
pub(crate) use backend::Backend;
pub use backend::Dialect;
pub(crate) use value::{Fetched, Value};
