//! The owner index in turns that shuttle draws: compiled from the source with shuttle's lock and counter in place of the
//! standard library's, so that whoever may come between two steps of it does.
//!
//! It is the part of a table that can be run so: it has locks of the standard library, and no other crate's map.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use lock::lock;
use owners::{OwnerIndex, Sequence};
use session_ets::session_core::{Owner, SessionKey};
use shuttle::sync::Arc;
use shuttle::{Config, Runner, scheduler::RandomScheduler, thread};
use sync::{AtomicU64, Mutex, Ordering};

#[allow(dead_code, reason = "it has more verbs than are raced here")]
#[path = "../src/index/owners.rs"]
mod owners;

mod sync {
    pub(crate) use shuttle::sync::Mutex;
    pub(crate) use shuttle::sync::atomic::{AtomicU64, Ordering};
}

mod lock {
    use shuttle::sync::{Mutex, MutexGuard};

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex.lock().expect("nobody panics under a lock")
    }
}

/// How many orders are drawn.
const ORDERS: usize = 2_000;
const WRITERS: u8 = 2;
const ENTRIES: u8 = 2;

/// An index as the race needs it.
trait Index: Send + Sync + 'static {
    type Place: Copy + Send;

    fn new() -> Self;

    fn insert(&self, key: &SessionKey);

    /// Gives the first entry behind a place.
    fn next(&self, after: Option<Self::Place>) -> Option<(Self::Place, SessionKey)>;
}

struct Real(OwnerIndex, Owner);

impl Index for Real {
    type Place = Sequence;

    fn new() -> Self {
        Self(OwnerIndex::new(), Owner::new("ann").unwrap())
    }

    fn insert(&self, key: &SessionKey) {
        self.0.insert(&self.1, key);
    }

    fn next(&self, after: Option<Sequence>) -> Option<(Sequence, SessionKey)> {
        self.0.page(&self.1, after, 1).pop()
    }
}

/// Draws its number before it has the lock, which is what the real one must not do.
struct NumbersFirst(AtomicU64, Mutex<BTreeMap<u64, SessionKey>>);

impl Index for NumbersFirst {
    type Place = u64;

    fn new() -> Self {
        Self(AtomicU64::new(0), Mutex::default())
    }

    fn insert(&self, key: &SessionKey) {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        lock(&self.1).insert(number, *key);
    }

    fn next(&self, after: Option<u64>) -> Option<(u64, SessionKey)> {
        let from = after.map_or(0, |after| after + 1);
        lock(&self.1).range(from..).next().map(|(number, key)| (*number, *key))
    }
}

/// Reads while others write, and never looks back: an entry that comes in before its cursor is lost to it.
fn reads_on<I: Index>() {
    let index = Arc::new(I::new());
    let write = |writer: u8| {
        let index = Arc::clone(&index);
        thread::spawn(move || {
            for entry in 0..ENTRIES {
                index.insert(&SessionKey::from_bytes([writer * ENTRIES + entry; 32]));
            }
        })
    };
    let writers: Vec<_> = (0..WRITERS).map(write).collect();
    let (mut seen, mut after) = (Vec::new(), None);
    let mut look = || {
        let next = index.next(after);
        if let Some((place, key)) = next {
            after = Some(place);
            seen.push(key);
        }
        next.is_some()
    };
    for _ in 0..WRITERS * ENTRIES {
        look();
    }
    for writer in writers {
        writer.join().unwrap();
    }
    while look() {}
    seen.sort_unstable();
    let all: Vec<_> = (0..WRITERS * ENTRIES).map(|number| SessionKey::from_bytes([number; 32])).collect();
    assert_eq!(seen, all, "each entry once");
}

fn in_any_order(race: fn()) {
    let mut config = Config::new();
    // It takes every atomic for sequentially consistent, and says so: here the lock gives the order.
    config.silence_warnings = true;
    Runner::new(RandomScheduler::new(ORDERS), config).run(race);
}

#[test]
fn an_entry_comes_behind_all_that_a_reader_has_seen_in_whatever_order() {
    in_any_order(reads_on::<Real>);
}

#[test]
fn an_index_that_numbers_before_it_locks_is_found_out() {
    let found = catch_unwind(AssertUnwindSafe(|| in_any_order(reads_on::<NumbersFirst>)));
    assert!(found.is_err(), "no order showed it");
}
