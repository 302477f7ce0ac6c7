//! The kept page that shows which clauses catch which faults: how it is written, and how it is read again.

#![allow(dead_code, unreachable_pub, reason = "one binary writes the page and another reads it")]

use std::fmt::{self, Write};

use session_conformance::{CLAUSES, Certainty, Clause};

use crate::catalogue::{FAULTS, Fault, Kind};

/// How often each clause that goes by chance is run for the table.
pub const TIMES: usize = 3;
/// How often a race is run for its rate.
pub const RUNS: usize = 1_000;
/// How often a race is run for its rate with a narrow gap, where a run that finds nothing is long.
pub const NARROW_RUNS: usize = 20;

const MEASURED_ON: &str = "Measured on ";
const COMMAND: &str = "cargo run --release -p session-conformance --example faults";

/// Tells whether two runs of the clause on one store may differ.
pub fn by_chance(clause: Clause) -> bool {
    clause.certainty() == Certainty::ByChance
}

/// Which clauses caught a fault, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub fault: &'static str,
    pub caught: Vec<(Clause, usize)>,
}

impl Row {
    /// Gives the clauses that caught the fault each time they were run.
    fn surely(&self) -> impl Iterator<Item = Clause> {
        let times = |clause| if by_chance(clause) { TIMES } else { 1 };
        self.caught.iter().filter(move |(clause, count)| *count == times(*clause)).map(|(clause, _)| *clause)
    }

    fn alone(&self) -> Option<Clause> {
        if let [(clause, _)] = self.caught[..] { self.surely().find(|it| *it == clause) } else { None }
    }

    fn first(&self) -> Option<Clause> {
        self.surely().next()
    }

    /// Gives how often the clause caught the fault.
    pub fn count(&self, clause: Clause) -> usize {
        self.caught.iter().find(|(it, _)| *it == clause).map_or(0, |(_, count)| *count)
    }

    pub fn has(&self, clause: Clause) -> bool {
        self.count(clause) > 0
    }
}

/// How often a clause that goes by chance caught a fault that it is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    pub fault: &'static str,
    pub clause: Clause,
    /// Of [`RUNS`], on an idle machine and on a loaded one.
    pub wide: [usize; 2],
    /// Of [`NARROW_RUNS`]; `None` if the fault has no gap.
    pub narrow: Option<[usize; 2]>,
}

impl Rate {
    /// Lists what has a rate, in the order of the catalogue.
    pub fn wanted() -> impl Iterator<Item = (&'static Fault, Clause)> {
        let meant = |fault: &'static Fault| fault.meant_for.iter().map(move |(clause, _)| (fault, *clause));
        FAULTS.iter().flat_map(meant).filter(|(_, clause)| by_chance(*clause))
    }
}

/// What the page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    pub rows: Vec<Row>,
    /// What the rates were measured on.
    pub machine: String,
    pub rates: Vec<Rate>,
}

impl Page {
    /// Lists the faults that the clause alone catches, those that it is the first to catch, and the rest.
    pub fn by_clause(&self, clause: Clause) -> [Vec<&'static str>; 3] {
        let mut lists = [Vec::new(), Vec::new(), Vec::new()];
        for row in self.rows.iter().filter(|row| row.has(clause)) {
            let list = match clause {
                _ if row.alone() == Some(clause) => 0,
                _ if row.first() == Some(clause) => 1,
                _ => 2,
            };
            lists[list].push(row.fault);
        }
        lists
    }

    /// Reads the page; `None` if it is not as [`Display`](fmt::Display) writes one.
    pub fn parse(text: &str) -> Option<Self> {
        let (_, text) = text.split_once("\n# The faults\n")?;
        let (faults, rest) = text.split_once("\n# The clauses\n")?;
        let (_, rates) = rest.split_once("\n# How often\n")?;
        let machine = rates.lines().find_map(|line| line.strip_prefix(MEASURED_ON))?.trim_end_matches('.').to_owned();
        let rows = cells(faults).map(|cells| {
            let caught = cells.get(3)?.split(", ").filter(|it| !it.is_empty()).map(|it| {
                let (id, count) = it.split_once(" (").unwrap_or((it, ""));
                let clause = clause(id)?;
                let whole = if by_chance(clause) { TIMES } else { 1 };
                Some((clause, count.split(' ').next()?.parse().unwrap_or(whole)))
            });
            Some(Row { fault: name(cells.first()?)?, caught: caught.collect::<Option<_>>()? })
        });
        let rates = cells(rates).map(|cells| {
            let number = |at: usize| cells.get(at)?.parse().ok();
            Some(Rate {
                fault: name(cells.first()?)?,
                clause: clause(cells.get(1)?)?,
                wide: [number(2)?, number(3)?],
                narrow: number(4).zip(number(5)).map(|(idle, loaded)| [idle, loaded]),
            })
        });
        Some(Self { rows: rows.collect::<Option<_>>()?, machine, rates: rates.collect::<Option<_>>()? })
    }
}

