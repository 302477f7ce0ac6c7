//! What can go wrong when a store is set up, and how a database's own error is told. The verbs answer with
//! [`StoreError`](session_core::StoreError), whose source is one of these.

use std::error::Error;
use std::fmt;

use thiserror::Error;

/// Why a store cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The text names no table and no schema.
    #[error("{name:?} is no name: a lower-case letter or `_`, then lower-case letters, digits and `_`, 48 at most")]
    Name {
        /// The text.
        name: String,
    },
    /// The database has no such thing.
    #[error("{database} has no {setting}")]
    Unsupported {
        /// The database.
        database: &'static str,
        /// The setting.
        setting: &'static str,
    },
    /// The setting is for a store made of a URL.
    #[error("{setting} is for a store made of a URL, not for one on a pool")]
    OfUrl {
        /// The setting.
        setting: &'static str,
    },
    /// A setting must not be zero.
    #[error("{setting} must be more than zero")]
    Zero {
        /// The setting.
        setting: &'static str,
    },
    /// The URL is another database's.
    #[error("this is no URL of {database}: such a one begins with {}", list(schemes))]
    Scheme {
        /// The database that the store is for.
        database: &'static str,
        /// The schemes that it has.
        schemes: &'static [&'static str],
    },
    /// The URL has a parameter that would not do what its name says.
    #[error("the URL has the parameter `{parameter}`, which does not do what is meant; {remedy}")]
    Parameter {
        /// The parameter.
        parameter: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// The URL cannot be understood.
    #[error("the URL of the database cannot be understood")]
    Url(#[source] SqlError),
}

fn list(schemes: &[&str]) -> String {
    schemes.iter().map(|scheme| format!("`{scheme}://`")).collect::<Vec<_>>().join(" or ")
}

/// Why [`init`](session_core::SessionStore::init) refuses a database.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A table of that name is there, and it is none of this store's.
    #[error(
        "there is a table {table}, but it is no session table: it has the columns {found}, not {expected}; name \
         another with `SqlConfig::with_table`, or move this one away"
    )]
    Unknown {
        /// The table.
        table: String,
        /// Its columns.
        found: String,
        /// The columns that a session table has.
        expected: String,
    },
    /// The table has the right columns, but nothing says which schema it is of.
    #[error("the table {table} has the columns of a session table, but not the comment that says so; {remedy}")]
    Unmarked {
        /// The table.
        table: String,
        /// What to do.
        remedy: String,
    },
    /// The table was made by a later version of this crate.
    #[error(
        "the table {table} has schema {found}, and this version of session-sql knows schema {known} at most; use the \
         version that made it, or take the schema back first"
    )]
    Newer {
        /// The table.
        table: String,
        /// The table's schema.
        found: u32,
        /// The latest schema that is known.
        known: u32,
    },
    /// The table was made by an earlier version of this crate, and nothing leads from there to here.
    #[error("the table {table} has schema {found}, which cannot be upgraded to schema {known}; move it away")]
    Older {
        /// The table.
        table: String,
        /// The table's schema.
        found: u32,
        /// The schema that is needed.
        known: u32,
    },
    /// The database is set up in a way that the store cannot work with.
    #[error("{what}; {remedy}")]
    Setting {
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
}

