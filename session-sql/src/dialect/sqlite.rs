//! SQLite.

use std::str::FromStr;

use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Row, Sqlite};

use super::backend::{Backend, Dialect};
use super::driver::{driver, inline};
use super::value::{Fetched, Value};
use crate::config::{Durability, Logging, Preparing, SqlConfig};
use crate::error::{SchemaError, SqlError};
use crate::fault::{Failure, Fault};
use crate::guard::Statement;
use crate::pools::{self, Pools};
use crate::schema::{Table, mark};
use crate::statements::{Placeholders, Spelling, SweepSql};
use crate::url::Refused;

impl Dialect for Sqlite {}

impl Backend for Sqlite {
    const STORE: &'static str = "session-sql/sqlite";
    const DATABASE: &'static str = "SQLite";
    const SCHEMES: &'static [&'static str] = &["sqlite", "file"];
    const REFUSED: &'static [Refused] = &[];
    const ONE_WRITER: bool = true;
    const SPELLING: Spelling = Spelling {
        quote: '"',
        placeholders: Placeholders::Marks,
        greatest: "max",
        least: "min",
        guarded: false,
        names_are_moves: true,
        on_taken: "ON CONFLICT (session_key) DO NOTHING",
        length: "length(payload)",
        notify: None,
    };
    const SWEEP: SweepSql<&'static str> = SweepSql {
        delete: "DELETE FROM {t} WHERE arrival IN \
             (SELECT arrival FROM {t} WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ?) AND sweep_at >= expires_at",
        refile: "UPDATE {t} SET sweep_at = expires_at WHERE arrival IN \
             (SELECT arrival FROM {t} WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ?) AND sweep_at < expires_at",
    };
    // At once, or a transaction that has read finds that it may not write any more.
    const BEGIN: Option<&'static str> = Some("BEGIN IMMEDIATE");
    const NOW: Option<&'static str> = None;
    const SYSTEM: &'static str = "sqlite";
    const COLUMNS: &'static [&'static str] = &[
        "arrival INTEGER",
        "session_key BLOB not null",
        "version INTEGER not null",
        "payload BLOB not null",
        "owner BLOB",
        "created_at INTEGER not null",
        "last_seen_at INTEGER not null",
        "expires_at INTEGER not null",
        "sweep_at INTEGER not null",
    ];

    // `arrival` is the rowid: SQLite gives a new row the largest there is plus one, so a row that is created while
    // another stands comes after it, which is all that `list` asks (see `walk.rs`). AUTOINCREMENT would promise more,
    // that no number is ever used again, and write a second table for it.
    fn ddl(config: &SqlConfig) -> Vec<String> {
        let (table, mark) = (&config.table, mark());
        vec![
            format!(
                "CREATE TABLE \"{table}\" ( /* {mark} */
    arrival INTEGER PRIMARY KEY,
    session_key BLOB NOT NULL UNIQUE CHECK (length(session_key) = 32),
    version INTEGER NOT NULL,
    payload BLOB NOT NULL,
    owner BLOB,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    sweep_at INTEGER NOT NULL
) STRICT"
            ),
            format!("CREATE INDEX \"{table}_sweep_at\" ON \"{table}\" (sweep_at)"),
            format!("CREATE INDEX \"{table}_owner\" ON \"{table}\" (owner, arrival) WHERE owner IS NOT NULL"),
        ]
    }

    fn remedy(_: &SqlConfig) -> String {
        "create it again by the SQL of `SqlStore::schema`, comment included, and copy the rows".to_owned()
    }

    fn unsupported(config: &SqlConfig) -> Option<&'static str> {
        match config {
            SqlConfig { listen_url: Some(_), .. } => Some("anything to listen to"),
            SqlConfig { schema: Some(_), .. } => Some("schemas"),
            SqlConfig { logging: Logging::Unlogged, .. } => Some("unlogged tables"),
            SqlConfig { preparing: Preparing::Never, .. } => Some("statements that are not prepared"),
            _ => None,
        }
    }

    fn open(url: &str, config: &SqlConfig) -> Result<Pools<Self>, SqlError> {
        let synchronous = match config.durability {
            Durability::Power => SqliteSynchronous::Full,
            Durability::Process => SqliteSynchronous::Normal,
        };
        let options = SqliteConnectOptions::from_str(url).map_err(SqlError::of_url)?;
        let options = options.synchronous(synchronous).busy_timeout(config.acquire_timeout).create_if_missing(true);
        if in_memory(url) {
            // The database lives as long as the connection, so there is one, and it is kept.
            let options = options.in_memory(true).shared_cache(false);
            let kept: SqlitePoolOptions = pools::options(config).max_connections(1).min_connections(1);
            return Ok(Pools::of_memory(kept.connect_lazy_with(options)));
        }
        let file = Some(options.get_filename().to_owned());
        let several = || pools::options(config).connect_lazy_with(options.clone());
        let one = pools::options(config).max_connections(1).connect_lazy_with(options.clone());
        Ok(Pools::of_url(several(), several(), Some(one), file, Self::fault))
    }

    // The low byte of a code is its class; see SQLite's list of result codes.
    fn fault(error: &dyn DatabaseError) -> Fault {
        let code = error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(0);
        match code & 0xff {
            5 | 6 => Fault::Lost,                // busy, locked
            8 | 14 | 26 => Fault::Misconfigured, // read-only, cannot be opened, no database
            9 => Fault::TooSlow,                 // interrupted
            13 => Fault::Full,
            // SQLite has one code for all that is wrong with a statement.
            1 if error.message().starts_with("no such") => Fault::NoTable,
            _ if error.is_unique_violation() => Fault::Duplicate,
            _ => Fault::Other,
        }
    }

    async fn prepare(pools: &Pools<Self>, _: &SqlConfig) -> Result<Result<(), SchemaError>, Failure> {
        if let Some(file) = &pools.file {
            keep_to_owner(file);
        }
        let mut connection = pools.writer().await?;
        let files: Vec<String> = sqlx::query_scalar("SELECT file FROM pragma_database_list WHERE name = 'main'")
            .fetch_all(&mut *connection)
            .await
            .map_err(Failure::Sent)?;
        if files.iter().all(String::is_empty) {
            // Each connection would have a database of its own, or lock tables against the others. `pools.file` is
            // there, and has no name, for a URL without one.
            return Ok(match pools.pool.options().get_max_connections() {
                1 if pools.file.is_none() => Ok(()),
                _ => Err(SchemaError::Setting {
                    what: "a database without a file is one connection's, and there are several".to_owned(),
                    remedy: "name a file, or use `SqliteStore::in_memory`, or a pool of one connection that is kept"
                        .to_owned(),
                }),
            });
        }
        if pools.file.is_some() {
            // Here and not with every connection: it is kept in the file, and changing it takes a lock.
            sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *connection).await.map_err(Failure::Sent)?;
        }
        Ok(Ok(()))
    }

    async fn look(connection: &mut Self::Connection, config: &SqlConfig) -> Result<Option<Table>, Failure> {
        let name = config.table.as_str();
        let found = sqlx::query_scalar("SELECT coalesce(sql, '') FROM sqlite_schema WHERE name = ?1")
            .bind(name)
            .fetch_optional(&mut *connection)
            .await
            .map_err(Failure::Sent)?;
        let Some(comment) = found else { return Ok(None) };
        let columns = sqlx::query_scalar(
            "SELECT name || ' ' || type || iif(\"notnull\", ' not null', '') FROM pragma_table_info(?1)",
        )
        .bind(name)
        .fetch_all(&mut *connection)
        .await
        .map_err(Failure::Sent)?;
        Ok(Some(Table { comment, columns }))
    }

    async fn sweep(pools: &Pools<Self>, sql: &Statement, before: i64, limit: i64) -> Result<u64, Failure> {
        Self::execute(pools, sql, &[Value::Number(before), Value::Number(limit)]).await
    }

    driver!();
}

fn in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

/// Creates the file, if it is not there, readable by its owner alone; SQLite gives the log beside it the same rights.
fn keep_to_owner(file: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Where it fails, SQLite fails, too, and says why.
        let _ = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    }
    #[cfg(not(unix))]
    let _ = file;
}
