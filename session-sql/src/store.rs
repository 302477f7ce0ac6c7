//! The store: the contract's verbs as SQL.
//!
//! Each verb is one statement, which the database runs as one step, so it needs no transaction: where the contract
//! says *compare, then write*, the comparison stands in the statement's `WHERE`. Only when a statement matched
//! nothing, a second one asks why. It must be one of its own: within one statement, PostgreSQL would show the row as
//! it stood before the winner wrote.

use std::fmt::{self, Debug};
use std::sync::Arc;

use session_core::{
    Limits, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep, Timestamp, Version,
    Watch, async_trait,
};
use sqlx::Pool;

use crate::clock;
use crate::config::{Preparing, SqlConfig};
use crate::dialect::{Dialect, Fetched, Value};
use crate::error::ConfigError;
use crate::fault::Fault;
use crate::guard::Statement;
use crate::pools::Pools;
use crate::retry::{Effect, retrying};
use crate::row::{time_column, version_column};
use crate::schema::{self, Found};
use crate::statements::Statements;
use crate::url;

/// A store that keeps sessions in a table of MySQL or MariaDB.
#[cfg(feature = "mysql")]
pub type MySqlStore = SqlStore<sqlx::MySql>;
/// A store that keeps sessions in a table of PostgreSQL.
#[cfg(feature = "postgres")]
pub type PostgresStore = SqlStore<sqlx::Postgres>;
/// A store that keeps sessions in a table of SQLite.
#[cfg(feature = "sqlite")]
pub type SqliteStore = SqlStore<sqlx::Sqlite>;

/// A store that keeps sessions in a table of a SQL database. Clones share the connections.
pub struct SqlStore<Db: Dialect> {
    inner: Arc<Inner<Db>>,
}

pub(crate) struct Inner<Db: Dialect> {
    pub(crate) pools: Pools<Db>,
    pub(crate) statements: Statements,
    /// Whether what is swept is over for the database, too.
    pub(crate) clock: clock::Watched,
    config: SqlConfig,
    feed: Option<Box<dyn Watch>>,
}

impl<Db: Dialect> SqlStore<Db> {
    /// Creates a store on a pool of yours, with the default [`SqlConfig`].
    #[must_use]
    pub fn new(pool: Pool<Db>) -> Self {
        Self::with_config(pool, SqlConfig::default()).expect("every database has what the default asks for")
    }

    /// Creates a store on a pool of yours.
    ///
    /// The pool's settings are yours: its size, how long it waits, and on SQLite the journal mode.
    ///
    /// # Errors
    /// [`ConfigError::Unsupported`] for a setting that the database does not have, [`ConfigError::OfUrl`] for one that is not
    /// for a pool of yours, [`ConfigError::Url`] for a URL to listen to that cannot be understood.
    pub fn with_config(pool: Pool<Db>, config: SqlConfig) -> Result<Self, ConfigError> {
        check::<Db>(&config)?;
        if config.preparing != Preparing::Once {
            // The pool's own log of statements would show payloads.
            return Err(ConfigError::OfUrl { setting: "`SqlConfig::preparing`" });
        }
        Self::build(Pools::of_caller(pool, Db::ONE_WRITER), config)
    }

    /// Creates a store of a URL, with the default [`SqlConfig`]. It connects when it is first used.
    ///
    /// # Errors
    /// As [`from_url_with`](Self::from_url_with).
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn from_url(url: &str) -> Result<Self, ConfigError> {
        Self::from_url_with(url, SqlConfig::default())
    }

