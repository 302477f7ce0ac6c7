//! The clock of a table's rows.

use session_core::{Clock, Timestamp};

/// The system's time as of its last tick, some milliseconds ago at most. The default of a table.
///
/// A row's timestamp moves on every read, and a precise clock costs more than the read itself: the
/// processor has to finish all it has begun before it may look at the counter. The last tick just
/// stands in memory. Where the system offers no such clock, which is everywhere but on Linux, this is
/// the [`SystemClock`](session_core::SystemClock), and so it is for whoever asks for that by
/// [`with_clock`](crate::TableConfig::with_clock).
///
/// ```
/// use session_ets::CoarseClock;
/// use session_ets::session_core::{Clock, SystemClock};
/// use std::time::Duration;
///
/// assert!(SystemClock.now().since(CoarseClock.now()) < Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CoarseClock;

impl Clock for CoarseClock {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    fn now(&self) -> Timestamp {
        use rustix::time::{ClockId, clock_gettime};

        let time = clock_gettime(ClockId::RealtimeCoarse);
        // A clock set to before 1970 has negative seconds.
        let (seconds, nanos) = (u64::try_from(time.tv_sec).unwrap_or(0), u64::try_from(time.tv_nsec).unwrap_or(0));
        Timestamp::from_millis(seconds.saturating_mul(1_000).saturating_add(nanos / 1_000_000))
    }

    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    fn now(&self) -> Timestamp {
        session_core::SystemClock.now()
    }
}
