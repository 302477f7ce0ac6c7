//! Calls that somebody hangs up on.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use tokio::task::yield_now;

use crate::check::Check;

/// A call that is woken for nothing could be polled any number of times.
pub(crate) const MOST_POLLS: usize = 300;

/// Polls at most so many times, then drops the future; `None` if it was dropped.
pub(crate) async fn poll_at_most<F: Future>(mut polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Runs the task on a thread of its own, and drops it there.
pub(crate) async fn abort_after(yields: usize, task: impl Future<Output = Check> + Send + 'static) -> Check {
    let running = tokio::spawn(task);
    for _ in 0..yields {
        yield_now().await;
    }
    running.abort();
    // Dropped, or completed, when this returns.
    running.await.unwrap_or(Ok(()))
}
