//! What an exporter wrote, minute by minute.

use std::collections::{BTreeMap, BTreeSet};

use metrics::LocalRecorderGuard;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use session_core::events::BUCKETS;

/// Scrapes an exporter once a minute.
pub(crate) struct History {
    handle: PrometheusHandle,
    _listening: LocalRecorderGuard<'static>,
    minutes: usize,
    /// By the series; the values, and with which minute they begin.
    series: BTreeMap<String, (usize, Vec<String>)>,
}

impl History {
    /// Listens to what is counted on this thread from now on.
    pub(crate) fn new() -> Self {
        let name = Matcher::Full("session_store_operation_seconds".to_owned());
        let recorder = PrometheusBuilder::new().set_buckets_for_metric(name, &BUCKETS).unwrap().build_recorder();
        let handle = recorder.handle();
        // For as long as the test runs.
        let recorder = Box::leak(Box::new(recorder));
        let _listening = metrics::set_default_local_recorder(recorder);
        Self { handle, _listening, minutes: 0, series: BTreeMap::new() }
    }

    pub(crate) fn scrape(&mut self) {
        self.handle.run_upkeep();
        for line in self.handle.render().lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (first, values) = self.series.entry(series.to_owned()).or_insert_with(|| (self.minutes, Vec::new()));
            assert_eq!(*first + values.len(), self.minutes, "{series} was away");
            values.push(value.to_owned());
        }
        self.minutes += 1;
    }

    /// Gives how many minutes there were so far.
    pub(crate) fn minutes(&self) -> usize {
        self.minutes
    }

    /// Gives the names of what the exporter describes and has.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        let text = self.handle.render();
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).map(str::to_owned).collect()
    }

    /// Gives all series as the tests of rules have them.
    pub(crate) fn input(&self) -> String {
        let mut input = String::new();
        for (series, (first, values)) in &self.series {
            let missing = "_ ".repeat(*first);
            input += &format!("      - series: '{series}'\n        values: '{missing}{}'\n", values.join(" "));
        }
        input
    }
}
