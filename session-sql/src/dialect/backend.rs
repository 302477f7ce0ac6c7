//! What the databases differ in.

#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use session_core::Record;
use sqlx::Database;
use sqlx::error::DatabaseError;

use crate::config::SqlConfig;
use crate::error::{SchemaError, SqlError};
use crate::fault::{Failure, Fault};
use crate::pools::Pools;
use crate::row::{Place, RowError};
use crate::schema::{Table, Upgrade};
use crate::statements::{Spelling, SweepSql};

/// Marks the databases that a [`SqlStore`](crate::SqlStore) can keep sessions in: `sqlx::Sqlite`, `sqlx::Postgres` and
/// `sqlx::MySql`, each behind the feature of that name.
///
/// It cannot be implemented elsewhere: what a database has to promise is more than a trait can ask.
pub trait Dialect: Backend {}

/// Says what a store needs of a database. The parts that work on connections are written per database by [`driver!`],
/// since what sqlx asks of a generic one would stand on every signature.
pub trait Backend: Database {
    /// The store's name in errors.
    const STORE: &'static str;
    /// The database's name in texts.
    const DATABASE: &'static str;
    /// Whether one connection at a time can write.
    const ONE_WRITER: bool;
    /// How it writes what all have.
    const SPELLING: Spelling;
    /// The statements of a sweep.
    const SWEEP: SweepSql<&'static str>;
    /// What begins a transaction that is going to change the schema; `None` if it takes none.
    ///
    /// Beware: where the beginning of a transaction is dropped before the reply, sqlx 0.9 knows of none on PostgreSQL and
    /// MySQL, and hands the connection on to writes that would never be committed. So there nothing begins one.
    const BEGIN: Option<&'static str>;
    /// The columns of the current schema as [`look`](Self::look) describes them, in any order.
    const COLUMNS: &'static [&'static str];

    /// Gives the statements that create the table.
    fn ddl(config: &SqlConfig) -> Vec<String>;

    /// Gives what leads from older schemas to the current one: nothing, for there has been one schema so far.
    fn upgrades(_: &SqlConfig) -> Vec<Upgrade> {
        Vec::new()
    }

    /// Gives the statement by which an operator marks a table that lost its mark.
    fn remedy(config: &SqlConfig) -> String;

    /// Says which of the settings this database does not have.
    fn unsupported(config: &SqlConfig) -> Option<&'static str>;

    /// Makes pools of a URL, without connecting.
    ///
    /// # Errors
    /// If the URL cannot be understood.
    fn open(url: &str, config: &SqlConfig) -> Result<Pools<Self>, SqlError>;

    /// Reads what an error of the database means.
    fn fault(error: &dyn DatabaseError) -> Fault;

    /// Looks whether the database is set up so that the store can work, and sets up what belongs to the store.
    fn prepare(
        pools: &Pools<Self>,
        config: &SqlConfig,
    ) -> impl Future<Output = Result<Result<(), SchemaError>, Failure>> + Send;

    /// Describes the table; `None` if it is not there.
    fn look(
        connection: &mut Self::Connection,
        config: &SqlConfig,
    ) -> impl Future<Output = Result<Option<Table>, Failure>> + Send;

    /// Runs statements without values in one transaction, where the database has such a thing for them; none of them
    /// if the table is no longer of the schema that was `found`.
    fn run(
        pools: &Pools<Self>,
        config: &SqlConfig,
        found: Option<u32>,
        statements: &[String],
    ) -> impl Future<Output = Result<(), Failure>> + Send;

    /// Runs a statement that writes, and gives how many rows it matched.
    fn execute(
        pools: &Pools<Self>,
        sql: &Arc<str>,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// Runs a statement that reads records.
    fn fetch(
        pools: &Pools<Self>,
        sql: &Arc<str>,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Fetched>, Failure>> + Send;

    /// Runs one of the statements of a sweep, and gives how many rows it changed.
    fn sweep(
        pools: &Pools<Self>,
        sql: &Arc<str>,
        before: i64,
        limit: i64,
    ) -> impl Future<Output = Result<u64, Failure>> + Send;
}

/// Holds a value of a statement.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// A version or a time.
    Number(i64),
    /// A key, a payload or an owner.
    Bytes(&'a [u8]),
    /// No owner.
    Absent,
}

/// Shows no bytes: they are what must not be shown.
impl fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Absent => f.write_str("absent"),
        }
    }
}

