//! What `init` does: look, create what is missing, upgrade what is older, refuse what is not ours.
//!
//! The table's schema is numbered, and the number stands in the table's comment (in SQLite, which has none, in a
//! comment within its `CREATE TABLE`, which SQLite keeps). So there is no second table, and the number is dumped,
//! restored and renamed with the rows.
//!
//! No lock is taken, neither of sqlx nor of the database: not every database that speaks PostgreSQL's protocol has
//! advisory locks. Instead, whoever finds no table creates one, and whoever finds an older one upgrades it to the next
//! schema, as one step; of many that try, one gets through; the others fail or find that it was done, and look again.
//! A failure counts only if the table is still of the schema that was found.

use session_core::StoreError;

use crate::config::SqlConfig;
use crate::dialect::Dialect;
use crate::error::SchemaError;
use crate::fault::{Effect, Failure, retrying};
use crate::pools::Pools;

/// The schema that this version writes. There has been no other; what comes next adds an [`Upgrade`] per database.
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

impl Table {
    /// Gives the number of the schema, by the mark; `None` if there is none.
    pub(crate) fn schema(&self) -> Option<u32> {
        schema_in(&self.comment)
    }
}

/// Leads from one schema to another.
#[derive(Clone, Debug)]
pub struct Upgrade {
    /// The schema that it is for.
    pub(crate) from: u32,
    /// What is run: in one transaction, but on MySQL, where it has to be a single statement. It sets the mark of the
    /// schema that it leads to. On PostgreSQL and MySQL, where another process may do the same at the same moment, it
    /// must fail where that has been done.
    pub(crate) statements: Vec<String>,
}

/// Makes sure that the table is there and is one of this store's.
pub(crate) async fn init<Db: Dialect>(pools: &Pools<Db>, config: &SqlConfig) -> Result<(), StoreError> {
    init_by(pools, config, &Db::upgrades(config)).await
}

async fn init_by<Db: Dialect>(pools: &Pools<Db>, config: &SqlConfig, by: &[Upgrade]) -> Result<(), StoreError> {
    // Lost: to another process that creates the table at this moment, or to whatever holds SQLite's lock.
    let looked = retrying::<Db, _, _>(|| attempt(pools, config, by)).await;
    looked
        .map_err(|failure| failure.told::<Db>(Effect::Writes))?
        .map_err(|refused| StoreError::Misconfigured { store: Db::STORE, source: refused.into() })
}

async fn attempt<Db: Dialect>(
    pools: &Pools<Db>,
    config: &SqlConfig,
    upgrades: &[Upgrade],
) -> Result<Result<(), SchemaError>, Failure> {
    if let Err(refused) = Db::prepare(pools, config).await? {
        return Ok(Err(refused));
    }
    let table = || Db::SPELLING.table(config);
    // One step to create, and one for each schema since.
    for _ in 0..=upgrades.len() + 1 {
        let found = match look(pools, config).await? {
            None => None,
            Some(table) => match check::<Db>(&table, config) {
                Ok(CURRENT) => return Ok(Ok(())),
                Ok(older) => Some(older),
                Err(refused) => return Ok(Err(refused)),
            },
        };
        let step = match found {
            None => Db::ddl(config),
            Some(found) => match upgrades.iter().find(|upgrade| upgrade.from == found) {
                Some(upgrade) => upgrade.statements.clone(),
                None => return Ok(Err(SchemaError::Older { table: table(), found, known: CURRENT })),
            },
        };
        if let Err(failure) = Db::run(pools, config, found, &step).await {
            // Why it failed tells more than that the table is as it was.
            match look(pools, config).await {
                Ok(Some(table)) if table.schema() != found => {}
                Ok(_) | Err(_) => return Err(failure),
            }
        }
    }
    let what = format!("the table {} is not what was made of it a moment ago", table());
    Ok(Err(SchemaError::Setting { what, remedy: "see who else creates or drops it, and call `init` again".to_owned() }))
}

async fn look<Db: Dialect>(pools: &Pools<Db>, config: &SqlConfig) -> Result<Option<Table>, Failure> {
    let mut connection = pools.writer().await?;
    Db::look(&mut connection, config).await
}

/// Gives the schema of a table, if it is one of this store's.
fn check<Db: Dialect>(table: &Table, config: &SqlConfig) -> Result<u32, SchemaError> {
    let name = || Db::SPELLING.table(config);
    match table.schema() {
        Some(found) if found > CURRENT => return Err(SchemaError::Newer { table: name(), found, known: CURRENT }),
        // Its columns are what they were then.
        Some(older) if older < CURRENT => return Ok(older),
        _ => {}
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
    table.schema().ok_or_else(|| SchemaError::Unmarked { table: name(), remedy: Db::remedy(config) })
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
#[path = "schema/upgrades.rs"]
mod upgrades;

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
