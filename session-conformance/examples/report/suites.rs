//! Finds the stores and the servers: builds every test called `conformance` or `http`, and runs it.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::column::{Cell, Column, Kind, columns, section};

pub(crate) type Error = Box<dyn std::error::Error>;

/// A test that was built.
pub(crate) struct Suite {
    pub(crate) kind: Kind,
    pub(crate) package: String,
    folder: PathBuf,
    program: PathBuf,
}

/// Builds the tests of these kinds, with all features; their order is that of the packages' names, the reference first.
pub(crate) fn build(kinds: &[Kind]) -> Result<Vec<Suite>, Error> {
    let tests: Vec<_> = kinds.iter().map(|kind| kind.test()).collect();
    eprintln!("building the tests called {}, of the whole workspace, with all features …", tests.join(" and "));
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let build = Command::new(cargo)
        .args(["test", "-q", "--workspace", "--all-features", "--no-run"])
        .args(tests.iter().flat_map(|test| ["--test", *test]))
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()?;
    if !build.status.success() {
        return Err("the suites cannot be built".into());
    }
    let mut suites = String::from_utf8(build.stdout)?.lines().filter_map(suite).collect::<Vec<_>>();
    let is_reference = |suite: &Suite| ["session-ets", "example-axum"].contains(&&*suite.package);
    suites.sort_by(|a, b| (!is_reference(a), &a.package).cmp(&(!is_reference(b), &b.package)));
    for kind in kinds {
        if !suites.iter().any(|suite| suite.kind == *kind) {
            return Err(format!("no package of this workspace has a test called {}", kind.test()).into());
        }
    }
    Ok(suites)
}

fn suite(message: &str) -> Option<Suite> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_test = message["reason"] == "compiler-artifact" && message["target"]["kind"][0] == "test";
    let kind = *Kind::ALL.iter().find(|kind| is_test && message["target"]["name"] == kind.test())?;
    let manifest = PathBuf::from(message["manifest_path"].as_str()?);
    // The identity ends with `/name#version`, or with `#name@version` where the folder has another name.
    let (path, last) = message["package_id"].as_str()?.rsplit_once('#')?;
    let package = last.split_once('@').map_or(path.rsplit('/').next()?, |(name, _)| name);
    Some(Suite {
        kind,
        package: package.to_owned(),
        folder: manifest.parent()?.to_owned(),
        program: PathBuf::from(message["executable"].as_str()?),
    })
}

impl Suite {
    /// Reads what `cargo test` has told of these tests, and gives a column for each suite among them; `None` if it has
    /// told of none, or they ended before their time.
    pub(crate) fn read(&self, log: &str) -> Option<Vec<Column>> {
        let program = self.program.file_name()?.to_str()?;
        let told = section(log, program)?;
        let columns = columns(self.kind, &self.package, told, told);
        (!columns.is_empty() && told.contains("\ntest result: ")).then_some(columns)
    }

    /// Runs the tests, and gives a column for each suite among them.
    pub(crate) fn run(&self) -> io::Result<Vec<Column>> {
        let output = Command::new(&self.program).current_dir(&self.folder).output()?;
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let columns = columns(self.kind, &self.package, &told[0], &told[1]);
        let says_why = |cell: &Cell| matches!(cell, Cell::Failed(_) | Cell::NotThere(_));
        let explained = columns.iter().any(|column| column.count(says_why) > 0);
        if columns.is_empty() || !(output.status.success() || explained) {
            let (package, status, stderr) = (&self.package, output.status, &told[1]);
            return Err(io::Error::other(format!("the suite of {package} ended with {status}: {stderr}")));
        }
        Ok(columns)
    }
}
