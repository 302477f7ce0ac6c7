//! Runs every clause about what a browser sees against every fault of the catalogue, and writes `HTTP-FAULTS.md`.
//!
//! ```text
//! cargo run -p session-conformance --features http --example http_faults            writes the page, in some minutes
//! cargo run -p session-conformance --features http --example http_faults NAME…      runs these faults and clauses again alone
//! cargo run -p session-conformance --features http --example http_faults failures   shows a failure of each clause
//! ```

#[path = "../../tests/http_faults/adapter.rs"]
mod adapter;
#[path = "../../tests/http_faults/answering.rs"]
mod answering;
#[path = "../../tests/http_faults/binding.rs"]
mod binding;
#[path = "../../tests/http_faults/catalogue/mod.rs"]
mod catalogue;
#[path = "../../tests/http_faults/changing.rs"]
mod changing;
#[path = "../../tests/http_faults/lasting.rs"]
mod lasting;
#[path = "../../tests/http_faults/naming.rs"]
mod naming;
#[path = "../../tests/http_faults/page.rs"]
mod page;
#[path = "../../tests/http_faults/routes.rs"]
mod routes;
#[path = "../../tests/http_faults/signing.rs"]
mod signing;
#[path = "../../tests/http_faults/tamper.rs"]
mod tamper;

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use catalogue::{Fault, faults};
use session_conformance::http::{CLAUSES, Clause};

fn main() -> ExitCode {
    if let Some(ended) = adapter::serve_if_asked() {
        return ended;
    }
    let names: Vec<String> = env::args().skip(1).collect();
    if names == ["failures"] {
        for fault in faults() {
            for failure in fault.meant_for.iter().filter_map(|(clause, _)| fault.run(*clause).failure()) {
                println!("A server that {}:\n\n{failure}", fault.wrong);
            }
        }
        return ExitCode::SUCCESS;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("HTTP-FAULTS.md");
    match fs::write(
        path,
        page::write(|fault| {
            let kept = page::kept(fault);
            let is_named = |it: &str| names.iter().any(|name| name == it);
            let all = names.is_empty() || is_named(fault.name);
            caught(fault, |clause| if all || is_named(clause.id()) { None } else { Some(kept.contains(&clause)) })
        }),
    ) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("http_faults: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs every clause against the fault of which it is not known whether it catches it.
fn caught(fault: &Fault, known: impl Fn(Clause) -> Option<bool>) -> Vec<Clause> {
    let catches = |clause: Clause| known(clause).unwrap_or_else(|| fault.run(clause).failure().is_some());
    let caught = CLAUSES.iter().filter(|clause| catches(**clause)).copied().collect();
    eprintln!("{}: {caught:?}", fault.name);
    caught
}
