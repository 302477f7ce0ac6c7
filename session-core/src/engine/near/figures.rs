//! What is counted of the near cache, on the facade of the crate `metrics`; nothing without the feature.

#[cfg(feature = "metrics")]
use metrics::{Counter, Gauge, Unit, counter, describe_counter, describe_gauge, gauge};

/// Counts for one near cache. What it has kept it takes back when it is dropped, since others may have the same scope.
#[cfg(feature = "metrics")]
pub(super) struct Figures {
    hits: Counter,
    misses: Counter,
    evicted: Counter,
    lost: Counter,
    sessions: Gauge,
    bytes: Gauge,
    max_bytes: Gauge,
    most: f64,
}

#[cfg(not(feature = "metrics"))]
pub(super) struct Figures;

#[cfg(feature = "metrics")]
impl Figures {
    /// Begins the figures of the `Sessions` of that scope, or counts nowhere.
    pub(super) fn of(scope: Option<&str>, max_bytes: usize) -> Self {
        let Some(scope) = scope.map(str::to_owned) else { return Self::nowhere() };
        describe_counter!(
            "session_near_reads_total",
            Unit::Count,
            "Reads of a session that its near cache in this process may answer, by whether it did, a hit, or the store was \
             asked, a miss"
        );
        describe_counter!(
            "session_near_evicted_total",
            Unit::Count,
            "Sessions that this process no longer keeps near, since there was no room for them"
        );
        describe_counter!(
            "session_near_lost_total",
            Unit::Count,
            "How often this process could no longer hear what its session store tells, and dropped all that it kept near"
        );
        describe_gauge!("session_near_sessions", Unit::Count, "Sessions that this process keeps near now");
        describe_gauge!(
            "session_near_bytes",
            Unit::Bytes,
            "Memory that sessions take which this process keeps near, about"
        );
        describe_gauge!(
            "session_near_max_bytes",
            Unit::Bytes,
            "Memory that sessions which this process keeps near may take at most"
        );
        let reads = |result| counter!("session_near_reads_total", "scope" => scope.clone(), "result" => result);
        let figures = Self {
            hits: reads("hit"),
            misses: reads("miss"),
            evicted: counter!("session_near_evicted_total", "scope" => scope.clone()),
            lost: counter!("session_near_lost_total", "scope" => scope.clone()),
            sessions: gauge!("session_near_sessions", "scope" => scope.clone()),
            bytes: gauge!("session_near_bytes", "scope" => scope.clone()),
            max_bytes: gauge!("session_near_max_bytes", "scope" => scope),
            most: max_bytes as f64,
        };
        // There from the start.
        figures.sessions.increment(0.0);
        figures.bytes.increment(0.0);
        figures.max_bytes.increment(figures.most);
        figures
    }

    fn nowhere() -> Self {
        let (counter, gauge) = (Counter::noop, Gauge::noop);
        Self {
            hits: counter(),
            misses: counter(),
            evicted: counter(),
            lost: counter(),
            sessions: gauge(),
            bytes: gauge(),
            max_bytes: gauge(),
            most: 0.0,
        }
    }

    /// Counts a read that was answered from here, or was not.
    pub(super) fn read(&self, is_hit: bool) {
        if is_hit { &self.hits } else { &self.misses }.increment(1);
    }

    /// Counts a session that is kept from now on.
    pub(super) fn kept(&self, bytes: u64) {
        self.sessions.increment(1.0);
        self.bytes.increment(bytes as f64);
    }

    /// Counts one that no longer is.
    pub(super) fn gone(&self, bytes: u64) {
        self.sessions.decrement(1.0);
        self.bytes.decrement(bytes as f64);
    }

    /// Counts one for which there is no room any more, and which is gone as well.
    pub(super) fn evicted(&self) {
        self.evicted.increment(1);
    }

    /// Counts that the store is not heard any more.
    pub(super) fn lost(&self) {
        self.lost.increment(1);
    }
}

#[cfg(feature = "metrics")]
impl Drop for Figures {
    fn drop(&mut self) {
        self.max_bytes.decrement(self.most);
    }
}

#[cfg(not(feature = "metrics"))]
impl Figures {
    pub(super) fn of(_: Option<&str>, _: usize) -> Self {
        Self
    }

    pub(super) fn read(&self, _: bool) {}

    pub(super) fn kept(&self, _: u64) {}

    pub(super) fn gone(&self, _: u64) {}

    pub(super) fn evicted(&self) {}

    pub(super) fn lost(&self) {}
}
