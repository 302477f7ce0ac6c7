//! Tasks that set off at once.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::yield_now;

use crate::check::{Check, broken};
use crate::runner::panic_text;

pub(crate) type Runner<T> = Pin<Box<dyn Future<Output = Check<T>> + Send>>;

/// Boxes a task for a race, so that tasks of several kinds can run in one.
pub(crate) fn runner<T>(task: impl Future<Output = Check<T>> + Send + 'static) -> Runner<T> {
    Box::pin(task)
}

/// Sets all tasks off at once, waits for all, and gives what they gave, in their order.
pub(crate) async fn race<T: Send + 'static>(tasks: Vec<Runner<T>>) -> Check<Vec<T>> {
    let gate = Arc::new(AtomicUsize::new(tasks.len()));
    let start = |task: Runner<T>| {
        let gate = Arc::clone(&gate);
        tokio::spawn(async move {
            // Yielding, not waiting to be woken: both workers are awake when the gate opens, and a
            // waker would start the tasks one after the other.
            gate.fetch_sub(1, Ordering::AcqRel);
            while gate.load(Ordering::Acquire) > 0 {
                yield_now().await;
            }
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
    results.into_iter().collect()
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
