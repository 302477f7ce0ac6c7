//! What can go wrong when a store is set up, and how a database's own error is told. The verbs answer with
//! [`StoreError`](session_core::StoreError), whose source is one of these.

use std::error::Error;
use std::fmt;

use thiserror::Error;

/// Says why a store cannot be made.
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
    /// A setting must not be zero.
    #[error("{setting} must be more than zero")]
    Zero {
        /// The setting.
        setting: &'static str,
    },
    /// The URL cannot be understood.
    #[error("the URL of the database cannot be understood")]
    Url(#[source] SqlError),
}

/// Says why [`init`](session_core::SessionStore::init) refuses a database.
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
    #[error("the table {table} has schema {found}, and this version of session-sql knows schema {known} at most")]
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

/// Keeps what sqlx said, without what it must not show.
///
/// What a database says of a row that it refuses may quote the row: a whole key, a payload. So the error of a
/// database is shown by its code and, unless that may quote values, its message; never by its details.
pub struct SqlError {
    error: sqlx::Error,
}

impl SqlError {
    pub(crate) fn new(error: sqlx::Error) -> Self {
        Self { error }
    }

    /// Gives sqlx's own error. Careful: its `Debug` may show a row's values.
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

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
            // Its `Debug` has the details.
            sqlx::Error::Database(_) => None,
            error => error.source(),
        }
    }
}
