//! A statement that loses against others, takes too long, finds no room, or whose connection is ended while it runs.
#![cfg(any(feature = "postgres", feature = "mysql"))]

mod support;

use std::time::{Duration, Instant};

use session_sql::session_core::{BoxError, Put, PutOutcome, SessionStore, StoreError, Version};
use session_sql::{Dialect, SqlStore};
use support::bed::{Bed, at, create, fills_up, key, on, record};

/// How often a statement is tried that loses each time.
const TRIES: i64 = 10;

/// Each verb that writes one row loses three times and gets through, and counts once.
async fn losers_get_through<B: Bed>(
    bed: &B,
    losing: impl AsyncFn(i64) -> Result<(), BoxError>,
) -> Result<(), BoxError> {
    let store = bed.sql();
    losing(3).await?;
    create(store, key(1), &record(1, 1_000)).await;
    losing(3).await?;
    let replaced = store.put(&key(1), &record(2, 1_000), Put::Replace(Version::from_u64(1))).await?;
    assert_eq!(replaced, PutOutcome::Stored);
    losing(3).await?;
    assert!(store.touch(&key(1), Version::from_u64(2), at(20), at(2_000)).await?);
    assert_eq!(*store.get(&key(1)).await?.expect("it is there"), record(2, 2_000));
    losing(3).await?;
    assert!(store.delete(&key(1)).await?);
    Ok(())
}

