//! What goes wrong on the way, and how the store tells it.

mod support;

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use session_sql::session_core::{BoxError, Bytes, Put, Record, Scan, SessionStore, StoreError, Version};
use session_sql::{SqlConfig, SqlStore};
use support::bed::{Bed, at, create, fills_up, key, on_each, patient, pool, record, with_causes};

on_each!(
    a_pool_without_a_free_connection_is_unavailable_in_time,
    a_closed_pool_is_unavailable,
    what_an_application_asks_takes_no_connection_from_a_store_made_of_a_url,
    a_table_that_went_away_is_misconfigured,
    a_row_that_is_no_record_is_corrupt_and_can_be_deleted,
);

/// Calls each verb, and expects of each that it fails so.
async fn every_verb<S: SessionStore>(store: &S, expected: impl Fn(&StoreError) -> bool) {
    let (limit, version) = (NonZeroUsize::MIN, Version::from_u64(1));
    let errors = [
        store.get(&key(1)).await.map(drop),
        store.put(&key(2), &record(2, 1_000), Put::Create).await.map(drop),
        store.put(&key(1), &record(2, 1_000), Put::Replace(version)).await.map(drop),
        store.touch(&key(1), version, at(30), at(2_000)).await.map(drop),
        store.delete(&key(1)).await.map(drop),
        store.sweep().unwrap().delete_expired(at(1), limit).await.map(drop),
        store.owners().unwrap().list(&record(1, 0).owner.unwrap(), None, limit).await.map(drop),
        store.scan().unwrap().page(None, limit).await.map(drop),
    ];
    for (verb, result) in errors.into_iter().enumerate() {
        let error = result.expect_err("it cannot have worked");
        assert!(expected(&error), "verb {verb}: {error:?}");
    }
}

async fn a_pool_without_a_free_connection_is_unavailable_in_time<B: Bed>(bed: &B) -> Result<(), BoxError> {
    bed.sql().init().await?;
    create(bed.sql(), key(1), &record(1, 1_000)).await;
    let patience = Duration::from_millis(100);
    let options = pool(bed).options().clone().max_connections(1).acquire_timeout(patience);
    let small = options.connect_lazy_with((*pool(bed).connect_options()).clone());
    let store = SqlStore::with_config(small.clone(), bed.config())?;
    // On a busy machine to connect alone may take longer than that.
    let connecting = Instant::now();
    let held = loop {
        match small.acquire().await {
            Err(sqlx::Error::PoolTimedOut) if connecting.elapsed() < Duration::from_secs(30) => {}
            held => break held?,
        }
    };
    let begun = Instant::now();
    every_verb(&store, |error| matches!(error, StoreError::Unavailable { .. })).await;
    let init = store.init().await.expect_err("it cannot have worked");
    assert!(matches!(init, StoreError::Unavailable { .. }), "{init:?}");
    assert!(begun.elapsed() < 60 * patience, "it waited for {:?}", begun.elapsed());
    drop(held);
    assert_eq!(*store.get(&key(1)).await?.unwrap(), record(1, 1_000), "it goes on, and nothing was done");
    assert!(store.get(&key(2)).await?.is_none());
    store.close().await;
    Ok(())
}

async fn a_closed_pool_is_unavailable<B: Bed>(bed: &B) -> Result<(), BoxError> {
    let store = bed.with(bed.config()).await?;
    store.init().await?;
    store.close().await;
    every_verb(&store, |error| matches!(error, StoreError::Unavailable { .. })).await;
    Ok(())
}

async fn what_an_application_asks_takes_no_connection_from_a_store_made_of_a_url<B: Bed>(
    bed: &B,
) -> Result<(), BoxError> {
    let store = bed.with(bed.config().with_max_connections(1)).await?;
    store.init().await?;
    create(&store, key(1), &record(1, 1_000)).await;
    let held = store.pool().acquire().await?;
    assert_eq!(*store.get(&key(1)).await?.unwrap(), record(1, 1_000));
    drop(held);
    store.close().await;
    assert!(store.pool().is_closed());
    Ok(())
}

async fn a_table_that_went_away_is_misconfigured<B: Bed>(bed: &B) -> Result<(), BoxError> {
    bed.sql().init().await?;
    create(bed.sql(), key(1), &record(1, 1_000)).await;
    bed.run(format!("DROP TABLE {}", bed.table("sessions"))).await?;
    let says_what_to_do = |error: &StoreError| match error {
        StoreError::Misconfigured { source, .. } => source.to_string().contains("call `init` once at the start"),
        _ => false,
    };
    every_verb(bed.sql(), says_what_to_do).await;
    // And comes back by `init`, empty.
    bed.sql().init().await?;
    assert!(bed.sql().get(&key(1)).await?.is_none());
    create(bed.sql(), key(1), &record(1, 1_000)).await;
    Ok(())
}

