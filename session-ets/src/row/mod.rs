//! What stands in a table, and how an observer sees it. What changes a row is the table, in `table.rs`.

mod rows; // the walk over all
mod slot; // one row

pub use rows::Rows;
pub use slot::Row;
pub(crate) use slot::Slot;
