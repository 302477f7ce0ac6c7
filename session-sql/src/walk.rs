//! What goes over many rows: the sweep, the pages of one owner, the pages of all.
//!
//! # Why a list never misses a session that changes its key
//!
//! A renewal creates the new row, and takes the owner from the old one only after that. A list goes through an owner's
//! rows by `arrival`, each page being one statement, which sees all that was committed before it began. It misses
//! nothing as long as
//!
//! > a row that is created while another one stands has the larger `arrival` of the two.
//!
//! For then the new row stands behind the old one, so it is looked at in the same statement or in a later one. If the
//! old row has lost its owner when it is looked at, the new one had been created before, and is there when it is looked
//! at, or has handed its owner on to a third, and so forth.
//!
//! That the rule holds is the databases' doing:
//!
//! - SQLite has one writer, and gives a new row the largest rowid there is plus one.
//! - PostgreSQL takes the number from a sequence when the row is *inserted*, not when it is committed. So of two
//!   concurrent inserts the one with the smaller number may be seen later; that does no harm, since neither stood
//!   when the other was created. Of two inserts one after the other, the later one gets the larger number,
//!   *if the sequence is not cached per connection*: `CACHE 1`, the default. CockroachDB's identity columns are such
//!   sequences, too (its `unique_rowid()`, which is not used, goes by the clocks of its nodes). YugabyteDB caches 100
//!   by default: set `ysql_sequence_cache_minval` to 1 there.
//! - InnoDB takes the number from a counter in memory, under a lock, when the row is inserted. Where several servers
//!   take writes (Galera, group replication), each counts by itself: send the writes to one.
//!
//! A row keeps its `arrival` for life, so whatever stands throughout is seen once, also where its owner writes to it.

use std::num::NonZeroUsize;
use std::sync::Arc;

use session_core::{Cursor, Owner, Owners, Page, Record, Scan, SessionKey, StoreError, Sweep, Timestamp, async_trait};

use crate::cursor;
use crate::dialect::{Dialect, Fetched, Value};
use crate::row::time_column;
use crate::store::SqlStore;

#[async_trait]
impl<Db: Dialect> Sweep for SqlStore<Db> {
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        self.inner().clock.look_at_sweep(&self.inner().pools, before).await;
        let (before, limit, sql) = (time_column(before), rows(limit), &self.inner().statements.sweep);
        let mut removed = 0;
        loop {
            // Of the rows that are due by the index, those whose deadline that is are the oldest of all: any other that is
            // older is among the rest of these, and they are filed anew under theirs before more is removed.
            let left = limit.saturating_sub_unsigned(removed);
            removed += self.inner().sweep(&sql.delete, before, left).await?;
            // A batch that was filed anew as a whole is not the end: what is behind it may be over.
            if removed >= limit.cast_unsigned() || self.inner().sweep(&sql.refile, before, limit).await? == 0 {
                return Ok(removed);
            }
        }
    }
}

#[async_trait]
impl<Db: Dialect> Owners for SqlStore<Db> {
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let after = match after {
            // No database counts from below.
            None => i64::MIN,
            Some(cursor) => cursor::arrival(cursor).ok_or(StoreError::InvalidCursor { store: Db::STORE })?,
        };
        let limit = Limit::of(limit);
        let (owned, after) = (Value::Bytes(owner.as_str().as_bytes()), Value::Number(after));
        let values = [Value::Number(limit.longest()), owned, after, Value::Number(limit.rows())];
        let rows = self.inner().fetch(&self.inner().statements.list, &values).await?;
        let is_meant = |record: &Record| record.owner.as_ref() == Some(owner);
        self.page_of(rows, limit, is_meant, |_, arrival| cursor::after_arrival(arrival)).await
    }
}

#[async_trait]
impl<Db: Dialect> Scan for SqlStore<Db> {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let after = match after {
            None => Vec::new(), // before every key
            Some(cursor) => cursor::key(cursor).ok_or(StoreError::InvalidCursor { store: Db::STORE })?.to_vec(),
        };
        let limit = Limit::of(limit);
        let values = [Value::Number(limit.longest()), Value::Bytes(&after), Value::Number(limit.rows())];
        let rows = self.inner().fetch(&self.inner().statements.scan, &values).await?;
        self.page_of(rows, limit, |_| true, |key, _| cursor::after_key(key)).await
    }
}

/// Gives a limit to a database, none of which counts to more.
fn rows(limit: NonZeroUsize) -> i64 {
    i64::try_from(limit.get()).unwrap_or(i64::MAX)
}

/// How many rows go on a page, and which of them come with their payloads.
#[derive(Clone, Copy, Debug)]
struct Limit(usize);

impl Limit {
    /// The most rows of a page.
    const MOST: usize = 1_000;

    fn of(limit: NonZeroUsize) -> Self {
        Self(limit.get().min(Self::MOST))
    }

    fn rows(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// How long a payload may be that comes with its row: all of them together have a few MiB at most, where the page
    /// would not be full much sooner. Longer ones are read one after the other, until it is.
    fn longest(self) -> i64 {
        i64::try_from(4 * Page::BYTES / self.0).unwrap_or(i64::MAX)
    }
}

impl<Db: Dialect> SqlStore<Db> {
    /// Makes a page of rows. One that cannot be read is named apart, but counts: whether there is more, and where it
    /// begins, is a matter of rows.
    ///
    /// A long record is read by itself, later than the rows. If it is gone by then, or given away, what took its place
    /// may have come after the rows were read, so there is a next page to look on.
    async fn page_of(
        &self,
        rows: Vec<Fetched>,
        limit: Limit,
        is_meant: impl Fn(&Record) -> bool,
        mark: impl Fn(&SessionKey, i64) -> Cursor,
    ) -> Result<Page, StoreError> {
        let mut more = rows.len() >= limit.0;
        let mut page = Page { records: Vec::with_capacity(rows.len()), ..Page::default() };
        let (mut last, mut room) = (None, Page::BYTES);
        for fetched in rows {
            if room == 0 {
                more = true;
                break;
            }
            // The table holds no key of another length.
            let Some((key, arrival)) = fetched.place.and_then(|at| Some((at.key?, at.arrival))) else { continue };
            last = Some((key, arrival));
            let record = match fetched.record {
                Ok(_) if fetched.left_out => match self.inner().read(&key).await {
                    Ok(found) => found.filter(&is_meant),
                    Err(StoreError::Corrupt { .. }) => {
                        page.unreadable.push(key);
                        continue;
                    }
                    Err(error) => return Err(error),
                },
                Ok(record) => Some(record),
                Err(_) => {
                    page.unreadable.push(key);
                    continue;
                }
            };
            match record {
                Some(record) => {
                    room = room.saturating_sub(record.payload.len());
                    page.records.push((key, Arc::new(record)));
                }
                None => more = true,
            }
        }
        page.next = last.filter(|_| more).map(|(key, arrival)| mark(&key, arrival));
        Ok(page)
    }
}
