//! What was measured, as tables and ratios.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Keeps the best time of each measurement: what disturbs a run only ever makes it longer.
#[derive(Default)]
pub(crate) struct Figures(BTreeMap<(&'static str, usize, &'static str), f64>);

impl Figures {
    /// Notes that `operations` at place `x` of a curve took so long.
    pub(crate) fn note(&mut self, curve: &'static str, x: usize, who: &'static str, took: Duration, operations: usize) {
        let nanos = took.as_nanos() as f64 / operations as f64;
        self.0.entry((curve, x, who)).and_modify(|best| *best = nanos.min(*best)).or_insert(nanos);
    }

    /// Gives one line of a curve: the places, and nanoseconds for each operation.
    pub(crate) fn line(&self, curve: &str, who: &str) -> Vec<(f64, f64)> {
        let wanted = self.0.iter().filter(|((c, _, w), _)| *c == curve && *w == who);
        wanted.map(|((_, x, _), nanos)| (*x as f64, *nanos)).collect()
    }

    /// Gives who was measured for a curve, us first.
    pub(crate) fn who(&self, curve: &str) -> Vec<&'static str> {
        let mut who: Vec<_> =
            self.0.keys().filter(|key| key.0 == curve).map(|key| key.2).collect::<BTreeSet<_>>().into_iter().collect();
        who.sort_by_key(|who| *who != "ours");
        who
    }

    fn curves(&self) -> BTreeSet<&'static str> {
        self.0.keys().map(|key| key.0).collect()
    }

    pub(crate) fn print_tables(&self) {
        for curve in self.curves() {
            let who = self.who(curve);
            println!("\n| {curve}, ns | {} |\n|---|{}", who.join(" | "), "---|".repeat(who.len()));
            for (x, _) in self.line(curve, "ours") {
                let cells = who.iter().map(|who| match self.0.get(&(curve, x as usize, who)) {
                    Some(nanos) => format!("{nanos:.0}"),
                    None => "-".to_owned(),
                });
                println!("| {x} | {} |", cells.collect::<Vec<_>>().join(" | "));
            }
        }
    }

    /// Prints ours over each of theirs, in every place that both were measured at.
    pub(crate) fn print_ratios(&self) {
        for ((curve, x, who), theirs) in self.0.iter().filter(|((_, _, who), _)| *who != "ours") {
            println!("ratio {curve}_{x}_over_{who} {:.2}", self.0[&(*curve, *x, "ours")] / theirs);
        }
    }
}
