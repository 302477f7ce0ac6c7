//! The same statements by hand: prepared by sqlx, on the same pool, with nothing around them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use session_sql::session_core::{BoxError, Record, SessionKey, Timestamp};
use session_sql::sqlx::{self, AssertSqlSafe, Pool, Row};
use session_sql::{Dialect, SqlStore};

/// A value of a statement.
#[derive(Clone)]
pub(crate) enum Given<'a> {
    Number(i64),
    Bytes(&'a [u8]),
}

/// Runs statements on one of the databases.
pub(crate) trait ByHand: Dialect {
    /// A new key of 32 bytes for each row of a `SELECT`, made of the number `n`.
    const KEY: &'static str;
    /// What is done once a table is filled.
    const SETTLE: &'static [&'static str];

    /// Runs what a reader of the manual would write to remove `limit` rows, if it is not the store's own statement.
    const PLAIN_SWEEP: Option<&'static str>;

    fn bytes(text: &str) -> String;

    fn run_raw(pool: &Pool<Self>, sql: &str) -> impl Future<Output = Result<(), BoxError>> + Send;

    fn write(
        pool: &Pool<Self>,
        sql: &Arc<str>,
        given: &[Given<'_>],
    ) -> impl Future<Output = Result<u64, BoxError>> + Send;

    /// Reads records, and gives how many, and the version of the first.
    fn read(
        pool: &Pool<Self>,
        sql: &Arc<str>,
        given: &[Given<'_>],
    ) -> impl Future<Output = Result<(usize, Option<u64>), BoxError>> + Send;
}

macro_rules! by_hand {
    () => {
        async fn run_raw(pool: &Pool<Self>, sql: &str) -> Result<(), BoxError> {
            sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(pool).await?;
            Ok(())
        }

        async fn write(pool: &Pool<Self>, sql: &Arc<str>, given: &[Given<'_>]) -> Result<u64, BoxError> {
            Ok(by_hand!(@bind sql, given).execute(pool).await?.rows_affected())
        }

        async fn read(
            pool: &Pool<Self>,
            sql: &Arc<str>,
            given: &[Given<'_>],
        ) -> Result<(usize, Option<u64>), BoxError> {
            let rows = by_hand!(@bind sql, given).fetch_all(pool).await?;
            let mut first = None;
            for row in &rows {
                let version: i64 = row.try_get(0)?;
                let _: (Vec<u8>, Option<Vec<u8>>) = (row.try_get(1)?, row.try_get(2)?);
                let _: (i64, i64, i64) = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
                first = first.or(Some(version.cast_unsigned()));
            }
            Ok((rows.len(), first))
        }
    };
    (@bind $sql:expr, $given:expr) => {
        $given.iter().fold(sqlx::query(AssertSqlSafe(Arc::clone($sql))), |query, given| match *given {
            Given::Number(number) => query.bind(number),
            Given::Bytes(bytes) => query.bind(bytes),
        })
    };
}

#[cfg(feature = "sqlite")]
impl ByHand for sqlx::Sqlite {
    const KEY: &'static str = "randomblob(32)";
    const SETTLE: &'static [&'static str] = &["ANALYZE"];
    const PLAIN_SWEEP: Option<&'static str> = None;

    fn bytes(text: &str) -> String {
        format!("CAST({text} AS BLOB)")
    }

    by_hand!();
}

#[cfg(feature = "postgres")]
impl ByHand for sqlx::Postgres {
    const KEY: &'static str = "sha256(CAST(CAST(n + random() AS text) AS bytea))";
    const SETTLE: &'static [&'static str] = &["VACUUM ANALYZE {t}", "CHECKPOINT"];
    const PLAIN_SWEEP: Option<&'static str> = None;

    fn bytes(text: &str) -> String {
        format!("CAST({text} AS bytea)")
    }

    by_hand!();
}

#[cfg(feature = "mysql")]
impl ByHand for sqlx::MySql {
    const KEY: &'static str = "UNHEX(SHA2(CONCAT(n, RAND()), 256))";
    const SETTLE: &'static [&'static str] = &["ANALYZE TABLE {t}"];
    const PLAIN_SWEEP: Option<&'static str> = Some("DELETE FROM {t} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?");

    fn bytes(text: &str) -> String {
        text.to_owned()
    }

    by_hand!();
}

/// Does by hand what a store does.
pub(crate) struct Hand<Db: ByHand> {
    pool: Pool<Db>,
    table: String,
    statements: Arc<Vec<(&'static str, Arc<str>)>>,
}

impl<Db: ByHand> Clone for Hand<Db> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), table: self.table.clone(), statements: Arc::clone(&self.statements) }
    }
}

