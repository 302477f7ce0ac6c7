//! Runs the suite against every store of the workspace that can be had on this machine, and prints one table of
//! clauses by stores.
//!
//! ```text
//! cargo run -q -p session-conformance --example report [-- --markdown]
//! ```
//!
//! A store is whatever package has a test called `conformance`; where that has several suites in modules, each is a
//! store. It exits with 1 when a clause fails, and with 2 when the suite could not be run. A store whose server cannot
//! be had is named with the reason, and is no failure.

mod column;
mod suites;
mod table;

use std::env;
use std::process::ExitCode;

use column::{Cell, Column};

fn main() -> ExitCode {
    let show = match env::args().nth(1).as_deref() {
        None => table::text,
        Some("--markdown") => table::markdown,
        Some(other) => {
            eprintln!("report: {other:?} is not known; it takes --markdown or nothing");
            return ExitCode::from(2);
        }
    };
    let columns = match columns() {
        Ok(columns) => columns,
        Err(error) => {
            eprintln!("report: {error}");
            return ExitCode::from(2);
        }
    };
    print!("{}", show(&columns));
    let failed: usize = columns.iter().map(|column| column.count(|cell| matches!(cell, Cell::Failed(_)))).sum();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn columns() -> Result<Vec<Column>, suites::Error> {
    let mut columns = Vec::new();
    for suite in suites::build()? {
        eprintln!("{} …", suite.package);
        columns.extend(suite.run()?);
    }
    Ok(columns)
}
