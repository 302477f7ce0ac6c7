//! Removes expired sessions in the background.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::error::StoreError;
use crate::random::{RandomSource, draw};
use crate::sessions::Sessions;
use crate::store::SessionStore;

/// Says how often and how gently expired sessions are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweeperConfig {
    /// How long between two sweeps, give or take a tenth so that servers do not sweep in step. A minute.
    pub interval: Duration,
    /// How many records are removed at once. 1,000.
    pub batch: NonZeroUsize,
    /// How long after its deadline a record is removed. Five minutes, so that a server whose clock is fast
    /// does not remove what lives by everybody else's. It costs room, never safety: what has expired is
    /// judged absent whether it is there or not.
    pub grace: Duration,
}

impl Default for SweeperConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(60),
            batch: NonZeroUsize::new(1_000).expect("not zero"),
            grace: Duration::from_secs(5 * 60),
        }
    }
}

impl SweeperConfig {
    /// Sets how long between two sweeps.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Sets how many records are removed at once.
    #[must_use]
    pub fn with_batch(mut self, batch: NonZeroUsize) -> Self {
        self.batch = batch;
        self
    }

    /// Sets how long after its deadline a record is removed.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

/// Removes expired sessions from time to time, until it is dropped.
///
/// A sweep that fails is logged, and the next one comes all the same.
#[derive(Debug)]
#[must_use = "it stops when it is dropped"]
pub struct Sweeper(Option<JoinHandle<()>>);

impl Sessions {
    /// Starts to remove expired sessions in the background, on the current tokio runtime.
    ///
    /// A store that reclaims by itself needs no sweeper; then this does nothing, so an app can change its
    /// store without changing its code.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start_sweeper(&self, config: SweeperConfig) -> Sweeper {
        let store = self.store_arc();
        if store.sweep().is_none() {
            return Sweeper(None);
        }
        let (clock, random) = (self.clock(), self.random_arc());
        Sweeper(Some(tokio::spawn(run(store, clock, random, config))))
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

async fn run(
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn RandomSource>,
    config: SweeperConfig,
) {
    loop {
        sleep(jitter(config.interval, &*random)).await;
        match sweep(&*store, &*clock, config).await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "expired sessions removed"),
            Err(error) => tracing::warn!(%error, "sweep failed; the next one tries again"),
        }
    }
}

async fn sweep(store: &dyn SessionStore, clock: &dyn Clock, config: SweeperConfig) -> Result<u64, StoreError> {
    let Some(sweep) = store.sweep() else { return Ok(0) };
    let before = clock.now() - config.grace;
    let mut removed = 0;
    loop {
        let batch = sweep.delete_expired(before, config.batch).await?;
        removed += batch;
        if batch == 0 {
            return Ok(removed);
        }
        // Requests come first.
        tokio::task::yield_now().await;
    }
}

/// Gives nine to eleven tenths of `interval`.
fn jitter(interval: Duration, random: &dyn RandomSource) -> Duration {
    let part = draw(random).map_or(0.5, |bytes| f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX));
    interval.mul_f64(0.9 + part / 5.0)
}
