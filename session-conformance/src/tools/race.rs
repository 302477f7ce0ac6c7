//! Tasks that set off at once, over and over.

use std::collections::HashSet;
use std::future::poll_fn;
use std::hint;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::Poll;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use tokio::task::yield_now;

use crate::check::{Check, broken, panic_text};
use crate::tools::draw::{Dice, Draw};
use crate::tools::seed::Place;
use crate::tools::trace::{Trace, Turns};

pub(crate) type Runner<T> = Pin<Box<dyn Future<Output = Check<T>> + Send>>;

/// Boxes a task for a race, so that tasks of several kinds can run in one.
pub(crate) fn runner<T>(task: impl Future<Output = Check<T>> + Send + 'static) -> Runner<T> {
    Box::pin(task)
}

/// Counts the rounds of a race: as many as are asked for, and on for as long as a slower store would have
/// taken. A store in memory has narrow gaps and quick rounds, so it gets more of them. A store that is very
/// slow has wide gaps, and gets fewer.
#[derive(Debug)]
pub(crate) struct Rounds {
    race: u64,
    next: usize,
    least: usize,
    /// Where only one round is asked for, the one after it.
    end: Option<usize>,
    too_long: Duration,
    began: Instant,
    draw: Draw,
    trace: Trace,
}

impl Rounds {
    const LONG_ENOUGH: Duration = Duration::from_millis(100);
    /// So many rounds there are, however long they take.
    const FEWEST: usize = 20;

    pub(crate) fn new(least: usize, too_long: Duration, only: Option<Place>, draw: Draw, trace: Trace) -> Self {
        let race = draw.race();
        let (next, end) = match only {
            None => (0, None),
            Some(only) if only.race == race => (only.round.saturating_sub(1) as usize, Some(only.round as usize)),
            Some(_) => (0, Some(0)),
        };
        Self { race, next, least, end, too_long, began: Instant::now(), draw, trace }
    }

    fn are_enough(&self) -> bool {
        let lasted = self.began.elapsed();
        match self.end {
            Some(end) => self.next >= end,
            None if self.next >= self.least && lasted >= Self::LONG_ENOUGH => true,
            None => self.next >= Self::FEWEST && lasted >= self.too_long,
        }
    }
}

impl Iterator for Rounds {
    type Item = Round;

    fn next(&mut self) -> Option<Round> {
        if self.are_enough() {
            // What comes after the last round is not about it.
            self.trace.end();
            self.draw.end(self.race);
            return None;
        }
        let number = self.next;
        self.next += 1;
        let place = Place { race: self.race, round: self.next as u64 };
        self.draw.begin(place);
        let dice = Dice::new(self.draw.number());
        self.trace.begin(place, self.draw.base);
        Some(Round { number, place, dice, trace: self.trace.clone() })
    }
}

/// One round. Every other one runs its tasks on threads, as a server does. The rest run them in one thread
/// and draw whose turn it is: what stands on both sides of an await is torn apart whatever else the machine
/// has to do, and in more ways than threads would find.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) number: usize,
    pub(crate) place: Place,
    dice: Dice,
    trace: Trace,
}

impl Round {
    pub(crate) fn on_threads(&self) -> bool {
        self.number.is_multiple_of(2)
    }

    /// Sets all tasks off at once, waits for all, and gives what they gave, in their order.
    pub(crate) async fn race<T: Send + 'static>(&self, tasks: Vec<Runner<T>>) -> Check<Vec<T>> {
        self.trace.runs(if self.on_threads() { Turns::Threads } else { Turns::Drawn });
        let results =
            if self.on_threads() { on_threads(tasks).await } else { in_drawn_turns(tasks, self.dice.clone()).await };
        results.into_iter().collect()
    }
}

/// Sets all tasks off at once on threads, and waits for all.
pub(crate) async fn race<T: Send + 'static>(tasks: Vec<Runner<T>>) -> Check<Vec<T>> {
    on_threads(tasks).await.into_iter().collect()
}

/// Sets all tasks off at once in one thread, which draws whose turn it is: for what can be tried only once.
pub(crate) async fn race_once<T>(tasks: Vec<Runner<T>>, seed: u64) -> Check<Vec<T>> {
    in_drawn_turns(tasks, Dice::new(seed)).await.into_iter().collect()
}

async fn on_threads<T: Send + 'static>(tasks: Vec<Runner<T>>) -> Vec<Check<T>> {
    let gate = Arc::new(Gate::new(tasks.len()));
    let start = |task: Runner<T>| {
        let gate = Arc::clone(&gate);
        tokio::spawn(async move {
            gate.pass().await;
            task.await
        })
    };
    let running: Vec<_> = tasks.into_iter().map(start).collect();
    let mut results = Vec::with_capacity(running.len());
    for task in running {
        results.push(match task.await {
            Ok(result) => result,
            Err(error) => {
                broken("no panic", error.try_into_panic().map_or_else(|e| e.to_string(), |p| panic_text(&*p)))
            }
        });
    }
    results
}

/// Holds tasks up until all are there, and not all on one thread.
#[derive(Debug)]
struct Gate {
    missing: AtomicUsize,
    seen: Mutex<HashSet<ThreadId>>,
    start: OnceLock<Instant>,
}

impl Gate {
    /// Long enough for the other worker to come around, short enough to spin away.
    const COUNTDOWN: Duration = Duration::from_micros(10);
    /// How long a worker that the machine has other plans for is waited for.
    const PATIENCE: Duration = Duration::from_micros(500);

    fn new(tasks: usize) -> Self {
        Self { missing: AtomicUsize::new(tasks), seen: Mutex::default(), start: OnceLock::new() }
    }

