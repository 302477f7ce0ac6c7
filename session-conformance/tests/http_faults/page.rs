//! The kept page that shows which clauses catch which faults: how it is written, and that it is of this catalogue.

#![allow(dead_code, unreachable_pub, reason = "one program writes the page and another reads it")]

use std::fmt::Write;

use libtest_mimic::Failed;
use session_conformance::http::{CLAUSES, Clause};

use crate::catalogue::{Fault, faults};

const HOW: &str = "write it again: cargo run -p session-conformance --features http --example http_faults";
const KEPT: &str = include_str!("../../HTTP-FAULTS.md");

/// Writes the page, given which clauses caught each fault.
pub fn write(caught: impl Fn(&Fault) -> Vec<Clause>) -> String {
    let mut page = String::from(
        "Which clauses about what a browser sees catch which faults. `cargo run -p session-conformance --features http \
         --example http_faults` has written this page, and a test holds it against the catalogue in \
         `tests/http_faults/catalogue`.\n\n\
         # The faults\n\n\
         Each is a server on the demo that is right but for one thing. Every clause was run against every fault, once. \
         `is meant for` names the clauses of which a test asks that they catch it, and say why.\n\n\
         | fault | what its author got wrong | is meant for | is caught by |\n|---|---|---|---|\n",
    );
    let mut rows = Vec::new();
    for fault in faults() {
        let caught = caught(fault);
        let _ = writeln!(page, "{} {} |", start(fault), list(&caught));
        rows.push((fault, caught));
    }
    page.push_str("\n# The clauses\n\n| clause | catches alone | catches with others |\n|---|---|---|\n");
    for clause in CLAUSES {
        let names = |alone: bool| {
            let of = rows.iter().filter(|(_, caught)| caught.contains(clause) && (caught.len() == 1) == alone);
            of.map(|(fault, _)| fault.name).collect::<Vec<_>>().join(", ")
        };
        let _ = writeln!(page, "| {clause} | {} | {} |", names(true), names(false));
    }
    page
}

/// Gives what follows from the catalogue alone.
fn start(fault: &Fault) -> String {
    let meant: Vec<_> = fault.meant_for.iter().map(|(clause, _)| *clause).collect();
    format!("| {} | {} | {} |", fault.name, fault.wrong, list(&meant))
}

fn list(clauses: &[Clause]) -> String {
    clauses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Reads from the kept page which clauses caught a fault; none if it is not there.
pub fn kept(fault: &Fault) -> Vec<Clause> {
    let row = KEPT.lines().find(|line| line.starts_with(&start(fault)));
    let caught = row.and_then(|row| row.trim_end_matches(" |").rsplit("| ").next()).unwrap_or_default();
    CLAUSES.iter().filter(|clause| caught.split(", ").any(|it| it == clause.id())).copied().collect()
}

/// Checks that the page lists the faults of the catalogue, each caught by what it is meant for, and no other.
pub fn is_of_this_catalogue() -> Result<(), Failed> {
    for fault in faults() {
        let caught = kept(fault);
        if let Some((clause, _)) = fault.meant_for.iter().find(|(clause, _)| !caught.contains(clause)) {
            return Err(format!("{} is not caught by {clause}; {HOW}", fault.name).into());
        }
    }
    if write(kept) == KEPT { Ok(()) } else { Err(format!("the page is not as its own rows have it; {HOW}").into()) }
}
