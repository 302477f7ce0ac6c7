//! A store in a process of its own, which a test can kill: for FLT-8, where the backend is no server.
//!
//! An embedded database lives in the process of the store, so a crash of it is the death of that process. The test's own
//! program is that process, too: a test that is else ignored has the store and [serves](serve) it, and the suite is given
//! [handles](Child::handle), which ask it through a socket.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use session_conformance::child::{self, Child};
//! use session_conformance::session_core::{BoxError, SessionStore};
//! use session_conformance::{Clause, Crash, Harness, Outcome, run};
//!
//! struct Killed { child: Child, folder: tempfile::TempDir }
//!
//! impl Harness for Killed {
//!     async fn start() -> Result<Self, BoxError> {
//!         let folder = tempfile::tempdir()?;
//!         let child = Child::start("serves_a_file", [("MY_FILE", folder.path().join("sessions"))]).await?;
//!         Ok(Self { child, folder })
//!     }
//!
//!     fn store(&self) -> Arc<dyn SessionStore> {
//!         Arc::new(self.child.handle())
//!     }
//!
//!     async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
//!         Ok(self.store())
//!     }
//!
//!     async fn crash(&self) -> Result<Crash, BoxError> {
//!         self.child.kill().await?;
//!         self.child.restart().await?;
//!         Ok(Crash::CameBack)
//!     }
//! }
//!
//! # const _: &str = stringify! {
//! #[tokio::test]
//! #[ignore = "the process that another test kills"]
//! # };
//! async fn serves_a_file() -> Result<(), BoxError> {
//!     child::serve(open(std::env::var("MY_FILE")?)).await
//! }
//!
//! # const _: &str = stringify! {
//! #[test]
//! # };
//! fn no_acknowledged_write_is_lost() {
//!     let outcome = run::<Killed>(Clause::FLT_8, &[]);
//!     assert!(matches!(outcome, Outcome::Passed), "{outcome:?}");
//! }
//! # fn open(_: String) -> Arc<dyn SessionStore> { unreachable!() }
//! ```
//!
//! # Limits
//!
//! - The process is killed, not the machine: what it had handed to the system comes to the disk all the same. So this shows
//!   that a store acknowledges nothing that is in its own memory alone, and leaves no half; whether it waits for the disk it
//!   does not show.
//! - All handles ask one store in one process. [`Watch`](session_core::Watch) does not come through the socket.

mod process; // starts it, kills it, and starts it again
mod serve; // what it does
mod store; // the store as the suite's process has it
mod wire; // what they say to each other

pub use process::Child;
pub use serve::serve;
pub use store::ChildStore;
