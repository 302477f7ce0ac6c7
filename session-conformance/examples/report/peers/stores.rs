//! Asks the suite of stores in `session-conformance/peers` for what came of it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::line::Line;
use crate::suites::Error;

/// Builds and runs it, or reads what it has told before, and gives its lines.
pub(crate) fn lines(folder: &Path, told: Option<&Path>) -> Result<Vec<Line>, Error> {
    let told = match told {
        Some(file) => fs::read_to_string(file)?,
        None => run(folder)?,
    };
    let lines: Option<Vec<_>> = told.lines().filter(|line| !line.is_empty()).map(Line::parse).collect();
    match lines {
        Some(lines) if !lines.is_empty() => Ok(lines),
        Some(_) => Err("the suite of stores told nothing".into()),
        None => Err("the suite of stores told something that is no line of the table".into()),
    }
}

fn run(folder: &Path) -> Result<String, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = Command::new(cargo)
        .args(["run", "-q", "--release", "--locked", "-p", "stores", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .stderr(Stdio::inherit())
        .output()?;
    if run.status.success() {
        Ok(String::from_utf8(run.stdout)?)
    } else {
        Err(format!("the suite of stores ended with {}", run.status).into())
    }
}
