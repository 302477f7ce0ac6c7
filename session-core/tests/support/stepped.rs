//! Enumerates the interleavings of tasks at their calls to the store, and at other steps that they say they make.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use session_core::{ManualClock, StoreError};
use session_ets::EtsStore;

use super::seeded::Seeded;
use super::wrapped::{Around, Wrapped};

/// A store each of whose calls waits for one more poll before it is done, in one step.
///
/// Pages are read in one step with what comes before, and so is what no request does: `init` and sweeps.
pub(crate) type Stepped = Wrapped<Caller>;

/// What a step does, as far as it matters in which order two of them are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A request takes what is in its browser's jar.
    Open,
    /// The first call of a request to the store, which settles when its handler runs; the first for each of its ids.
    Load,
    Read,
    Write,
    /// An answer reaches the jar.
    Deliver,
    /// Whatever else: its place among all but deliveries matters.
    Outside,
}

impl Kind {
    /// Tells whether two steps of different tasks come to the same in either order. Times differ by milliseconds then,
    /// which no window is that near to.
    fn commutes(self, other: Self) -> bool {
        use Kind::{Deliver, Load, Open, Outside, Read, Write};
        matches!(
            (self, other),
            (Deliver, Load | Read | Write | Outside)
                | (Load | Read | Write | Outside, Deliver)
                | (Open, Open | Load | Read | Write)
                | (Load | Read | Write, Open)
                | (Read, Read | Load)
                | (Load, Read)
        )
    }
}

/// The steps that were made. Clones count the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Steps {
    made: Arc<Mutex<Vec<Kind>>>,
    clock: ManualClock,
}

impl Steps {
    /// Each step takes a millisecond of `clock`, so that what came before can be told from what came after.
    pub(crate) fn new(clock: ManualClock) -> Self {
        Self { made: Arc::default(), clock }
    }

    /// Gives how many were made.
    pub(crate) fn count(&self) -> usize {
        self.made.lock().unwrap().len()
    }

    /// Waits for one more poll, which is a step.
    pub(crate) async fn step(&self, kind: Kind) {
        let mut waited = false;
        std::future::poll_fn(|_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending })
            .await;
        self.made.lock().unwrap().push(kind);
        self.clock.advance(Duration::from_millis(1));
    }
}

/// Whose calls these are.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    steps: Steps,
    /// All of them are of this kind.
    kind: Option<Kind>,
    called: Arc<AtomicUsize>,
    /// How many of its first calls are a request's loads.
    loads: usize,
}

impl Stepped {
    /// For calls of which nothing is known.
    pub(crate) fn new(inner: EtsStore, steps: Steps) -> Self {
        Self::around(inner, Caller { steps, kind: Some(Kind::Outside), called: Arc::default(), loads: 0 })
    }

    /// For the calls of one request, which presents so many ids at most.
    pub(crate) fn for_request(inner: EtsStore, steps: Steps, ids: usize) -> Self {
        Self::around(inner, Caller { steps, kind: None, called: Arc::default(), loads: ids })
    }

    /// Forgets what was called, in steps that are forgotten as well.
    pub(crate) fn forget(&self) {
        self.called.store(0, Ordering::Relaxed);
        self.steps.made.lock().unwrap().clear();
    }
}

impl Around for Caller {
    async fn call<T: Send>(
        &self,
        verb: &'static str,
        done: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if !matches!(verb, "init" | "sweep") {
            let is_first = self.called.fetch_add(1, Ordering::Relaxed) < self.loads;
            let of_verb = match verb {
                "get" if is_first => Kind::Load,
                "get" => Kind::Read,
                _ => Kind::Write,
            };
            self.steps.step(self.kind.unwrap_or(of_verb)).await;
        }
        done.await
    }
}

pub(crate) type Task = Pin<Box<dyn Future<Output = ()>>>;

/// One run: its tasks, and a check of what they came to.
pub(crate) struct Run {
    pub(crate) tasks: Vec<Task>,
    pub(crate) steps: Steps,
    /// Kills a task after so many of its own steps, as a crash of its process would.
    pub(crate) crash: Option<(usize, usize)>,
}

/// Runs every interleaving, and gives how many there were. `begin` makes a run anew, `check` judges it and is given the
/// order in which the tasks made their steps.
///
/// Of those that differ in the order of steps that [commute](Kind::commutes) alone, one is run.
pub(crate) fn every_interleaving<W>(begin: impl Fn() -> (W, Run), check: impl Fn(W, &[usize])) -> usize {
    in_standing_time(|| every_choice(begin, check))
}

