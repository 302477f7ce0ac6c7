//! Many at once: nobody is told that the database is busy, and nobody deadlocks.

mod support;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use session_sql::session_core::{BoxError, Owner, Put, PutOutcome, Record, SessionStore, Version};
use support::bed::{Bed, at, create, key, on_each, patient, record};
use tokio::task::JoinSet;

on_each!(sixty_four_tasks_are_never_told_that_the_database_is_busy);

/// Each task works on a session of its own and on one that all share; every answer is checked.
async fn sixty_four_tasks_are_never_told_that_the_database_is_busy<B: Bed>(bed: &B) -> Result<(), BoxError> {
    bed.sql().init().await?;
    create(bed.sql(), key(0), &record(1, 1_000_000)).await;
    // Two stores, as two processes have.
    let stores = [bed.sql().clone(), bed.with(bed.config()).await?];
    let shared_writes = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for task in 1..=64_u64 {
        let (store, shared_writes) = (stores[task as usize % 2].clone(), Arc::clone(&shared_writes));
        tasks.spawn(async move {
            let (own, first) = (key(task), task << 32);
            create(&store, own, &record(first, 1_000_000)).await;
            for turn in first..first + 6 {
                let stored =
                    store.put(&own, &record(turn + 1, 1_000_000), Put::Replace(Version::from_u64(turn))).await?;
                assert_eq!(stored, PutOutcome::Stored);
                assert!(store.touch(&own, Version::from_u64(turn + 1), at(30), at(2_000_000)).await?);
                let found = store.get(&own).await?.expect("it is there");
                assert_eq!((found.version.as_u64(), found.expires_at), (turn + 1, at(2_000_000)));
                // A write that nobody else's may undo: it goes on from whatever won.
                let mut standing = store.get(&key(0)).await?.expect("it is there");
                let mine = Version::from_u64((1 << 63) | (turn << 8) | task);
                while let PutOutcome::Conflict(winner) = store
                    .put(&key(0), &Record { version: mine, ..record(turn, 1_000_000) }, Put::Replace(standing.version))
                    .await?
                {
                    standing = winner;
                }
                shared_writes.fetch_add(1, Ordering::Relaxed);
            }
            assert!(store.delete(&own).await?);
            Ok::<_, BoxError>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    assert_eq!(shared_writes.load(Ordering::Relaxed), 64 * 6);
    let left = bed.sql().scan().unwrap().page(None, NonZeroUsize::MAX).await?;
    assert_eq!(left.records.len(), 1);
    stores[1].close().await;
    Ok(())
}

/// Sweepers and writers on the same rows: expired ones that are extended, replaced and deleted, and others that are created
/// in their place. No key comes twice, as none does that is the hash of a random id: InnoDB may let a statement that creates
/// a deleted row anew deadlock with one that changes it.
#[cfg(any(feature = "postgres", feature = "mysql"))]
async fn sweep_under_load<S: SessionStore + Clone>(store: S, rounds: u64) -> Result<u64, BoxError> {
    const KEYS: u64 = 300;
    let limit = |limit| NonZeroUsize::new(limit).unwrap();
    store.init().await?;
    let writing = Arc::new(AtomicBool::new(true));
    // How many keys each place has had.
    let places: Arc<[AtomicU64]> = (0..KEYS).map(|_| AtomicU64::new(0)).collect();
    let mut sweepers: JoinSet<Result<u64, BoxError>> = JoinSet::new();
    for sweeper in 0..4_usize {
        let (store, writing) = (store.clone(), Arc::clone(&writing));
        sweepers.spawn(async move {
            let mut removed = 0;
            while writing.load(Ordering::Acquire) {
                let swept = store.sweep().unwrap().delete_expired(at(500_000), limit(20 + 60 * sweeper)).await?;
                assert!(swept <= 20 + 60 * sweeper as u64, "more than the limit");
                removed += swept;
            }
            Ok(removed)
        });
    }
    let mut writers: JoinSet<Result<(), BoxError>> = JoinSet::new();
    for writer in 0..8_u64 {
        let (store, places) = (store.clone(), Arc::clone(&places));
        writers.spawn(async move {
            for turn in 0..rounds {
                // All writers on all places, in different orders.
                let at_place = (turn * (2 * writer + 1) + writer * 37) % KEYS;
                let place = &places[usize::try_from(at_place)?];
                let had = place.load(Ordering::Acquire);
                let key_of = |had| key(1 + had * KEYS + at_place);
                let key = key_of(had);
                let version = ((turn + 1) << 8) | writer;
                // About half are due at once, with deadlines that move among each other in the index.
                let deadline = if version.is_multiple_of(2) { 400_000 + (version * 7_919) % 100_000 } else { 900_000 };
                let owner = Owner::new(format!("owner {}", version % 5)).ok();
                let next = Record { owner, ..record(version, deadline) };
                match store.get(&key).await? {
                    None => {
                        // Nobody else creates the next one.
                        if place.compare_exchange(had, had + 1, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                            assert_eq!(store.put(&key_of(had + 1), &next, Put::Create).await?, PutOutcome::Stored);
                        }
                    }
                    Some(found) if turn % 4 == 1 => {
                        store.touch(&key, found.version, at(30), at(900_000 + turn)).await?;
                    }
                    Some(_) if turn % 4 == 3 => drop(store.delete(&key).await?),
                    Some(found) => drop(store.put(&key, &next, Put::Replace(found.version)).await?),
                }
            }
            Ok(())
        });
    }
    while let Some(done) = writers.join_next().await {
        done??;
    }
    writing.store(false, Ordering::Release);
    let mut removed = 0;
    while let Some(done) = sweepers.join_next().await {
        removed += done??;
    }
    assert!(removed > 100, "hardly anything was swept: {removed}");
    // At rest, what is due goes, and nothing else.
    while store.sweep().unwrap().delete_expired(at(500_000), limit(1_000)).await? > 0 {}
    let left = store.scan().unwrap().page(None, NonZeroUsize::MAX).await?.records;
    assert!(left.iter().all(|(_, record)| record.expires_at > at(500_000)));
    Ok(removed)
}

#[cfg(all(unix, feature = "postgres"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_sweeps_under_load_without_a_deadlock() -> Result<(), BoxError> {
    use session_sql::sqlx;

    let server = session_conformance::servers::Postgres::alone(&[]).await?;
    let store = session_sql::PostgresStore::from_url_with(server.url(), patient().with_max_connections(16))?;
    sweep_under_load(store.clone(), 400).await?;
    let deadlocks = sqlx::query_scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
    let deadlocks: i64 = deadlocks.fetch_one(store.pool()).await?;
    assert_eq!(deadlocks, 0);
    Ok(())
}

#[cfg(all(unix, feature = "mysql"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_sweeps_under_load_without_a_deadlock() -> Result<(), BoxError> {
    use session_sql::sqlx::{self, Row};

    let server = session_conformance::servers::MariaDb::alone(&[]).await?;
    let store = session_sql::MySqlStore::from_url_with(server.url(), patient().with_max_connections(16))?;
    sweep_under_load(store.clone(), 400).await?;
    let status = sqlx::query("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'").fetch_one(store.pool()).await?;
    assert_eq!(status.get::<String, _>(1), "0");
    Ok(())
}
