//! Times the store's verbs through `Arc<dyn SessionStore>` against a raw `DashMap` in the same run.
//!
//! ```text
//! cargo bench -p session-ets --bench ets -- [--quick]
//! ```
//!
//! Prints `ratio NAME VALUE`, the store's time over the map's. Times themselves tell about the machine.
//!
//! `get` asks for keys that are known beforehand, so that the processor looks up several at once, and the more of them,
//! the fewer instructions each takes: where the rows do not fit into its caches, that is all that this figure shows.
//! `get_latency` has each key come from the record before, as a server knows a request's key only when it has come: it
//! is how long one lookup takes.

#[path = "shared/raw.rs"]
mod raw;
#[path = "shared/ready.rs"]
mod ready;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use raw::{EXPIRED, Map, NOW, key, record};
use ready::ready;
use session_ets::session_core::{Bytes, Put, PutOutcome, Record, SessionKey, SessionStore};
use session_ets::{EtsStore, Table};

const PAYLOAD: usize = 200;

/// Keeps the best time of each measurement: what disturbs a run only ever makes it longer.
#[derive(Default)]
struct Times(BTreeMap<(&'static str, &'static str), Duration>);

impl Times {
    fn take<T>(&mut self, name: &'static str, who: &'static str, work: impl FnOnce() -> T) {
        let start = Instant::now();
        black_box(work());
        let took = start.elapsed();
        self.0.entry((name, who)).and_modify(|best| *best = took.min(*best)).or_insert(took);
    }

    fn print(&self, sessions: usize) {
        for ((name, who), time) in &self.0 {
            println!("{name:<11} {who:<5} {:>9.1} ns per session", time.as_nanos() as f64 / sessions as f64);
        }
        for ((name, _), raw) in self.0.iter().filter(|((_, who), _)| *who == "raw") {
            println!("ratio {name} {:.2}", self.0[&(*name, "store")].as_secs_f64() / raw.as_secs_f64());
        }
    }
}

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let (sessions, rounds) = if quick { (100_000, 3) } else { (1_000_000, 5) };
    let keys: Vec<_> = (0..sessions).map(key).collect();
    let way = way(sessions);
    let mut times = Times::default();
    for _ in 0..rounds {
        round(&keys, &way, &mut times);
    }
    times.print(sessions);
}

/// Says for each session which one comes after it, on one way at random that leads to all of them (Sattolo's shuffle).
fn way(sessions: usize) -> Vec<usize> {
    let mut random = SmallRng::seed_from_u64(1);
    let mut way: Vec<_> = (0..sessions).collect();
    for place in (1..sessions).rev() {
        way.swap(place, random.random_range(0..place));
    }
    way
}

/// Asks for each session when the one before it has been read.
fn one_after_another(way: &[usize], get: impl Fn(usize) -> Arc<Record>) -> usize {
    (0..way.len()).fold(0, |number, _| way[get(number).version.as_u64() as usize - 1])
}

fn round(keys: &[SessionKey], way: &[usize], times: &mut Times) {
    let records: Vec<Record> = (0..keys.len()).map(|number| record(number, PAYLOAD)).collect();
    let raw = Map::default();
    let store: Arc<dyn SessionStore> = Arc::new(EtsStore::new(Table::private()));

    times.take("put", "raw", || {
        for (key, record) in keys.iter().zip(&records) {
            let payload = Bytes::copy_from_slice(&record.payload);
            raw.insert(*key, Arc::new(Record { payload, ..record.clone() }));
        }
    });
    times.take("put", "store", || {
        for (key, record) in keys.iter().zip(&records) {
            assert_eq!(ready(store.put(key, record, Put::Create)).unwrap(), PutOutcome::Stored);
        }
    });

    times.take("get", "raw", || {
        for key in keys {
            black_box(raw.get(key).map(|record| Arc::clone(&record)));
        }
    });
    times.take("get", "store", || {
        for key in keys {
            black_box(ready(store.get(key)).unwrap());
        }
    });

    times.take("get_latency", "raw", || {
        one_after_another(way, |number| raw.get(&keys[number]).map(|record| Arc::clone(&record)).expect("it is there"))
    });
    times.take("get_latency", "store", || {
        one_after_another(way, |number| ready(store.get(&keys[number])).unwrap().expect("it is there"))
    });

    times.take("touch", "raw", || {
        for key in keys {
            let mut record = raw.get_mut(key).expect("it is there");
            Arc::make_mut(&mut record).last_seen_at = NOW;
        }
    });
    times.take("touch", "store", || {
        for (key, record) in keys.iter().zip(&records) {
            // Every hundredth keeps its deadline and is swept below.
            let deadline = record.expires_at.max(EXPIRED);
            assert!(ready(store.touch(key, record.version, NOW, deadline)).unwrap());
        }
    });

    times.take("scan", "raw", || raw.iter().map(|record| Arc::clone(&record)).filter(|r| r.owner.is_none()).count());
    times.take("scan", "store", || {
        let scan = store.scan().expect("the store scans");
        let limit = NonZeroUsize::new(1_000).unwrap();
        let mut page = ready(scan.page(None, limit)).unwrap();
        let mut scanned = page.records.len();
        while page.next.is_some() {
            page = ready(scan.page(page.next.as_ref(), limit)).unwrap();
            scanned += page.records.len();
        }
        assert_eq!(scanned, keys.len());
    });

    // One in a hundred has expired. The baseline only looks at every record, as a store without an
    // index must; it removes none.
    times.take("sweep", "raw", || raw.iter().filter(|record| !record.is_live_at(EXPIRED)).count());
    times.take("sweep", "store", || {
        let sweep = store.sweep().expect("the store sweeps");
        let limit = NonZeroUsize::new(1_000).unwrap();
        let mut swept = 0;
        loop {
            match ready(sweep.delete_expired(EXPIRED, limit)).unwrap() {
                0 => break,
                removed => swept += removed,
            }
        }
        assert_eq!(swept as usize, keys.len() / 100);
    });

    times.take("delete", "raw", || {
        for key in keys {
            black_box(raw.remove(key));
        }
    });
    times.take("delete", "store", || {
        for key in keys {
            black_box(ready(store.delete(key)).unwrap());
        }
    });
}
