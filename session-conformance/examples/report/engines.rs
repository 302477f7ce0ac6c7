//! What `.ci/engines` has run: each engine, its version, what was run on it and when.

use std::fs;
use std::io;
use std::path::Path;

use crate::column::{Column, Kind, columns};

/// The lines that a log begins with, before what the tests print.
const HEAD: [&str; 4] = ["engine: ", "version: ", "ran: ", "when: "];

/// One run of a program of tests on one engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) engine: String,
    version: String,
    ran: String,
    when: String,
    /// How many tests passed, and how many failed; `None` if they ended before their time.
    came: Option<(usize, usize)>,
    /// What the tests printed.
    log: String,
}

impl Run {
    /// Reads the logs in a folder, in the order of the engines' names.
    pub(crate) fn read_all(folder: &Path) -> io::Result<Vec<Self>> {
        let mut runs = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                let log = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
                let run = Self::read(&log).ok_or_else(|| {
                    io::Error::new(io::ErrorKind::InvalidData, format!("{} has no head", path.display()))
                })?;
                runs.push(run);
            }
        }
        if runs.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("{} has no log", folder.display())));
        }
        runs.sort_by(|a, b| (&a.engine, &a.ran).cmp(&(&b.engine, &b.ran)));
        Ok(runs)
    }

    fn read(log: &str) -> Option<Self> {
        let mut lines = log.lines();
        let [engine, version, ran, when] = HEAD.map(|name| lines.next()?.strip_prefix(name).map(str::to_owned));
        let result = lines.find_map(|line| line.strip_prefix("test result: "));
        let count = |result: &str, what: &str| -> Option<usize> {
            result.split(['.', ';']).find_map(|part| part.trim().strip_suffix(what)?.trim().parse().ok())
        };
        let came = result.and_then(|result| Some((count(result, "passed")?, count(result, "failed")?)));
        Some(Self { engine: engine?, version: version?, ran: ran?, when: when?, came, log: log.to_owned() })
    }

    /// Gives a column for each suite of clauses that was run.
    pub(crate) fn columns(&self) -> Vec<Column> {
        columns(Kind::Stores, &format!("{} {}", self.engine, self.version), &self.log, &self.log)
    }

    /// Tells whether something failed, or nothing was run.
    pub(crate) fn failed(&self) -> bool {
        !matches!(self.came, Some((1.., 0)))
    }
}

/// Writes the table as it stands in the README.
pub(crate) fn markdown(runs: &[Run]) -> String {
    let mut text = String::from("| engine | version | what was run | when |\n|---|---|---|---|\n");
    for Run { engine, version, ran, when, came, .. } in runs {
        let came = match came {
            Some((passed, 0)) => format!("{passed} passed"),
            Some((passed, failed)) => format!("{passed} passed, **{failed} failed**"),
            None => "**did not come to an end**".to_owned(),
        };
        text += &format!("| {engine} | {version} | {ran}: {came} | {when} |\n");
    }
    text
}

/// Gives the engines that the README's table names and that were not run, and those that were run and it does not name.
pub(crate) fn differ(readme: &str, runs: &[Run]) -> Vec<String> {
    let rows = readme.split("| engine | version |").nth(1).unwrap_or_default();
    let rows = rows.lines().skip(2).map_while(|line| line.strip_prefix("| ")?.split(" | ").next());
    let named: Vec<_> = rows.collect();
    let run = |engine: &str| runs.iter().any(|run| run.engine == engine);
    let not_run =
        named.iter().filter(|engine| !run(engine)).map(|engine| format!("README names {engine}, which was not run"));
    let not_named = runs.iter().filter(|run| !named.contains(&&*run.engine));
    not_run.chain(not_named.map(|run| format!("README does not name {}, which was run", run.engine))).collect()
}
