//! Times concurrent maps as the table would use them, beside the one that it uses: is another one clearly better?
//!
//! ```text
//! cargo bench -p session-ets --bench maps -- [--quick]
//! ```
//!
//! Each holds records of 200 bytes under session keys, hashed by the first bytes of the key. A get clones the record's
//! `Arc`; an update replaces the record under its key. Prints tables by threads, in which `ours` is `DashMap`, and
//! `ratio NAME VALUE`, its time over the other's: below 1 `DashMap` is faster.

#[path = "shared/figures.rs"]
mod figures;
#[path = "shared/raw.rs"]
mod raw;

use std::hash::BuildHasherDefault;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use figures::Figures;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use raw::{LIVE, Map as DashMap, NOW, PassThrough, key, record};
use session_ets::session_core::{Record, SessionKey};

type Build = BuildHasherDefault<PassThrough>;

const PAYLOAD: usize = 200;
/// Operations that are timed at once, all threads together.
const OPERATIONS: usize = 96_000;
const THREADS: [usize; 3] = [1, 4, 16];

/// What the table asks of a map.
trait Map: Sync {
    fn get(&self, key: &SessionKey) -> Option<Arc<Record>>;
    fn insert(&self, key: SessionKey, record: Arc<Record>);
    fn update(&self, key: &SessionKey, change: impl Fn(&Record) -> Record);
    fn remove(&self, key: &SessionKey);
}

impl Map for DashMap {
    fn get(&self, key: &SessionKey) -> Option<Arc<Record>> {
        self.get(key).map(|record| Arc::clone(&record))
    }
    fn insert(&self, key: SessionKey, record: Arc<Record>) {
        self.insert(key, record);
    }
    fn update(&self, key: &SessionKey, change: impl Fn(&Record) -> Record) {
        let mut record = self.get_mut(key).expect("it is there");
        *record = Arc::new(change(&record));
    }
    fn remove(&self, key: &SessionKey) {
        self.remove(key);
    }
}

impl Map for papaya::HashMap<SessionKey, Arc<Record>, Build> {
    fn get(&self, key: &SessionKey) -> Option<Arc<Record>> {
        self.pin().get(key).map(Arc::clone)
    }
    fn insert(&self, key: SessionKey, record: Arc<Record>) {
        self.pin().insert(key, record);
    }
    // It has no lock: of two who change a record at once, one does so again.
    fn update(&self, key: &SessionKey, change: impl Fn(&Record) -> Record) {
        self.pin().update(*key, |record| Arc::new(change(record)));
    }
    fn remove(&self, key: &SessionKey) {
        self.pin().remove(key);
    }
}

impl Map for scc::HashMap<SessionKey, Arc<Record>, Build> {
    fn get(&self, key: &SessionKey) -> Option<Arc<Record>> {
        self.read_sync(key, |_, record| Arc::clone(record))
    }
    fn insert(&self, key: SessionKey, record: Arc<Record>) {
        self.upsert_sync(key, record);
    }
    fn update(&self, key: &SessionKey, change: impl Fn(&Record) -> Record) {
        self.update_sync(key, |_, record| *record = Arc::new(change(record)));
    }
    fn remove(&self, key: &SessionKey) {
        self.remove_sync(key);
    }
}

/// Has each thread do its share of the work, and gives how long all of them took together.
fn time(threads: usize, work: impl Fn(usize) + Sync) -> Duration {
    let (barrier, work, each) = (Barrier::new(threads), &work, OPERATIONS / threads);
    let share = &|thread: usize| {
        barrier.wait();
        let start = Instant::now();
        (thread * each..(thread + 1) * each).for_each(work);
        (start, Instant::now())
    };
    let spans: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|thread| scope.spawn(move || share(thread))).collect();
        workers.into_iter().map(|worker| worker.join().expect("it does not panic")).collect()
    });
    // From the first one's start to the last one's end.
    let (start, end) = (spans.iter().map(|span| span.0).min(), spans.iter().map(|span| span.1).max());
    end.zip(start).map(|(end, start)| end - start).expect("there are threads")
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (sessions, rounds) = if quick { (100_000, 3) } else { (1_000_000, 9) };
    let mut figures = Figures::default();
    let mut random = SmallRng::seed_from_u64(1);
    let chosen: Vec<_> = (0..OPERATIONS).map(|_| key(random.random_range(0..sessions))).collect();

    let dashmap = filled(DashMap::with_hasher_and_shard_amount(Build::default(), 256), sessions);
    let papaya = filled(papaya::HashMap::with_hasher(Build::default()), sessions);
    let scc = filled(scc::HashMap::with_hasher(Build::default()), sessions);
    for _ in 0..rounds {
        for threads in THREADS {
            verbs(&mut figures, "ours", &dashmap, &chosen, threads);
            verbs(&mut figures, "papaya", &papaya, &chosen, threads);
            verbs(&mut figures, "scc", &scc, &chosen, threads);
        }
    }

    figures.print_tables();
    figures.print_ratios();
}

fn filled<M: Map>(map: M, sessions: usize) -> M {
    (0..sessions).for_each(|number| map.insert(key(number), Arc::new(record(number, PAYLOAD))));
    map
}

fn verbs(figures: &mut Figures, who: &'static str, map: &impl Map, chosen: &[SessionKey], threads: usize) {
    let new = |number: usize| key(usize::MAX / 8 + number);
    let mut note = |curve, took| figures.note(curve, threads, who, took, OPERATIONS);
    note("map_get", time(threads, |place| assert!(black_box(map.get(&chosen[place])).is_some())));
    let update = |record: &Record| Record { last_seen_at: NOW, expires_at: LIVE, ..record.clone() };
    note("map_update", time(threads, |place| map.update(&chosen[place], update)));
    note("map_create", time(threads, |place| map.insert(new(place), Arc::new(record(place, PAYLOAD)))));
    note("map_delete", time(threads, |place| map.remove(&new(place))));
}
