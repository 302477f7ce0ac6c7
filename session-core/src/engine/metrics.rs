//! Figures on the facade of the crate `metrics`; names and labels stand on the page of [`events`](crate::events).

use std::time::Duration;

use metrics::{Counter, Histogram, counter, describe_counter, describe_histogram, histogram};

use super::{EventKind, Verb};

/// Holds what a call to the store is counted by, looked up once.
pub(crate) struct Metrics {
    verbs: [Operations; Verb::ALL.len()],
}

struct Operations {
    ok: Counter,
    error: Counter,
    seconds: Histogram,
}

impl Metrics {
    pub(crate) fn register() -> Self {
        describe_counter!("session_store_operations_total", "Calls to the session store");
        describe_histogram!("session_store_operation_seconds", metrics::Unit::Seconds, "How long they took");
        describe_counter!("session_events_total", "What happened to sessions");
        describe_counter!("session_swept_total", "Expired session records removed");
        let verbs = Verb::ALL.map(|verb| {
            let count = |result| counter!("session_store_operations_total", "verb" => verb.name(), "result" => result);
            let seconds = histogram!("session_store_operation_seconds", "verb" => verb.name());
            Operations { ok: count("ok"), error: count("error"), seconds }
        });
        Self { verbs }
    }

    pub(crate) fn operation(&self, verb: Verb, ok: bool, took: Duration) {
        let Operations { ok: good, error, seconds } = &self.verbs[verb as usize];
        if ok { good } else { error }.increment(1);
        seconds.record(took);
    }

    pub(crate) fn event(&self, kind: &EventKind<'_>) {
        counter!("session_events_total", "event" => kind.name()).increment(1);
        if let EventKind::Swept { removed } = kind {
            counter!("session_swept_total").increment(*removed);
        }
    }
}