/// What loses again and again is given up, and was not done.
async fn who_only_loses_is_unavailable<B: Bed>(bed: &B) -> Result<(), BoxError> {
    let store = bed.sql();
    let refused = store.put(&key(1), &record(2, 1_000), Put::Replace(Version::from_u64(1))).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    let refused = store.delete(&key(1)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    assert_eq!(*store.get(&key(1)).await?.expect("it is there"), record(1, 1_000));
    Ok(())
}

/// While another transaction holds the row: a write that may not wait for long, and one that may wait for no lock.
async fn a_row_that_is_held<Db: Dialect>(hurried: SqlStore<Db>, proud: SqlStore<Db>) -> Result<(), BoxError> {
    let put =
        async |store: &SqlStore<Db>| store.put(&key(1), &record(2, 1_000), Put::Replace(Version::from_u64(1))).await;
    let slow = put(&hurried).await;
    assert!(matches!(slow, Err(StoreError::Timeout { .. })), "{slow:?}");
    let lost = put(&proud).await;
    assert!(matches!(lost, Err(StoreError::Unavailable { .. })), "{lost:?}");
    hurried.close().await;
    proud.close().await;
    Ok(())
}

/// Ends the connection of a write that waits for a row, found by `waiting`.
async fn a_write_whose_connection_ends<B: Bed>(
    bed: &B,
    waiting: String,
    end: impl Fn(i64) -> String,
) -> Result<(), BoxError> {
    let store = bed.sql().clone();
    let write =
        tokio::spawn(async move { store.put(&key(1), &record(2, 1_000), Put::Replace(Version::from_u64(1))).await });
    let begun = Instant::now();
    let connection = loop {
        match bed.number(waiting.clone()).await? {
            0 => assert!(begun.elapsed() < Duration::from_secs(60), "it does not wait"),
            found => break found,
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    bed.run(end(connection)).await?;
    let told = write.await?;
    assert!(matches!(told, Err(StoreError::Indeterminate { .. })), "{told:?}");
    Ok(())
}

/// What a lost reply asks for: the same write again, which is stored once.
async fn written_again<S: SessionStore>(store: &S) -> Result<(), BoxError> {
    for _ in 0..2 {
        let put = store.put(&key(1), &record(2, 1_000), Put::Replace(Version::from_u64(1))).await?;
        assert_eq!(put, PutOutcome::Stored);
    }
    assert_eq!(*store.get(&key(1)).await?.expect("it is there"), record(2, 1_000));
    Ok(())
}

#[cfg(feature = "postgres")]
mod on_postgres {
    use super::*;
    use session_sql::PostgresStore;
    use session_sql::sqlx::{self, AssertSqlSafe, postgres::PgPoolOptions};
    use support::postgres::PostgresHarness;

    /// Has each change of a row fail with this code until a sequence has been asked so many times.
    async fn failing(bed: &PostgresHarness, code: &str) -> Result<(), BoxError> {
        let (schema, table) = (&bed.schema, bed.table("sessions"));
        bed.run(format!(
            "CREATE SEQUENCE {schema}.changes; CREATE TABLE {schema}.failing (times BIGINT); \
             INSERT INTO {schema}.failing VALUES (0); \
             CREATE FUNCTION {schema}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
               IF nextval('{schema}.changes') <= (SELECT times FROM {schema}.failing) THEN \
                 RAISE EXCEPTION 'as the test wants it' USING ERRCODE = '{code}'; END IF; \
               RETURN coalesce(NEW, OLD); END $$; \
             CREATE TRIGGER failing BEFORE INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW \
               EXECUTE FUNCTION {schema}.fail()"
        ))
        .await
    }

    async fn for_times(bed: &PostgresHarness, times: i64) -> Result<(), BoxError> {
        let schema = &bed.schema;
        bed.run(format!("ALTER SEQUENCE {schema}.changes RESTART; UPDATE {schema}.failing SET times = {times}")).await
    }

    #[tokio::test]
    async fn what_lost_is_tried_again_until_it_gets_through_or_is_given_up() -> Result<(), BoxError> {
        on::<PostgresHarness, _>(async |bed| {
            bed.sql().init().await?;
            failing(bed, "40001").await?;
            losers_get_through(bed, async |times| for_times(bed, times).await).await?;
            create(bed.sql(), key(1), &record(1, 1_000)).await;
            for_times(bed, 2 * TRIES).await?;
            who_only_loses_is_unavailable(bed).await?;
            let tried = bed.number(format!("SELECT last_value FROM {}.changes", bed.schema)).await?;
            assert_eq!(tried, 2 * TRIES, "each was tried as often as is promised");
            Ok(())
        })
        .await
    }

    /// The server says so itself; no test can fill its disk without being the machine's administrator.
    #[tokio::test]
    async fn a_full_disk_is_full_and_loses_nothing() -> Result<(), BoxError> {
        on::<PostgresHarness, _>(async |bed| {
            bed.sql().init().await?;
            failing(bed, "53100").await?;
            create(bed.sql(), key(1), &record(1, 1_000)).await;
            for_times(bed, 1_000).await?;
            let full = bed.sql().put(&key(2), &record(2, 1_000), Put::Create).await;
            assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
            let full = bed.sql().put(&key(1), &record(2, 1_000), Put::Replace(Version::from_u64(1))).await;
            assert!(matches!(full, Err(StoreError::Full { .. })), "{full:?}");
            for_times(bed, 0).await?;
            assert!(bed.sql().get(&key(2)).await?.is_none());
            assert_eq!(*bed.sql().get(&key(1)).await?.expect("it is there"), record(1, 1_000));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_row_that_another_holds_is_a_timeout_or_unavailable_and_a_broken_connection_indeterminate()
    -> Result<(), BoxError> {
        on::<PostgresHarness, _>(async |bed| {
            bed.sql().init().await?;
            create(bed.sql(), key(1), &record(1, 1_000)).await;
            let with = async |setting: &str| -> Result<PostgresStore, BoxError> {
                let options = (*bed.pool().connect_options()).clone().options([(setting, "100")]);
                Ok(SqlStore::with_config(PgPoolOptions::new().connect_with(options).await?, bed.config())?)
            };
            let mut holder = bed.pool().begin().await?;
            let hold = format!("SELECT version FROM {} FOR UPDATE", bed.table("sessions"));
            sqlx::query(AssertSqlSafe(hold)).execute(&mut *holder).await?;
            a_row_that_is_held(with("statement_timeout").await?, with("lock_timeout").await?).await?;
            let waiting = format!(
                "SELECT coalesce(max(pid), 0)::bigint FROM pg_stat_activity \
                 WHERE wait_event_type = 'Lock' AND query LIKE 'UPDATE%{}%'",
                bed.schema
            );
            a_write_whose_connection_ends(bed, waiting, |pid| format!("SELECT pg_terminate_backend({pid})")).await?;
            holder.rollback().await?;
            assert_eq!(*bed.sql().get(&key(1)).await?.expect("it is there"), record(1, 1_000));
            written_again(bed.sql()).await
        })
        .await
    }
}

#[cfg(all(unix, feature = "mysql"))]
mod on_mariadb {
    use super::*;
    use session_sql::session_core::{Bytes, Record};
    use session_sql::sqlx::{self, Executor, mysql::MySqlPoolOptions};
    use session_sql::{MySqlStore, SqlConfig};
    use support::mysql::MySqlHarness;

    /// Has each change of a row fail as a deadlock does until a sequence has been asked so many times.
    async fn failing(bed: &MySqlHarness) -> Result<(), BoxError> {
        bed.run(
            "CREATE SEQUENCE changes; CREATE TABLE failing (times BIGINT); INSERT INTO failing VALUES (0)".to_owned(),
        )
        .await?;
        for event in ["INSERT", "UPDATE", "DELETE"] {
            bed.run(format!(
                "CREATE TRIGGER failing_{event} BEFORE {event} ON sessions FOR EACH ROW BEGIN \
                 IF NEXTVAL(changes) <= (SELECT times FROM failing) THEN \
                 SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'as the test wants it'; END IF; END"
            ))
            .await?;
        }
        Ok(())
    }

    async fn for_times(bed: &MySqlHarness, times: i64) -> Result<(), BoxError> {
        bed.run(format!("ALTER SEQUENCE changes RESTART 1; UPDATE failing SET times = {times}")).await
    }

    #[tokio::test]
    async fn what_lost_is_tried_again_until_it_gets_through_or_is_given_up() -> Result<(), BoxError> {
        on::<MySqlHarness, _>(async |bed| {
            bed.sql().init().await?;
            failing(bed).await?;
            losers_get_through(bed, async |times| for_times(bed, times).await).await?;
            create(bed.sql(), key(1), &record(1, 1_000)).await;
            for_times(bed, 2 * TRIES).await?;
            who_only_loses_is_unavailable(bed).await?;
            assert_eq!(bed.number("SELECT NEXTVAL(changes)".to_owned()).await?, 2 * TRIES + 1);
            Ok(())
        })
        .await
    }

    async fn until_there_is_room<T>(call: impl AsyncFn() -> Result<T, StoreError>) -> T {
        let begun = Instant::now();
        loop {
            match call().await {
                Ok(done) => return done,
                Err(error) => assert!(matches!(error, StoreError::Full { .. }), "{error:?}"),
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "no room after deletes");
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_full_table_space_is_full_and_loses_nothing() -> Result<(), BoxError> {
        let space = ["--innodb-file-per-table=0", "--innodb-data-file-path=ibdata1:12M:autoextend:max:16M"];
        let server = session_conformance::servers::MariaDb::alone(&space).await?;
        let store = MySqlStore::from_url_with(server.url(), support::bed::patient())?;
        store.init().await?;
        let large = |version| Record { payload: Bytes::from(vec![7; 100_000]), ..record(version, 1_000) };
        let stored = fills_up(&store, large).await?;
        // There is room again once something is deleted, and the server has come by. To note how to undo a delete
        // takes room, too.
        for number in 1..4 {
            assert!(until_there_is_room(async || store.delete(&key(number)).await).await);
        }
        let put = async || store.put(&key(stored), &large(stored), Put::Create).await;
        assert_eq!(until_there_is_room(put).await, PutOutcome::Stored);
        Ok(())
    }

    #[tokio::test]
    async fn a_row_that_another_holds_is_a_timeout_or_unavailable_and_a_broken_connection_indeterminate()
    -> Result<(), BoxError> {
        on::<MySqlHarness, _>(async |bed| {
            bed.sql().init().await?;
            create(bed.sql(), key(1), &record(1, 1_000)).await;
            let with = async |setting: &'static str| -> Result<MySqlStore, BoxError> {
                let options = MySqlPoolOptions::new().after_connect(move |connection, _| {
                    Box::pin(async move { connection.execute(setting).await.map(drop) })
                });
                let pool = options.connect_with((*bed.sql().pool().connect_options()).clone()).await?;
                Ok(SqlStore::with_config(pool, SqlConfig::default())?)
            };
            let mut holder = bed.sql().pool().begin().await?;
            sqlx::query("SELECT version FROM sessions FOR UPDATE").execute(&mut *holder).await?;
            let hurried = with("SET SESSION max_statement_time = 0.1").await?;
            a_row_that_is_held(hurried, with("SET SESSION innodb_lock_wait_timeout = 0").await?).await?;
            let waiting = format!(
                "SELECT CAST(coalesce(max(id), 0) AS SIGNED) FROM information_schema.processlist \
                 WHERE db = '{}' AND info LIKE 'UPDATE %'",
                bed.database
            );
            a_write_whose_connection_ends(bed, waiting, |id| format!("KILL {id}")).await?;
            holder.rollback().await?;
            assert_eq!(*bed.sql().get(&key(1)).await?.expect("it is there"), record(1, 1_000));
            written_again(bed.sql()).await
        })
        .await
    }
}
