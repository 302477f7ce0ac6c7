//! Runs the suites against every store and every server of the workspace that can be had on this machine, and prints a
//! table of clauses by stores, and one of clauses by servers.
//!
//! ```text
//! cargo run -q -p session-conformance --example report [-- --markdown --stores --servers --log FILE]
//! cargo run -q -p session-conformance --example report -- --engines FOLDER [--readme]
//! ```
//!
//! A store is whatever package has a test called `conformance`, and a server one called `http`; where that has several
//! suites in modules, each is one. With `--stores` or `--servers` it is these alone. With `--log` it does not run again what this file, which
//! `cargo test` wrote its output to, standard error included, tells of. It exits with 1 when a clause fails, and with 2 when the suite could not be run. A store whose server cannot
//! be had is named with the reason, and is no failure.
//!
//! With `--engines` it runs nothing, and prints what `.ci/engines` has left its logs of in the folder: the table of clauses,
//! and that of the engines, as it stands in the project's README. It exits with 1 when something failed there or, with
//! `--readme`, the README names others.

mod column;
mod engines;
mod suites;
mod table;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use column::{Cell, Column, Kind};
use engines::Run;

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
            "--engines" => return engines(arguments.next(), arguments.next().as_deref() == Some("--readme")),
            "--markdown" => show = table::markdown,
            "--stores" => kinds.push(Kind::Stores),
            "--servers" => kinds.push(Kind::Servers),
            other => {
                eprintln!(
                    "report: {other:?} is not known; it takes --markdown, --stores, --servers, --log FILE, --engines FOLDER, or nothing"
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

fn engines(folder: Option<String>, compared: bool) -> ExitCode {
    let Some(folder) = folder else {
        eprintln!("report: --engines takes a folder");
        return ExitCode::from(2);
    };
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let read = Run::read_all(Path::new(&folder)).and_then(|runs| Ok((runs, std::fs::read_to_string(readme)?)));
    let (runs, readme) = match read {
        Ok(read) => read,
        Err(error) => {
            eprintln!("report: {error}");
            return ExitCode::from(2);
        }
    };
    let columns: Vec<_> = runs.iter().flat_map(Run::columns).collect();
    print!("{}\n{}", table::text(Kind::Stores, &columns), engines::markdown(&runs));
    let differ = if compared { engines::differ(&readme, &runs) } else { Vec::new() };
    differ.iter().for_each(|line| println!("{line}"));
    if differ.is_empty() && !runs.iter().any(Run::failed) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
