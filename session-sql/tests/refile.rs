//! The index that the sweep goes by follows the deadlines lazily: never after them, and nothing is kept or lost by it.

mod support;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_sql::session_core::{BoxError, Put, PutOutcome, Record, SessionKey, SessionStore, Version};
use support::bed::{Bed, at, create, key, on_each, record};
use tokio::task::JoinSet;

on_each!(
    a_touch_leaves_the_index_and_a_shorter_deadline_takes_it_along,
    a_sweep_goes_on_past_what_it_filed_anew,
    what_was_touched_and_is_over_goes_by_its_last_deadline,
    the_index_is_never_after_a_deadline_whoever_writes_at_once,
);

async fn sweep<S: SessionStore>(store: &S, before: u64, limit: usize) -> Result<u64, BoxError> {
    Ok(store.sweep().unwrap().delete_expired(at(before), NonZeroUsize::new(limit).unwrap()).await?)
}

/// Where the sweep looks for the one row there is.
async fn sweep_at<B: Bed>(bed: &B) -> Result<i64, BoxError> {
    bed.number(format!("SELECT sweep_at FROM {}", bed.table("sessions"))).await
}

async fn touch<S: SessionStore>(store: &S, number: u64, until: u64) -> Result<(), BoxError> {
    assert!(store.touch(&key(number), Version::from_u64(number), at(30), at(until)).await?);
    Ok(())
}

async fn replace<S: SessionStore>(store: &S, key: &SessionKey, from: u64, next: &Record) -> Result<(), BoxError> {
    assert_eq!(store.put(key, next, Put::Replace(Version::from_u64(from))).await?, PutOutcome::Stored);
    Ok(())
}

async fn a_touch_leaves_the_index_and_a_shorter_deadline_takes_it_along<B: Bed>(bed: &B) -> Result<(), BoxError> {
    let store = bed.sql();
    store.init().await?;
    create(store, key(1), &record(1, 1_000)).await;
    touch(store, 1, 5_000).await?;
    assert_eq!(sweep_at(bed).await?, 1_000);
    replace(store, &key(1), 1, &record(2, 6_000)).await?;
    assert_eq!(sweep_at(bed).await?, 1_000, "a deadline that moves on");
    replace(store, &key(1), 2, &record(3, 1_000)).await?;
    assert_eq!(sweep_at(bed).await?, 1_000, "a deadline that moves back, but not past it");
    replace(store, &key(1), 3, &record(4, 900)).await?;
    assert_eq!(sweep_at(bed).await?, 900);
    replace(store, &key(1), 4, &record(5, 3_000)).await?;
    assert_eq!(sweep(store, 2_000, 10).await?, 0);
    assert_eq!(sweep_at(bed).await?, 3_000, "filed anew");
    replace(store, &key(1), 5, &record(6, 2_500)).await?;
    assert_eq!(*store.get(&key(1)).await?.unwrap(), record(6, 2_500));
    // Of another version it stays, whichever statement looked.
    let outcome = store.put(&key(1), &record(7, 100), Put::Replace(Version::from_u64(5))).await?;
    assert_eq!(outcome, PutOutcome::Conflict(Arc::new(record(6, 2_500))));
    assert_eq!(sweep(store, 2_500, 10).await?, 1);
    Ok(())
}

/// The batch is smaller than what was touched before the first that is over.
async fn a_sweep_goes_on_past_what_it_filed_anew<B: Bed>(bed: &B) -> Result<(), BoxError> {
    let store = bed.sql();
    store.init().await?;
    for number in 1..=10 {
        create(store, key(number), &record(number, 1_000 + number)).await;
        touch(store, number, 9_000).await?;
    }
    create(store, key(11), &record(11, 1_500)).await;
    assert_eq!(sweep(store, 2_000, 2).await?, 1);
    assert!(store.get(&key(11)).await?.is_none());
    assert_eq!(store.scan().unwrap().page(None, NonZeroUsize::MAX).await?.records.len(), 10);
    assert_eq!(sweep(store, 2_000, 2).await?, 0);
    assert_eq!(sweep(store, 9_000, 100).await?, 10);
    Ok(())
}

