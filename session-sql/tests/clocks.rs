//! A clock that differs from the database's is told, and refused where it would end what lives.
#![cfg(all(feature = "mysql", feature = "postgres"))]

mod support;

use std::fs::File;
use std::num::NonZeroUsize;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use session_conformance::servers::{MariaDb, Postgres};
use session_sql::session_core::{BoxError, Clock, SessionStore, StoreError, Sweep, SystemClock};
use session_sql::sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use session_sql::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use session_sql::sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection};
use session_sql::{MySqlStore, PostgresStore};
use support::bed::with_causes;
use support::servers::fresh_name;
use tempfile::NamedTempFile;
use tracing::subscriber::DefaultGuard;

/// A log that is kept in a file.
struct Log {
    file: NamedTempFile,
    _listening: DefaultGuard,
}

impl Log {
    /// Hears what this thread tells, until it is dropped.
    fn listen() -> Result<Self, BoxError> {
        let file = NamedTempFile::new()?;
        let writer: Arc<File> = file.reopen()?.into();
        let subscriber = tracing_subscriber::fmt().with_writer(writer).with_ansi(false).finish();
        Ok(Self { file, _listening: tracing::subscriber::set_default(subscriber) })
    }

    /// Gives the lines about clocks.
    fn lines(&self) -> Result<Vec<String>, BoxError> {
        let text = std::fs::read_to_string(self.file.path())?;
        Ok(text.lines().filter(|line| line.contains("clock")).map(str::to_owned).collect())
    }
}

/// Makes a store on PostgreSQL whose server says that it is so many seconds later than it is.
async fn postgres(url: &str, later: i64) -> Result<PostgresStore, BoxError> {
    let schema = fresh_name()?;
    let mut connection = PgConnection::connect(url).await?;
    let shifted = format!(
        "CREATE SCHEMA {schema}; CREATE FUNCTION {schema}.clock_timestamp() RETURNS timestamptz LANGUAGE sql \
         AS 'SELECT pg_catalog.clock_timestamp() + interval ''{later} seconds'''"
    );
    connection.execute(session_sql::sqlx::raw_sql(AssertSqlSafe(shifted))).await?;
    // It is found before the server's own.
    let options = PgConnectOptions::from_str(url)?.options([("search_path", format!("{schema},pg_catalog"))]);
    Ok(PostgresStore::new(PgPoolOptions::new().max_connections(2).connect_with(options).await?))
}

/// The same on MariaDB.
async fn mariadb(url: &str, later: i64) -> Result<MySqlStore, BoxError> {
    let database = fresh_name()?;
    let mut connection = MySqlConnection::connect(url).await?;
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {database}"))).await?;
    let options = MySqlConnectOptions::from_str(url)?.database(&database);
    let pool = MySqlPoolOptions::new().max_connections(2).after_connect(move |connection, _| {
        Box::pin(async move {
            // It stands still then, for as long as a test takes.
            connection.execute(AssertSqlSafe(format!("SET timestamp = UNIX_TIMESTAMP() + {later}"))).await?;
            Ok(())
        })
    });
    Ok(MySqlStore::new(pool.connect_with(options).await?))
}

/// Has the store prepared, and gives what was refused and what was told.
async fn init(store: &impl SessionStore) -> Result<(Option<String>, Vec<String>), BoxError> {
    let log = Log::listen()?;
    let refused = match store.init().await {
        Ok(()) => None,
        Err(error @ StoreError::Misconfigured { .. }) => Some(with_causes(&error)),
        Err(other) => return Err(other.into()),
    };
    Ok((refused, log.lines()?))
}

/// Asserts what is made of a database that is so many seconds later.
fn judged(later: i64, (refused, told): (Option<String>, Vec<String>)) {
    match later {
        -30..=30 => assert!(refused.is_none() && told.is_empty(), "{refused:?} {told:?}"),
        ..=-1800 => {
            let refused = refused.expect("it would end what lives");
            assert!(
                refused.contains("the clock of this server is ahead") && refused.contains("set the clocks"),
                "{refused}"
            );
        }
        _ => {
            assert!(refused.is_none() && told.len() == 1, "{refused:?} {told:?}");
            let fast = if later < 0 { "fast=\"this server\"" } else { "fast=\"the database\"" };
            assert!(told[0].contains("WARN") && told[0].contains(fast), "{told:?}");
        }
    }
}

const LATER: [i64; 5] = [0, 300, -300, 86_400, -7_200];

#[tokio::test]
async fn init_compares_the_clock_with_that_of_postgresql() -> Result<(), BoxError> {
    let server = Postgres::start().await?;
    for later in LATER {
        judged(later, init(&postgres(server.url(), later).await?).await?);
    }
    Ok(())
}

#[tokio::test]
async fn init_compares_the_clock_with_that_of_mariadb() -> Result<(), BoxError> {
    let server = MariaDb::start().await?;
    for later in LATER {
        judged(later, init(&mariadb(server.url(), later).await?).await?);
    }
    Ok(())
}

#[tokio::test]
async fn a_sweep_that_runs_ahead_of_the_databases_clock_is_told_once_a_minute() -> Result<(), BoxError> {
    let server = Postgres::start().await?;
    let store = postgres(server.url(), 0).await?;
    store.init().await?;
    let sweep = async |before| {
        let log = Log::listen()?;
        store.delete_expired(before, NonZeroUsize::MIN).await?;
        log.lines()
    };
    let hour = Duration::from_secs(60 * 60);
    let told = sweep(SystemClock.now() + hour).await?;
    assert!(told.len() == 1 && told[0].contains("ERROR") && told[0].contains("seconds=3"), "{told:?}");
    assert!(sweep(SystemClock.now() + hour).await?.is_empty(), "it was just told");
    let other = postgres(server.url(), 0).await?;
    other.init().await?;
    let log = Log::listen()?;
    other.delete_expired(SystemClock.now() - hour, NonZeroUsize::MIN).await?;
    assert!(log.lines()?.is_empty(), "that is over by both");
    Ok(())
}