    /// Creates a store of a URL. It connects when it is first used.
    ///
    /// # Errors
    /// [`ConfigError::Url`] if the URL cannot be understood, [`ConfigError::Scheme`] if it is another database's,
    /// [`ConfigError::Parameter`] if something in it would not do what its name says, [`ConfigError::Unsupported`] for a
    /// setting that the database does not have, [`ConfigError::Zero`] for no connections.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn from_url_with(url: &str, config: SqlConfig) -> Result<Self, ConfigError> {
        check::<Db>(&config)?;
        if config.max_connections == 0 {
            return Err(ConfigError::Zero { setting: "max_connections" });
        }
        url::check(url, Db::DATABASE, Db::SCHEMES, Db::REFUSED)?;
        Self::build(Db::open(url, &config).map_err(ConfigError::Url)?, config)
    }

    /// Returns the SQL that creates the table, for those who run their own migrations. A table made by it is one that
    /// [`init`](SessionStore::init) takes as it is; the comment in it says which schema it is of.
    ///
    /// # Errors
    /// [`ConfigError::Unsupported`] for a setting that the database does not have.
    pub fn schema(config: &SqlConfig) -> Result<String, ConfigError> {
        check::<Db>(config)?;
        Ok(Db::ddl(config).into_iter().map(|statement| statement + ";\n").collect())
    }

    /// Looks what stands where the table should be, as [`init`](SessionStore::init) does, and neither creates nor changes
    /// anything: for tools, and for whoever asks whether a deployment is ready.
    ///
    /// A file of SQLite that is not there is created by whatever connects, unless the URL says `mode=rw` or `mode=ro`.
    ///
    /// ```
    /// # use session_sql::session_core::{SessionStore, StoreError};
    /// use session_sql::{Found, SqliteStore};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), StoreError> {
    /// let store = SqliteStore::in_memory();
    /// assert_eq!(store.look().await?, Found::Nothing);
    /// store.init().await?;
    /// assert_eq!(store.look().await?, Found::Current);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `Misconfigured` if what stands there is none of this store's, or a later version's; else as the database fails.
    pub async fn look(&self) -> Result<Found, StoreError> {
        schema::find(&self.inner.pools, &self.inner.config).await
    }

    /// Returns the SQL of each verb, by name: for whoever grants rights, reads logs or asks for plans.
    ///
    /// On PostgreSQL the last value of each is a number that stands in its text, after `WHEN`, and is another one in each: with
    /// any other value it fails. So no statement runs with the values of another one, where something between the store and
    /// the server mixes up prepared statements.
    #[must_use]
    pub fn statements(&self) -> Vec<(&'static str, &str)> {
        self.inner.statements.named()
    }

    /// Returns a pool for questions of your own: the one that the store was made on. One made of a URL has another for
    /// you, as large as its own, whose connections are opened when you use it.
    #[must_use]
    pub fn pool(&self) -> &Pool<Db> {
        &self.inner.pools.pool
    }

    /// Closes the connections, and waits until they are. Calls after it are `Unavailable`.
    ///
    /// A server that does not let go of one is waited for as long as for a connection, the pool's `acquire_timeout`.
    pub async fn close(&self) {
        self.inner.pools.close().await;
    }

    fn build(pools: Pools<Db>, config: SqlConfig) -> Result<Self, ConfigError> {
        let statements = Statements::new(&Db::SPELLING, Db::SWEEP, &config);
        let feed = Db::feed(&pools.pool, &config).map_err(ConfigError::Url)?;
        Ok(Self { inner: Arc::new(Inner { pools, statements, clock: clock::Watched::default(), config, feed }) })
    }
}

#[cfg(feature = "sqlite")]
impl SqliteStore {
    /// Creates a store in memory, for tests. It is lost with the store's last clone.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::from_url("sqlite::memory:").expect("the URL is right")
    }
}

fn check<Db: Dialect>(config: &SqlConfig) -> Result<(), ConfigError> {
    let unsupported = |setting| ConfigError::Unsupported { database: Db::DATABASE, setting };
    Db::unsupported(config).map(unsupported).map_or(Ok(()), Err)
}

