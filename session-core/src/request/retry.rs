//! What the store did not do, or did not answer, tried again in the background.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::finish::in_background;
use crate::engine::{Backend, Engine};
use crate::store::Timestamp;

/// How long is waited before the second try, and how long at most before another.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(60));

/// Says whether there is anything left to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Try {
    Again,
    Done,
}

/// Makes `attempt` in the background, each within an operation's time, until it is done or `gives_up_at` has come; then
/// `after`. Pauses between them grow, so that a store that is down is not asked all the time.
pub(super) fn keep_trying<A: Attempt>(
    engine: Arc<Engine>,
    gives_up_at: Timestamp,
    attempt: A,
    after: impl FnOnce(&Engine) + Send + 'static,
) {
    in_background(async move {
        let mut pause = PAUSES.0;
        while engine.now() < gives_up_at {
            let deadline = engine.deadline();
            if attempt.make(Backend::new(&engine, &deadline)).await == Try::Done {
                break;
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
        after(&engine);
    });
}

/// What is tried.
pub(super) trait Attempt: Send + Sync + 'static {
    fn make(&self, backend: Backend<'_>) -> impl Future<Output = Try> + Send;
}