/// Says that the table is not there, or is older than this version of the crate.
#[derive(Debug, Error)]
#[error("the table is missing, or a column of it: call `init` once at the start, on the database that is meant")]
pub(crate) struct NoTable(#[source] pub(crate) SqlError);

/// Says that the URL asks for an encrypted connection, and nothing here can make one.
#[derive(Debug, Error)]
#[error("the URL asks for TLS, and there is none in this build: turn on the feature `tls` of session-sql")]
pub(crate) struct NoTls(#[source] pub(crate) SqlError);

/// Says that the server has no connection to give, and that none came back in time.
#[derive(Debug, Error)]
#[error(
    "the database takes no more connections: raise its limit (`max_connections`, or that of the user, the database or the \
     pooler in between), or have each process open fewer, by `SqlConfig::with_max_connections`"
)]
pub(crate) struct Crowded(#[source] pub(crate) Option<SqlError>);

/// Says that the server takes no writes.
#[derive(Debug, Error)]
#[error(
    "the database takes no writes here: it is a standby, or was set read-only; have the URL lead to the primary, for reads as \
     well"
)]
pub(crate) struct ReadOnly(#[source] pub(crate) SqlError);

/// What to do where a pooler mixes up the prepared statements of its clients.
pub(crate) const KEPT_APART: &str = "for PgBouncer, set max_prepared_statements to 1 or more (from 1.21 on), or pool_mode = session; or have the store prepare \
     none, by `Preparing::Never`";

/// Says that a statement is not the one that was prepared on its connection, and that nothing was done.
#[derive(Debug, Error)]
#[error("a prepared statement is gone, or is another client's: discard none on connections of the store; {KEPT_APART}")]
pub(crate) struct MixedUp(#[source] pub(crate) SqlError);

/// What sqlx said, without what it must not show.
///
/// What a database says of a row that it refuses may quote the row: a whole key, a payload. So the error of a
/// database is shown by its code and, unless that may quote values, its message; never by its details. And what sqlx
/// says of a URL may quote any part of it: after `?sslmode=require?password=..`, with one `?` too many, the password.
/// So that is not shown at all.
pub struct SqlError {
    error: sqlx::Error,
    /// Whether it was a URL that could not be read.
    of_url: bool,
}

impl SqlError {
    pub(crate) fn new(error: sqlx::Error) -> Self {
        Self { error, of_url: false }
    }

    /// Takes what sqlx says of a URL that it cannot read.
    pub(crate) fn of_url(error: sqlx::Error) -> Self {
        Self { error, of_url: true }
    }

    /// Returns sqlx's own error. Careful: its `Debug` may show a row's values, and both its forms a URL's password.
    #[must_use]
    pub fn as_sqlx(&self) -> &sqlx::Error {
        &self.error
    }
}

/// Codes of MySQL whose messages quote values: a duplicate, a wrong value, one out of range or too long.
const QUOTING: [u16; 5] = [1062, 1264, 1292, 1366, 1406];

fn quotes_values(error: &dyn sqlx::error::DatabaseError) -> bool {
    #[cfg(feature = "mysql")]
    if let Some(error) = error.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>() {
        return QUOTING.contains(&error.number());
    }
    let _ = (error, QUOTING);
    false
}

const MALFORMED: &str = "its host, port, database or one of its parameters is none, or something in the password is not \
                         percent-encoded";

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.of_url {
            return f.write_str(MALFORMED);
        }
        let Some(error) = self.error.as_database_error() else { return self.error.fmt(f) };
        let code = error.code().unwrap_or_default();
        if quotes_values(error) {
            write!(f, "the database refused a value (code {code})")
        } else {
            write!(f, "the database said: {} (code {code})", error.message())
        }
    }
}

impl fmt::Debug for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SqlError({self})")
    }
}

impl Error for SqlError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.error {
            _ if self.of_url => None,
            // Its `Debug` has the details.
            sqlx::Error::Database(_) => None,
            error => error.source(),
        }
    }
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use std::str::FromStr;

    use super::*;

    #[test]
    fn no_error_quotes_the_url() {
        let url = "postgres://ann@h/shop?sslmode=require?password=hunter2";
        let error = sqlx::postgres::PgConnectOptions::from_str(url).unwrap_err();
        assert!(error.to_string().contains("hunter2"), "then nothing has to be left out any more: {error}");
        let error = ConfigError::Url(SqlError::of_url(error));
        let source = error.source().unwrap();
        assert!(!format!("{error} {error:?} {source} {source:?} {:?}", source.source()).contains("hunter2"));
        assert!(source.to_string().contains("percent-encoded"), "{source}");
    }
}
