//! Where sessions are stored, by one variable.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use session_core::{BoxError, SessionStore, StoreError};
use session_ets::{EtsStore, Table};
use session_redis::RedisStore;
use session_sql::sqlx::sqlite::SqliteConnectOptions;
use session_sql::sqlx::{self, AssertSqlSafe};
use session_sql::{Found, MySqlStore, PostgresStore, SqliteStore};
use url::Url;

use crate::store_settings::StoreSettings;

/// The stores that there are, by the scheme of their URLs, with what a page calls them.
const STORES: [(&str, &str); 18] = [
    ("ets", "an ETS table in this process's memory, kept over restarts in a file"),
    ("sqlite", "SQLite"),
    ("postgres", "PostgreSQL"),
    ("mysql", "MySQL or MariaDB"),
    ("redis", "Redis"),
    ("rediss", "Redis over TLS"),
    ("redis+sentinel", "Redis behind Sentinel"),
    ("redis-cluster", "Redis Cluster"),
    ("rediss-cluster", "Redis Cluster over TLS"),
    // Other names of the same.
    ("postgresql", "PostgreSQL"),
    ("mariadb", "MySQL or MariaDB"),
    ("rediss+sentinel", "Redis over TLS behind Sentinel"),
    ("unix", "Redis"),
    ("valkey", "Valkey"),
    ("valkeys", "Valkey over TLS"),
    ("valkey+sentinel", "Valkey behind Sentinel"),
    ("valkey-cluster", "Valkey Cluster"),
    ("valkeys-cluster", "Valkey Cluster over TLS"),
];
/// How many of them are told to whoever named none.
const TOLD: usize = 9;

/// Says where sessions are stored.
///
/// `Debug` and `Display` show no password: of a URL that might have one where it is not looked for, the scheme alone.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreUrl {
    url: String,
    kind: &'static str,
    name: &'static str,
}

/// Holds a store, and what is kept of it over a planned restart.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Arc<dyn SessionStore>,
    /// The table to save; `None` where the store lives longer than this process anyhow.
    pub table: Option<Table>,
    /// The same store, where it is a SQL database's, for what those alone can be asked.
    pub sql: Option<SqlDatabase>,
}

/// A store in a SQL database.
#[derive(Clone, Debug)]
pub enum SqlDatabase {
    /// SQLite.
    Sqlite(SqliteStore),
    /// PostgreSQL.
    Postgres(PostgresStore),
    /// MySQL or MariaDB.
    MySql(MySqlStore),
}

impl SqlDatabase {
    fn store(&self) -> Arc<dyn SessionStore> {
        match self.clone() {
            Self::Sqlite(store) => Arc::new(store),
            Self::Postgres(store) => Arc::new(store),
            Self::MySql(store) => Arc::new(store),
        }
    }

    /// Counts the records of the table that the store was opened with, which takes the database far less than reading them.
    ///
    /// # Errors
    /// As the database fails.
    pub async fn count(&self, settings: &StoreSettings) -> Result<u64, BoxError> {
        let quote = if matches!(self, Self::MySql(_)) { '`' } else { '"' };
        // Names that need no escape.
        let schema = settings.sql.schema.as_ref().map_or_else(String::new, |schema| format!("{quote}{schema}{quote}."));
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {schema}{quote}{}{quote}", settings.sql.table));
        let count: i64 = match self {
            Self::Sqlite(store) => sqlx::query_scalar(sql).fetch_one(store.pool()).await?,
            Self::Postgres(store) => sqlx::query_scalar(sql).fetch_one(store.pool()).await?,
            Self::MySql(store) => sqlx::query_scalar(sql).fetch_one(store.pool()).await?,
        };
        Ok(u64::try_from(count)?)
    }

    /// Looks what stands where the table should be, and changes nothing.
    ///
    /// # Errors
    /// As `SqlStore::look`.
    pub async fn look(&self) -> Result<Found, StoreError> {
        match self {
            Self::Sqlite(store) => store.look().await,
            Self::Postgres(store) => store.look().await,
            Self::MySql(store) => store.look().await,
        }
    }
}

impl StoreUrl {
    /// Reads it.
    ///
    /// # Errors
    /// What is allowed, under the name of the `setting`. It never quotes the URL, for it may hold a password.
    pub fn parse(setting: &str, url: &str) -> Result<Self, String> {
        let scheme = url.split(':').next().filter(|scheme| scheme.len() < url.len());
        match STORES.iter().find(|(kind, _)| scheme == Some(*kind)) {
            Some((kind, name)) if *kind != "ets" || url == "ets:" => Ok(Self { url: url.to_owned(), kind, name }),
            _ => Err(format!(
                "{setting} is none of these: ets: (in memory), {}",
                STORES[1..TOLD].iter().map(|(kind, _)| format!("{kind}://…")).collect::<Vec<_>>().join(", ")
            )),
        }
    }

    /// Gives what a page calls the store.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Tells whether the store lives in the memory of the process that opens it.
    #[must_use]
    pub fn is_in_memory(&self) -> bool {
        self.kind == "ets" || self.kind == "sqlite" && self.is_sqlite_memory()
    }

