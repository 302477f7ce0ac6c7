//! Asks the suite of stores in `session-conformance/peers` for what came of it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::line::Line;
use crate::suites::Error;

/// Builds and runs it, and gives its lines.
pub(crate) fn lines(folder: &Path) -> Result<Vec<Line>, Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let run = Command::new(cargo)
        .args(["run", "-q", "--locked", "-p", "stores", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .stderr(Stdio::inherit())
        .output()?;
    let told = String::from_utf8(run.stdout)?;
    let lines: Option<Vec<_>> = told.lines().filter(|line| !line.is_empty()).map(Line::parse).collect();
    match lines {
        Some(lines) if run.status.success() && !lines.is_empty() => Ok(lines),
        Some(_) => Err(format!("the suite of stores ended with {} and told nothing", run.status).into()),
        None => Err("the suite of stores told something that is no line of the table".into()),
    }
}
