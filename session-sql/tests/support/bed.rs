//! What a test needs to look behind a store, on any of the databases.

use session_conformance::Harness;
use session_sql::session_core::{
    BoxError, Bytes, Owner, Put, PutOutcome, Record, SessionKey, SessionStore, StoreError, Timestamp, Version,
};
use session_sql::sqlx::Pool;
use session_sql::{Dialect, SqlConfig, SqlStore};

/// A harness whose database can be looked into.
pub(crate) trait Bed: Harness {
    type Db: Dialect;

    fn sql(&self) -> &SqlStore<Self::Db>;

    /// Another store on the same place, with connections of its own.
    fn with(&self, config: SqlConfig) -> impl Future<Output = Result<SqlStore<Self::Db>, BoxError>>;

    /// What a store here is set up with.
    fn config(&self) -> SqlConfig {
        patient()
    }

    /// The table's name in a statement.
    fn table(&self, name: &str) -> String {
        name.to_owned()
    }

    /// Bytes as a statement writes them.
    fn literal(bytes: &[u8]) -> String {
        format!("X'{}'", hex(bytes))
    }

    /// Runs statements as they are.
    fn run(&self, sql: String) -> impl Future<Output = Result<(), BoxError>>;

    /// Reads one number.
    fn number(&self, sql: String) -> impl Future<Output = Result<i64, BoxError>>;

    /// Fills the table with rows that no verb wrote: every tenth expired, every hundredth Ann's.
    async fn fill(&self, rows: u64) -> Result<(), BoxError> {
        for chunk in (0..rows).collect::<Vec<_>>().chunks(1_000) {
            let values: Vec<_> = chunk.iter().map(|number| Self::row(*number)).collect();
            let columns = "session_key, version, payload, owner, created_at, last_seen_at, expires_at, sweep_at";
            self.run(format!("INSERT INTO {} ({columns}) VALUES {}", self.table("sessions"), values.join(", ")))
                .await?;
        }
        Ok(())
    }

    fn row(number: u64) -> String {
        let owner = if number.is_multiple_of(100) { "ann".to_owned() } else { format!("user-{number}") };
        let expires_at = if number.is_multiple_of(10) { 1_000 + number } else { 1_000_000 + number };
        let (key, owner) = (Self::literal(key(number).as_bytes()), Self::literal(owner.as_bytes()));
        format!("({key}, {number}, {}, {owner}, 0, 0, {expires_at}, {expires_at})", Self::literal(&[7; 200]))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A key that is spread as hashes are.
pub(crate) fn key(number: u64) -> SessionKey {
    let mut bytes = [7; 32];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..16].copy_from_slice(&number.to_be_bytes());
    SessionKey::from_bytes(bytes)
}

pub(crate) fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A record whose payload tells its version, so that a mixture of two would show.
pub(crate) fn record(version: u64, expires_at: u64) -> Record {
    Record {
        version: Version::from_u64(version),
        payload: Bytes::from(format!("payload {version} ").repeat(20)),
        owner: Owner::new(format!("owner {version}")).ok(),
        created_at: at(10),
        last_seen_at: at(20),
        expires_at: at(expires_at),
    }
}

pub(crate) async fn create<S: SessionStore + ?Sized>(store: &S, key: SessionKey, record: &Record) {
    assert_eq!(store.put(&key, record, Put::Create).await.unwrap(), PutOutcome::Stored);
}

/// Waits longer for a connection than a server would: a busy machine is no fault of the store.
pub(crate) fn patient() -> SqlConfig {
    SqlConfig::default().with_acquire_timeout(std::time::Duration::from_secs(30))
}

/// The value that a statement ends with on PostgreSQL.
pub(crate) fn guard_of(sql: &str) -> Option<i64> {
    let (_, guard) = sql.split_once("1 / CASE $")?;
    guard.split_whitespace().nth(2)?.parse().ok()
}

/// The texts of an error and of all that caused it.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Writes a test per database for each generic function that is named.
macro_rules! on_each {
    ($($name:ident),+ $(,)?) => {
        #[cfg(feature = "sqlite")]
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() -> Result<(), session_sql::session_core::BoxError> {
                $crate::support::bed::on::<$crate::support::sqlite::SqliteFile, _>(async |bed| super::$name(bed).await).await
            })+
        }
        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() -> Result<(), session_sql::session_core::BoxError> {
                $crate::support::bed::on::<$crate::support::postgres::PostgresHarness, _>(async |bed| super::$name(bed).await).await
            })+
        }
        #[cfg(feature = "mysql")]
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() -> Result<(), session_sql::session_core::BoxError> {
                $crate::support::bed::on::<$crate::support::mysql::MySqlHarness, _>(async |bed| super::$name(bed).await).await
            })+
        }
    };
}
pub(crate) use on_each;

/// Runs a test on a place of its own.
pub(crate) async fn on<B, T>(test: T) -> Result<(), BoxError>
where
    B: Bed,
    T: AsyncFnOnce(&B) -> Result<(), BoxError>,
{
    let bed = B::start().await?;
    let done = test(&bed).await;
    bed.stop().await;
    done
}

/// Takes the pool, for settings of the caller's.
pub(crate) fn pool<B: Bed>(bed: &B) -> &Pool<B::Db> {
    bed.sql().pool()
}

/// Creates one session after the other until there is no room, which is told, and loses nothing; gives how many there
/// were.
pub(crate) async fn fills_up(store: &dyn SessionStore, large: impl Fn(u64) -> Record) -> Result<u64, BoxError> {
    let mut stored = 0;
    let error = loop {
        match store.put(&key(stored), &large(stored), Put::Create).await {
            Ok(outcome) => assert_eq!(outcome, PutOutcome::Stored),
            Err(error) => break error,
        }
        stored += 1;
        assert!(stored < 1_000, "it is never full");
    };
    assert!(matches!(error, StoreError::Full { .. }), "{error:?}");
    assert!(stored > 3, "{stored}");
    for number in 0..stored {
        assert_eq!(*store.get(&key(number)).await?.unwrap(), large(number));
    }
    assert!(store.get(&key(stored)).await?.is_none(), "half of a write");
    Ok(stored)
}
