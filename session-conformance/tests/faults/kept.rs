//! The kept page says what is so: of the catalogue's faults and the contract's clauses, each and no other.

use std::sync::LazyLock;

use session_conformance::{CLAUSES, Clause};

use crate::catalogue::FAULTS;
use crate::page::{NARROW_RUNS, Page, RUNS, Rate, by_chance, has_gap};

const HOW: &str = "write it again: cargo run --release -p session-conformance --example faults";
const KEPT: &str = include_str!("../../FAULTS.md");

static PAGE: LazyLock<Page> =
    LazyLock::new(|| Page::parse(KEPT).unwrap_or_else(|| panic!("FAULTS.md cannot be read; {HOW}")));

#[test]
fn the_page_lists_exactly_the_faults_of_the_catalogue() {
    let listed: Vec<_> = PAGE.rows.iter().map(|row| row.fault).collect();
    let known: Vec<_> = FAULTS.iter().map(|fault| fault.name).collect();
    assert_eq!(listed, known, "{HOW}");
    // Names, descriptions and both tables follow from the catalogue and the rows.
    assert!(PAGE.to_string() == KEPT, "the page is not as its own rows have it; {HOW}");
}

#[test]
fn every_clause_catches_a_fault_alone_or_first() {
    for clause in CLAUSES {
        let [alone, first, _] = PAGE.by_clause(*clause);
        assert!(!alone.is_empty() || !first.is_empty(), "{clause} catches nothing that another would let pass");
    }
}

#[test]
fn every_fault_is_caught_by_the_clauses_it_is_meant_for() {
    for (fault, row) in FAULTS.iter().zip(&PAGE.rows) {
        for (clause, _) in fault.meant_for {
            assert!(row.has(*clause), "{} is meant for {clause}; {HOW}", fault.name);
        }
    }
}

#[test]
fn races_are_caught_in_999_of_1000_runs() {
    let rated: Vec<_> = PAGE.rates.iter().map(|rate| (rate.fault, rate.clause)).collect();
    let wanted: Vec<_> = Rate::wanted().map(|(fault, clause)| (fault.name, clause)).collect();
    assert_eq!(rated, wanted, "{HOW}");
    for (rate, (fault, _)) in PAGE.rates.iter().zip(Rate::wanted()) {
        for count in rate.wide {
            assert!((999..=1_000).contains(&count) && RUNS == 1_000, "{rate:?}");
        }
        assert_eq!(rate.narrow.is_some(), has_gap(fault), "{rate:?}");
        assert!(rate.narrow.is_none_or(|counts| counts.iter().all(|count| *count <= NARROW_RUNS)), "{rate:?}");
    }
}

#[test]
fn a_failure_says_the_rate_that_was_measured() {
    for clause in CLAUSES {
        let of_clause = PAGE.rates.iter().filter(|rate| rate.clause == *clause);
        let least = of_clause.flat_map(|rate| rate.wide).min();
        assert_eq!(clause.caught_of_1000().map(usize::from), least, "what `caught_of_1000` says of {clause}");
    }
}

/// Runs one clause against every fault, and compares with the page. Where chance has no part, that is.
fn holds(clause: Clause) {
    for (fault, row) in FAULTS.iter().zip(&PAGE.rows) {
        let caught = fault.run(clause).failure().is_some();
        assert_eq!(caught, row.has(clause), "{clause} and {}; {HOW}", fault.name);
    }
}

#[test]
fn what_the_page_says_of_clauses_without_chance_is_so() {
    // A clause that writes much takes its time with each of the faults, and tells no more of the page.
    let long = [Clause::OWN_6, Clause::REC_3, Clause::REC_8];
    for clause in CLAUSES.iter().filter(|clause| !by_chance(**clause) && !long.contains(clause)) {
        holds(*clause);
    }
}
