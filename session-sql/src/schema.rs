//! What `init` does: look, create what is missing, refuse what is not ours.
//!
//! The table's schema is numbered, and the number stands in the table's comment (in SQLite, which has none, in a
//! comment within its `CREATE TABLE`, which SQLite keeps). So there is no second table, and the number is dumped,
//! restored and renamed with the rows.
//!
//! No lock is taken, neither of sqlx nor of the database: not every database that speaks PostgreSQL's protocol has
//! advisory locks. Instead, whoever finds no table creates one, as one step; of many that try, one gets through; the
//! others fail, look again, and find it. A failure counts only if there is no table afterwards.

use session_core::StoreError;

use crate::config::SqlConfig;
use crate::dialect::Dialect;
use crate::error::SchemaError;
use crate::fault::{Effect, Failure, retrying};
use crate::pools::Pools;

/// The schema that this version writes, and the only one there has been: there is nothing to upgrade from yet.
pub(crate) const CURRENT: u32 = 1;

const MARK: &str = "session-sql schema ";

/// Gives the comment of a table of the current schema.
pub(crate) fn mark() -> String {
    format!("{MARK}{CURRENT}")
}

/// Describes a table that was found.
#[derive(Debug)]
pub struct Table {
    /// The comment, or the text that it stands in.
    pub(crate) comment: String,
    /// The columns: name, type, and `not null` where that holds.
    pub(crate) columns: Vec<String>,
}

/// Makes sure that the table is there and is one of this store's.
pub(crate) async fn init<Db: Dialect>(pools: &Pools<Db>, config: &SqlConfig) -> Result<(), StoreError> {
    // Lost: to another process that creates the table at this moment, or to whatever holds SQLite's lock.
    let looked = retrying::<Db, _, _>(|| attempt(pools, config)).await;
    looked
        .map_err(|failure| failure.told::<Db>(Effect::Writes))?
        .map_err(|refused| StoreError::Misconfigured { store: Db::STORE, source: refused.into() })
}

async fn attempt<Db: Dialect>(pools: &Pools<Db>, config: &SqlConfig) -> Result<Result<(), SchemaError>, Failure> {
    if let Err(refused) = Db::prepare(pools, config).await? {
        return Ok(Err(refused));
    }
    if let Some(table) = Db::look(&pools.write, config).await? {
        return Ok(check::<Db>(&table, config));
    }
    let Err(failure) = Db::run(pools, &Db::ddl(config)).await else { return Ok(Ok(())) };
    match Db::look(&pools.write, config).await {
        Ok(Some(table)) => Ok(check::<Db>(&table, config)),
        // Why it could not be created tells more than that it is still not there.
        Ok(None) | Err(_) => Err(failure),
    }
}

fn check<Db: Dialect>(table: &Table, config: &SqlConfig) -> Result<(), SchemaError> {
    let name = || Db::SPELLING.table(config);
    let schema = schema_in(&table.comment);
    if let Some(found) = schema.filter(|found| *found > CURRENT) {
        return Err(SchemaError::Newer { table: name(), found, known: CURRENT });
    }
    let sorted = |columns: &[String]| {
        let mut columns = columns.to_vec();
        columns.sort_unstable();
        columns
    };
    let expected: Vec<_> = Db::COLUMNS.iter().copied().map(str::to_owned).collect();
    if sorted(&table.columns) != sorted(&expected) {
        let (found, expected) = (list(&table.columns), list(&expected));
        return Err(SchemaError::Unknown { table: name(), found, expected });
    }
    match schema {
        Some(_) => Ok(()),
        None => Err(SchemaError::Unmarked { table: name(), remedy: Db::remedy(config) }),
    }
}

fn list(columns: &[String]) -> String {
    format!("({})", columns.join(", "))
}

/// Finds the number of the schema in a comment; `None` if there is none.
fn schema_in(comment: &str) -> Option<u32> {
    let (_, rest) = comment.split_once(MARK)?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_found_wherever_it_stands_in_the_comment() {
        assert_eq!(schema_in(&mark()), Some(CURRENT));
        assert_eq!(schema_in("CREATE TABLE x ( /* session-sql schema 12 */ a"), Some(12));
        for none in ["", "session-sql schema", "session-sql schema x", "session-sql schema 99999999999"] {
            assert_eq!(schema_in(none), None, "{none}");
        }
    }
}