/// Holds what was read of a row.
#[derive(Debug)]
pub struct Fetched {
    /// The record; the error if it is none.
    pub(crate) record: Result<Record, RowError>,
    /// Where it stands; `None` if the statement did not ask.
    pub(crate) place: Option<Place>,
}

/// Writes the parts of a [`Backend`] that work on connections.
macro_rules! driver {
    () => {
        async fn run(
            pools: &Pools<Self>,
            config: &SqlConfig,
            found: Option<u32>,
            statements: &[String],
        ) -> Result<(), Failure> {
            let mut writer = pools.writer().await?;
            let Some(begin) = Self::BEGIN else {
                return driver!(@run &mut *writer, config, found, statements);
            };
            let begun = sqlx::Connection::begin_with(&mut *writer, begin).await;
            let mut transaction = begun.map_err(Failure::Sent)?;
            driver!(@run &mut *transaction, config, found, statements)?;
            transaction.commit().await.map_err(Failure::Sent)
        }

        async fn execute(pools: &Pools<Self>, sql: &Arc<str>, values: &[Value<'_>]) -> Result<u64, Failure> {
            let mut writer = pools.writer().await?;
            let query = driver!(@bind sql, values);
            let done = query.execute(&mut *writer).await.map_err(Failure::Sent)?;
            writer.done();
            Ok(done.rows_affected())
        }

        async fn fetch(pools: &Pools<Self>, sql: &Arc<str>, values: &[Value<'_>]) -> Result<Vec<Fetched>, Failure> {
            let mut reader = pools.reader().await?;
            let query = driver!(@bind sql, values);
            let rows = query.fetch_all(&mut *reader).await.map_err(Failure::Sent)?;
            reader.done();
            rows.iter().map(driver!(@read)).collect::<Result<_, _>>().map_err(Failure::Sent)
        }
    };
    (@run $connection:expr, $config:expr, $found:expr, $statements:expr) => {{
        let standing = Self::look($connection, $config).await?;
        if standing.and_then(|table| table.schema()) == $found {
            // In one message, which for PostgreSQL is one transaction.
            let text = sqlx::AssertSqlSafe($statements.join(";\n"));
            sqlx::raw_sql(text).execute($connection).await.map_err(Failure::Sent)?;
        }
        Ok::<_, Failure>(())
    }};
    (@bind $sql:expr, $values:expr) => {{
        let query = sqlx::query(sqlx::AssertSqlSafe(Arc::clone($sql)));
        $values.iter().fold(query, |query, value| match *value {
            Value::Number(number) => query.bind(number),
            Value::Bytes(bytes) => query.bind(bytes),
            Value::Absent => query.bind(None::<&[u8]>),
        })
    }};
    (@read) => {
        |row| {
            let columns = || {
                Ok(crate::row::Columns {
                    version: row.try_get(0)?,
                    payload: row.try_get(1)?,
                    owner: row.try_get(2)?,
                    created_at: row.try_get(3)?,
                    last_seen_at: row.try_get(4)?,
                    expires_at: row.try_get(5)?,
                })
            };
            let place = match row.len() {
                6 => None,
                _ => Some(crate::row::Place { key: crate::row::key(row.try_get(6)?), arrival: row.try_get(7)? }),
            };
            Ok::<_, sqlx::Error>(Fetched { record: crate::row::record(columns()), place })
        }
    };
}
pub(crate) use driver;
