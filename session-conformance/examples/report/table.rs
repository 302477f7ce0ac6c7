//! Prints the table, for a terminal or as Markdown.

use std::fmt::Write;

use session_conformance::{CLAUSES, Clause};

use crate::column::{Cell, Column};

type Counted = fn(&Cell) -> bool;

/// The last lines of the table: what is counted, and which cells count.
const COUNTS: [(&str, Counted); 5] = [
    ("passed", |cell| matches!(cell, Cell::Passed)),
    ("left out", |cell| matches!(cell, Cell::LeftOut(_))),
    ("not applicable", |cell| matches!(cell, Cell::NotApplicable(_))),
    ("not to be had", |cell| matches!(cell, Cell::NotThere(_))),
    ("failed", |cell| matches!(cell, Cell::Failed(_))),
];

fn sign(cell: &Cell) -> &'static str {
    match cell {
        Cell::Passed => "ok",
        Cell::LeftOut(_) => "-",
        Cell::NotApplicable(_) => "n/a",
        Cell::NotThere(_) => "?",
        Cell::Failed(_) => "FAIL",
    }
}

/// Writes the table with a number for each store, whose names come first.
pub(crate) fn text(columns: &[Column]) -> String {
    let mut text = String::new();
    for (number, column) in (1..).zip(columns) {
        let _ = writeln!(text, "{number:>3}  {}", column.store);
    }
    let mut row = |name: &str, cells: &[String], note: &str| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>5}")).collect();
        let _ = writeln!(text, "{name:<15}{cells}  {note}");
    };
    row("", &[], "");
    row("clause", &(1..=columns.len()).map(|number| number.to_string()).collect::<Vec<_>>(), "");
    for (index, clause) in CLAUSES.iter().enumerate() {
        let cells: Vec<_> = columns.iter().map(|column| sign(&column.cells[index]).to_owned()).collect();
        row(clause.id(), &cells, &shortened(*clause));
    }
    row("", &[], "");
    for (name, counted) in COUNTS {
        row(name, &columns.iter().map(|column| column.count(counted).to_string()).collect::<Vec<_>>(), "");
    }
    let _ = write!(text, "\n{}", notes(columns, "  "));
    for (store, failure) in failures(columns) {
        let _ = writeln!(text, "\n{store}\n{failure}");
    }
    text
}

/// Writes the table with the stores' names at its head.
pub(crate) fn markdown(columns: &[Column]) -> String {
    let mut text = String::from("| clause |");
    for column in columns {
        let _ = write!(text, " {} |", column.store);
    }
    let _ = writeln!(text, "\n|---|{}", ":-:|".repeat(columns.len()));
    for (index, clause) in CLAUSES.iter().enumerate() {
        let cells: Vec<_> = columns.iter().map(|column| sign(&column.cells[index])).collect();
        let _ = writeln!(text, "| {clause} | {} |", cells.join(" | "));
    }
    for (name, counted) in COUNTS {
        let counts: Vec<_> = columns.iter().map(|column| column.count(counted).to_string()).collect();
        let _ = writeln!(text, "| **{name}** | {} |", counts.join(" | "));
    }
    let _ = write!(text, "\n{}", notes(columns, "- "));
    for (store, failure) in failures(columns) {
        let _ = writeln!(text, "\n{store}\n\n```text\n{failure}\n```");
    }
    text
}

fn failures(columns: &[Column]) -> impl Iterator<Item = (&str, &str)> {
    columns.iter().flat_map(|column| {
        column.cells.iter().filter_map(|cell| match cell {
            Cell::Failed(failure) => Some((&*column.store, &**failure)),
            _ => None,
        })
    })
}

/// Says why clauses were not checked, each reason once.
fn notes(columns: &[Column], bullet: &str) -> String {
    let mut text = String::new();
    for column in columns {
        if let Some(reason) = column.not_there() {
            let _ = writeln!(text, "{bullet}{}: ? {reason}", column.store);
        }
        let mut reasons: Vec<(&str, &str, Vec<Clause>)> = Vec::new();
        for (clause, cell) in CLAUSES.iter().zip(&column.cells) {
            let (Cell::LeftOut(reason) | Cell::NotApplicable(reason)) = cell else { continue };
            match reasons.iter_mut().find(|(sign_of, known, _)| (*sign_of, *known) == (sign(cell), reason)) {
                Some((.., clauses)) => clauses.push(*clause),
                None => reasons.push((sign(cell), reason, vec![*clause])),
            }
        }
        for (sign, reason, clauses) in reasons {
            let _ = writeln!(text, "{bullet}{}: {sign} {}: {reason}", column.store, spans(&clauses));
        }
    }
    text
}

/// Writes clauses in a row of one group as `SWP-1 to SWP-4`.
fn spans(clauses: &[Clause]) -> String {
    let groups = clauses.chunk_by(|a, b| a.group() == b.group()).map(|group| match group {
        [only] => only.to_string(),
        [first, .., last] => format!("{first} to {last}"),
        [] => String::new(),
    });
    groups.collect::<Vec<_>>().join(", ")
}

/// Cuts the clause's sentence to what fits beside the table.
fn shortened(clause: Clause) -> String {
    const WIDTH: usize = 70;
    let sentence = clause.sentence();
    match sentence.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &sentence[..end]),
        None => sentence.to_owned(),
    }
}
