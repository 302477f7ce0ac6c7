//! Where sessions are stored, by one variable.

use std::path::Path;
use std::sync::Arc;

use session_core::{BoxError, SessionStore};
use session_ets::{EtsStore, Table};
use session_redis::{RedisConfig, RedisStore};
use session_sql::{MySqlStore, PostgresStore, SqliteStore};
use url::Url;

/// The stores that there are, by the scheme of their URLs, with what a page calls them.
const STORES: [(&str, &str); 9] = [
    ("ets", "an ETS table in this process's memory, kept over restarts in a file"),
    ("sqlite", "SQLite"),
    ("postgres", "PostgreSQL"),
    ("mysql", "MySQL or MariaDB"),
    ("redis", "Redis"),
    ("rediss", "Redis over TLS"),
    ("redis+sentinel", "Redis behind Sentinel"),
    ("redis-cluster", "Redis Cluster"),
    ("rediss-cluster", "Redis Cluster over TLS"),
];

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
                STORES.iter().skip(1).map(|(kind, _)| format!("{kind}://…")).collect::<Vec<_>>().join(", ")
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
        self.kind == "ets"
    }

    /// Opens the store; `file` is where a table in memory was saved.
    ///
    /// # Errors
    /// As the store refuses the URL, or the file cannot be read.
    pub fn open(&self, file: &Path) -> Result<Opened, BoxError> {
        let store: Arc<dyn SessionStore> = match self.kind {
            "ets" => {
                let table = Table::new("session")?;
                table.load_from(file)?;
                return Ok(Opened { store: Arc::new(EtsStore::named("session")?), table: Some(table) });
            }
            "sqlite" => Arc::new(SqliteStore::from_url(&self.url)?),
            "postgres" => Arc::new(PostgresStore::from_url(&self.url)?),
            "mysql" => Arc::new(MySqlStore::from_url(&self.url)?),
            _ => Arc::new(RedisStore::from_url(&self.url, RedisConfig::default())?),
        };
        Ok(Opened { store, table: None })
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
            for (kind, _) in STORES {
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
}