async fn a_row_that_is_no_record_is_corrupt_and_can_be_deleted<B: Bed>(bed: &B) -> Result<(), BoxError> {
    bed.sql().init().await?;
    let damages = [
        "created_at = -1".to_owned(),
        "last_seen_at = 253402300800000".to_owned(),
        "expires_at = 9223372036854775807".to_owned(),
        format!("owner = {}", B::literal(&[0xff, 0xfe])),
        format!("owner = {}", B::literal(b"")),
    ];
    for (number, damage) in (1..).zip(damages) {
        create(bed.sql(), key(number), &record(number, 1_000)).await;
        bed.run(format!("UPDATE {} SET {damage} WHERE version = {number}", bed.table("sessions"))).await?;
        let error = bed.sql().get(&key(number)).await.expect_err("it is no record");
        assert!(matches!(error, StoreError::Corrupt { .. }), "{damage}: {error:?}");
        let page = bed.sql().page(None, NonZeroUsize::MIN).await?;
        assert_eq!((page.records.len(), page.unreadable), (0, vec![key(number)]), "{damage}");
        assert!(bed.sql().delete(&key(number)).await?, "{damage}");
    }
    Ok(())
}

#[cfg(feature = "sqlite")]
mod on_sqlite {
    use super::*;
    use session_sql::SqliteStore;
    use session_sql::sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_full_file_is_full_and_loses_nothing() -> Result<(), BoxError> {
        let folder = tempfile::tempdir()?;
        let options = SqliteConnectOptions::new().filename(folder.path().join("sessions.db")).create_if_missing(true);
        let pool = SqlitePoolOptions::new().connect_with(options.pragma("max_page_count", "60")).await?;
        let store = SqliteStore::new(pool);
        store.init().await?;
        let large = |version| Record { payload: Bytes::from(vec![7; 10_000]), ..record(version, 1_000) };
        let stored = fills_up(&store, large).await?;
        // A larger one that replaces a smaller one is refused as well, and the smaller one stays.
        let larger = Record { payload: Bytes::from(vec![8; 200_000]), ..record(10_000, 1_000) };
        let refused = store.put(&key(0), &larger, Put::Replace(Version::from_u64(0))).await;
        assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
        assert_eq!(*store.get(&key(0)).await?.unwrap(), large(0));
        // There is room again once something is deleted.
        for number in 1..4 {
            assert!(store.delete(&key(number)).await?);
        }
        create(&store, key(stored), &large(stored)).await;
        Ok(())
    }

    #[tokio::test]
    async fn a_lock_that_another_process_keeps_is_unavailable() -> Result<(), BoxError> {
        let folder = tempfile::tempdir()?;
        let url = format!("sqlite://{}", folder.path().join("sessions.db").display());
        let config = SqlConfig::default().with_acquire_timeout(Duration::from_millis(100));
        let store = SqliteStore::from_url_with(&url, config)?;
        store.init().await?;
        create(&store, key(1), &record(1, 1_000)).await;
        let other = SqliteStore::from_url(&url)?;
        let mut connection = other.pool().acquire().await?;
        let writing = session_sql::sqlx::Connection::begin_with(&mut *connection, "BEGIN IMMEDIATE").await?;
        let refused = store.delete(&key(1)).await;
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
        assert!(store.get(&key(1)).await?.is_some(), "readers do not wait for writers");
        writing.rollback().await?;
        assert!(store.delete(&key(1)).await?);
        Ok(())
    }

    #[tokio::test]
    async fn a_file_that_may_not_be_written_or_is_no_database_is_misconfigured() -> Result<(), BoxError> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("notes.txt");
        std::fs::write(&file, "this is no database, ".repeat(1_000))?;
        let store = SqliteStore::from_url(&format!("sqlite://{}", file.display()))?;
        let error = store.init().await.expect_err("it is none");
        assert!(matches!(error, StoreError::Misconfigured { .. }), "{error:?}");

