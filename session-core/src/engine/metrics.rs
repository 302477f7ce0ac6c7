//! Figures on the facade of the crate `metrics`; names and labels stand on the page of [`events`](crate::events).

use std::collections::HashMap;
use std::time::Duration;

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::{EventKind, SessionError, Verb};
use crate::store::{StoreError, Timestamp};

/// Holds all that is counted, from the start: a series that begins with its first event has no rate for it.
pub(crate) struct Metrics {
    verbs: [Operations; Verb::ALL.len()],
    events: HashMap<&'static str, Counter>,
    swept: Counter,
    last_sweep: Gauge,
}

struct Operations {
    all: Counter,
    errors: HashMap<&'static str, Counter>,
    seconds: Histogram,
}

impl Metrics {
    /// Begins the figures of the `Sessions` of that scope.
    pub(crate) fn register(scope: &str) -> Self {
        let scope = scope.to_owned();
        let verbs = Verb::ALL.map(|verb| Operations::register(&scope, verb.name()));
        describe_counter!(
            "session_events_total",
            Unit::Count,
            "What happened to sessions in this process, by the name of the event; some are ordinary and some are faults"
        );
        let events = EventKind::NAMES
            .map(|name| (name, counter!("session_events_total", "scope" => scope.clone(), "event" => name)));
        describe_counter!("session_swept_total", Unit::Count, "Expired session records that this process removed");
        let swept = counter!("session_swept_total", "scope" => scope.clone());
        describe_gauge!(
            "session_last_sweep_timestamp_seconds",
            Unit::Seconds,
            "When this process last came to the end of a sweep of expired session records, or started its sweeper, in \
             seconds since 1970; 0 if it sweeps nothing"
        );
        let last_sweep = gauge!("session_last_sweep_timestamp_seconds", "scope" => scope);
        Self { verbs, events: events.into(), swept, last_sweep }
    }

    pub(crate) fn operation(&self, verb: Verb, error: Option<&SessionError>, took: Duration) {
        let Operations { all, errors, seconds } = &self.verbs[verb as usize];
        all.increment(1);
        if let Some(counter) = error.and_then(|error| errors.get(error.kind())) {
            counter.increment(1);
        }
        seconds.record(took);
    }

    pub(crate) fn event(&self, kind: &EventKind<'_>) {
        if let Some(counter) = self.events.get(kind.name()) {
            counter.increment(1);
        }
        if let EventKind::Swept { removed } = kind {
            self.swept.increment(*removed);
        }
    }

    pub(crate) fn swept_until(&self, now: Timestamp) {
        self.last_sweep.set(now.as_millis() as f64 / 1_000.0);
    }
}

impl Operations {
    fn register(scope: &str, verb: &'static str) -> Self {
        let scope = scope.to_owned();
        describe_counter!(
            "session_store_operations_total",
            Unit::Count,
            "Calls of this process to its session store, whatever came of them"
        );
        describe_counter!(
            "session_store_errors_total",
            Unit::Count,
            "Calls of this process to its session store that failed, by the kind of failure"
        );
        describe_histogram!(
            "session_store_operation_seconds",
            Unit::Seconds,
            "How long calls of this process to its session store took, those that failed among them"
        );
        let errors = StoreError::KINDS.map(|kind| {
            let labels = [("scope", scope.clone()), ("verb", verb.to_owned()), ("kind", kind.to_owned())];
            (kind, counter!("session_store_errors_total", &labels))
        });
        Self {
            all: counter!("session_store_operations_total", "scope" => scope.clone(), "verb" => verb),
            errors: errors.into(),
            seconds: histogram!("session_store_operation_seconds", "scope" => scope, "verb" => verb),
        }
    }
}
