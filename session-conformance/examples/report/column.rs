//! One store's outcome, read from what its tests print.

use session_conformance::{CLAUSES, Clause};

/// What the suite came to on one store.
pub(crate) struct Column {
    pub(crate) store: String,
    /// In the order of [`CLAUSES`].
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

/// Reads the columns, one for each module with clauses, or one for the package.
pub(crate) fn columns(package: &str, stdout: &str, stderr: &str) -> Vec<Column> {
    let verdicts: Vec<_> = stdout.lines().filter_map(verdict).collect();
    let mut modules: Vec<&str> = verdicts.iter().map(|(module, ..)| *module).collect();
    modules.sort_unstable();
    modules.dedup();
    let column = |module: &str| Column {
        store: if module.is_empty() { package.to_owned() } else { format!("{package} {}", module.replace('_', " ")) },
        cells: CLAUSES.iter().map(|clause| cell(*clause, module, &verdicts, stdout, stderr)).collect(),
    };
    modules.into_iter().map(column).collect()
}

/// Reads `test module::rec_1_a_key … ... ok`, if that is what it is.
fn verdict(line: &str) -> Option<(&str, Clause, &str, &str)> {
    let (test, verdict) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let test = test.split(" - ").next()?;
    let (module, name) = test.rsplit_once("::").unwrap_or(("", test));
    let clause = CLAUSES.iter().find(|clause| name.starts_with(&prefix(**clause)))?;
    Some((module, *clause, test, verdict))
}

/// Gives what the names of a clause's tests begin with: `rec_1_` for REC-1.
fn prefix(clause: Clause) -> String {
    format!("{}_", clause.id().to_lowercase().replace('-', "_"))
}

fn cell(clause: Clause, module: &str, verdicts: &[(&str, Clause, &str, &str)], stdout: &str, stderr: &str) -> Cell {
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