impl<Db: Dialect> Inner<Db> {
    /// Runs a statement that writes, and gives how many rows it matched.
    async fn execute(&self, sql: &Statement, values: &[Value<'_>]) -> Result<u64, StoreError> {
        let done = retrying::<Db, _, _>(|| Db::execute(&self.pools, sql, values)).await;
        done.map_err(|failure| failure.told::<Db>(Effect::Writes))
    }

    /// Runs a statement that reads records.
    pub(crate) async fn fetch(&self, sql: &Statement, values: &[Value<'_>]) -> Result<Vec<Fetched>, StoreError> {
        let rows = retrying::<Db, _, _>(|| Db::fetch(&self.pools, sql, values)).await;
        rows.map_err(|failure| failure.told::<Db>(Effect::Reads))
    }

    /// Runs one of the statements of a sweep, and gives how many rows it changed.
    pub(crate) async fn sweep(&self, sql: &Statement, before: i64, limit: i64) -> Result<u64, StoreError> {
        let changed = retrying::<Db, _, _>(|| Db::sweep(&self.pools, sql, before, limit)).await;
        changed.map_err(|failure| failure.told::<Db>(Effect::Writes))
    }

    pub(crate) async fn read(&self, key: &SessionKey) -> Result<Option<Record>, StoreError> {
        let rows = self.fetch(&self.statements.get, &[Value::Bytes(key.as_bytes())]).await?;
        let record = rows.into_iter().next().map(|row| row.record).transpose();
        record.map_err(|error| StoreError::Corrupt { store: Db::STORE, source: error.into() })
    }

    /// Stores under a free key; `false` if it is taken.
    async fn insert(&self, key: &SessionKey, record: &Record) -> Result<bool, StoreError> {
        let [version, payload, owner, created, seen, expires] = values(record);
        let values = [Value::Bytes(key.as_bytes()), version, payload, owner, created, seen, expires, expires];
        let done = retrying::<Db, _, _>(|| Db::execute(&self.pools, &self.statements.create, &values)).await;
        match done {
            Ok(inserted) => Ok(inserted > 0),
            Err(failure) if failure.fault::<Db>() == Fault::Duplicate => Ok(false),
            Err(failure) => Err(failure.told::<Db>(Effect::Writes)),
        }
    }

    /// Replaces this version, if it stands and is live; `false` if not.
    async fn update(
        &self,
        sql: &Statement,
        key: &SessionKey,
        record: &Record,
        replaced: Version,
    ) -> Result<bool, StoreError> {
        let [version, payload, owner, created, seen, expires] = values(record);
        let (key, replaced) = (Value::Bytes(key.as_bytes()), Value::Number(version_column(replaced)));
        let values = [version, payload, owner, created, seen, expires, expires, key, replaced, seen];
        Ok(self.execute(sql, &values).await? > 0)
    }

    async fn create(&self, key: &SessionKey, record: &Record) -> Result<PutOutcome, StoreError> {
        for _ in 0..TURNS {
            if self.insert(key, record).await? {
                return Ok(PutOutcome::Stored);
            }
            match self.read(key).await? {
                Some(standing) if standing.version == record.version => return Ok(PutOutcome::Stored),
                Some(_) => return Ok(PutOutcome::Exists),
                // Deleted since: the key is free.
                None => {}
            }
        }
        Err(unsettled::<Db>())
    }

    /// Replaces this version, by a statement that replaces and perhaps tells.
    async fn replace(
        &self,
        replace: &Statement,
        key: &SessionKey,
        record: &Record,
        replaced: Version,
    ) -> Result<PutOutcome, StoreError> {
        let mut sql = replace;
        for _ in 0..TURNS {
            // Whoever replaces a version by itself changes nothing: if it stands, it is stored.
            if replaced != record.version && self.update(sql, key, record, replaced).await? {
                return Ok(PutOutcome::Stored);
            }
            match self.read(key).await? {
                None => return Ok(PutOutcome::Gone),
                Some(standing) if standing.version == record.version => return Ok(PutOutcome::Stored),
                Some(standing) if !standing.is_live_at(record.last_seen_at) => return Ok(PutOutcome::Gone),
                Some(standing) if standing.version != replaced => {
                    return Ok(PutOutcome::Conflict(Arc::new(standing)));
                }
                // It can be replaced: it was not live a moment ago, and somebody touched it; or the deadline moves back past
                // where the sweep looks, which the other statement does, and any other deadline as well.
                Some(_) => sql = self.statements.shorten.as_ref().unwrap_or(replace),
            }
        }
        Err(unsettled::<Db>())
    }
}

/// How often a write and a look at why it did not happen may disagree. Each time somebody else has changed the row
/// in between; or a proxy sends the look to a replica that is behind.
const TURNS: usize = 32;

fn unsettled<Db: Dialect>() -> StoreError {
    let source = "the row read differs from the row written each time: is it read from a replica?".into();
    StoreError::Unavailable { store: Db::STORE, source }
}

fn values(record: &Record) -> [Value<'_>; 6] {
    let owner = record.owner.as_ref();
    [
        Value::Number(version_column(record.version)),
        Value::Bytes(&record.payload),
        owner.map_or(Value::Absent, |owner| Value::Bytes(owner.as_str().as_bytes())),
        Value::Number(time_column(record.created_at)),
        Value::Number(time_column(record.last_seen_at)),
        Value::Number(time_column(record.expires_at)),
    ]
}

#[async_trait]
impl<Db: Dialect> SessionStore for SqlStore<Db> {
    fn limits(&self) -> Limits {
        Limits::default().with_max_payload(self.inner.config.max_payload)
    }

    fn system(&self) -> Option<&'static str> {
        Some(Db::SYSTEM)
    }

    async fn init(&self) -> Result<(), StoreError> {
        schema::init(&self.inner.pools, &self.inner.config).await?;
        clock::check(&self.inner.pools).await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.inner.read(key).await?.map(Arc::new))
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        let limit = self.inner.config.max_payload;
        if record.payload.len() > limit {
            return Err(StoreError::TooLarge { store: Db::STORE, limit });
        }
        let Statements { replace, end, .. } = &self.inner.statements;
        match put {
            Put::Create => self.inner.create(key, record).await,
            Put::Replace(version) => self.inner.replace(replace, key, record, version).await,
            Put::End(version) => self.inner.replace(end.as_ref().unwrap_or(replace), key, record, version).await,
        }
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (seen, version) = (Value::Number(time_column(seen)), Value::Number(version_column(version)));
        let values = [seen, Value::Number(time_column(expires_at)), Value::Bytes(key.as_bytes()), version, seen];
        if self.inner.execute(&self.inner.statements.touch, &values).await? > 0 {
            return Ok(true);
        }
        // No row was matched: where that is because it cannot be read, this says so.
        self.inner.read(key).await.map(|_| false)
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        Ok(self.inner.execute(&self.inner.statements.delete, &[Value::Bytes(key.as_bytes())]).await? > 0)
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        Some(self)
    }

    fn owners(&self) -> Option<&dyn Owners> {
        Some(self)
    }

    fn scan(&self) -> Option<&dyn Scan> {
        Some(self)
    }

    fn watch(&self) -> Option<&dyn Watch> {
        self.inner.feed.as_deref()
    }
}

impl<Db: Dialect> SqlStore<Db> {
    pub(crate) fn inner(&self) -> &Inner<Db> {
        &self.inner
    }

    #[cfg(test)]
    pub(crate) fn pools(&self) -> &Pools<Db> {
        &self.inner.pools
    }
}

impl<Db: Dialect> Clone for SqlStore<Db> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

/// Shows neither the URL, which may hold a password, nor anything of the rows.
impl<Db: Dialect> Debug for SqlStore<Db> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("database", &Db::DATABASE)
            .field("table", &Db::SPELLING.table(&self.inner.config))
            .finish_non_exhaustive()
    }
}
