//! The suite for web frameworks is tested itself: a server with one fault in its adapter, and the clauses that catch it.
//!
//! The server is this program, too: a clause starts it with the name of a fault in the environment.

mod adapter;
mod answering;
mod binding;
mod catalogue;
mod changing;
mod lasting;
mod naming;
mod page;
mod routes;
mod signing;
mod tamper;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use session_conformance::Outcome;
use session_conformance::http::{CLAUSES, Clause};

use catalogue::{Fault, faults};

fn main() -> ExitCode {
    if let Some(ended) = adapter::serve_if_asked() {
        return ended;
    }
    let caught = faults().map(|fault| Trial::test(format!("{}_is_caught", fault.name), || is_caught(fault)));
    let clauses =
        CLAUSES.iter().map(|clause| Trial::test(format!("without_a_fault_{clause}_passes"), || passes(*clause)));
    let kept = [
        Trial::test("every_clause_catches_a_fault", every_clause_catches_a_fault),
        Trial::test("the_page_is_of_this_catalogue", page::is_of_this_catalogue),
    ];
    libtest_mimic::run(&Arguments::from_args(), caught.chain(clauses).chain(kept).collect()).exit_code()
}

/// Runs the clauses that are meant to catch the fault, once each.
fn is_caught(fault: &Fault) -> Result<(), Failed> {
    for (clause, words) in fault.meant_for {
        let Some(failure) = fault.run(*clause).failure() else {
            return Err(format!("{clause} does not catch {}, which {}", fault.name, fault.wrong).into());
        };
        // Caught for the right reason, and told in words that lead to it.
        let told = failure.to_string();
        if failure.clause != *clause || !told.contains(words) {
            return Err(format!("{words:?} in: {told}").into());
        }
    }
    Ok(())
}

/// So that what a clause catches is the fault, and not the server that the faults are put into.
fn passes(clause: Clause) -> Result<(), Failed> {
    match catalogue::NONE.run(clause) {
        Outcome::Passed => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

fn every_clause_catches_a_fault() -> Result<(), Failed> {
    let is_meant = |clause: &&Clause| faults().any(|fault| fault.meant_for.iter().any(|(it, _)| it == *clause));
    let idle: Vec<_> = CLAUSES.iter().filter(|clause| !is_meant(clause)).collect();
    if idle.is_empty() { Ok(()) } else { Err(format!("no fault is meant for {idle:?}").into()) }
}
