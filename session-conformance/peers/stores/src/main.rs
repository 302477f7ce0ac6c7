//! Runs the suite for stores against this project's stores and those of its peers, each behind the contract in its most
//! natural wrapper.
//!
//! ```text
//! cargo run --release --manifest-path session-conformance/peers/Cargo.toml -p stores -- [--only NAME,…] [--clauses ID,…]
//! ```
//!
//! Prints a line of JSON for each clause and store: `kind` (`store`), `peer`, `language`, `clause`, `outcome`, and the
//! `text` behind it. An outcome is `passed`; `failed`, with the failure; `ours_only`, a failure that what the peer can be
//! called by does not allow otherwise, with the reason; or `left_out`, with the reason. No failure is a choice that a
//! peer's pages name. The servers are started from the installed programs; where one cannot be had, its stores are left out.

mod behind;
mod column;
mod line;
mod notes;
mod ours;
mod peers;
mod values;

use std::io::Write as _;

use anyhow::{Result, bail};
use clap::Parser;
use column::COLUMNS;
use line::Line;
use session_conformance::CLAUSES;

#[derive(Debug, Parser)]
#[command(about)]
struct Arguments {
    /// Runs these stores alone.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Runs these clauses alone.
    #[arg(long, value_delimiter = ',')]
    clauses: Vec<String>,
    /// Prints what the stores are called, and ends.
    #[arg(long)]
    list: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if arguments.list {
        COLUMNS.iter().try_for_each(|column| writeln!(std::io::stdout(), "{}", column.name))?;
        return Ok(());
    }
    known(&arguments.only, "store", |name| COLUMNS.iter().any(|column| column.name == name))?;
    known(&arguments.clauses, "clause", |id| CLAUSES.iter().any(|clause| clause.id() == id))?;
    let is_asked = |asked: &[String], name: &str| asked.is_empty() || asked.iter().any(|it| it == name);
    for column in COLUMNS.iter().filter(|column| is_asked(&arguments.only, column.name)) {
        for clause in CLAUSES.iter().filter(|clause| is_asked(&arguments.clauses, clause.id())) {
            let line = Line::of(column, *clause)?;
            eprintln!("{} {clause} {}", column.name, line.outcome());
            writeln!(std::io::stdout(), "{}", serde_json::to_string(&line)?)?;
        }
    }
    Ok(())
}

fn known(asked: &[String], what: &str, is_known: impl Fn(&str) -> bool) -> Result<()> {
    match asked.iter().find(|name| !is_known(name)) {
        Some(name) => bail!("there is no {what} called {name}"),
        None => Ok(()),
    }
}
