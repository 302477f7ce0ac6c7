//! Enumerates the interleavings of tasks at their calls to the store.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use session_core::{ManualClock, StoreError};
use session_ets::EtsStore;

use super::wrapped::{Around, Wrapped};

/// A store each of whose calls waits for one more poll before it is done, in one step.
///
/// Pages are read in one step with what comes before, and so is what no request does: `init` and sweeps.
pub(crate) type Stepped = Wrapped<Steps>;

/// How many steps were made.
#[derive(Debug)]
pub(crate) struct Steps {
    made: Arc<AtomicUsize>,
    clock: ManualClock,
}

impl Stepped {
    /// Each step takes a millisecond of `clock`, so that what came before can be told from what came after.
    pub(crate) fn new(inner: EtsStore, made: Arc<AtomicUsize>, clock: ManualClock) -> Self {
        Self::around(inner, Steps { made, clock })
    }
}

impl Around for Steps {
    async fn call<T: Send>(
        &self,
        verb: &'static str,
        done: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if !matches!(verb, "init" | "sweep") {
            let mut waited = false;
            std::future::poll_fn(
                |_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending },
            )
            .await;
            self.made.fetch_add(1, Ordering::Relaxed);
            self.clock.advance(Duration::from_millis(1));
        }
        done.await
    }
}

pub(crate) type Task = Pin<Box<dyn Future<Output = ()>>>;

/// One run: its tasks, and a check of what they came to.
pub(crate) struct Run {
    pub(crate) tasks: Vec<Task>,
    pub(crate) steps: Arc<AtomicUsize>,
    /// Kills a task after so many of its own steps, as a crash of its process would.
    pub(crate) crash: Option<(usize, usize)>,
}

/// Runs every interleaving once, and gives how many there were. `begin` makes a run anew, `check` judges it
/// and is given the order in which the tasks made their steps.
pub(crate) fn every_interleaving<W>(begin: impl Fn() -> (W, Run), check: impl Fn(W, &[usize])) -> usize {
    // Deadlines need a runtime with a clock; this one's stands still.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(tokio::task::unconstrained(async { every_choice(begin, check) }))
}

fn every_choice<W>(begin: impl Fn() -> (W, Run), check: impl Fn(W, &[usize])) -> usize {
    let mut choices: Vec<(usize, usize)> = Vec::new();
    let mut runs = 0;
    loop {
        let (world, run) = begin();
        let order = follow(run, &mut choices);
        check(world, &order);
        runs += 1;
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

/// Runs the tasks as `choices` say, and takes the first way where they say no more.
fn follow(run: Run, choices: &mut Vec<(usize, usize)>) -> Vec<usize> {
    let Run { tasks, steps, crash } = run;
    let mut tasks: Vec<Option<Task>> = tasks.into_iter().map(Some).collect();
    let mut blocked = vec![false; tasks.len()];
    let mut own_steps = vec![0; tasks.len()];
    let mut order = Vec::new();
    tasks.iter_mut().for_each(poll);
    let mut depth = 0;
    loop {
        let ready: Vec<usize> = (0..tasks.len()).filter(|&task| tasks[task].is_some() && !blocked[task]).collect();
        if ready.is_empty() {
            assert!(tasks.iter().all(Option::is_none), "deadlock after {order:?}");
            return order;
        }
        if depth == choices.len() {
            choices.push((0, ready.len()));
        }
        assert_eq!(choices[depth].1, ready.len(), "a run must be the same every time");
        let task = ready[choices[depth].0];
        depth += 1;
        let before = steps.load(Ordering::Relaxed);
        poll(&mut tasks[task]);
        if tasks[task].is_some() && steps.load(Ordering::Relaxed) == before {
            // It may have been let go on by another task, and stands before its next step only now.
            poll(&mut tasks[task]);
        }
        if tasks[task].is_some() && steps.load(Ordering::Relaxed) == before {
            // It waits for another task, so this was no step: whoever goes next may free it.
            blocked[task] = true;
        } else {
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
