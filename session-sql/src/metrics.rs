//! Figures of the connections that a store keeps, on the facade of the crate `metrics`; nothing without the feature.

#[cfg(feature = "metrics")]
use metrics::{Gauge, Unit, describe_gauge, gauge};

/// Counts the connections of one database, over all stores of the process.
#[derive(Debug)]
pub(crate) struct Figures {
    #[cfg(feature = "metrics")]
    used: Gauge,
    #[cfg(feature = "metrics")]
    waiting: Gauge,
    /// How many there may be, for as long as the store is there.
    #[cfg(feature = "metrics")]
    _most: Counted,
}

/// Counts until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted {
    #[cfg(feature = "metrics")]
    gauge: Gauge,
    #[cfg(feature = "metrics")]
    number: f64,
}

#[cfg(feature = "metrics")]
impl Figures {
    pub(crate) fn register(database: &'static str, most: u32) -> Self {
        describe_gauge!(
            "session_sql_connections_used",
            Unit::Count,
            "Statements of session stores on a SQL database that have a connection now"
        );
        describe_gauge!(
            "session_sql_connections_waiting",
            Unit::Count,
            "Statements of session stores on a SQL database that wait for a connection now"
        );
        describe_gauge!(
            "session_sql_connections_max",
            Unit::Count,
            "How many connections session stores on a SQL database may have at most"
        );
        let used = gauge!("session_sql_connections_used", "database" => database);
        let waiting = gauge!("session_sql_connections_waiting", "database" => database);
        // There from the start.
        used.increment(0.0);
        waiting.increment(0.0);
        let most = Counted::of(&gauge!("session_sql_connections_max", "database" => database), most.into());
        Self { used, waiting, _most: most }
    }

    /// Counts one that is used.
    pub(crate) fn uses(&self) -> Counted {
        Counted::of(&self.used, 1.0)
    }

    /// Counts one who waits.
    pub(crate) fn waits(&self) -> Counted {
        Counted::of(&self.waiting, 1.0)
    }
}

#[cfg(feature = "metrics")]
impl Counted {
    fn of(gauge: &Gauge, number: f64) -> Self {
        gauge.increment(number);
        Self { gauge: gauge.clone(), number }
    }
}

#[cfg(feature = "metrics")]
impl Drop for Counted {
    fn drop(&mut self) {
        self.gauge.decrement(self.number);
    }
}

#[cfg(not(feature = "metrics"))]
impl Figures {
    pub(crate) fn register(_: &'static str, _: u32) -> Self {
        Self {}
    }

    pub(crate) fn uses(&self) -> Counted {
        Counted {}
    }

    pub(crate) fn waits(&self) -> Counted {
        Counted {}
    }
}
