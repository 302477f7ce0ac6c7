//! PostgreSQL, and what speaks its protocol: but for `pg_notify`, which [`Ends::Silent`] leaves out, nothing here is used that
//! CockroachDB or YugabyteDB are known to refuse, so no advisory locks, no `ctid`, no two writes to a table in one statement;
//! see `distributed.rs`. They take the fill factor, and ignore it.

use std::str::FromStr;

use session_core::Watch;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, Pool, Postgres, Row};

use super::backend::{Backend, Dialect};
use super::driver::{driver, inline};
use super::pooler;
use super::value::{Fetched, Value};
use crate::config::{Ends, Logging, Preparing, SqlConfig};
use crate::error::{SchemaError, SqlError};
use crate::fault::{Failure, Fault};
use crate::feed::Feed;
use crate::guard::Statement;
use crate::pools::{self, Pools};
use crate::schema::{Table, mark};
use crate::statements::{Placeholders, Spelling, SweepSql};
use crate::url::Refused;

impl Dialect for Postgres {}

impl Backend for Postgres {
    const STORE: &'static str = "session-sql/postgres";
    const DATABASE: &'static str = "PostgreSQL";
    const SCHEMES: &'static [&'static str] = &["postgres", "postgresql"];
    const REFUSED: &'static [Refused] = &[
        ("schema", BY_CONFIG),
        ("currentSchema", BY_CONFIG),
        ("search_path", BY_CONFIG),
        // sqlx would prepare a statement for each call, under a name, and never let go of it.
        ("statement-cache-capacity=0", "leave it out: each call would leave a statement behind on the server"),
    ];
    const ONE_WRITER: bool = false;
    const SPELLING: Spelling = Spelling {
        quote: '"',
        placeholders: Placeholders::Numbers,
        greatest: "greatest",
        least: "least",
        guarded: true,
        names_are_moves: false,
        on_taken: "ON CONFLICT (session_key) DO NOTHING",
        length: "octet_length(payload)",
        // As `SessionKey` writes itself: base64url without padding.
        notify: Some("pg_notify('{channel}', translate(encode(session_key, 'base64'), '+/=', '-_'))"),
    };
    // ARRAY(..) is worked out once. Within IN (..) the planner may run the inner query again for another outer row,
    // where it skips what it has locked itself, and so removes more than the limit. A row that is written between the
    // statement's snapshot and the lock is judged once more as it then stands, so that one that was extended stays.
    const SWEEP: SweepSql<&'static str> = SweepSql {
        delete: "DELETE FROM {t} WHERE session_key = ANY (ARRAY(SELECT session_key FROM {t} \
             WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ? FOR UPDATE SKIP LOCKED)) AND sweep_at >= expires_at{and_guard}",
        refile: "UPDATE {t} SET sweep_at = expires_at WHERE session_key = ANY (ARRAY(SELECT session_key FROM {t} \
             WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ? FOR UPDATE SKIP LOCKED)) AND sweep_at < expires_at{and_guard}",
    };
    // The statements of one message are one transaction.
    const BEGIN: Option<&'static str> = None;
    const NOW: Option<&'static str> = Some("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
    const SYSTEM: &'static str = "postgresql";
    const COLUMNS: &'static [&'static str] = &[
        "session_key bytea not null",
        "arrival bigint not null",
        "version bigint not null",
        "payload bytea not null",
        "owner bytea",
        "created_at bigint not null",
        "last_seen_at bigint not null",
        "expires_at bigint not null",
        "sweep_at bigint not null",
    ];

    // A tenth of each page is left free, so that a touch finds room beside the row, which is what makes it HOT.
    // ASC, because YugabyteDB would spread an index by hash otherwise, which has no order. An identity column, because
    // its numbers come from a sequence everywhere, in the order that `walk.rs` needs.
    fn ddl(config: &SqlConfig) -> Vec<String> {
        let (table, name) = (Self::SPELLING.table(config), &config.table);
        let unlogged = match config.logging {
            Logging::Logged => "",
            Logging::Unlogged => "UNLOGGED ",
        };
        vec![
            format!(
                "CREATE {unlogged}TABLE {table} (
    session_key BYTEA NOT NULL PRIMARY KEY CHECK (octet_length(session_key) = 32),
    arrival BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
    version BIGINT NOT NULL,
    payload BYTEA NOT NULL,
    owner BYTEA,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    sweep_at BIGINT NOT NULL
) WITH (fillfactor = 90)"
            ),
            format!("CREATE INDEX \"{name}_sweep_at\" ON {table} (sweep_at ASC)"),
            format!("CREATE INDEX \"{name}_owner\" ON {table} (owner, arrival) WHERE owner IS NOT NULL"),
            comment(config),
        ]
    }

    fn remedy(config: &SqlConfig) -> String {
        format!("if it is one, say so: {}", comment(config))
    }

    fn unsupported(_: &SqlConfig) -> Option<&'static str> {
        None
    }

    fn open(url: &str, config: &SqlConfig) -> Result<Pools<Self>, SqlError> {
        let options = PgConnectOptions::from_str(url).map_err(SqlError::of_url)?;
        // No number here is a float, and PgBouncer as it comes refuses a client that asks for their digits.
        let options = options.extra_float_digits(None);
        let pool = |options| pools::options(config).connect_lazy_with(options);
        let own = match config.preparing {
            Preparing::Once => options.clone(),
            // It would have keys and payloads in it.
            Preparing::Never => options.clone().disable_statement_logging(),
        };
        Ok(Pools::of_url(pool(options), pool(own), None, None, Self::fault))
    }

    fn feed(pool: &Pool<Self>, config: &SqlConfig) -> Result<Option<Box<dyn Watch>>, SqlError> {
        match config.ends {
            Ends::Told => Ok(Some(Box::new(Feed::new(pool, config)?))),
            Ends::Silent => Ok(None),
        }
    }

    // The first two characters of a code are its class; see PostgreSQL's appendix A.
    fn fault(error: &dyn DatabaseError) -> Fault {
        let code = error.code().unwrap_or_default();
        match &*code {
            "40001" | "40P01" | "55P03" => Fault::Lost, // serialization failure, deadlock, lock not available
            "57014" => Fault::TooSlow,                  // statement_timeout, or somebody cancelled it
            "53100" => Fault::Full,
            "53300" => Fault::Crowded, // of the server, the database or the user
            // PgBouncer has the same code for other things.
            "08P01" if error.message().starts_with("no more connections allowed") => Fault::Crowded,
            "25006" => Fault::ReadOnly, // a replica, or a database set read-only
            "23505" => Fault::Duplicate,
            // A guard, a statement that is not there, one that is there already, a value of another type.
            "22012" | "26000" | "42P05" | "22P03" => Fault::Mixed,
            "08P01" if OTHER_VALUES.iter().any(|begins| error.message().starts_with(begins)) => Fault::Mixed,
            // The connection is ended while a statement runs; CockroachDB cannot tell what became of it.
            "57P01" | "57P02" | "57P04" | "57P05" | "40003" => Fault::Unknown,
            code if code.starts_with("08") => Fault::Unknown,
            code if code.starts_with("53") || code.starts_with("57") => Fault::Refused,
            "42P01" | "42703" => Fault::NoTable,
            code if ["28", "3D", "3F", "42"].contains(&code.get(..2).unwrap_or_default()) => Fault::Misconfigured,
            _ => Fault::Other,
        }
    }

    async fn prepare(pools: &Pools<Self>, config: &SqlConfig) -> Result<Result<(), SchemaError>, Failure> {
        match config.preparing {
            Preparing::Once => Ok(pooler::keeps_statements_apart(pools).await),
            Preparing::Never => shows_bytes_by_digits(pools).await,
        }
    }

    async fn look(connection: &mut Self::Connection, config: &SqlConfig) -> Result<Option<Table>, Failure> {
        let table = Self::SPELLING.table(config);
        let mut found = texts(connection, COMMENT_OF, &table, config.preparing).await.map_err(Failure::Sent)?;
        let Some(comment) = found.pop() else { return Ok(None) };
        let columns = texts(connection, COLUMNS_OF, &table, config.preparing).await.map_err(Failure::Sent)?;
        Ok(Some(Table { comment, columns }))
    }

    async fn sweep(pools: &Pools<Self>, sql: &Statement, before: i64, limit: i64) -> Result<u64, Failure> {
        Self::execute(pools, sql, &[Value::Number(before), Value::Number(limit)]).await
    }

    driver!();
}