    /// Tells whether it is a file of SQLite, and where; `None` for anything else, also in memory.
    #[must_use]
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let options = (self.kind == "sqlite").then(|| SqliteConnectOptions::from_str(&self.url).ok())??;
        (!self.is_sqlite_memory()).then(|| options.get_filename().to_owned())
    }

    fn is_sqlite_memory(&self) -> bool {
        self.url.contains(":memory:") || self.url.contains("mode=memory")
    }

    /// Gives the same place as something that creates no file: of SQLite, which would.
    #[must_use]
    pub fn as_it_is(&self) -> Self {
        let mut url = self.url.clone();
        if self.sqlite_file().is_some() && !url.contains("mode=") {
            url += if url.contains('?') { "&mode=rw" } else { "?mode=rw" };
        }
        Self { url, ..self.clone() }
    }

    /// Opens the store; `file` is where a table in memory was saved.
    ///
    /// # Errors
    /// As the store refuses the URL or a setting, or the file cannot be read.
    pub fn open(&self, file: &Path, settings: &StoreSettings) -> Result<Opened, BoxError> {
        let (is_sql, is_redis) = match self.kind {
            "ets" => (false, false),
            "sqlite" | "postgres" | "postgresql" | "mysql" | "mariadb" => (true, false),
            _ => (false, true),
        };
        settings.check(self.name, is_sql, is_redis)?;
        let (url, config) = (&*self.url, settings.sql.clone());
        let sql = match self.kind {
            "ets" => {
                let table = Table::new("session")?;
                table.load_from(file)?;
                let store = Arc::new(EtsStore::named("session")?);
                return Ok(Opened { store, table: Some(table), sql: None });
            }
            "sqlite" => SqlDatabase::Sqlite(SqliteStore::from_url_with(url, config)?),
            "postgres" | "postgresql" => SqlDatabase::Postgres(PostgresStore::from_url_with(url, config)?),
            "mysql" | "mariadb" => SqlDatabase::MySql(MySqlStore::from_url_with(url, config)?),
            _ => {
                let store = Arc::new(RedisStore::from_url(url, settings.redis.clone())?);
                return Ok(Opened { store, table: None, sql: None });
            }
        };
        Ok(Opened { store: sql.store(), table: None, sql: Some(sql) })
    }
}

/// Shows where the store is, without user, password and parameters.
impl std::fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = Url::parse(&self.url).ok();
        // An @ behind the host may end a password that was not encoded.
        match url
            .filter(|url| ![url.path(), url.query().unwrap_or(""), url.fragment().unwrap_or("")].concat().contains('@'))
        {
            Some(url) => {
                write!(f, "{}:", url.scheme())?;
                if url.has_authority() {
                    write!(f, "//{}", url.host_str().unwrap_or(""))?;
                }
                if let Some(port) = url.port() {
                    write!(f, ":{port}")?;
                }
                f.write_str(url.path())
            }
            None => write!(f, "{}://…", self.kind),
        }
    }
}

impl std::fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StoreUrl").field(&self.kind).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_store_is_chosen_by_its_url() {
        for (kind, name) in STORES {
            let url = if kind == "ets" { "ets:".to_owned() } else { format!("{kind}://user:password@localhost/1") };
            let parsed = StoreUrl::parse("SESSION_STORE", &url).unwrap();
            assert_eq!((parsed.kind, parsed.name), (kind, name));
            assert!(!format!("{parsed:?} {parsed}").contains("password"));
        }
    }

    #[test]
    fn what_is_no_store_is_refused_with_what_is_and_not_quoted() {
        for url in ["", "ets", "ets:x", "mongodb://user:password@localhost", "password", "redis", "sqlite"] {
            let error = StoreUrl::parse("SESSION_STORE", url).unwrap_err();
            assert!(!error.contains("password"), "{error}");
            for (kind, _) in &STORES[..TOLD] {
                assert!(error.contains(&format!("{kind}:")), "{error}");
            }
        }
    }

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        for (url, shown) in [
            ("postgres://ann:secret@db.example:5433/shop?sslpassword=secret", "postgres://db.example:5433/shop"),
            ("redis://:secret@localhost/2", "redis://localhost/2"),
            ("sqlite://sessions.db", "sqlite://sessions.db"),
            ("sqlite:///var/lib/sessions.db?mode=rw", "sqlite:///var/lib/sessions.db"),
            // A password that should have been encoded.
            ("redis://ann:12?secret@localhost/", "redis://…"),
            ("redis://ann:12/secret@localhost/", "redis://…"),
            // Several hosts.
            ("redis+sentinel://:secret@one:1,two:2/main", "redis+sentinel://…"),
        ] {
            assert_eq!(StoreUrl::parse("SESSION_STORE", url).unwrap().to_string(), shown);
        }
        assert_eq!(StoreUrl::parse("SESSION_STORE", "ets:").unwrap().to_string(), "ets:");
    }

    #[test]
    fn a_file_of_sqlite_is_named_and_left_uncreated() {
        let file = |url| StoreUrl::parse("", url).unwrap().sqlite_file();
        assert_eq!(file("sqlite://a/sessions.db?mode=rwc"), Some(PathBuf::from("a/sessions.db")));
        assert_eq!(file("sqlite:///a/sessions.db"), Some(PathBuf::from("/a/sessions.db")));
        for none in ["sqlite::memory:", "sqlite://x?mode=memory", "redis://localhost", "ets:"] {
            assert_eq!(file(none), None, "{none}");
            assert_eq!(StoreUrl::parse("", none).unwrap().is_in_memory(), !none.starts_with("redis"), "{none}");
        }
        for (url, as_it_is) in [
            ("sqlite://a.db", "sqlite://a.db?mode=rw"),
            ("sqlite://a.db?cache=private", "sqlite://a.db?cache=private&mode=rw"),
            ("sqlite://a.db?mode=ro", "sqlite://a.db?mode=ro"),
            ("postgres://localhost/x", "postgres://localhost/x"),
        ] {
            assert_eq!(StoreUrl::parse("", url).unwrap().as_it_is().url, as_it_is);
        }
    }
}
