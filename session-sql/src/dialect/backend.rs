//! What a store needs of a database.

use std::future::Future;

use session_core::Watch;
use sqlx::error::DatabaseError;
use sqlx::{Database, Pool};

use super::value::{Fetched, Value};
use crate::config::SqlConfig;
use crate::error::{SchemaError, SqlError};
use crate::fault::{Failure, Fault};
use crate::guard::Statement;
use crate::pools::Pools;
use crate::schema::{Table, Upgrade};
use crate::statements::{Spelling, SweepSql};
use crate::url::Refused;

/// The databases that a [`SqlStore`](crate::SqlStore) can keep sessions in: `sqlx::Sqlite`, `sqlx::Postgres` and
/// `sqlx::MySql`, each behind the feature of that name.
///
/// It cannot be implemented elsewhere: what a database has to promise is more than a trait can ask.
pub trait Dialect: Backend {}

/// What a store needs of a database. The parts that work on connections are written per database by `driver!`, since
/// what sqlx asks of a generic one would stand on every signature.
pub trait Backend: Database {
    /// The store's name in errors.
    const STORE: &'static str;
    /// The database's name in texts.
    const DATABASE: &'static str;
    /// What a URL of it begins with.
    const SCHEMES: &'static [&'static str];
    /// What its URLs may not have.
    const REFUSED: &'static [Refused];
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
    /// What asks for the time, in milliseconds since 1970; `None` if it has no clock of its own.
    const NOW: Option<&'static str>;
    /// What OpenTelemetry calls it.
    const SYSTEM: &'static str;
    /// The columns of the current schema as [`look`](Self::look) describes them, in any order.
    const COLUMNS: &'static [&'static str];

    /// Returns the statements that create the table.
    fn ddl(config: &SqlConfig) -> Vec<String>;

    /// Returns what leads from older schemas to the current one: nothing, for there has been one schema so far.
    fn upgrades(_: &SqlConfig) -> Vec<Upgrade> {
        Vec::new()
    }

    /// Returns the statement by which an operator marks a table that lost its mark.
    fn remedy(config: &SqlConfig) -> String;

    /// Says which of the settings this database does not have.
    fn unsupported(config: &SqlConfig) -> Option<&'static str>;

    /// Makes pools of a URL, without connecting.
    ///
    /// # Errors
    /// If the URL cannot be understood.
    fn open(url: &str, config: &SqlConfig) -> Result<Pools<Self>, SqlError>;

    /// Makes what tells of ends that are made over the pool; `None` if nothing does.
    ///
    /// # Errors
    /// If the URL to listen to cannot be understood.
    fn feed(_: &Pool<Self>, _: &SqlConfig) -> Result<Option<Box<dyn Watch>>, SqlError> {
        Ok(None)
    }

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
        sql: &Statement,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<u64, Failure>> + Send;

    /// Runs a statement that reads records.
    fn fetch(
        pools: &Pools<Self>,
        sql: &Statement,
        values: &[Value<'_>],
    ) -> impl Future<Output = Result<Vec<Fetched>, Failure>> + Send;

    /// Runs a statement without values, which is not prepared, and gives the number that it answers.
    fn number(pools: &Pools<Self>, sql: &'static str) -> impl Future<Output = Result<i64, Failure>> + Send;

    /// Runs one of the statements of a sweep, and gives how many rows it changed.
    fn sweep(
        pools: &Pools<Self>,
        sql: &Statement,
        before: i64,
        limit: i64,
    ) -> impl Future<Output = Result<u64, Failure>> + Send;
}
