//! What is counted of a flood: on the operators' side by metrics, and call by call at the store.

use std::collections::BTreeMap;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use session_core::{Sessions, SessionsBuilder};

use super::support::faulty::Faulty;

/// The metrics of one `Sessions`.
pub(crate) struct Figures(Snapshotter);

/// Builds the sessions with metrics that are read from here.
pub(crate) fn counted(builder: SessionsBuilder) -> (Sessions, Figures) {
    let recorder = DebuggingRecorder::new();
    let figures = Figures(recorder.snapshotter());
    let sessions = metrics::with_local_recorder(&recorder, || builder.metrics().build().unwrap());
    figures.take();
    (sessions, figures)
}

impl Figures {
    /// Gives what was counted since the last time, by verb and by event, without what was not.
    pub(crate) fn take(&self) -> BTreeMap<String, u64> {
        let counters = self.0.snapshot().into_vec().into_iter().filter_map(|(key, _, _, value)| match value {
            DebugValue::Counter(count) if count > 0 => {
                let label = key.key().labels().find(|label| ["verb", "event"].contains(&label.key()));
                Some((label?.value().to_owned(), count))
            }
            _ => None,
        });
        counters.collect()
    }
}

/// Makes figures of their names.
pub(crate) fn these<const N: usize>(figures: [(&str, u64); N]) -> BTreeMap<String, u64> {
    figures.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

/// Gives how often each verb of the store was called since the last time.
pub(crate) fn calls(store: &Faulty) -> BTreeMap<String, u64> {
    let mut calls = BTreeMap::new();
    for call in store.calls() {
        *calls.entry(call.to_owned()).or_default() += 1;
    }
    calls
}
