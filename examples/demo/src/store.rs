//! Where sessions are stored, by one variable.

use std::path::Path;
use std::sync::Arc;

use session_core::{BoxError, SessionStore};
use session_ets::{EtsStore, Table};
use session_redis::{RedisConfig, RedisStore};
use session_sql::{MySqlStore, PostgresStore, SqliteStore};

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
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoreUrl {
    url: String,
    kind: &'static str,
    pub(crate) name: &'static str,
}

/// A store, and what is kept of it over a planned restart.
pub(crate) struct Opened {
    pub(crate) store: Arc<dyn SessionStore>,
    /// `None` where the store lives longer than this process anyhow.
    pub(crate) table: Option<Table>,
}

impl StoreUrl {
    /// Reads it; the error never quotes it, for it may hold a password.
    pub(crate) fn parse(url: &str) -> Result<Self, String> {
        let scheme = url.split(':').next().filter(|scheme| scheme.len() < url.len());
        match STORES.iter().find(|(kind, _)| scheme == Some(*kind)) {
            Some((kind, name)) if *kind != "ets" || url == "ets:" => Ok(Self { url: url.to_owned(), kind, name }),
            _ => Err(format!(
                "SESSION_STORE is none of these: ets: (in memory), {}",
                STORES.iter().skip(1).map(|(kind, _)| format!("{kind}://…")).collect::<Vec<_>>().join(", ")
            )),
        }
    }

    /// Opens the store; `file` is where a table in memory was saved.
    pub(crate) fn open(&self, file: &Path) -> Result<Opened, BoxError> {
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
            let parsed = StoreUrl::parse(&url).unwrap();
            assert_eq!((parsed.kind, parsed.name), (kind, name));
            assert!(!format!("{parsed:?}").contains("password"));
        }
    }

    #[test]
    fn what_is_no_store_is_refused_with_what_is_and_not_quoted() {
        for url in ["", "ets", "ets:x", "mongodb://user:password@localhost", "password", "redis", "sqlite"] {
            let error = StoreUrl::parse(url).unwrap_err();
            assert!(!error.contains("password"), "{error}");
            for (kind, _) in STORES {
                assert!(error.contains(&format!("{kind}:")), "{error}");
            }
        }
    }
}
