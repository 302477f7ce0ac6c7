//! How a store is set up.

use std::fmt;
use std::time::Duration;

use crate::error::ConfigError;

/// The settings of a [`SqlStore`](crate::SqlStore). The default is a table `sessions`, payloads up to 4 MiB.
///
/// ```
/// use session_sql::SqlConfig;
///
/// let config = SqlConfig::default().with_table("shop_sessions")?.with_max_payload(64 * 1024);
/// assert_eq!(config.table.as_str(), "shop_sessions");
/// assert!(SqlConfig::default().with_table("sessions; DROP TABLE users").is_err());
/// # Ok::<(), session_sql::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqlConfig {
    /// The table. `sessions`.
    pub table: Identifier,
    /// The PostgreSQL schema that the table is in; `None` to let the server's `search_path` decide. The other
    /// databases have none: there it is an error.
    pub schema: Option<Identifier>,
    /// Whether a table that `init` creates survives a crash of the server. It does.
    pub logging: Logging,
    /// What a write to SQLite survives once it is acknowledged: everything. For stores made of a URL; a pool of
    /// your own is set up by you.
    pub durability: Durability,
    /// How statements go to PostgreSQL: prepared once. For stores made of a URL; elsewhere anything else is an error.
    pub preparing: Preparing,
    /// The most bytes a payload may have. 4 MiB: far more than a session should hold, and within the packet
    /// that MySQL takes by default.
    pub max_payload: usize,
    /// The most connections that a store made of a URL opens. 10. Its [`pool`](crate::SqlStore::pool), for questions of
    /// yours, may open as many again.
    pub max_connections: u32,
    /// How long a store made of a URL waits for a connection. Three seconds, so that the core, which waits for
    /// five, hears why.
    pub acquire_timeout: Duration,
    /// Whether PostgreSQL tells all processes of the end of a session. It does. The others tell nobody.
    pub ends: Ends,
    /// Where PostgreSQL is listened to; `None` for where the store is.
    pub listen_url: Option<ListenUrl>,
}

impl SqlConfig {
    /// Sets the table.
    ///
    /// # Errors
    /// [`ConfigError::Name`] for anything that is not an [`Identifier`].
    pub fn with_table(mut self, name: &str) -> Result<Self, ConfigError> {
        self.table = Identifier::new(name)?;
        Ok(self)
    }

    /// Sets the PostgreSQL schema that the table is in. It has to exist.
    ///
    /// # Errors
    /// [`ConfigError::Name`] for anything that is not an [`Identifier`].
    pub fn with_schema(mut self, name: &str) -> Result<Self, ConfigError> {
        self.schema = Some(Identifier::new(name)?);
        Ok(self)
    }

    /// Sets whether a table that `init` creates survives a crash of the server.
    #[must_use]
    pub fn with_logging(mut self, logging: Logging) -> Self {
        self.logging = logging;
        self
    }

    /// Sets what a write to SQLite survives once it is acknowledged.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets how statements go to PostgreSQL.
    #[must_use]
    pub fn with_preparing(mut self, preparing: Preparing) -> Self {
        self.preparing = preparing;
        self
    }

    /// Sets the most bytes a payload may have. A `put` beyond it fails with `TooLarge`.
    #[must_use]
    pub fn with_max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Sets the most connections that a store made of a URL opens; at least one.
    #[must_use]
    pub fn with_max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections;
        self
    }

    /// Sets how long a store made of a URL waits for a connection.
    #[must_use]
    pub fn with_acquire_timeout(mut self, timeout: Duration) -> Self {
        self.acquire_timeout = timeout;
        self
    }

    /// Sets whether PostgreSQL tells all processes of the end of a session.
    #[must_use]
    pub fn with_ends(mut self, ends: Ends) -> Self {
        self.ends = ends;
        self
    }

    /// Sets where PostgreSQL is listened to: the server itself, where the store's own connections go by a pooler, which passes
    /// on nothing that is told.
    #[must_use]
    pub fn with_listen_url(mut self, url: impl Into<String>) -> Self {
        self.listen_url = Some(ListenUrl(url.into()));
        self
    }
}

impl Default for SqlConfig {
    fn default() -> Self {
        Self {
            table: Identifier("sessions".into()),
            schema: None,
            logging: Logging::default(),
            durability: Durability::default(),
            preparing: Preparing::default(),
            max_payload: 4 << 20,
            max_connections: 10,
            acquire_timeout: Duration::from_secs(3),
            ends: Ends::default(),
            listen_url: None,
        }
    }
}

/// The name of a table or a schema: a lower-case letter or `_`, then lower-case letters, digits and `_`, 48 at most.
///
/// Such a name means the same table whether a database folds case or not, needs no escape in quotes, and leaves
/// room for the names of the indexes, which begin with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier(Box<str>);

impl Identifier {
    /// The most characters that a name may have.
    pub const MAX_LEN: usize = 48;

    /// Creates an identifier of a text.
    ///
    /// # Errors
    /// [`ConfigError::Name`] for anything else.
    pub fn new(name: &str) -> Result<Self, ConfigError> {
        let inner = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '_');
        let first = name.starts_with(|c: char| inner(c) && !c.is_ascii_digit());
        if first && name.chars().all(inner) && name.len() <= Self::MAX_LEN {
            Ok(Self(name.into()))
        } else {
            Err(ConfigError::Name { name: name.chars().take(2 * Self::MAX_LEN).collect() })
        }
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a table that `init` creates survives a crash of the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Logging {
    /// It does.
    #[default]
    Logged,
    /// PostgreSQL's `UNLOGGED`: faster writes; **all sessions are lost** when the server crashes, and none is on a
    /// replica. The other databases have no such thing: there it is an error.
    Unlogged,
}

/// Whether PostgreSQL tells all processes of the end of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ends {
    /// It does, by `pg_notify` in the statement that ends one: who waits for the end hears it at once. Nothing else that is
    /// written is told.
    #[default]
    Told,
    /// It does not, and ends are looked for: for what speaks PostgreSQL's protocol and has no `NOTIFY`, such as CockroachDB.
    Silent,
}

/// A URL, which may hold a password, and is not shown.
#[derive(Clone)]
pub struct ListenUrl(
    #[cfg_attr(not(feature = "postgres"), expect(dead_code, reason = "PostgreSQL alone can be listened to"))] String,
);

#[cfg(feature = "postgres")]
impl ListenUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ListenUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ListenUrl")
    }
}

/// How statements go to PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preparing {
    /// Each is prepared once on each connection, under a name, and sent its values.
    #[default]
    Once,
    /// None is: each is sent as a text, with its values in it, which is one message and leaves nothing behind. For a pooler that
    /// lends connections by the transaction and knows nothing of prepared statements, such as PgBouncer with
    /// `max_prepared_statements = 0`. It takes more of the server, and **the server's logs and its list of what runs show keys
    /// and payloads** where they show statements. sqlx's log of statements is off.
    Never,
}

/// What a write to SQLite survives once it is acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// The process dying and the power going: `synchronous = FULL`. A logout stays a logout.
    #[default]
    Power,
    /// The process dying: `synchronous = NORMAL`. Writes are much faster; those of the last moments before the power
    /// goes are undone, a logout among them.
    Process,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_that_needs_no_care_is_an_identifier() {
        for good in ["sessions", "_s", "a1_b2", &"x".repeat(48)] {
            assert_eq!(Identifier::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "1a", "Sessions", "a b", "a\"", "a`", "a'", "a.b", "a;", "é", "a\0", &"x".repeat(49)] {
            assert!(Identifier::new(bad).is_err(), "{bad:?}");
        }
    }
}
