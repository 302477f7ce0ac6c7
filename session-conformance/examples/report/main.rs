//! Runs the suites against every store and every server of the workspace that can be had on this machine, and prints a
//! table of clauses by stores, and one of clauses by servers.
//!
//! ```text
//! cargo run -q -p session-conformance --example report [-- --markdown --stores --servers --log FILE]
//! ```
//!
//! A store is whatever package has a test called `conformance`, and a server one called `http`; where that has several
//! suites in modules, each is one. With `--stores` or `--servers` it is these alone. With `--log` it does not run again what this file, which
//! `cargo test` wrote its output to, standard error included, tells of. It exits with 1 when a clause fails, and with 2 when the suite could not be run. A store whose server cannot
//! be had is named with the reason, and is no failure.

mod column;
mod suites;
mod table;

use std::env;
use std::process::ExitCode;

use column::{Cell, Column, Kind};

fn main() -> ExitCode {
    let (mut show, mut kinds, mut log) = (table::text as fn(Kind, &[Column]) -> String, Vec::new(), String::new());
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match &*argument {
            "--log" => match arguments.next().map(std::fs::read) {
                Some(Ok(bytes)) => log = String::from_utf8_lossy(&bytes).into_owned(),
                Some(Err(error)) => {
                    eprintln!("report: the log cannot be read: {error}");
                    return ExitCode::from(2);
                }
                None => {
                    eprintln!("report: --log takes a file");
                    return ExitCode::from(2);
                }
            },
            "--markdown" => show = table::markdown,
            "--stores" => kinds.push(Kind::Stores),
            "--servers" => kinds.push(Kind::Servers),
            other => {
                eprintln!(
                    "report: {other:?} is not known; it takes --markdown, --stores, --servers, --log FILE, or nothing"
                );
                return ExitCode::from(2);
            }
        }
    }
    if kinds.is_empty() {
        kinds.extend(Kind::ALL);
    }
    let tables = match tables(&kinds, &log) {
        Ok(tables) => tables,
        Err(error) => {
            eprintln!("report: {error}");
            return ExitCode::from(2);
        }
    };
    let mut failed = 0;
    for (number, (kind, columns)) in tables.iter().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        print!("{gap}{}", show(*kind, columns));
        failed += columns.iter().map(|column| column.count(|cell| matches!(cell, Cell::Failed(_)))).sum::<usize>();
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tables(kinds: &[Kind], log: &str) -> Result<Vec<(Kind, Vec<Column>)>, suites::Error> {
    let mut tables: Vec<_> = kinds.iter().map(|kind| (*kind, Vec::new())).collect();
    for suite in suites::build(kinds)? {
        let columns = match suite.read(log) {
            Some(columns) => columns,
            None => {
                eprintln!("{} …", suite.package);
                suite.run()?
            }
        };
        for (kind, table) in &mut tables {
            if *kind == suite.kind {
                table.extend(columns);
                break;
            }
        }
    }
    Ok(tables)
}
