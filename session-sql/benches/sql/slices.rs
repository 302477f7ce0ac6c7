//! Times two who do the same, in short slices by turns, so that what else the machine does meets both.

use std::ops::Range;
use std::time::{Duration, Instant};

use session_sql::session_core::BoxError;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Read,
    Touch,
    Write,
    /// Eight tasks write one session, and each goes on from whatever won.
    Contention,
    /// A page of a hundred of the sessions of one owner.
    List,
    Delete,
    /// Removes what has expired, a thousand rows at a time, until nothing is left.
    Sweep,
    /// The same where nine of ten rows were touched since the index was written, and live on.
    Refile,
}

impl Verb {
    pub(crate) fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

/// Whoever is timed.
pub(crate) trait Party {
    /// Calls the verb for each of these sessions: a range that was created before, unless this creates it.
    fn call(&self, verb: Verb, sessions: Range<u64>) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// How much is done.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) rounds: u64,
    /// Per round, verb and party.
    pub(crate) slices: u64,
    /// Sessions per slice.
    pub(crate) sessions: u64,
    /// Rows in the table besides: ten to this power.
    pub(crate) rows: u32,
    /// Sweeps per party, each of one row in a hundred.
    pub(crate) sweeps: u64,
}

impl Size {
    pub(crate) fn of_arguments(arguments: &[String]) -> Self {
        match arguments.iter().any(|it| it == "--quick") {
            true => Self { rounds: 3, slices: 8, sessions: 24, rows: 5, sweeps: 3 },
            false => Self { rounds: 6, slices: 10, sessions: 48, rows: 6, sweeps: 5 },
        }
    }
}

/// Whether a database is to be measured: one that is named, or any if none is.
pub(crate) fn wanted(arguments: &[String], database: &str) -> bool {
    let named = |it: &String| ["sqlite", "postgres", "mariadb"].contains(&&**it);
    arguments.iter().any(|it| it == database) || !arguments.iter().any(named)
}

/// The times of one verb, slice by slice: the store's and the other's.
pub(crate) struct Line {
    pub(crate) name: String,
    pairs: Vec<(Duration, Duration)>,
    /// Calls per slice.
    calls: u64,
}

impl Line {
    /// The median of the slices' ratios: each compares what was timed within moments.
    pub(crate) fn ratio(&self) -> f64 {
        median(self.pairs.iter().map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64()))
    }

    /// Prints the times of a call, and what is to be said of them.
    pub(crate) fn print(&self, database: &str, other: &str, remark: &str) {
        let each = |times: Vec<Duration>| median(times.iter().map(Duration::as_secs_f64)) * 1e6 / self.calls as f64;
        let ours = each(self.pairs.iter().map(|pair| pair.0).collect());
        let theirs = each(self.pairs.iter().map(|pair| pair.1).collect());
        let name = &self.name;
        println!("{database:<9} {name:<13} {ours:>9.1} µs, {other} {theirs:>9.1} µs  {remark}");
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Times the verbs on sessions that are created, used and deleted. Deleting comes last in `verbs`.
pub(crate) async fn compare(
    verbs: &[Verb],
    size: Size,
    ours: &impl Party,
    theirs: &impl Party,
) -> Result<Vec<Line>, BoxError> {
    let line = |verb: &Verb| Line {
        name: verb.name(),
        pairs: Vec::new(),
        // A page stands for ten sessions: it holds a hundred.
        calls: if *verb == Verb::List { size.sessions / 8 } else { size.sessions },
    };
    let mut lines: Vec<_> = verbs.iter().map(line).collect();
    for round in 0..size.rounds {
        for (verb, line) in verbs.iter().zip(&mut lines) {
            for slice in 0..size.slices {
                let first = (round * size.slices + slice) * size.sessions;
                let turn = round + slice;
                line.pairs.push(pair(*verb, first..first + size.sessions, turn, ours, theirs).await?);
            }
        }
    }
    Ok(lines)
}

/// Times a sweep that looks at one row in a hundred; `fill` adds them to both tables.
pub(crate) async fn compare_sweeps(
    verb: Verb,
    size: Size,
    ours: &impl Party,
    theirs: &impl Party,
    mut fill: impl AsyncFnMut(Sweeper) -> Result<(), BoxError>,
) -> Result<Line, BoxError> {
    let due = 10_u64.pow(size.rows - 2);
    let mut pairs = Vec::new();
    for turn in 0..size.sweeps {
        let mut times = [Duration::ZERO; 2];
        for step in 0..2 {
            let who = if (turn + step).is_multiple_of(2) { Sweeper::Ours } else { Sweeper::Theirs };
            fill(who).await?;
            let begun = Instant::now();
            match who {
                Sweeper::Ours => ours.call(verb, 0..due).await?,
                Sweeper::Theirs => theirs.call(verb, 0..due).await?,
            }
            times[who as usize] = begun.elapsed();
        }
        pairs.push((times[0], times[1]));
    }
    Ok(Line { name: verb.name(), pairs, calls: due })
}

/// Who is about to sweep.
#[derive(Clone, Copy)]
pub(crate) enum Sweeper {
    Ours,
    Theirs,
}

/// Times a slice of both; who comes first takes turns.
async fn pair(
    verb: Verb,
    sessions: Range<u64>,
    turn: u64,
    ours: &impl Party,
    theirs: &impl Party,
) -> Result<(Duration, Duration), BoxError> {
    let mut pair = (Duration::ZERO, Duration::ZERO);
    for step in 0..2 {
        let begun = Instant::now();
        if (turn + step).is_multiple_of(2) {
            ours.call(verb, sessions.clone()).await?;
            pair.0 = begun.elapsed();
        } else {
            theirs.call(verb, sessions.clone()).await?;
            pair.1 = begun.elapsed();
        }
    }
    Ok(pair)
}
