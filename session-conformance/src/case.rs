//! What one run of a clause works with.

use session_core::{BoxError, Timestamp};

use crate::check::{Check, works};
use crate::clause::Capability;
use crate::draw::Draw;
use crate::handle::Handle;
use crate::harness::Harness;
use crate::log::Log;

/// Holds one run of a clause: the harness, its store, and records to put there.
pub(crate) struct Case<H> {
    pub(crate) harness: H,
    pub(crate) store: Handle,
    pub(crate) draw: Draw,
    pub(crate) base: Timestamp,
    /// What the store was declared to do without.
    pub(crate) without: Vec<Capability>,
    log: Log,
}

impl<H: Harness> Case<H> {
    /// Sets a case up, without `init`.
    pub(crate) async fn start(without: Vec<Capability>, log: Log) -> Result<Self, BoxError> {
        let harness = H::start().await?;
        let base = harness.base_time();
        let store = Handle::new(harness.store(), base, "", log.clone());
        Ok(Self { store, draw: Draw::new(base)?, base, without, log, harness })
    }

    /// Gives a second handle on the backend, ready for use.
    pub(crate) async fn another_handle(&self) -> Check<Handle> {
        let handle = self.another_raw_handle().await?;
        handle.init().await?;
        Ok(handle)
    }

    /// Gives a second handle on the backend, without `init`.
    pub(crate) async fn another_raw_handle(&self) -> Check<Handle> {
        let store = works("another_handle of the harness", self.harness.another_handle().await)?;
        Ok(Handle::new(store, self.base, "second handle: ", self.log.clone()))
    }

    /// Gives the two handles in turn, for tasks that run at once: a lock inside one handle must not
    /// be what makes them agree.
    pub(crate) async fn handles(&self) -> Check<[Handle; 2]> {
        Ok([self.store.quiet(), self.another_handle().await?.quiet()])
    }

    /// Notes what many tasks are about to do.
    pub(crate) fn note(&self, step: impl Into<String>) {
        self.log.begin(step.into());
    }
}
