#![doc = include_str!("../README.md")]
// On docs.rs each item says which feature it is behind.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod check; // what a clause, or a step of one, comes to
mod clause; // the list of clauses, of which all else comes

mod erased; // the harness without its type
mod harness; // what a store brings to be checked

mod clauses; // one function each
mod model; // which answers are right
mod tools; // what the clauses work with

mod runner; // runs a clause under a watchdog
mod suite; // the macro that emits the tests

#[cfg(all(unix, feature = "child"))]
pub mod child; // a store in a process of its own, to be killed
mod faulty; // a store that fails at random
pub mod http; // the suite for web frameworks
#[cfg(all(unix, feature = "servers"))]
pub mod servers; // real servers, for tests
pub mod sockets; // how soon connections that wait see an end

pub use check::Failure;
pub use clause::{CLAUSES, Capability, Certainty, Clause, Group};
pub use faulty::{FaultRates, FaultyStore};
pub use harness::{Corruption, Crash, Harness, Interruption};
pub use runner::{Outcome, run};
pub use session_core;
pub use session_core::async_trait;
#[doc(hidden)]
pub use suite::__test;