/// Reads the comment of a table.
pub(super) const COMMENT_OF: &str = "SELECT coalesce(obj_description(c.oid, 'pg_class'), '') FROM pg_catalog.pg_class c \
                                     WHERE c.oid = to_regclass($1)";

/// Reads the columns of a table.
pub(super) const COLUMNS_OF: &str = "SELECT a.attname::text || ' ' || format_type(a.atttypid, a.atttypmod) || \
     CASE WHEN a.attnotnull THEN ' not null' ELSE '' END FROM pg_catalog.pg_attribute a \
     WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

/// Looks whether the server writes bytes as sqlx reads them where nothing is prepared.
async fn shows_bytes_by_digits(pools: &Pools<Postgres>) -> Result<Result<(), SchemaError>, Failure> {
    let mut connection = pools.reader().await?;
    let shown = sqlx::raw_sql("SELECT current_setting('bytea_output')").fetch_one(&mut *connection).await;
    let output: String = shown.and_then(|row| row.try_get(0)).map_err(Failure::Sent)?;
    connection.done();
    Ok(if output == "hex" {
        Ok(())
    } else {
        Err(SchemaError::Setting {
            what: format!("the server writes bytes in another way (bytea_output = {output})"),
            remedy: "set bytea_output = hex, for the role or the database".to_owned(),
        })
    })
}

/// Reads what one of these two says of a table.
async fn texts(
    connection: &mut PgConnection,
    sql: &'static str,
    table: &str,
    preparing: Preparing,
) -> Result<Vec<String>, sqlx::Error> {
    match preparing {
        Preparing::Once => sqlx::query_scalar(sql).bind(table).fetch_all(connection).await,
        Preparing::Never => {
            // No name has a quote of this kind in it.
            let text = sql.replace("$1", &format!("'{table}'"));
            let rows = sqlx::raw_sql(AssertSqlSafe(text)).fetch_all(connection).await?;
            rows.iter().map(|row| row.try_get(0)).collect()
        }
    }
}

/// sqlx passes over such a parameter, and the table would land wherever the server's `search_path` says.
const BY_CONFIG: &str = "name the schema by `SqlConfig::with_schema`";

/// How PostgreSQL says that a statement was given the values of another. PgBouncer has the same code for other things.
const OTHER_VALUES: [&str; 2] = ["bind message supplies", "insufficient data left"];

fn comment(config: &SqlConfig) -> String {
    format!("COMMENT ON TABLE {} IS '{}'", Postgres::SPELLING.table(config), mark())
}
