//! Runs the clauses about two versions of a store (VER) for the rolling upgrade of `.ci/upgrade`, which compiles this file
//! with the older version of the crates beside the present one: as `before_core`, `before_redis` and `before_sql`.
//!
//! ```text
//! versions redis://127.0.0.1:6379
//! ```

mod earlier;

use std::error::Error;
use std::sync::Arc;

use earlier::Earlier;
use session_conformance::{Capability, Clause, Harness, Outcome, run};
use session_core::{BoxError, SessionStore, Version};
use session_redis::{RedisConfig, RedisStore};
use session_sql::{SqlConfig, SqliteStore};

fn main() -> Result<(), Box<dyn Error>> {
    let mut broken = false;
    for clause in [Clause::VER_1, Clause::VER_2] {
        for (store, outcome) in
            [("SQLite", run::<Sqlite>(clause, &[])), ("Redis", run::<Redis>(clause, &[Capability::SWP]))]
        {
            match outcome {
                Outcome::Passed => println!("{store}: {clause} is kept: {}", clause.sentence()),
                Outcome::NotApplicable(reason) => return Err(format!("{store}: {clause} was not run: {reason}").into()),
                Outcome::Failed(failure) => {
                    println!("{store}: {failure}");
                    broken = true;
                }
                _ => return Err("an outcome that is not known here".into()),
            }
        }
    }
    if broken { Err("the two versions do not go together".into()) } else { Ok(()) }
}

/// A database in a file, which both versions open.
struct Sqlite {
    url: String,
    file: std::path::PathBuf,
    store: SqliteStore,
}

impl Harness for Sqlite {
    async fn start() -> Result<Self, BoxError> {
        let file = std::env::temp_dir().join(format!("versions-{:x}.db", Version::random()?.as_u64()));
        let url = format!("sqlite://{}", file.display());
        Ok(Self { store: SqliteStore::from_url_with(&url, SqlConfig::default())?, url, file })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(SqliteStore::from_url_with(&self.url, SqlConfig::default())?))
    }

    async fn previous(&self) -> Result<Option<Arc<dyn SessionStore>>, BoxError> {
        let store = Arc::new(before_sql::SqliteStore::from_url(&self.url)?);
        Ok(Some(Arc::new(Earlier { store, limits: self.store.limits() })))
    }

    async fn stop(self) {
        self.store.close().await;
        for more in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{more}", self.file.display()));
        }
    }
}

/// A prefix of its own on the server that the arguments name.
struct Redis {
    url: String,
    prefix: String,
    store: RedisStore,
}

impl Harness for Redis {
    async fn start() -> Result<Self, BoxError> {
        let url = std::env::args().nth(1).ok_or("the URL of a Redis is missing")?;
        let prefix = format!("versions-{:x}", Version::random()?.as_u64());
        let store = RedisStore::from_url(&url, RedisConfig::default().with_prefix(&prefix))?;
        Ok(Self { url, prefix, store })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(RedisStore::from_url(&self.url, RedisConfig::default().with_prefix(&self.prefix))?))
    }

    async fn previous(&self) -> Result<Option<Arc<dyn SessionStore>>, BoxError> {
        let config = before_redis::RedisConfig::default().with_prefix(&self.prefix);
        let store = Arc::new(before_redis::RedisStore::from_url(&self.url, config)?);
        Ok(Some(Arc::new(Earlier { store, limits: self.store.limits() })))
    }
}
