//! What was measured, as tables and as lines that programs read.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::Who;
use crate::backend::Backend;
use crate::load::{Deed, Turn};

/// What came of one turn of one app; or of all its turns with so many connections, of each the median.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(crate) struct Figures {
    /// A second.
    pub(crate) requests: f64,
    /// Microseconds, as are all that follow; these are latencies.
    pub(crate) p99: f64,
    p999: f64,
    /// What half of those that read took at most, that write, that log in or out.
    read: f64,
    write: f64,
    log: f64,
    /// Processor time for each request.
    app: f64,
    server: f64,
    load: f64,
}

/// The figures of one app, for programs.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Line {
    pub(crate) backend: String,
    pub(crate) connections: usize,
    pub(crate) who: String,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// What a turn took of processors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Processors {
    pub(crate) app: Duration,
    pub(crate) server: Duration,
    pub(crate) load: Duration,
}

/// All turns, by how many connections there were, and whose they were.
#[derive(Debug)]
pub(crate) struct Report {
    backend: Backend,
    turns: BTreeMap<(usize, Who), Vec<Figures>>,
}

impl Report {
    pub(crate) fn new(backend: Backend) -> Self {
        Self { backend, turns: BTreeMap::new() }
    }

    pub(crate) fn note(&mut self, width: usize, who: Who, turn: &Turn, processors: Processors) {
        let mut all = turn.micros[0].clone();
        turn.micros[1..].iter().for_each(|some| all += some);
        let requests = all.len() as f64;
        let at = |quantile| all.value_at_quantile(quantile) as f64;
        let half = |deed: Deed| turn.micros[deed as usize].value_at_quantile(0.5) as f64;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / requests;
        self.turns.entry((width, who)).or_default().push(Figures {
            requests: requests / turn.took.as_secs_f64(),
            p99: at(0.99),
            p999: at(0.999),
            read: half(Deed::Read),
            write: half(Deed::Write),
            log: half(Deed::Log),
            app: each(processors.app),
            server: each(processors.server),
            load: each(processors.load),
        });
    }

    /// Gives of each figure the median of the turns.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let lines = self.turns.iter().map(|((width, who), turns)| {
            let figure = |of: fn(&Figures) -> f64| median(turns.iter().map(of));
            let figures = Figures {
                requests: figure(|it| it.requests),
                p99: figure(|it| it.p99),
                p999: figure(|it| it.p999),
                read: figure(|it| it.read),
                write: figure(|it| it.write),
                log: figure(|it| it.log),
                app: figure(|it| it.app),
                server: figure(|it| it.server),
                load: figure(|it| it.load),
            };
            Line { backend: self.backend.name().to_owned(), connections: *width, who: who.name().to_owned(), figures }
        });
        lines.collect()
    }

    pub(crate) fn print_table(&self) {
        println!(
            "\n{}: µs, first of latency, of all and of half of those that read, write, log in or out; then of processor \
             time for each request, of the app, of the server, and of the load",
            self.backend.name()
        );
        println!("| connections | who | requests/s | p99 | p99.9 | read | write | log | app | server | load |");
        println!("|---|---|---|---|---|---|---|---|---|---|---|");
        for line in self.lines() {
            let Line { connections, who, figures, .. } = line;
            let Figures { requests, p99, p999, read, write, log, app, server, load } = figures;
            println!(
                "| {connections} | {who} | {requests:.0} | {p99:.0} | {p999:.0} | {read:.0} | {write:.0} | {log:.0} \
                 | {app:.1} | {server:.1} | {load:.1} |"
            );
        }
    }

    /// Prints a line for each peer: ours over theirs. Turns of one round stand next to each other, so each is compared
    /// with the one of its round, and the median is what stands in the line.
    pub(crate) fn print_ratios(&self) {
        for ((width, who), theirs) in self.turns.iter().filter(|((_, who), _)| !who.is_ours()) {
            let counterpart = who.counterpart(self.backend);
            let Some(ours) = self.turns.get(&(*width, counterpart)) else { continue };
            for (name, of) in OF {
                let ratio = median(ours.iter().zip(theirs).map(|(ours, theirs)| of(ours) / of(theirs)));
                let (backend, ours, theirs) = (self.backend.name(), counterpart.name(), who.name());
                println!("ratio {backend}_{width}_{ours}_over_{theirs}_{name} {ratio:.2}");
            }
        }
    }
}

type Of = fn(&Figures) -> f64;

/// What the lines compare. Of requests a second above 1 is better, of the others below.
const OF: [(&str, Of); 3] =
    [("requests", |it| it.requests), ("p99", |it| it.p99), ("processors", |it| it.app + it.server)];

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<_> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
