//! What was measured, as tables and as lines that programs read.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::Who;
use crate::backend::Backend;
use crate::load::Turn;

/// What came of one turn of one app.
#[derive(Clone, Copy, Debug)]
struct Figures {
    per_second: f64,
    p50: f64,
    p99: f64,
    p999: f64,
    /// Microseconds of processor time for each request.
    app: f64,
    server: f64,
    load: f64,
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
        let requests = turn.micros.len() as f64;
        let at = |quantile| turn.micros.value_at_quantile(quantile) as f64;
        let each = |time: Duration| time.as_secs_f64() * 1e6 / requests;
        self.turns.entry((width, who)).or_default().push(Figures {
            per_second: requests / turn.took.as_secs_f64(),
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            app: each(processors.app),
            server: each(processors.server),
            load: each(processors.load),
        });
    }

    /// Prints the table: of each figure the median of the turns.
    pub(crate) fn print_table(&self) {
        println!(
            "\n{}: µs are of processor time for each request, of the app, of the server, and of the load",
            self.backend.name()
        );
        println!("| connections | who | requests/s | p50 µs | p99 µs | p99.9 µs | app µs | server µs | load µs |");
        println!("|---|---|---|---|---|---|---|---|---|");
        for ((width, who), turns) in &self.turns {
            let figure = |of: fn(&Figures) -> f64| median(turns.iter().map(of));
            println!(
                "| {width} | {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1} | {:.1} | {:.1} |",
                who.name(),
                figure(|it| it.per_second),
                figure(|it| it.p50),
                figure(|it| it.p99),
                figure(|it| it.p999),
                figure(|it| it.app),
                figure(|it| it.server),
                figure(|it| it.load),
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
    [("requests", |it| it.per_second), ("p99", |it| it.p99), ("processors", |it| it.app + it.server)];

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<_> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
