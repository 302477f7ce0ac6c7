//! A correct store in memory, harnesses for it, and faults to put into it.

#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test binary uses what it needs")]

mod calls;
mod fault;
mod memory;

use std::sync::Arc;

pub use calls::{Found, KeyCall, Listed, PageCall, PutCall, PutResult, SweepCall, TouchCall};
pub use fault::{Fault, Faulty, NARROW, PASSWORD, gap};
pub use memory::{Memory, Rows, limits};
use session_conformance::session_core::{BoxError, Limits, SessionKey, SessionStore};
use session_conformance::{Corruption, Harness, Interruption};

/// Gives the correct store, with all capabilities and a limit.
#[derive(Debug)]
pub struct Correct(Arc<Memory>);

impl Harness for Correct {
    async fn start() -> Result<Self, BoxError> {
        Ok(Self(Arc::default()))
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        self.0.clone()
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.0.clone())
    }

    fn limits(&self) -> Limits {
        limits()
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        self.0.damage(key);
        Ok(Corruption::Planted)
    }

    async fn interrupt(&self) -> Result<Interruption, BoxError> {
        self.0.notifier.lost();
        self.0.notifier.resumed();
        Ok(Interruption::Broken)
    }

    /// What is kept in memory has no form that could change, so the version before is the same.
    async fn previous(&self) -> Result<Option<Arc<dyn SessionStore>>, BoxError> {
        Ok(Some(self.0.clone()))
    }
}
