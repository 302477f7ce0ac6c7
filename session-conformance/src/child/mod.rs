//! A store in a process of its own, which a test can kill: for FLT-8, where the backend is no server.
//!
//! An embedded database lives in the process of the store, so a crash of it is the death of that process. The test's own
//! program is that process, too: a test that is else ignored opens the store and serves it, and the suite is given
//! [handles](Child::handle), which ask it through a socket. Say how it is opened ([`OnDisk`]), and [`Killed`] is the harness:
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use session_conformance::child::{Killed, OnDisk};
//! use session_conformance::session_core::{BoxError, SessionStore};
//! use session_conformance::{Clause, run};
//!
//! struct MyStore;
//!
//! impl OnDisk for MyStore {
//!     const SERVED_BY: &'static str = "serves_a_file";
//!
//!     fn open(path: &Path) -> Result<Arc<dyn SessionStore>, BoxError> {
//!         # fn open(_: &Path) -> Result<Arc<dyn SessionStore>, BoxError> { unreachable!() }
//!         open(path)
//!     }
//! }
//!
//! # const _: &str = stringify! {
//! #[tokio::test]
//! #[ignore = "the process that another test kills"]
//! # };
//! async fn serves_a_file() -> Result<(), BoxError> {
//!     MyStore::serve().await
//! }
//!
//! # const _: &str = stringify! {
//! #[test]
//! # };
//! fn no_acknowledged_write_is_lost() {
//!     run::<Killed<MyStore>>(Clause::FLT_8, &[]).assert_passed();
//! }
//! ```
//!
//! A store that is not opened from a path has a harness of its own, of a [`Child`] and [`serve`].
//!
//! # Limits
//!
//! - The process is killed, not the machine: what it had handed to the system comes to the disk all the same. So this shows
//!   that a store acknowledges nothing that is in its own memory alone, and leaves no half; whether it waits for the disk it
//!   does not show.
//! - All handles ask one store in one process. [`Watch`](session_core::Watch) does not come through the socket.

mod on_disk; // the harness of a store that keeps its records on disk
mod process; // starts it, kills it, and starts it again
mod serve; // what it does
mod store; // the store as the suite's process has it
mod wire; // what they say to each other

pub use on_disk::{Killed, OnDisk};
pub use process::Child;
pub use serve::serve;
pub use store::ChildStore;
