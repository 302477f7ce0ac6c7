//! Runs the suites against every store and every server of the workspace that can be had on this machine, and prints a
//! table of clauses by stores, and one of clauses by servers.
//!
//! ```text
//! cargo run -q -p session-conformance --example report [-- --markdown --json --badges FOLDER --stores --servers --log FILE]
//! cargo run -q -p session-conformance --example report -- --engines FOLDER [--readme]
//! cargo run -q -p session-conformance --features http --example report -- --peers [--smoke | [NAME…] [--lines FILE]]
//! ```
//!
//! A store is whatever package has a test called `conformance`, and a server one called `http`; where that has several
//! suites in modules, each is one. With `--stores` or `--servers` it is these alone. With `--log` it does not run again
//! what this file, which `cargo test` wrote its output to, standard error included, tells of. With `--badges` it writes
//! an SVG for each store and server into the folder. It exits with 1 when a clause fails, and with 2 when the suite could
//! not be run. A store whose server cannot be had is named with the reason, and is no failure.
//!
//! With `--engines` it runs nothing, and prints what `.ci/engines` has left its logs of in the folder: the table of clauses,
//! and that of the engines, as it stands in the project's README. It exits with 1 when something failed there or, with
//! `--readme`, the README names others.
//!
//! With `--peers` it holds other people's session libraries against the suites, and writes the table of
//! `session-conformance/peers/table`; where peers are named (`stores` are one) it asks these alone, and keeps what the table
//! has of others. With `--lines` it takes what came of the stores from a file. It exits with 1 when this project fails. With
//! `--smoke` it runs two peers, and exits with 1 where the table says otherwise, and with 3 where they cannot be had.

mod badge;
mod column;
mod engines;
mod json;
mod options;
#[cfg(all(unix, feature = "http"))]
mod peers;
mod suites;
mod table;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use column::{Cell, Column, Kind};
use engines::Run;
use options::{Format, Options, Peers};

fn main() -> ExitCode {
    told(env::args().skip(1)).unwrap_or_else(|error| {
        eprintln!("report: {error}");
        ExitCode::from(2)
    })
}

/// Does what is asked for, and gives the exit code.
fn told(arguments: impl Iterator<Item = String>) -> Result<ExitCode, suites::Error> {
    let options = Options::parse(arguments)?;
    if let Some(folder) = &options.engines {
        return engines(folder, options.compared);
    }
    if let Some(which) = &options.peers {
        return peers(which);
    }
    let tables = tables(&options.kinds, &options.log)?;
    if let Some(folder) = &options.badges {
        badges(folder, &tables)?;
    }
    match options.format {
        Format::Text => print(&tables, table::text),
        Format::Markdown => print(&tables, table::markdown),
        Format::Json => println!("{:#}", json::report(&tables)),
    }
    let columns = tables.iter().flat_map(|(_, columns)| columns);
    let failed = columns.map(|column| column.count(|cell| matches!(cell, Cell::Failed(_)))).sum::<usize>();
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(all(unix, feature = "http"))]
fn peers(which: &Peers) -> Result<ExitCode, suites::Error> {
    peers::told(which)
}

#[cfg(not(all(unix, feature = "http")))]
fn peers(_: &Peers) -> Result<ExitCode, suites::Error> {
    Err("--peers takes Unix, and the feature http: cargo run -p session-conformance --features http …".into())
}

fn print(tables: &[(Kind, Vec<Column>)], show: fn(Kind, &[Column]) -> String) {
    for (number, (kind, columns)) in tables.iter().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        print!("{gap}{}", show(*kind, columns));
    }
}

fn badges(folder: &Path, tables: &[(Kind, Vec<Column>)]) -> Result<(), suites::Error> {
    std::fs::create_dir_all(folder)?;
    for (kind, columns) in tables {
        for column in columns {
            if let Some(svg) = badge::svg(*kind, column) {
                std::fs::write(folder.join(badge::file(column)), svg)?;
            }
        }
    }
    Ok(())
}

/// Prints what `.ci/engines` has left in a folder, and tells whether that is as it should be.
fn engines(folder: &Path, compared: bool) -> Result<ExitCode, suites::Error> {
    let runs = Run::read_all(folder)?;
    let columns: Vec<_> = runs.iter().flat_map(Run::columns).collect();
    print!("{}\n{}", table::text(Kind::Stores, &columns), engines::markdown(&runs));
    let differ = if compared {
        let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md"))?;
        engines::differ(&readme, &runs)
    } else {
        Vec::new()
    };
    differ.iter().for_each(|line| println!("{line}"));
    let is_fine = differ.is_empty() && !runs.iter().any(Run::failed);
    Ok(if is_fine { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
