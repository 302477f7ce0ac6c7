//! Removes expired sessions in the background.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep};

use crate::engine::{Backend, EventKind, SessionError, Sessions};
use crate::store::{RandomSource, draw};

/// How many records are removed first, before it is known how long that takes.
const FIRST_BATCH: NonZeroUsize = NonZeroUsize::new(100).expect("not zero");

/// How long a batch should take.
const BATCH_TIME: Duration = Duration::from_millis(5);

/// How often and how gently expired sessions are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SweeperConfig {
    /// How long between two sweeps, give or take a tenth so that servers do not sweep in step. A minute; at least a second.
    pub interval: Duration,
    /// How many records are removed at once, at most: fewer where that takes longer than some milliseconds, for which a
    /// store with one writer lets nobody else write. 1,000.
    pub batch: NonZeroUsize,
    /// How many times as long as a batch took is paused after it, so that requests pass. 4: a sweep of much that has
    /// expired takes a fifth of the time. 0 pauses never.
    pub pauses: u32,
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
            pauses: 4,
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

    /// Sets how many records are removed at once, at most.
    #[must_use]
    pub fn with_batch(mut self, batch: NonZeroUsize) -> Self {
        self.batch = batch;
        self
    }

    /// Sets how many times as long as a batch took is paused after it.
    #[must_use]
    pub fn with_pauses(mut self, pauses: u32) -> Self {
        self.pauses = pauses;
        self
    }

    /// Sets how long after its deadline a record is removed.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }
}

/// The task that removes expired sessions from time to time, until this is dropped.
///
/// A sweep that fails is logged, and the next one comes all the same.
///
/// ```
/// # use session_core::{Sessions, SweeperConfig};
/// # fn run(sessions: &Sessions) {
/// // Kept as long as the server runs; `let _ =` would stop it at once.
/// let _sweeper = sessions.start_sweeper(SweeperConfig::default());
/// # }
/// ```
#[derive(Debug)]
#[must_use = "it stops when it is dropped: bind it, `let _sweeper = …`, for as long as the server runs"]
pub struct Sweeper(Option<JoinHandle<()>>);

/// To remove what has expired.
impl Sessions {
    /// Starts to remove expired sessions in the background, on the current tokio runtime.
    ///
    /// A store that reclaims by itself needs no sweeper; then this does nothing, so an app can change its
    /// store without changing its code.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start_sweeper(&self, config: SweeperConfig) -> Sweeper {
        let sessions = self.clone();
        let needed = self.store().sweep().is_some();
        if needed {
            self.swept_until_now();
        }
        Sweeper(needed.then(|| tokio::spawn(async move { sessions.sweep_forever(config).await })))
    }

    /// Removes from the store what expired some minutes ago and more, and tells how many records that were; 0
    /// if the store reclaims by itself. A [`Sweeper`] does it regularly.
    ///
    /// Each batch has the operation's deadline. Unlike a sweeper it pauses nowhere.
    ///
    /// # Errors
    /// `Store` or `Timeout` as the store fails.
    pub async fn sweep(&self) -> Result<u64, SessionError> {
        self.sweep_with(SweeperConfig::default().with_pauses(0)).await
    }

    #[cfg(feature = "metrics")]
    fn swept_until_now(&self) {
        self.engine().observer.swept_until(self.engine().now());
    }

    #[cfg(not(feature = "metrics"))]
    fn swept_until_now(&self) {}

    async fn sweep_forever(&self, config: SweeperConfig) {
        loop {
            sleep(jitter(config.interval, &*self.engine().random)).await;
            // A task of its own, so that a store that panics ends this sweep alone; aborted with this one.
            let sessions = self.clone();
            let mut sweep = JoinSet::new();
            sweep.spawn(async move { sessions.sweep_with(config).await });
            match sweep.join_next().await {
                // What failed was told; the next one tries again.
                Some(Ok(_)) | None => {}
                Some(Err(_)) => self.engine().tell(EventKind::SweepPanicked, None, None),
            }
        }
    }

    /// Removes what expired more than the grace ago, batch by batch.
    async fn sweep_with(&self, config: SweeperConfig) -> Result<u64, SessionError> {
        let engine = self.engine();
        let before = engine.now() - config.grace;
        let mut removed = 0;
        let mut limit = config.batch.min(FIRST_BATCH);
        loop {
            let began = Instant::now();
            let batch = Backend::new(engine, &engine.deadline()).sweep(before, limit).await?;
            removed += batch;
            if batch == 0 {
                self.swept_until_now();
                return Ok(removed);
            }
            let took = began.elapsed();
            engine.tell(EventKind::Swept { removed: batch }, None, None);
            limit = next_batch(limit, took).min(config.batch);
            // Requests come first.
            tokio::task::yield_now().await;
            sleep(took.saturating_mul(config.pauses)).await;
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Says how many records are removed at once after `limit` of them took so long.
fn next_batch(limit: NonZeroUsize, took: Duration) -> NonZeroUsize {
    // Not at once: a batch may have waited for somebody.
    let factor = (BATCH_TIME.as_secs_f64() / took.as_secs_f64()).clamp(0.5, 2.0);
    NonZeroUsize::new((limit.get() as f64 * factor).ceil() as usize).unwrap_or(NonZeroUsize::MIN)
}

/// Gives nine to eleven tenths of `interval`, a second at least and a year at most.
fn jitter(interval: Duration, random: &dyn RandomSource) -> Duration {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    let part = draw(random).map_or(0.5, |bytes| f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX));
    interval.clamp(Duration::from_secs(1), YEAR).mul_f64(0.9 + part / 5.0)
}
