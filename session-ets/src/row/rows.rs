//! The walk over all rows.

use std::vec;

use session_core::SessionKey;

use super::slot::Row;
use crate::index::PARTITIONS;
use crate::table::Table;

/// An iterator over the rows of a table. [`Table::rows`] makes it.
///
/// It holds no lock between two rows, so the table may be used meanwhile, also from the loop's body.
/// A row that is there throughout is given once, as it stands when its turn comes.
#[derive(Debug)]
pub struct Rows<'a> {
    table: &'a Table,
    partition: usize,
    keys: vec::IntoIter<SessionKey>,
}

impl Table {
    /// Walks over all rows, in no order, and leaves their timestamps.
    ///
    /// No lock is held between two rows. A row that is there throughout is given once; one that comes
    /// or goes meanwhile may be given or not.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        Rows { table: self, partition: 0, keys: Vec::new().into_iter() }
    }
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            // A key whose row has gone since the keys were copied is passed over.
            if let Some(row) = self.keys.by_ref().find_map(|key| self.table.lookup(&key)) {
                return Some(row);
            }
            if self.partition == PARTITIONS {
                return None;
            }
            self.keys = self.table.indexes().expiry.keys(self.partition).into_iter();
            self.partition += 1;
        }
    }
}
