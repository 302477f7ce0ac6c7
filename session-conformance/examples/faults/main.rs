//! Runs every clause against every fault of the catalogue, and writes `FAULTS.md`.
//!
//! ```text
//! cargo run --release -p session-conformance --example faults              writes the page, in half an hour
//! cargo run --release -p session-conformance --example faults add          adds the faults that are new
//! cargo run --release -p session-conformance --example faults add TCH-6    and runs clauses that are new, or others than before
//! cargo run --release -p session-conformance --example faults table        runs all but the rates again, in minutes
//! cargo run --release -p session-conformance --example faults rates 50     shows the rates of 50 runs each
//! cargo run --release -p session-conformance --example faults failures     shows a failure of each clause
//! ```

#[path = "../../tests/faults/catalogue/mod.rs"]
mod catalogue;
mod load;
#[path = "../../tests/faults/page.rs"]
mod page;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, panic, thread};

use catalogue::{FAULTS, Fault};
use load::Load;
use page::{NARROW_RUNS, Page, RUNS, Rate, Row, TIMES, by_chance, has_gap};
use session_conformance::{CLAUSES, Clause};
use support::NARROW;

fn main() -> Result<(), Box<dyn Error>> {
    // A store that panics is one of the faults, and told as such.
    panic::set_hook(Box::new(|_| ()));
    let arguments: Vec<String> = env::args().skip(1).collect();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("FAULTS.md");
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => fs::write(page, measured(None, &[])?.to_string())?,
        [what @ ("add" | "table"), ref again @ ..] => {
            let mut kept = Page::parse(&fs::read_to_string(&page)?).ok_or("FAULTS.md cannot be read")?;
            if what == "table" {
                kept.rows.clear();
            }
            let named = |id: &&str| CLAUSES.iter().copied().find(|clause| clause.id() == *id);
            let again =
                again.iter().map(|id| named(id).ok_or(format!("{id} is no clause"))).collect::<Result<Vec<_>, _>>()?;
            fs::write(page, measured(Some(kept), &again)?.to_string())?;
        }
        ["rates", runs] => drop(rates(runs.parse()?, runs.parse()?, &[])?),
        ["failures"] => failures(),
        [load::ARGUMENT] => load::run(),
        _ => {
            return Err("no arguments, or `add` and clauses, or `table`, or `rates` and a number, or `failures`".into());
        }
    }
    Ok(())
}

/// Measures all that the kept page does not say yet, and these clauses again.
fn measured(kept: Option<Page>, again: &[Clause]) -> Result<Page, Box<dyn Error>> {
    let machine = kept.as_ref().map_or_else(machine, |kept| kept.machine.clone());
    let (rows_kept, rates_kept) = kept.map_or_else(Default::default, |kept| (kept.rows, kept.rates));
    Ok(Page { rows: rows(&rows_kept, again), machine, rates: rates(RUNS, NARROW_RUNS, &rates_kept)? })
}

/// Says what this is measured on, and what else it has to do.
fn machine() -> String {
    let cores = thread::available_parallelism().map_or(1, Into::into);
    let load = fs::read_to_string("/proc/loadavg").ok();
    match load.as_deref().and_then(|load| load.split(' ').next()) {
        Some(load) => format!("{cores} cores, whose load average was {load} before"),
        None => format!("{cores} cores"),
    }
}

/// Runs every clause against every fault that is not kept, and some against each, on as many threads as there are cores.
fn rows(kept: &[Row], again: &[Clause]) -> Vec<Row> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut rows = Vec::new();
        while let Some((at, fault)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, FAULTS.get(at)?)))
        {
            let kept = kept.iter().find(|row| row.fault == fault.name);
            let count = |clause: Clause| match kept {
                Some(row) if !again.contains(&clause) => row.count(clause),
                _ => caught(fault, clause, if by_chance(clause) { TIMES } else { 1 }),
            };
            let caught: Vec<_> = CLAUSES.iter().map(|clause| (*clause, count(*clause))).collect();
            let row = Row { fault: fault.name, caught: caught.into_iter().filter(|(_, count)| *count > 0).collect() };
            eprintln!("{} of {}: {row:?}", at + 1, FAULTS.len());
            rows.push((at, row));
        }
        rows
    };
    let workers = thread::available_parallelism().map_or(1, Into::into);
    let mut rows: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        running.into_iter().flat_map(|worker| worker.join().expect("no clause panics")).collect()
    });
    rows.sort_by_key(|(at, _)| *at);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Counts in how many runs the clause catches the fault.
fn caught(fault: &Fault, clause: Clause, runs: usize) -> usize {
    (0..runs).filter(|_| fault.run(clause).failure().is_some()).count()
}

/// Measures how often races are caught, one run after the other.
fn rates(runs: usize, narrow_runs: usize, kept: &[Rate]) -> Result<Vec<Rate>, Box<dyn Error>> {
    let mut rates = Vec::new();
    for (fault, clause) in Rate::wanted() {
        if let Some(rate) = kept.iter().find(|rate| rate.fault == fault.name && rate.clause == clause) {
            rates.push(rate.clone());
            continue;
        }
        let idle_and_loaded = |runs| -> Result<[usize; 2], Box<dyn Error>> {
            let idle = caught(fault, clause, runs);
            let _load = Load::start()?;
            Ok([idle, caught(fault, clause, runs)])
        };
        let wide = idle_and_loaded(runs)?;
        NARROW.store(true, Ordering::Relaxed);
        let narrow = has_gap(fault).then(|| idle_and_loaded(narrow_runs)).transpose();
        NARROW.store(false, Ordering::Relaxed);
        let rate = Rate { fault: fault.name, clause, wide, narrow: narrow? };
        eprintln!("of {runs} and {narrow_runs}: {rate:?}");
        rates.push(rate);
    }
    Ok(rates)
}

/// Shows how each clause tells of each fault that it is meant for.
fn failures() {
    for fault in FAULTS {
        for (clause, _) in fault.meant_for {
            println!("A store that {}:\n", fault.wrong);
            match fault.run(*clause).failure() {
                Some(failure) => println!("{failure}"),
                None => println!("{clause} does not catch it\n"),
            }
        }
    }
}