async fn what_was_touched_and_is_over_goes_by_its_last_deadline<B: Bed>(bed: &B) -> Result<(), BoxError> {
    let store = bed.sql();
    store.init().await?;
    // In the order of the first deadlines, and in that of the last.
    let lasts = [5_000, 2_000, 9_000, 3_000, 8_000, 4_000, 7_000, 6_000];
    for (number, until) in (1..).zip(lasts) {
        create(store, key(number), &record(number, 1_000 + number)).await;
        // One that was never touched.
        if until != 2_000 {
            touch(store, number, until).await?;
        }
    }
    let mut oldest_first: Vec<_> = (1..).zip(lasts).collect();
    oldest_first.sort_by_key(|(_, until)| *until);
    let mut removed = 0;
    for (limit, expected) in [(1, 1), (2, 2), (3, 3), (3, 1), (3, 0)] {
        assert_eq!(sweep(store, 8_500, limit).await?, expected);
        removed += expected as usize;
        for (at, (number, _)) in oldest_first.iter().enumerate() {
            assert_eq!(store.get(&key(*number)).await?.is_none(), at < removed, "{number} after {removed}");
        }
    }
    Ok(())
}

/// Deadlines move on and back while sweeps file them anew.
async fn the_index_is_never_after_a_deadline_whoever_writes_at_once<B: Bed>(bed: &B) -> Result<(), BoxError> {
    const KEYS: u64 = 12;
    let store = bed.sql();
    store.init().await?;
    for number in 1..=KEYS {
        create(store, key(number), &record(1, 900_000)).await;
    }
    // Ends with the last writer, however it ends.
    let (writing, mut writers) = (Arc::new(AtomicBool::new(true)), JoinSet::<Result<(), BoxError>>::new());
    for writer in 0..4_u64 {
        let store = store.clone();
        writers.spawn(async move {
            for turn in 0..40 {
                let key = key(1 + (turn * (2 * writer + 1) + writer) % KEYS);
                let found = store.get(&key).await?.expect("its deadline is never due");
                let (seen, until) = (at(30), 600_000 + (turn * 7_919 + writer * 104_729) % 300_000);
                if turn % 3 == 0 {
                    store.touch(&key, found.version, seen, at(until)).await?;
                } else {
                    let next = record(((turn + 1) << 8) | writer, until);
                    let _ = store.put(&key, &next, Put::Replace(found.version)).await?;
                }
            }
            Ok(())
        });
    }
    let mut others = JoinSet::<Result<(), BoxError>>::new();
    for limit in [1, 5] {
        let (store, writing) = (store.clone(), Arc::clone(&writing));
        others.spawn(async move {
            // Nothing is over by 599,999; so that there is something to file anew, the rows are said to be due.
            while writing.load(Ordering::Acquire) {
                assert_eq!(sweep(&store, 599_999, limit).await?, 0);
            }
            Ok(())
        });
    }
    let table = bed.table("sessions");
    let after = format!("SELECT count(*) FROM {table} WHERE sweep_at > expires_at");
    let mut done = Ok(());
    while !writers.is_empty() {
        bed.run(format!("UPDATE {table} SET sweep_at = 1")).await?;
        assert_eq!(bed.number(after.clone()).await?, 0);
        while let Some(ended) = writers.try_join_next() {
            done = done.and(ended?);
        }
    }
    writing.store(false, Ordering::Release);
    while let Some(ended) = others.join_next().await {
        ended??;
    }
    done?;
    assert_eq!(bed.number(after).await?, 0);
    assert_eq!(sweep(store, 599_999, 100).await?, 0);
    // Where a deadline moved on after it was filed, it stands before it, but no longer among what is due.
    assert_eq!(bed.number(format!("SELECT count(*) FROM {table} WHERE sweep_at <= 599999")).await?, 0);
    assert_eq!(sweep(store, 1_000_000, 100).await?, KEYS);
    Ok(())
}

