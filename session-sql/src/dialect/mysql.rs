//! MySQL and MariaDB, on InnoDB.

use std::str::FromStr;

use sqlx::error::DatabaseError;
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError};
use sqlx::{MySql, Row};

use super::backend::{Backend, Dialect};
use super::driver::{driver, inline};
use super::value::{Fetched, Value};
use crate::config::{Logging, Preparing, SqlConfig};
use crate::error::{SchemaError, SqlError};
use crate::fault::{Failure, Fault};
use crate::guard::Statement;
use crate::pools::{self, Pools};
use crate::schema::{Table, mark};
use crate::statements::{Placeholders, Spelling, SweepSql};
use crate::url::Refused;

impl Dialect for MySql {}

impl Backend for MySql {
    const STORE: &'static str = "session-sql/mysql";
    const DATABASE: &'static str = "MySQL";
    const SCHEMES: &'static [&'static str] = &["mysql", "mariadb"];
    const REFUSED: &'static [Refused] = &[];
    const ONE_WRITER: bool = false;
    // A taken key is an error that is known by its number. `INSERT IGNORE` would turn every other error into a warning
    // and store what is left of the values; `ON DUPLICATE KEY UPDATE` counts the same whether it inserted or not,
    // because sqlx asks for the rows matched (without which a `touch` that moves nothing would seem to find nothing).
    const SPELLING: Spelling = Spelling {
        quote: '`',
        placeholders: Placeholders::Marks,
        greatest: "greatest",
        least: "least",
        guarded: false,
        names_are_moves: false,
        on_taken: "",
        length: "length(payload)",
        notify: None,
    };
    // Neither database lets a DELETE skip what is locked, but a SELECT within one may. The order of the join and its index
    // are told, so that the rows are found by their keys: of a table that is nearly empty all rows would be read instead,
    // and locked. So nothing here waits for a lock while it holds one: the SELECT skips, and what writes has what it needs.
    const SWEEP: SweepSql<&'static str> = SweepSql {
        delete: "DELETE swept FROM (SELECT session_key FROM {t} WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ? \
             FOR UPDATE SKIP LOCKED) AS due STRAIGHT_JOIN {t} AS swept FORCE INDEX FOR JOIN (PRIMARY) \
             ON swept.session_key = due.session_key WHERE swept.sweep_at >= swept.expires_at",
        refile: "UPDATE (SELECT session_key FROM {t} WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ? \
             FOR UPDATE SKIP LOCKED) AS due STRAIGHT_JOIN {t} AS swept FORCE INDEX FOR JOIN (PRIMARY) \
             ON swept.session_key = due.session_key SET swept.sweep_at = swept.expires_at \
             WHERE swept.sweep_at < swept.expires_at",
    };
    // Whatever changes a schema commits by itself.
    const BEGIN: Option<&'static str> = None;
    // In no time zone, for one hour a year is two in some.
    const NOW: Option<&'static str> =
        Some("SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(3)) DIV 1000");
    const SYSTEM: &'static str = "mysql";
    const COLUMNS: &'static [&'static str] = &[
        "session_key binary not null",
        "arrival bigint not null",
        "version bigint not null",
        "payload longblob not null",
        "owner varbinary",
        "created_at bigint not null",
        "last_seen_at bigint not null",
        "expires_at bigint not null",
        "sweep_at bigint not null",
    ];

    // The rows lie in the order of the key, not of arrival, so that a write locks the row itself first. By another
    // index it would lock that entry and then wait for the row, while a sweep that holds the row waits for the entry.
    fn ddl(config: &SqlConfig) -> Vec<String> {
        let (table, mark) = (&config.table, mark());
        vec![format!(
            "CREATE TABLE `{table}` (
    session_key BINARY(32) NOT NULL,
    arrival BIGINT NOT NULL AUTO_INCREMENT,
    version BIGINT NOT NULL,
    payload LONGBLOB NOT NULL,
    owner VARBINARY(255) NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    sweep_at BIGINT NOT NULL,
    PRIMARY KEY (session_key),
    UNIQUE KEY `{table}_arrival` (arrival),
    KEY `{table}_sweep_at` (sweep_at),
    KEY `{table}_owner` (owner, arrival)
) ENGINE = InnoDB COMMENT = '{mark}'"
        )]
    }

    fn remedy(config: &SqlConfig) -> String {
        format!("if it is one, say so: ALTER TABLE `{}` COMMENT = '{}'", config.table, mark())
    }

    fn unsupported(config: &SqlConfig) -> Option<&'static str> {
        match config {
            SqlConfig { listen_url: Some(_), .. } => Some("anything to listen to"),
            SqlConfig { schema: Some(_), .. } => Some("schemas apart from databases: name the database in the URL"),
            SqlConfig { logging: Logging::Unlogged, .. } => Some("unlogged tables"),
            SqlConfig { preparing: Preparing::Never, .. } => Some("statements that are not prepared"),
            _ => None,
        }
    }

    fn open(url: &str, config: &SqlConfig) -> Result<Pools<Self>, SqlError> {
        let options = MySqlConnectOptions::from_str(url).map_err(SqlError::of_url)?;
        let pool = || pools::options(config).connect_lazy_with(options.clone());
        Ok(Pools::of_url(pool(), pool(), None, None, Self::fault))
    }

    fn fault(error: &dyn DatabaseError) -> Fault {
        let number = error.try_downcast_ref::<MySqlDatabaseError>().map_or(0, MySqlDatabaseError::number);
        match number {
            // Lock wait, deadlock, a row that changed since it was read (MariaDB with snapshot isolation).
            1205 | 1213 | 1020 => Fault::Lost,
            1317 | 1969 | 3024 => Fault::TooSlow, // interrupted, by the limit of either or by somebody
            1021 | 1114 => Fault::Full,           // the disk, the table
            1040 | 1203 => Fault::Crowded,        // of the server, of the user
            1226 if error.message().contains("max_user_connections") => Fault::Crowded,
            1290 | 1792 | 1836 => Fault::ReadOnly, // an option, a transaction, the server's mode
            // No memory, a limit of the user on something else, a cluster's node that is not ready.
            1037 | 1038 | 1041 | 1047 | 1226 => Fault::Refused,
            1053 | 1180 | 1927 | 4031 => Fault::Unknown, // shutdown, a failed commit, a connection that was ended
            1062 => Fault::Duplicate,
            1054 | 1146 => Fault::NoTable,
            // Rights, databases, and a server that is too old for the syntax.
            1044 | 1045 | 1049 | 1064 | 1142 | 1143 | 1227 | 1698 => Fault::Misconfigured,
            _ => Fault::Other,
        }
    }

    async fn prepare(pools: &Pools<Self>, config: &SqlConfig) -> Result<Result<(), SchemaError>, Failure> {
        let mut connection = pools.writer().await?;
        let (autocommit, packet): (i64, i64) =
            sqlx::query_as("SELECT CAST(@@autocommit AS SIGNED), CAST(@@max_allowed_packet AS SIGNED)")
                .fetch_one(&mut *connection)
                .await
                .map_err(Failure::Sent)?;
        connection.done();
        let needed = config.max_payload.saturating_add(64 * 1024);
        Ok(if autocommit == 0 {
            Err(SchemaError::Setting {
                what: "the server does not commit by itself, so that no write would be seen".to_owned(),
                remedy: "set autocommit = 1".to_owned(),
            })
        } else if usize::try_from(packet).is_ok_and(|packet| packet < needed) {
            Err(SchemaError::Setting {
                what: format!("the server takes packets of {packet} bytes, and a write may have {needed}"),
                remedy: "raise max_allowed_packet, or lower `SqlConfig::with_max_payload`".to_owned(),
            })
        } else {
            Ok(())
        })
    }

    async fn look(connection: &mut Self::Connection, config: &SqlConfig) -> Result<Option<Table>, Failure> {
        let name = config.table.as_str();
        let found = sqlx::query_scalar(
            "SELECT CONVERT(table_comment USING utf8mb4) FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = ?",
        )
        .bind(name)
        .fetch_optional(&mut *connection)
        .await
        .map_err(Failure::Sent)?;
        let Some(comment) = found else { return Ok(None) };
        let columns = sqlx::query_scalar(
            "SELECT CONVERT(CONCAT(column_name, ' ', data_type, IF(is_nullable = 'NO', ' not null', '')) USING utf8mb4) \
             FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? \
             ORDER BY ordinal_position",
        )
        .bind(name)
        .fetch_all(&mut *connection)
        .await
        .map_err(Failure::Sent)?;
        Ok(Some(Table { comment, columns }))
    }

    // Under READ COMMITTED a lock is on a row alone; by default it would be on the gaps between rows, too, and every
    // insert beside an expired row would wait. That is said of the next transaction, which is this statement, in the same
    // message, so that no other statement comes between, whenever this is dropped. Such a message cannot be prepared;
    // its values are numbers of ours.
    async fn sweep(pools: &Pools<Self>, sql: &Statement, before: i64, limit: i64) -> Result<u64, Failure> {
        let sql = sql.text.replacen('?', &before.to_string(), 1).replacen('?', &limit.to_string(), 1);
        let text = format!("SET TRANSACTION ISOLATION LEVEL READ COMMITTED; {sql}");
        let mut writer = pools.writer().await?;
        match sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut *writer).await {
            Ok(done) => {
                writer.done();
                Ok(done.rows_affected())
            }
            Err(error) => Err(writer.failed(error, Self::fault)),
        }
    }

    driver!();
}