impl<Db: ByHand> Hand<Db> {
    pub(crate) fn new(store: &SqlStore<Db>) -> Self {
        let statements: Vec<_> = store.statements().into_iter().map(|(verb, sql)| (verb, Arc::from(sql))).collect();
        let get: &Arc<str> = &statements[0].1;
        let table = get.split_whitespace().skip_while(|it| *it != "FROM").nth(1).expect("it reads a table").to_owned();
        let sweep = |(verb, sql): (&'static str, Arc<str>)| match (verb, Db::PLAIN_SWEEP) {
            ("delete_expired", Some(other)) => (verb, Arc::from(other.replace("{t}", &table))),
            _ => (verb, sql),
        };
        let statements = statements.into_iter().map(sweep).collect();
        Self { pool: store.pool().clone(), table, statements: Arc::new(statements) }
    }

    fn of(&self, verb: &str) -> &Arc<str> {
        &self.statements.iter().find(|(name, _)| *name == verb).expect("the store has the verb").1
    }

    pub(crate) async fn run(&self, sql: &str) -> Result<(), BoxError> {
        Db::run_raw(&self.pool, sql).await
    }

    pub(crate) fn drop_table(&self) -> String {
        format!("DROP TABLE IF EXISTS {}", self.table)
    }

    pub(crate) fn settle(&self) -> Vec<String> {
        Db::SETTLE.iter().map(|sql| sql.replace("{t}", &self.table)).collect()
    }

    /// A statement that adds ten to the power of `digits` rows; one of a thousand is Ann's.
    pub(crate) fn fill(&self, digits: u32, expires_at: Timestamp) -> String {
        let ten = "SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 \
                   UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9";
        let tables: Vec<_> = (0..digits).map(|at| format!("({ten}) t{at}")).collect();
        let number: Vec<_> = (0..digits).map(|at| format!("t{at}.d * {}", 10_u32.pow(at))).collect();
        let ann = format!("CASE WHEN n % 1000 = 7 THEN {} ELSE {} END", Db::bytes("'ann'"), Db::bytes("'somebody'"));
        let payload = Db::bytes(&format!("'{}'", "x".repeat(200)));
        format!(
            "INSERT INTO {} (session_key, version, payload, owner, created_at, last_seen_at, expires_at) \
             SELECT {}, n, {payload}, {ann}, 0, 0, {} + n FROM (SELECT {} AS n FROM {}) AS numbers",
            self.table,
            Db::KEY,
            expires_at.as_millis(),
            number.join(" + "),
            tables.join(", "),
        )
    }

    pub(crate) async fn create(&self, key: &SessionKey, record: &Record) -> Result<u64, BoxError> {
        let [version, payload, owner, created, seen, expires] = given(record);
        let given = [Given::Bytes(key.as_bytes()), version, payload, owner, created, seen, expires];
        Db::write(&self.pool, self.of("create"), &given).await
    }

    pub(crate) async fn get(&self, key: &SessionKey) -> Result<Option<u64>, BoxError> {
        Ok(Db::read(&self.pool, self.of("get"), &[Given::Bytes(key.as_bytes())]).await?.1)
    }

    pub(crate) async fn replace(&self, key: &SessionKey, record: &Record, version: u64) -> Result<u64, BoxError> {
        let [new, payload, owner, created, seen, expires] = given(record);
        let (key, version) = (Given::Bytes(key.as_bytes()), Given::Number(version.cast_signed()));
        let given = [new, payload, owner, created, seen.clone(), expires, key, version, seen];
        Db::write(&self.pool, self.of("replace"), &given).await
    }

    pub(crate) async fn touch(
        &self,
        key: &SessionKey,
        version: u64,
        seen: Timestamp,
        until: Timestamp,
    ) -> Result<u64, BoxError> {
        let (key, version) = (Given::Bytes(key.as_bytes()), Given::Number(version.cast_signed()));
        let given = [time(seen), time(until), key, version, time(seen)];
        Db::write(&self.pool, self.of("touch"), &given).await
    }

    pub(crate) async fn delete(&self, key: &SessionKey) -> Result<u64, BoxError> {
        Db::write(&self.pool, self.of("delete"), &[Given::Bytes(key.as_bytes())]).await
    }

    pub(crate) async fn list(&self, owner: &[u8], limit: i64) -> Result<usize, BoxError> {
        let given = [Given::Bytes(owner), Given::Number(0), Given::Number(limit)];
        Ok(Db::read(&self.pool, self.of("list"), &given).await?.0)
    }

    pub(crate) async fn sweep(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, BoxError> {
        let given = [time(before), Given::Number(i64::try_from(limit.get())?)];
        Db::write(&self.pool, self.of("delete_expired"), &given).await
    }
}

fn given(record: &Record) -> [Given<'_>; 6] {
    [
        Given::Number(record.version.as_u64().cast_signed()),
        Given::Bytes(&record.payload),
        Given::Bytes(record.owner.as_ref().map_or(&[], |owner| owner.as_str().as_bytes())),
        time(record.created_at),
        time(record.last_seen_at),
        time(record.expires_at),
    ]
}

fn time(time: Timestamp) -> Given<'static> {
    Given::Number(time.as_millis().cast_signed())
}
