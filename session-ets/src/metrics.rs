//! A figure on the facade of the crate `metrics`: how many records there are. It stands on the crate's page.

use metrics::{Unit, describe_gauge, gauge};

use crate::table::Table;

/// Tells how many records the table holds; after a sweep those are the live ones, and what expired within the
/// sweeper's grace.
pub(crate) fn stored(table: &Table) {
    describe_gauge!("session_table_records", Unit::Count, "Records in a table of session-ets, as of its last sweep");
    gauge!("session_table_records", "table" => table.name().unwrap_or("private").to_owned()).set(table.len() as f64);
}
