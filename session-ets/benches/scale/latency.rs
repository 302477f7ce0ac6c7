//! How long single reads take, at rest, while sessions are swept, and while the table grows.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use hdrhistogram::Histogram;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::PAYLOAD;
use crate::peer::{Ours, Peer, Visit};
use crate::raw::EXPIRED;
use crate::ready::ready;

/// Reads that are timed at rest.
const READS: u64 = 200_000;
const ROUNDS: usize = 3;

/// Prints the distributions and `ratio` lines, each of a p99 over another of the same round; the median of the rounds,
/// since a p99 of a disturbed round has no upper end.
pub(crate) fn run(sessions: usize) {
    let mut ratios: [Vec<f64>; 5] = Default::default();
    println!("\n| one reader beside | reads | p50 ns | p99 ns | p99.9 ns |\n|---|---|---|---|---|");
    for _ in 0..ROUNDS {
        let ours = Ours::new(PAYLOAD);
        (0..sessions).for_each(|number| ready(ours.create(&Visit::to(number))));
        // Not counted: the first reads after filling are of cold memory, and would make rest look slow.
        beside(&ours, sessions, READS, || {});
        let idle = beside(&ours, sessions, READS, || {});
        // As much work that touches no table: what a reader pays for not being alone on the machine.
        let busy = beside(&ours, sessions, 0, || burn(sessions));
        let sweep = beside(&ours, sessions, 0, || sweep(&ours));
        let grow = || (sessions..2 * sessions).for_each(|number| ready(ours.create(&Visit::to(number))));
        let growth = beside(&ours, sessions, 0, grow);
        // The same where nothing of this table moves or is locked: what of that is memory's.
        let other = Ours::new(PAYLOAD);
        (0..sessions).for_each(|number| ready(other.create(&Visit::to(number))));
        let grow = || (sessions..2 * sessions).for_each(|number| ready(other.create(&Visit::to(number))));
        let elsewhere = beside(&ours, sessions, 0, grow);
        print("nothing", &idle);
        print("work elsewhere", &busy);
        print("a sweep of 1 %", &sweep);
        print("growth to twice the size", &growth);
        print("growth of another table", &elsewhere);
        let p99 = |times: &Histogram<u64>| times.value_at_quantile(0.99) as f64;
        let over = [(&busy, &idle), (&sweep, &idle), (&growth, &idle), (&elsewhere, &idle), (&growth, &elsewhere)];
        for (ratios, (one, other)) in ratios.iter_mut().zip(over) {
            ratios.push(p99(one) / p99(other));
        }
    }
    println!();
    let names =
        ["busy_over_idle", "sweep_over_idle", "growth_over_idle", "elsewhere_over_idle", "growth_over_elsewhere"];
    for (mut ratios, name) in ratios.into_iter().zip(names) {
        ratios.sort_by(f64::total_cmp);
        println!("ratio get_p99_{name}_{sessions} {:.2}", ratios[ROUNDS / 2]);
    }
}

/// Times reads until `work`, which runs beside them, is done, and there are `least`.
fn beside(ours: &Ours, sessions: usize, least: u64, work: impl FnOnce() + Send) -> Histogram<u64> {
    let mut histogram = Histogram::new(3).expect("3 digits are allowed");
    let mut random = SmallRng::seed_from_u64(7);
    let done = AtomicBool::new(false);
    let done = &done;
    thread::scope(|scope| {
        scope.spawn(move || {
            work();
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) || histogram.len() < least {
            // Never one that is swept.
            let visit = Visit::to(random.random_range(0..sessions / 100) * 100 + 1);
            let start = Instant::now();
            ready(ours.get(&visit));
            histogram.record(start.elapsed().as_nanos() as u64).expect("it grows as it must");
        }
    });
    histogram
}

fn sweep(ours: &Ours) {
    let sweep = ours.store.sweep().expect("the store sweeps");
    while ready(sweep.delete_expired(EXPIRED, NonZeroUsize::new(1_000).expect("not 0"))).expect("it answers") > 0 {}
}

fn burn(sessions: usize) {
    (0..sessions).for_each(|number| {
        std::hint::black_box(Visit::to(number));
    });
}

fn print(beside: &str, times: &Histogram<u64>) {
    let at = |quantile| times.value_at_quantile(quantile);
    println!("| {beside} | {} | {} | {} | {} |", times.len(), at(0.5), at(0.99), at(0.999));
}
