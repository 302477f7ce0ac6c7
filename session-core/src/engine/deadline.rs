//! How long an operation may take.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::OnceLock;
use std::task::Poll;
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::{Instant, sleep_until};

use super::SessionError;

/// Says how long an operation of the core, with all its calls to the store, may take.
///
/// It begins when the operation waits for the first time: what is ready at once, as memory is, needs neither a clock
/// nor a timer.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    after: Duration,
    at: OnceLock<Instant>,
}

impl Deadline {
    pub(crate) fn after(after: Duration) -> Self {
        Self { after, at: OnceLock::new() }
    }

    fn at(&self) -> Instant {
        // As good as never, for one that lies past what the clock can tell.
        const NEVER: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
        *self.at.get_or_init(|| {
            let now = Instant::now();
            now.checked_add(self.after).unwrap_or_else(|| now + NEVER)
        })
    }

    /// Runs `work`, and gives it up when the deadline comes.
    pub(crate) async fn limit<T>(&self, work: impl Future<Output = T>) -> Result<T, SessionError> {
        let (mut work, mut timer) = (pin!(work), None);
        poll_fn(|cx| {
            if let Poll::Ready(done) = work.as_mut().poll(cx) {
                return Poll::Ready(Ok(done));
            }
            // Work that uses up the task's budget must not keep the deadline from coming.
            let timer = timer.get_or_insert_with(|| Box::pin(unconstrained(sleep_until(self.at()))));
            timer.as_mut().poll(cx).map(|()| Err(SessionError::Timeout { after: self.after }))
        })
        .await
    }
}