/// Runs so many interleavings that chance chooses, where there are more than can be run.
pub(crate) fn some_interleavings<W>(
    number: usize,
    chance: &Seeded,
    begin: impl Fn() -> (W, Run),
    check: impl Fn(W, &[usize]),
) {
    in_standing_time(|| {
        for _ in 0..number {
            let (world, run) = begin();
            let order = follow(run, |ready| chance.below(ready), |_, _, _| false).expect("none is passed over");
            check(world, &order);
        }
    });
}

/// Deadlines need a runtime with a clock; this one's stands still.
fn in_standing_time<T>(work: impl FnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(tokio::task::unconstrained(async { work() }))
}

fn every_choice<W>(begin: impl Fn() -> (W, Run), check: impl Fn(W, &[usize])) -> usize {
    let mut choices: Vec<(usize, usize)> = Vec::new();
    let mut runs = 0;
    loop {
        let (world, run) = begin();
        let mut depth = 0;
        let choose = |ready| {
            if depth == choices.len() {
                choices.push((0, ready));
            }
            assert_eq!(choices[depth].1, ready, "a run must be the same every time");
            depth += 1;
            choices[depth - 1].0
        };
        if let Some(order) = follow(run, choose, is_same_as_another) {
            check(world, &order);
            runs += 1;
        }
        // The next one differs in the last choice that has another way left.
        while let Some((chosen, options)) = choices.pop() {
            if chosen + 1 < options {
                choices.push((chosen + 1, options));
                break;
            }
        }
        if choices.is_empty() {
            return runs;
        }
    }
}

/// Runs the tasks, of those that are ready always the one that is chosen; gives the order of steps, `None` if it is passed
/// over.
fn follow(
    run: Run,
    mut choose: impl FnMut(usize) -> usize,
    pass_over: impl Fn(&[usize], &Steps, usize) -> bool,
) -> Option<Vec<usize>> {
    let Run { tasks, steps, crash } = run;
    let mut tasks: Vec<Option<Task>> = tasks.into_iter().map(Some).collect();
    let mut blocked = vec![false; tasks.len()];
    let mut own_steps = vec![0; tasks.len()];
    let mut order = Vec::new();
    tasks.iter_mut().for_each(poll);
    loop {
        let ready: Vec<usize> = (0..tasks.len()).filter(|&task| tasks[task].is_some() && !blocked[task]).collect();
        if ready.is_empty() {
            assert!(tasks.iter().all(Option::is_none), "deadlock after {order:?}");
            return Some(order);
        }
        let task = ready[choose(ready.len())];
        let before = steps.count();
        poll(&mut tasks[task]);
        if tasks[task].is_some() && steps.count() == before {
            // It may have been let go on by another task, and stands before its next step only now.
            poll(&mut tasks[task]);
        }
        if tasks[task].is_some() && steps.count() == before {
            // It waits for another task, so this was no step: whoever goes next may free it.
            blocked[task] = true;
        } else {
            if pass_over(&order, &steps, task) {
                return None;
            }
            order.push(task);
            own_steps[task] += 1;
            blocked.fill(false);
        }
        if crash == Some((task, own_steps[task]))
            && let Some(killed) = tasks[task].take()
        {
            // A process that dies runs no destructors.
            std::mem::forget(killed);
        }
    }
}

/// Tells whether the last step, which is `task`'s, could as well have been made before one of a later task. Then that order
/// is run, and this one need not be.
fn is_same_as_another(order: &[usize], steps: &Steps, task: usize) -> bool {
    let made = steps.made.lock().unwrap();
    let (last, before) = made.split_last().expect("it was made");
    let passed = order.iter().zip(before).rev().take_while(|(by, kind)| **by != task && last.commutes(**kind));
    before.len() == order.len() && passed.into_iter().any(|(by, _)| *by > task)
}

fn poll(task: &mut Option<Task>) {
    let mut cx = Context::from_waker(Waker::noop());
    if task.as_mut().is_some_and(|task| task.as_mut().poll(&mut cx).is_ready()) {
        *task = None;
    }
}

/// Runs what never waits for anything but the tasks around it.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..1_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
    }
    panic!("it waits for something");
}