/// Gives the cells of each row of a table, without its head.
fn cells(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
}

fn clause(id: &str) -> Option<Clause> {
    CLAUSES.iter().copied().find(|clause| clause.id() == id)
}

fn name(cell: &str) -> Option<&'static str> {
    FAULTS.iter().map(|fault| fault.name).find(|name| *name == cell)
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Which clauses of the store contract catch which faults. `{COMMAND}` has written this page, and a test \
             holds it against the catalogue in `tests/faults/catalogue`.\n\n\
             # The faults\n\n\
             Each is a store that is right but for one thing that a store author gets wrong. Every clause was run \
             against every fault: once, or {TIMES} times where it goes by chance, and then a clause that did not \
             catch the fault each time says how often it did. `is meant for` names the clauses of which a test asks \
             that they catch it, at the first run, and say why.\n\n\
             | fault | what its author got wrong | is meant for | is caught by |\n|---|---|---|---|\n"
        )?;
        for row in &self.rows {
            let Some(fault) = FAULTS.iter().find(|fault| fault.name == row.fault) else { continue };
            let meant: Vec<_> = fault.meant_for.iter().map(|(clause, _)| clause.id()).collect();
            let caught: Vec<_> = row.caught.iter().map(|(clause, count)| told(*clause, *count)).collect();
            writeln!(f, "| {} | {} | {} | {} |", fault.name, fault.wrong, meant.join(", "), caught.join(", "))?;
        }
        write!(
            f,
            "\n# The clauses\n\n\
             What a clause is the first to catch, the clauses before it, in the contract's order, let pass. What it \
             catches alone, all the others let pass.\n\n\
             | clause | catches alone | is the first to catch | catches, too |\n|---|---|---|---|\n"
        )?;
        for clause in CLAUSES {
            let [alone, first, too] = self.by_clause(*clause).map(|names| names.join(", "));
            writeln!(f, "| {clause} | {alone} | {first} | {too} |")?;
        }
        write!(
            f,
            "\n# How often\n\n\
             A race is found by chance. This is how often a single run of the clause caught the fault: of \
             {RUNS} runs, as the machine was, and while another process kept all its cores busy. The two halves of \
             such a fault stand apart by an await, as they do where each is a round trip to a backend.\n\n\
             Between the halves of a store in memory there may be none. Then nothing but a second core can come \
             between them, in some ten nanoseconds, and a run that passes says little: the last two columns are that, \
             of {NARROW_RUNS} runs. On a machine whose cores are all taken it hardly ever happens. `–` stands where \
             the fault has no such gap.\n\n\
             {MEASURED_ON}{}.\n\n\
             | fault | clause | as it was | loaded | no await | no await, loaded |\n|---|---|---|---|---|---|\n",
            self.machine
        )?;
        for rate in &self.rates {
            let [idle, loaded] = rate.wide;
            let narrow = |at: usize| rate.narrow.map_or("–".to_owned(), |counts| counts[at].to_string());
            writeln!(f, "| {} | {} | {idle} | {loaded} | {} | {} |", rate.fault, rate.clause, narrow(0), narrow(1))?;
        }
        Ok(())
    }
}

fn told(clause: Clause, count: usize) -> String {
    let mut text = clause.id().to_owned();
    if by_chance(clause) && count < TIMES {
        let _ = write!(text, " ({count} of {TIMES})");
    }
    text
}

/// Tells whether the fault has a gap that can be made narrow.
pub fn has_gap(fault: &Fault) -> bool {
    fault.kind == Kind::Race
}