    async fn pass(&self) {
        let came = Instant::now();
        self.missing.fetch_sub(1, Ordering::AcqRel);
        // Yielding, not waiting to be woken: a waker would start the tasks one after the other. And while they
        // yield, the other worker takes its share of them.
        let start = loop {
            if let Some(start) = self.start.get() {
                break *start;
            }
            if self.missing.load(Ordering::Acquire) == 0 && (self.on_two_threads() || came.elapsed() > Self::PATIENCE) {
                break *self.start.get_or_init(|| Instant::now() + Self::COUNTDOWN);
            }
            yield_now().await;
        };
        // One task of each worker spins, so that they set off within some ten nanoseconds of each other:
        // between two steps in memory there is not much more.
        while Instant::now() < start {
            hint::spin_loop();
        }
    }

    fn on_two_threads(&self) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(thread::current().id());
        seen.len() > 1
    }
}

/// Polls the tasks in an order drawn anew each time, and each time leaves some of them out.
async fn in_drawn_turns<T>(tasks: Vec<Runner<T>>, mut dice: Dice) -> Vec<Check<T>> {
    let mut results: Vec<Option<Check<T>>> = tasks.iter().map(|_| None).collect();
    let mut running: Vec<_> = tasks.into_iter().enumerate().collect();
    poll_fn(|context| {
        let mut waits = true;
        for left in (1..=running.len()).rev() {
            // The task drawn changes places with the last that had no turn yet.
            running.swap(dice.roll(left), left - 1);
            let (at, task) = &mut running[left - 1];
            if dice.roll(3) == 0 {
                waits = false;
            } else if let Poll::Ready(result) = task.as_mut().poll(context) {
                results[*at] = Some(result);
                drop(running.swap_remove(left - 1));
            }
        }
        if running.is_empty() {
            return Poll::Ready(());
        }
        if !waits {
            context.waker().wake_by_ref();
        }
        Poll::Pending
    })
    .await;
    results.into_iter().flatten().collect()
}

/// Makes two calls at once, as one task.
pub(crate) async fn both<T>(one: impl Future<Output = T>, other: impl Future<Output = T>) -> (T, T) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        first = first.take().or_else(|| ready(one.as_mut().poll(context)));
        second = second.take().or_else(|| ready(other.as_mut().poll(context)));
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}

fn ready<T>(poll: Poll<T>) -> Option<T> {
    match poll {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Lets others have their turn until `ready` holds, or for long enough: a busy machine may leave one
/// of two workers without a processor for a while, and a race that only one side ran is none.
pub(crate) async fn others_have_turn(ready: impl Fn() -> bool) {
    const MOST: usize = 20_000;
    for _ in 0..MOST {
        if ready() {
            return;
        }
        yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use session_core::Timestamp;

    use super::*;

    fn rounds(least: usize) -> Rounds {
        only(least, None)
    }

    fn only(least: usize, place: Option<Place>) -> Rounds {
        Rounds::new(least, Duration::from_secs(60), place, Draw::new(Timestamp::MIN, 7), Trace::default())
    }

    #[test]
    fn a_round_draws_the_same_whatever_came_before_it() {
        let at = |number: usize| Place { race: 1, round: number as u64 + 1 };
        let drawn = |place, greed: usize| {
            let mut rounds = only(10, place);
            let of = |round: Round, draw: &Draw| {
                for _ in 0..greed {
                    draw.key();
                }
                (round.number, round.dice.clone().roll(1_000_000), draw.owner())
            };
            let mut drawn = Vec::new();
            while let Some(round) = rounds.next().filter(|round| round.number < 5) {
                let draw = rounds.draw.clone();
                drawn.push((of(round, &draw), draw.number()));
            }
            drawn
        };
        let all = drawn(None, 0);
        assert_eq!(all.len(), 5);
        assert_eq!(drawn(Some(at(3)), 0), all[3..4]);
        // Nor does it matter how much a round before it has drawn.
        assert_eq!(drawn(Some(at(4)), 2), drawn(None, 2)[4..5]);
        assert_eq!(drawn(Some(Place { race: 2, round: 1 }), 0), []);
    }

    #[test]
    fn rounds_go_on_until_they_have_lasted() {
        assert!(rounds(3).count() > 3, "an empty round takes no time");
        assert_eq!(Rounds { began: Instant::now() - Rounds::LONG_ENOUGH, ..rounds(3) }.count(), 3);
        assert_eq!(Rounds { too_long: Duration::ZERO, ..rounds(1_000_000) }.count(), Rounds::FEWEST);
    }

    #[tokio::test]
    async fn each_kind_of_round_gives_results_in_the_order_of_its_tasks() {
        for round in rounds(2).take(2) {
            let task = |number: usize| {
                runner(async move {
                    for _ in 0..number % 3 {
                        yield_now().await;
                    }
                    Ok(number)
                })
            };
            assert_eq!(round.race((0..9).map(task).collect()).await.unwrap(), (0..9).collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn drawn_turns_find_every_order_of_two_halves() {
        let mut orders = std::collections::BTreeSet::new();
        for round in rounds(400).take(400).filter(|round| round.number % 2 == 1) {
            let order = Arc::new(Mutex::new(String::new()));
            let task = |name: char| {
                let order = Arc::clone(&order);
                runner(async move {
                    order.lock().unwrap().push(name);
                    yield_now().await;
                    order.lock().unwrap().push(name);
                    Ok(())
                })
            };
            round.race(vec![task('a'), task('b')]).await.unwrap();
            orders.insert(order.lock().unwrap().clone());
        }
        let every = ["aabb", "abab", "abba", "baab", "baba", "bbaa"].map(str::to_owned);
        assert_eq!(orders, every.into());
    }
}