/// A replace that moves the deadline back waits for a row that is being filed anew, and takes the new entry along.
macro_rules! filed_and_shortened {
    ($name:ident, $harness:ty, $waiting:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() -> Result<(), BoxError> {
            use session_sql::sqlx::{self, AssertSqlSafe};

            support::bed::on::<$harness, _>(async |bed| {
                let store = bed.sql();
                store.init().await?;
                create(store, key(1), &record(1, 1_000)).await;
                touch(store, 1, 9_000).await?;
                let refile = store.statements().into_iter().find(|(verb, _)| *verb == "refile").unwrap().1.to_owned();
                let mut filing = store.pool().begin().await?;
                let guard = support::bed::guard_of(&refile);
                let query = sqlx::query(AssertSqlSafe(refile)).bind(2_000_i64).bind(10_i64);
                let query = guard.into_iter().fold(query, |query, guard| query.bind(guard));
                assert_eq!(query.execute(&mut *filing).await?.rows_affected(), 1);
                // Another sweep passes over the row, and does not wait.
                assert_eq!(sweep(store, 2_000, 10).await?, 0);
                let shortening = tokio::spawn({
                    let store = store.clone();
                    async move { replace(&store, &key(1), 1, &record(2, 5_000)).await }
                });
                let patience = std::time::Instant::now();
                while bed.number($waiting(bed)).await? == 0 {
                    assert!(patience.elapsed().as_secs() < 30 && !shortening.is_finished(), "it does not wait");
                    tokio::task::yield_now().await;
                }
                filing.commit().await?;
                shortening.await??;
                assert_eq!(sweep_at(bed).await?, 5_000);
                assert_eq!(sweep(store, 5_000, 10).await?, 1);
                Ok(())
            })
            .await
        }
    };
}

#[cfg(feature = "postgres")]
filed_and_shortened!(
    postgres_shortens_what_is_filed_anew_at_that_moment,
    support::postgres::PostgresHarness,
    |bed: &support::postgres::PostgresHarness| format!(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%{}%'",
        bed.schema
    )
);

#[cfg(feature = "mysql")]
filed_and_shortened!(
    mariadb_shortens_what_is_filed_anew_at_that_moment,
    support::mysql::MySqlHarness,
    // InnoDB's own list of who waits is not made anew while it is asked all the time.
    |bed: &support::mysql::MySqlHarness| format!(
        "SELECT count(*) FROM information_schema.processlist \
         WHERE db = '{}' AND command = 'Execute' AND info LIKE 'UPDATE%' AND time_ms > 100",
        bed.database
    )
);

/// A touch writes no index, even where the page was filled before.
#[cfg(all(unix, feature = "postgres"))]
#[tokio::test]
async fn postgres_touches_are_hot() -> Result<(), BoxError> {
    const ROWS: u64 = 1_000;
    // Of the test's own: a transaction of another test would keep the room of what is dead.
    let server = session_conformance::servers::Postgres::alone(&[]).await?;
    let made = || session_sql::PostgresStore::from_url_with(server.url(), support::bed::patient());
    let store = made()?;
    store.init().await?;
    for number in 0..ROWS {
        create(&store, key(number), &record(number, 1_000)).await;
    }
    for turn in 1..=3 {
        for number in 0..ROWS {
            touch(&store, number, 1_000 + turn).await?;
        }
    }
    // A connection has told all its counts when it ends.
    store.close().await;
    let other = made()?;
    let counted = async || {
        let counts = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_all_tables WHERE relid = 'sessions'::regclass";
        session_sql::sqlx::query_as::<_, (i64, i64)>(counts).fetch_one(other.pool()).await
    };
    let begun = std::time::Instant::now();
    while counted().await?.0 < 3 * ROWS as i64 {
        assert!(begun.elapsed().as_secs() < 60, "{:?} are counted", counted().await?);
        tokio::task::yield_now().await;
    }
    assert_eq!(counted().await?.1, 3 * ROWS as i64);
    Ok(())
}
