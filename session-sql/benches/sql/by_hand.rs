//! The same statements by hand: prepared by sqlx, on the same pool, with nothing around them.

use std::ops::Range;
use std::sync::Arc;

use session_sql::session_core::{BoxError, Record, Timestamp};
use session_sql::sqlx::{self, AssertSqlSafe, Pool, Row};
use session_sql::{Dialect, SqlStore};
use tokio::task::JoinSet;

use crate::slices::{Party, Verb};
use crate::store::{BATCH, DUE, EXTENDED, PAGE, SEEN, TASKS, all, drain, key, numbers, record};

/// The deadline of what is to be swept; the rows have it and the moments after.
pub(crate) const EXPIRED: Timestamp = Timestamp::from_millis(1_000);

const OWNER: Option<&str> = Some("user-17");

/// A value of a statement.
#[derive(Clone, Copy)]
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
                if row.len() > 6 {
                    let _: (Vec<u8>, i64) = (row.try_get(6)?, row.try_get(7)?);
                }
                first = first.or(Some(version.cast_unsigned()));
            }
            Ok((rows.len(), first))
        }
    };
    (@bind $sql:expr, $given:expr) => {{
        let query = $given.iter().fold(sqlx::query(AssertSqlSafe(Arc::clone($sql))), |query, given| match *given {
            Given::Number(number) => query.bind(number),
            Given::Bytes(bytes) => query.bind(bytes),
        });
        guard_of($sql).into_iter().fold(query, |query, guard| query.bind(guard))
    }};
}

/// The value that a statement ends with on PostgreSQL.
fn guard_of(sql: &str) -> Option<i64> {
    let (_, guard) = sql.split_once("1 / CASE $")?;
    guard.split_whitespace().nth(2)?.parse().ok()
}

impl ByHand for sqlx::Sqlite {
    const KEY: &'static str = "randomblob(32)";
    const SETTLE: &'static [&'static str] = &["ANALYZE"];
    const PLAIN_SWEEP: Option<&'static str> = None;

    fn bytes(text: &str) -> String {
        format!("CAST({text} AS BLOB)")
    }

    by_hand!();
}

impl ByHand for sqlx::Postgres {
    const KEY: &'static str = "sha256(CAST(CAST(n + random() AS text) AS bytea))";
    const SETTLE: &'static [&'static str] = &["VACUUM ANALYZE {t}", "CHECKPOINT"];
    const PLAIN_SWEEP: Option<&'static str> = None;

    fn bytes(text: &str) -> String {
        format!("CAST({text} AS bytea)")
    }

    by_hand!();
}

impl ByHand for sqlx::MySql {
    const KEY: &'static str = "UNHEX(SHA2(CONCAT(n, RAND()), 256))";
    const SETTLE: &'static [&'static str] = &["ANALYZE TABLE {t}"];
    const PLAIN_SWEEP: Option<&'static str> = Some("DELETE FROM {t} WHERE sweep_at <= ? ORDER BY sweep_at LIMIT ?");

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
        let ann = format!("CASE WHEN n % 1000 = 7 THEN {} ELSE {} END", Db::bytes("'ann'"), Db::bytes("'somebody'"));
        let (payload, at) = (Db::bytes(&format!("'{}'", "x".repeat(200))), expires_at.as_millis());
        format!(
            "INSERT INTO {} (session_key, version, payload, owner, created_at, last_seen_at, expires_at, sweep_at) \
             SELECT {}, n, {payload}, {ann}, 0, 0, {at} + n, {at} + n FROM {}",
            self.table,
            Db::KEY,
            numbers(digits),
        )
    }

    async fn replace(&self, number: u64, record: &Record, version: u64) -> Result<u64, BoxError> {
        let [new, payload, owner, created, seen, expires] = given(record);
        let key = key(1, number);
        let (key, version) = (Given::Bytes(key.as_bytes()), Given::Number(version.cast_signed()));
        let given = [new, payload, owner, created, seen, expires, expires, key, version, seen];
        Db::write(&self.pool, self.of("replace"), &given).await
    }

    /// Writes in turns with others, each going on from whatever won.
    async fn contend(self, number: u64, task: u64, turns: u64) -> Result<(), BoxError> {
        let mut standing = 2;
        for turn in 0..turns {
            let next = record((task << 32) + turn + 10, OWNER);
            while self.replace(number, &next, standing).await? == 0 {
                let found = Db::read(&self.pool, self.of("get"), &[Given::Bytes(key(1, number).as_bytes())]).await?;
                standing = found.1.expect("it is there");
            }
            standing = next.version.as_u64();
        }
        Ok(())
    }
}

impl<Db: ByHand> Party for Hand<Db> {
    async fn call(&self, verb: Verb, sessions: Range<u64>) -> Result<(), BoxError> {
        match verb {
            Verb::Create => {
                for number in sessions {
                    let (key, record) = (key(1, number), record(1, OWNER));
                    let [version, payload, owner, created, seen, expires] = given(&record);
                    let given =
                        [Given::Bytes(key.as_bytes()), version, payload, owner, created, seen, expires, expires];
                    assert_eq!(Db::write(&self.pool, self.of("create"), &given).await?, 1);
                }
            }
            Verb::Read => {
                for number in sessions {
                    let key = key(1, number);
                    let given = [Given::Bytes(key.as_bytes())];
                    assert_eq!(Db::read(&self.pool, self.of("get"), &given).await?.0, 1);
                }
            }
            Verb::Touch => {
                for number in sessions {
                    let key = key(1, number);
                    let given =
                        [time(SEEN), time(EXTENDED), Given::Bytes(key.as_bytes()), Given::Number(1), time(SEEN)];
                    assert_eq!(Db::write(&self.pool, self.of("touch"), &given).await?, 1);
                }
            }
            Verb::Write => {
                for number in sessions {
                    assert_eq!(self.replace(number, &record(2, OWNER), 1).await?, 1);
                }
            }
            Verb::Contention => {
                let mut tasks = JoinSet::new();
                let turns = (sessions.end - sessions.start) / TASKS;
                for task in 0..TASKS {
                    tasks.spawn(self.clone().contend(sessions.start, task, turns));
                }
                all(tasks).await?;
            }
            Verb::List => {
                let given = [Given::Bytes(b"ann"), Given::Number(i64::MIN), Given::Number(i64::try_from(PAGE)?)];
                for _ in 0..(sessions.end - sessions.start) / 8 {
                    assert_eq!(Db::read(&self.pool, self.of("list"), &given).await?.0, PAGE);
                }
            }
            Verb::Delete => {
                for number in sessions {
                    let key = key(1, number);
                    let given = [Given::Bytes(key.as_bytes())];
                    assert_eq!(Db::write(&self.pool, self.of("delete"), &given).await?, 1);
                }
            }
            Verb::Refile => return Err("it is timed beside the peer alone".into()),
            Verb::Sweep => {
                let given = [time(DUE), Given::Number(i64::try_from(BATCH)?)];
                drain(sessions.end, || Db::write(&self.pool, self.of("delete_expired"), &given)).await?;
            }
        }
        Ok(())
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
