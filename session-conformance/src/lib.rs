#![doc = include_str!("../README.md")]
// On docs.rs each item says which feature it is behind.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod case;
mod check;
mod clause;
mod clauses;
mod draw;
mod erased;
mod faulty;
mod handle;
mod harness;
mod history;
pub mod http;
mod leak;
mod log;
mod moves;
mod race;
mod recorded;
mod runner;
#[cfg(all(unix, feature = "servers"))]
pub mod servers;
mod show;
mod spec;
mod suite;
mod trace;
mod world;

pub use check::Failure;
pub use clause::{CLAUSES, Capability, Clause, Group};
pub use faulty::{FaultRates, FaultyStore};
pub use harness::{Corruption, Harness};
pub use runner::{Outcome, run};
pub use session_core;
pub use session_core::async_trait;
#[doc(hidden)]
pub use suite::__test;