        let file = folder.path().join("sessions.db");
        SqliteStore::from_url(&format!("sqlite://{}", file.display()))?.init().await?;
        let store = SqliteStore::from_url(&format!("sqlite://{}?mode=ro", file.display()))?;
        let refused = store.put(&key(1), &record(1, 1_000), Put::Create).await;
        assert!(matches!(refused, Err(StoreError::Misconfigured { .. })), "{refused:?}");
        Ok(())
    }

    #[tokio::test]
    async fn a_new_file_is_its_owners_alone() -> Result<(), BoxError> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("sessions.db");
        let store = SqliteStore::from_url(&format!("sqlite://{}", file.display()))?;
        store.init().await?;
        create(&store, key(1), &record(1, 1_000)).await;
        for name in ["sessions.db", "sessions.db-wal", "sessions.db-shm"] {
            let mode = std::fs::metadata(folder.path().join(name))?.permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        Ok(())
    }

    #[tokio::test]
    async fn a_database_in_memory_leaves_no_file() -> Result<(), BoxError> {
        let names = || -> Result<Vec<_>, std::io::Error> {
            let mut names: Vec<_> = std::fs::read_dir(".")?.flatten().map(|entry| entry.file_name()).collect();
            names.sort();
            Ok(names)
        };
        let before = names()?;
        let store = SqliteStore::in_memory();
        store.init().await?;
        create(&store, key(1), &record(1, 1_000)).await;
        assert_eq!(names()?, before);
        Ok(())
    }

    #[tokio::test]
    async fn memory_shared_by_several_connections_is_refused() -> Result<(), BoxError> {
        let pool = SqlitePoolOptions::new().max_connections(2).connect("sqlite::memory:").await?;
        let error = SqliteStore::new(pool).init().await.expect_err("it would lock itself out");
        assert!(with_causes(&error).contains("in_memory"), "{}", with_causes(&error));
        // A URL without a name is a file of its own for each connection.
        let error =
            SqliteStore::from_url("sqlite://")?.init().await.expect_err("readers would not see what is written");
        assert!(with_causes(&error).contains("name a file"), "{}", with_causes(&error));
        Ok(())
    }
}

/// A server that takes no writes, as a replica does.
#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn read_only<S: SessionStore>(store: &S) -> Result<(), BoxError> {
    assert_eq!(*store.get(&key(1)).await?.unwrap(), record(1, 1_000), "reads work");
    let refused = [
        store.put(&key(2), &record(2, 1_000), Put::Create).await.map(drop),
        store.put(&key(1), &record(2, 1_000), Put::Replace(Version::from_u64(1))).await.map(drop),
        store.touch(&key(1), Version::from_u64(1), at(30), at(2_000)).await.map(drop),
        store.delete(&key(1)).await.map(drop),
        store.sweep().unwrap().delete_expired(at(5_000), NonZeroUsize::MIN).await.map(drop),
    ];
    for refused in refused {
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    }
    Ok(())
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn a_read_only_postgres_is_unavailable_for_writes() -> Result<(), BoxError> {
    use session_sql::sqlx::{Executor, postgres::PgPoolOptions};

    support::bed::on::<support::postgres::PostgresHarness, _>(async |bed| {
        bed.sql().init().await?;
        create(bed.sql(), key(1), &record(1, 1_000)).await;
        let pool = PgPoolOptions::new().after_connect(|connection, _| {
            Box::pin(async move { connection.execute("SET default_transaction_read_only = on").await.map(drop) })
        });
        let store = SqlStore::with_config(pool.connect(bed.server().url()).await?, bed.config())?;
        store.init().await?;
        read_only(&store).await?;
        store.close().await;
        Ok(())
    })
    .await
}

#[cfg(all(unix, feature = "mysql"))]
#[tokio::test]
async fn a_read_only_mariadb_is_unavailable_for_writes() -> Result<(), BoxError> {
    use session_sql::MySqlStore;

    // Of the test's own: the setting is for the whole server.
    let server = session_conformance::servers::MariaDb::alone(&[]).await?;
    let store = MySqlStore::from_url_with(server.url(), patient())?;
    store.init().await?;
    create(&store, key(1), &record(1, 1_000)).await;
    for statement in [
        "CREATE USER visitor@'127.0.0.1' IDENTIFIED BY 'visitor'",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO visitor@'127.0.0.1'",
        "SET GLOBAL read_only = 1",
    ] {
        session_sql::sqlx::query(statement).execute(store.pool()).await?;
    }
    store.close().await;
    let rest = server.url().rsplit_once('@').map(|(_, rest)| rest);
    let store = MySqlStore::from_url_with(&format!("mysql://visitor:visitor@{}", rest.unwrap()), patient())?;
    store.init().await?;
    read_only(&store).await
}
