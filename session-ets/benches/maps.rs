//! Times concurrent maps as the table would use them, beside the one that it uses: is another one clearly better?
//!
//! ```text
//! cargo bench -p session-ets --bench maps -- [--quick]
//! ```
//!
//! Each holds records of 200 bytes under session keys, hashed by the first bytes of the key. A get clones the record's
//! `Arc`; an update replaces the record under its key. Prints `ratio NAME VALUE`, `DashMap`'s time over the other's: below 1
//! `DashMap` is faster.

#[path = "shared/raw.rs"]
mod raw;

use std::collections::BTreeMap;
use std::hash::BuildHasherDefault;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

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

/// Keeps the best time of each measurement: what disturbs a run only ever makes it longer.
#[derive(Default)]
struct Times(BTreeMap<(&'static str, usize, &'static str), Duration>);

impl Times {
    /// Has each thread do its share of the work, and notes how long all of them took together.
    fn take(&mut self, verb: &'static str, threads: usize, who: &'static str, work: impl Fn(usize) + Sync) {
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
        let took = end.zip(start).map(|(end, start)| end - start).expect("there are threads");
        self.0.entry((verb, threads, who)).and_modify(|best| *best = took.min(*best)).or_insert(took);
    }
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (sessions, rounds) = if quick { (100_000, 3) } else { (1_000_000, 9) };
    let mut times = Times::default();
    let mut random = SmallRng::seed_from_u64(1);
    let chosen: Vec<_> = (0..OPERATIONS).map(|_| key(random.random_range(0..sessions))).collect();

    let dashmap = filled(DashMap::with_hasher_and_shard_amount(Build::default(), 256), sessions);
    let papaya = filled(papaya::HashMap::with_hasher(Build::default()), sessions);
    let scc = filled(scc::HashMap::with_hasher(Build::default()), sessions);
    for _ in 0..rounds {
        for threads in THREADS {
            verbs(&mut times, "dashmap", &dashmap, &chosen, threads);
            verbs(&mut times, "papaya", &papaya, &chosen, threads);
            verbs(&mut times, "scc", &scc, &chosen, threads);
        }
    }

    for ((verb, threads, who), took) in &times.0 {
        println!("{verb:<7} {threads:>2} threads {who:<8} {:>7.1} ns", took.as_nanos() as f64 / OPERATIONS as f64);
    }
    for ((verb, threads, who), took) in times.0.iter().filter(|((_, _, who), _)| *who != "dashmap") {
        let ratio = times.0[&(*verb, *threads, "dashmap")].as_secs_f64() / took.as_secs_f64();
        println!("ratio map_{verb}_{threads}_over_{who} {ratio:.2}");
    }
}

fn filled<M: Map>(map: M, sessions: usize) -> M {
    (0..sessions).for_each(|number| map.insert(key(number), Arc::new(record(number, PAYLOAD))));
    map
}

fn verbs(times: &mut Times, who: &'static str, map: &impl Map, chosen: &[SessionKey], threads: usize) {
    let new = |number: usize| key(usize::MAX / 8 + number);
    times.take("get", threads, who, |place| assert!(black_box(map.get(&chosen[place])).is_some()));
    times.take("update", threads, who, |place| {
        map.update(&chosen[place], |record| Record { last_seen_at: NOW, expires_at: LIVE, ..record.clone() });
    });
    times.take("create", threads, who, |place| map.insert(new(place), Arc::new(record(place, PAYLOAD))));
    times.take("delete", threads, who, |place| map.remove(&new(place)));
}
