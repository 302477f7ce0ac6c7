//! What holds while many tasks are at it. Nothing sleeps: tasks meet at barriers.

mod common;

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use common::*;
use session_ets::session_core::{Page, Put, PutOutcome, Record, Scan, SessionStore, StoreError};
use session_ets::{EtsStore, Table};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

/// How often a race is run that is over at once.
const ROUNDS: u64 = or_under_miri(50, 2);

/// Tells the others that a task has ended, also if it failed: they never wait, so nothing else ends them.
struct AtTheEnd(Arc<AtomicBool>);

impl Drop for AtTheEnd {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Runs `work` in so many tasks at once, and gives what they say.
async fn together<T, F>(tasks: u64, work: impl Fn(u64) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(tasks as usize));
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let (barrier, work) = (Arc::clone(&barrier), work(task));
        running.spawn(async move {
            barrier.wait().await;
            work.await
        });
    }
    running.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_creates_beyond_the_capacity_exactly_as_many_store_as_fit() {
    const ROOM: usize = or_under_miri(40, 5);
    const TASKS: usize = or_under_miri(64, 8);
    let store = full_store(ROOM);
    let outcomes = together(TASKS as u64, |task| {
        let store = store.clone();
        async move { store.put(&key(task), &record(task + 1, 100), Put::Create).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Ok(PutOutcome::Stored))).count(), ROOM);
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Full { .. }))).count(), TASKS - ROOM);
    assert_eq!((store.table().len(), store.table().rows().count()), (ROOM, ROOM));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_create_of_a_taken_key_never_makes_the_table_look_full() {
    for _ in 0..ROUNDS {
        let store = full_store(2);
        create(&store, key(0), &record(1, 100)).await;
        let outcomes = together(8, |task| {
            let store = store.clone();
            // All but one want the key that is taken.
            let key = if task == 0 { key(1) } else { key(0) };
            async move { store.put(&key, &record(task + 2, 100), Put::Create).await.unwrap() }
        })
        .await;
        assert_eq!(outcomes.iter().filter(|outcome| **outcome == PutOutcome::Stored).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_replaces_of_one_version_exactly_one_stores() {
    for _ in 0..ROUNDS {
        let (store, _) = store();
        create(&store, key(1), &record(1, 100)).await;
        let outcomes = together(8, |task| {
            let store = store.clone();
            async move { replace(&store, key(1), 1, &record(task + 2, 100)).await }
        })
        .await;
        let standing = store.get(&key(1)).await.unwrap().unwrap();
        let stored = outcomes.iter().filter(|outcome| **outcome == PutOutcome::Stored).count();
        let shown = outcomes.iter().filter(|outcome| **outcome == PutOutcome::Conflict(Arc::clone(&standing))).count();
        assert_eq!((stored, shown), (1, 7));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_sweep_never_takes_what_was_touched_in_time() {
    const ROWS: u64 = or_under_miri(40, 10);
    for _ in 0..ROUNDS {
        let (store, _) = store();
        for number in 0..ROWS {
            create(&store, key(number), &record(1, 100)).await;
        }
        let touched: Vec<_> = together(3, |task| {
            let store = store.clone();
            async move {
                let mut touched = Vec::new();
                for number in (0..ROWS).filter(|number| number % 2 == task) {
                    if store.touch(&key(number), version(1), at(50), at(500)).await.unwrap() {
                        touched.push(number);
                    }
                }
                if task == 2 {
                    while sweep(&store, 100, 3).await > 0 {}
                }
                touched
            }
        })
        .await
        .concat();
        for number in &touched {
            assert!(store.get(&key(*number)).await.unwrap().is_some(), "a touched session was swept");
        }
        assert_eq!(store.table().len(), touched.len());
        assert_eq!(sweep(&store, 499, 100).await, 0);
        assert_eq!(sweep(&store, 500, 100).await as usize, touched.len());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_shows_every_session_at_every_moment_of_its_renewals() {
    const RENEWALS: u64 = or_under_miri(1_000, 10);
    // Of each session the keys that it has one after the other.
    let keys_of = |session: u64| (0..=RENEWALS).map(move |renewal| key(session * 10_000 + renewal));
    let (store, _) = store();
    for session in 0..2 {
        create(&store, key(session * 10_000), &owned(1, "ann")).await;
    }
    // Neighbours, so that the pages have something to page through.
    for number in 0..6 {
        create(&store, key(1_000_000 + number), &owned(1, "ann")).await;
    }
    let over = Arc::new(AtomicBool::new(false));
    together(4, |task| {
        let (store, over) = (store.clone(), Arc::clone(&over));
        async move {
            if task < 2 {
                let _over = AtTheEnd(over);
                let mut keys = keys_of(task);
                let mut old = keys.next().unwrap();
                for (new, version) in keys.zip(1..) {
                    create(&store, new, &owned(version + 1, "ann")).await;
                    let retired = record(1_000_000 + version, 100);
                    assert_eq!(replace(&store, old, version, &retired).await, PutOutcome::Stored);
                    old = new;
                }
                return;
            }
            let sessions: HashMap<_, _> =
                (0..2).flat_map(|session| keys_of(session).map(move |key| (key, session))).collect();
            let mut lists = 0;
            while !over.load(Ordering::SeqCst) {
                let listed = list(&store, "ann", 1 + lists % 3).await;
                let shown: HashSet<_> = listed.iter().filter_map(|key| sessions.get(key)).collect();
                assert_eq!(shown.len(), 2, "a session was in no page");
                assert_eq!(listed.iter().filter(|key| !sessions.contains_key(key)).count(), 6);
                assert_eq!(listed.iter().collect::<HashSet<_>>().len(), listed.len(), "a key was listed twice");
                lists += 1;
                // The store never waits, so without this the writers might not get a worker.
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn owners_that_change_both_ways_at_once_leave_a_true_index() {
    let (store, _) = store();
    for number in 0..8 {
        create(&store, key(number), &owned(1, if number % 2 == 0 { "ann" } else { "bob" })).await;
        create(&store, key(100 + number), &owned(1, "ann")).await;
    }
    let versions = Arc::new(AtomicU64::new(1));
    together(6, |task| {
        let (store, versions) = (store.clone(), Arc::clone(&versions));
        async move {
            for turn in 0..or_under_miri(300, 2) {
                let key = key((task + turn) % 8);
                let standing = store.get(&key).await.unwrap().unwrap();
                let next = match standing.owner.as_ref().map(|owner| owner.as_str()) {
                    Some("ann") => Some(owner("bob")),
                    Some(_) => None,
                    None => Some(owner("ann")),
                };
                let version = version(versions.fetch_add(1, Ordering::SeqCst) + 1);
                let moved = Record { version, owner: next, ..record(0, 1_000) };
                let _ = store.put(&key, &moved, Put::Replace(standing.version)).await.unwrap();
                // What moves may be listed once per stay; what stays, once.
                let ann = list(&store, "ann", 3).await;
                for number in 0..8 {
                    let stayed = common::key(100 + number);
                    assert_eq!(ann.iter().filter(|listed| **listed == stayed).count(), 1);
                }
            }
        }
    })
    .await;
    for name in ["ann", "bob"] {
        let listed: HashSet<_> = list(&store, name, 3).await.into_iter().collect();
        let rows = store.table().rows().filter(|row| row.record.owner == Some(owner(name)));
        assert_eq!(listed, rows.map(|row| row.key).collect());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn scans_and_sweeps_among_writers_keep_every_row_and_the_counts() {
    const ROWS: u64 = or_under_miri(300, 10);
    const TURNS: u64 = or_under_miri(100, 1);
    let (store, _) = store();
    for number in 0..ROWS {
        create(&store, key(number), &record(1, 10_000)).await;
    }
    together(4, |task| {
        let store = store.clone();
        async move {
            for turn in 0..TURNS {
                match task {
                    0 => {
                        let (mut keys, mut page) = (Vec::new(), Page::default());
                        loop {
                            page = store.page(page.next.as_ref(), limit(17)).await.unwrap();
                            keys.extend(page.records.iter().map(|(key, _)| *key));
                            if page.next.is_none() {
                                break;
                            }
                        }
                        let lasting = (0..ROWS).map(key).collect::<HashSet<_>>();
                        assert_eq!(keys.iter().filter(|key| lasting.contains(key)).count() as u64, ROWS);
                        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
                    }
                    1 => {
                        sweep(&store, 100, 5).await;
                    }
                    2 => {
                        for number in 0..30 {
                            create(&store, key(10_000 + turn * 30 + number), &owned(1, "ann")).await;
                            create(&store, key(90_000 + turn * 30 + number), &record(1, 50)).await;
                        }
                    }
                    _ => {
                        for number in 0..ROWS {
                            let later = at(10_001 + turn);
                            assert!(store.touch(&key(number), version(1), at(30), later).await.unwrap());
                        }
                    }
                }
            }
        }
    })
    .await;
    while sweep(&store, 100, 100).await > 0 {}
    let all = (ROWS + 30 * TURNS) as usize;
    assert_eq!((store.table().len(), store.table().rows().count()), (all, all));
    assert_eq!(list(&store, "ann", 100).await.len() as u64, 30 * TURNS);
    while sweep(&store, 100_000, 100).await > 0 {}
    assert_eq!((store.table().len(), store.table().info().memory), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_has_one_table_at_a_time_however_many_want_it() {
    for _ in 0..or_under_miri(200, 1) {
        let made = together(6, |_| async { Table::new("contended").ok() }).await;
        assert_eq!(made.iter().flatten().count(), 1, "all are held until here");
        drop(made);
        // The drops race with the next round's makers.
        let stores = together(4, |_| async {
            let table = Table::new("contended");
            let found = EtsStore::named("contended");
            drop(table);
            found.is_ok()
        })
        .await;
        assert!(stores.contains(&true));
        assert!(EtsStore::named("contended").is_err());
    }
}
