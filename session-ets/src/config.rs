//! How a table is set up.

use std::sync::Arc;

use session_core::Clock;

use crate::clock::CoarseClock;

/// The settings of a [`Table`](crate::Table). The default has no limits, and the [`CoarseClock`].
///
/// ```
/// use session_ets::session_core::{ManualClock, Timestamp};
/// use session_ets::{Table, TableConfig};
///
/// let config = TableConfig::default()
///     .with_capacity(100_000)
///     .with_max_payload(64 * 1024)
///     .with_clock(ManualClock::new(Timestamp::MIN));
/// assert_eq!(Table::private_with(config).info().capacity, Some(100_000));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TableConfig {
    /// The most rows the table holds; `None` if only memory limits it.
    pub capacity: Option<usize>,
    /// The most bytes a payload may have; `None` if only memory limits it.
    pub max_payload: Option<usize>,
    /// Where the rows' timestamps come from. No verb of the store judges by it.
    pub clock: Arc<dyn Clock>,
}

impl TableConfig {
    /// Sets the most rows the table holds. A `Create` beyond it fails with `Full`: nothing is ever
    /// evicted to make room.
    #[must_use]
    pub fn with_capacity(mut self, rows: usize) -> Self {
        self.capacity = Some(rows);
        self
    }

    /// Sets the most bytes a payload may have. A `put` beyond it fails with `TooLarge`.
    #[must_use]
    pub fn with_max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = Some(bytes);
        self
    }

    /// Sets where the rows' timestamps come from.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl Default for TableConfig {
    fn default() -> Self {
        Self { capacity: None, max_payload: None, clock: Arc::new(CoarseClock) }
    }
}
