//! Writes the report for programs.

use serde_json::{Value, json};

use crate::column::{Cell, Column, Kind, Row};

/// Writes every subject with every clause.
pub(crate) fn report(tables: &[(Kind, Vec<Column>)]) -> Value {
    let subjects: Vec<_> = tables
        .iter()
        .flat_map(|(kind, columns)| {
            let rows = kind.rows();
            columns.iter().map(move |column| subject(*kind, &rows, column)).collect::<Vec<_>>()
        })
        .collect();
    json!({ "suite": env!("CARGO_PKG_NAME"), "version": env!("CARGO_PKG_VERSION"), "subjects": subjects })
}

fn subject(kind: Kind, rows: &[Row], column: &Column) -> Value {
    let clauses: Vec<_> = rows.iter().zip(&column.cells).map(|(row, cell)| clause(row, cell)).collect();
    json!({ "subject": column.subject, "tests": kind.test(), "clauses": clauses })
}

fn clause(row: &Row, cell: &Cell) -> Value {
    let (outcome, reason) = match cell {
        Cell::Passed => ("passed", None),
        Cell::LeftOut(reason) => ("left out", Some(reason)),
        Cell::NotApplicable(reason) => ("not applicable", Some(reason)),
        Cell::NotThere(reason) => ("not to be had", Some(reason)),
        Cell::Failed(failure) => ("failed", Some(failure)),
    };
    let mut clause = json!({ "id": row.id, "sentence": row.sentence, "outcome": outcome });
    if let Some(reason) = reason {
        clause["reason"] = json!(reason);
    }
    if let Some(certainty) = row.certainty {
        clause["certainty"] = json!(certainty.to_string());
    }
    if let Some(rate) = row.rate {
        clause["caught_of_1000"] = json!(rate);
    }
    clause
}
