//! Prints the table, for a terminal or as Markdown.

use std::fmt::Write;

use crate::column::{Cell, Column, Kind, Row};

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

/// Writes the table with a number for each subject, whose names come first.
pub(crate) fn text(kind: Kind, columns: &[Column]) -> String {
    let rows = kind.rows();
    let mut text = String::new();
    for (number, column) in (1..).zip(columns) {
        let _ = writeln!(text, "{number:>3}  {}", column.subject);
    }
    let mut row = |name: &str, cells: &[String], note: &str| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>5}")).collect();
        let _ = writeln!(text, "{name:<15}{cells}  {note}");
    };
    row("", &[], "");
    row("clause", &(1..=columns.len()).map(|number| number.to_string()).collect::<Vec<_>>(), "");
    for (index, clause) in rows.iter().enumerate() {
        let cells: Vec<_> = columns.iter().map(|column| sign(&column.cells[index]).to_owned()).collect();
        row(&signed(clause), &cells, &shortened(clause.sentence));
    }
    row("", &[], "");
    for (name, counted) in COUNTS {
        row(name, &columns.iter().map(|column| column.count(counted).to_string()).collect::<Vec<_>>(), "");
    }
    let _ = write!(text, "\n{}{}", chance(&rows, "  "), notes(&rows, columns, "  "));
    for (subject, failure) in failures(columns) {
        let _ = writeln!(text, "\n{subject}\n{failure}");
    }
    text
}

/// Writes the table with the subjects' names at its head.
pub(crate) fn markdown(kind: Kind, columns: &[Column]) -> String {
    let rows = kind.rows();
    let mut text = String::from("| clause |");
    for column in columns {
        let _ = write!(text, " {} |", column.subject);
    }
    let _ = writeln!(text, "\n|---|{}", ":-:|".repeat(columns.len()));
    for (index, clause) in rows.iter().enumerate() {
        let cells: Vec<_> = columns.iter().map(|column| sign(&column.cells[index])).collect();
        let clause = signed(clause);
        let _ = writeln!(text, "| {clause} | {} |", cells.join(" | "));
    }
    for (name, counted) in COUNTS {
        let counts: Vec<_> = columns.iter().map(|column| column.count(counted).to_string()).collect();
        let _ = writeln!(text, "| **{name}** | {} |", counts.join(" | "));
    }
    let _ = write!(text, "\n{}{}", chance(&rows, "- "), notes(&rows, columns, "- "));
    for (subject, failure) in failures(columns) {
        let _ = writeln!(text, "\n{subject}\n\n```text\n{failure}\n```");
    }
    text
}

fn failures(columns: &[Column]) -> impl Iterator<Item = (&str, &str)> {
    columns.iter().flat_map(|column| {
        column.cells.iter().filter_map(|cell| match cell {
            Cell::Failed(failure) => Some((&*column.subject, &**failure)),
            _ => None,
        })
    })
}

/// Writes a clause's id, and a sign at one that goes by chance.
fn signed(row: &Row) -> String {
    format!("{}{}", row.id, if row.goes_by_chance() { " ~" } else { "" })
}

/// Says what the sign means, where there is one.
fn chance(rows: &[Row], bullet: &str) -> String {
    let rates: Vec<_> = rows.iter().filter(|row| row.goes_by_chance()).filter_map(|row| row.rate).collect();
    match rates.iter().min() {
        Some(least) => {
            format!(
                "{bullet}~ goes by chance: a single run catches what it is meant for {least} times of 1000, or more\n"
            )
        }
        None => String::new(),
    }
}

/// Says why clauses were not checked, each reason once.
fn notes(rows: &[Row], columns: &[Column], bullet: &str) -> String {
    let mut text = String::new();
    for column in columns {
        if let Some(reason) = column.not_there() {
            let _ = writeln!(text, "{bullet}{}: ? {reason}", column.subject);
        }
        let mut reasons: Vec<(&str, &str, Vec<Row>)> = Vec::new();
        for (clause, cell) in rows.iter().zip(&column.cells) {
            let (Cell::LeftOut(reason) | Cell::NotApplicable(reason)) = cell else { continue };
            match reasons.iter_mut().find(|(sign_of, known, _)| (*sign_of, *known) == (sign(cell), reason.as_str())) {
                Some((.., clauses)) => clauses.push(*clause),
                None => reasons.push((sign(cell), reason, vec![*clause])),
            }
        }
        for (sign, reason, clauses) in reasons {
            let _ = writeln!(text, "{bullet}{}: {sign} {}: {reason}", column.subject, spans(&clauses));
        }
    }
    text
}

/// Writes clauses in a row of one group as `SWP-1 to SWP-4`.
fn spans(clauses: &[Row]) -> String {
    let groups = clauses.chunk_by(|a, b| group(a) == group(b)).map(|group| match group {
        [only] => only.id.to_owned(),
        [first, .., last] => format!("{} to {}", first.id, last.id),
        [] => String::new(),
    });
    groups.collect::<Vec<_>>().join(", ")
}

/// Gives the first half of a clause's id.
fn group(row: &Row) -> &'static str {
    row.id.split('-').next().unwrap_or(row.id)
}

/// Cuts the clause's sentence to what fits beside the table.
fn shortened(sentence: &str) -> String {
    const WIDTH: usize = 70;
    match sentence.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", &sentence[..end]),
        None => sentence.to_owned(),
    }
}
