//! Keeps sessions in a file, by redb: embedded, durable, and without SQL.
//!
//! ```
//! use redb_store::RedbStore;
//! use redb_store::session_core::Sessions;
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("sessions.redb");
//! let store = RedbStore::open(&path)?;
//! let sessions = Sessions::builder(store).build()?;
//! sessions.init().await?; // makes the tables, and refuses those of a later version
//! # Ok(())
//! # }
//! # tokio::runtime::Runtime::new().unwrap().block_on(start()).unwrap();
//! ```
//!
//! A session that was acknowledged is on the disk, and a restart loses none. One process at a time has the file. The README
//! lists every limit, and tells how to write a store on a backend that blocks after this one.

pub mod error;
pub mod store;

mod codec; // records as redb's values
mod tables; // what is in the file, and how it changes together

pub use error::RedbError;
pub use redb;
pub use session_core;
pub use store::RedbStore;
