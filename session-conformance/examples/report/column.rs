//! One subject's outcome, read from what its tests print: that of a store, or of a server.

use session_conformance::{CLAUSES, Certainty, Clause, http};

/// A suite, by the name that its tests have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Stores,
    Servers,
}

/// A clause, of either suite.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) sentence: &'static str,
    /// Whether two runs of it may differ; `None` where the suite does not say.
    pub(crate) certainty: Option<Certainty>,
    /// In how many of a thousand single runs it caught what it is meant for, at the least.
    pub(crate) rate: Option<u16>,
}

impl Row {
    pub(crate) fn goes_by_chance(&self) -> bool {
        self.certainty == Some(Certainty::ByChance)
    }
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Stores, Self::Servers];

    /// Gives the name of the tests that run it.
    pub(crate) fn test(self) -> &'static str {
        match self {
            Self::Stores => "conformance",
            Self::Servers => "http",
        }
    }

    /// Gives its clauses, in the contract's order.
    pub(crate) fn rows(self) -> Vec<Row> {
        match self {
            Self::Stores => CLAUSES.iter().map(of_a_store).collect(),
            Self::Servers => http::CLAUSES.iter().map(of_a_server).collect(),
        }
    }
}

fn of_a_store(clause: &Clause) -> Row {
    let rate = clause.caught_of_1000();
    Row { id: clause.id(), sentence: clause.sentence(), certainty: Some(clause.certainty()), rate }
}

fn of_a_server(clause: &http::Clause) -> Row {
    Row { id: clause.id(), sentence: clause.sentence(), certainty: None, rate: None }
}

/// What a suite came to on one subject.
pub(crate) struct Column {
    pub(crate) subject: String,
    /// In the order of the suite's clauses.
    pub(crate) cells: Vec<Cell>,
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Passed,
    /// The store is declared to do without, for this reason.
    LeftOut(String),
    /// It could not be checked on this store, for this reason.
    NotApplicable(String),
    /// The server could not be had, for this reason.
    NotThere(String),
    /// With the failure as the test prints it.
    Failed(String),
}

impl Column {
    pub(crate) fn count(&self, what: impl Fn(&Cell) -> bool) -> usize {
        self.cells.iter().filter(|cell| what(cell)).count()
    }

    /// Gives why the store could not be had; `None` if it could.
    pub(crate) fn not_there(&self) -> Option<&str> {
        self.cells.iter().find_map(|cell| match cell {
            Cell::NotThere(reason) => Some(&**reason),
            _ => None,
        })
    }
}

/// Finds what a program of tests printed in what `cargo test` did: from the line that names it to that of the next.
pub(crate) fn section<'a>(log: &'a str, program: &str) -> Option<&'a str> {
    let named = format!("/{program})\n");
    let from = log.find(&named)? + named.len();
    let told = &log[from..];
    Some(
        &told[..["\n     Running ", "\n   Doc-tests "]
            .iter()
            .filter_map(|next| told.find(next))
            .min()
            .unwrap_or(told.len())],
    )
}

/// Reads the columns, one for each module with clauses, or one for the package.
pub(crate) fn columns(kind: Kind, package: &str, stdout: &str, stderr: &str) -> Vec<Column> {
    let rows = kind.rows();
    let verdicts: Vec<_> = stdout.lines().filter_map(|line| verdict(&rows, line)).collect();
    let mut modules: Vec<&str> = verdicts.iter().map(|(module, ..)| *module).collect();
    modules.sort_unstable();
    modules.dedup();
    let column = |module: &str| Column {
        subject: if module.is_empty() { package.to_owned() } else { format!("{package} {}", module.replace('_', " ")) },
        cells: rows.iter().map(|row| cell(row.id, module, &verdicts, stdout, stderr)).collect(),
    };
    modules.into_iter().map(column).collect()
}

/// The module, the clause, the test, and what it came to.
type Verdict<'a> = (&'a str, &'static str, &'a str, &'a str);

/// Reads `test module::rec_1_a_key … ... ok`, if that is what it is.
fn verdict<'a>(rows: &[Row], line: &'a str) -> Option<Verdict<'a>> {
    let (test, verdict) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let test = test.split(" - ").next()?;
    let (module, name) = test.rsplit_once("::").unwrap_or(("", test));
    let row = rows.iter().find(|row| name.starts_with(&prefix(row.id)))?;
    Some((module, row.id, test, verdict))
}

/// Gives what the names of a clause's tests begin with: `rec_1_` for REC-1.
fn prefix(id: &str) -> String {
    format!("{}_", id.to_lowercase().replace('-', "_"))
}

fn cell(clause: &str, module: &str, verdicts: &[Verdict<'_>], stdout: &str, stderr: &str) -> Cell {
    let found = verdicts.iter().find(|(other, about, ..)| *other == module && *about == clause);
    let Some((_, _, test, verdict)) = found else {
        return Cell::Failed(format!("{clause} was not run: the suite ended before it"));
    };
    if *verdict == "ok" {
        let reason = stderr.lines().find_map(|line| line.strip_prefix(&format!("{test}: {clause} not applicable: ")));
        return reason.map_or(Cell::Passed, |reason| Cell::NotApplicable(reason.to_owned()));
    }
    if let Some(reason) = verdict.strip_prefix("ignored, ") {
        return Cell::LeftOut(reason.to_owned());
    }
    let failure = stdout.split_once(&format!("---- {test} stdout ----\n")).map_or("", |(_, rest)| {
        rest.split("\n---- ").next().unwrap_or_default().split("\n\nfailures:\n").next().unwrap_or_default()
    });
    match failure.find("there is no ") {
        Some(start) if failure.contains("there are three ways to get one") => {
            Cell::NotThere(failure[start..].lines().next().unwrap_or_default().to_owned())
        }
        _ => Cell::Failed(failure.trim().to_owned()),
    }
}
