//! Calls that are made again while the store does not answer.

use std::future::Future;
use std::time::Duration;

use session_core::{SessionError, StoreError};

/// How often a call is made again that the store had no answer to, after a pause that doubles: about 25 seconds in all.
const TRIES: u32 = 9;

/// Says whether what failed may go well another time.
pub(crate) trait Passing {
    fn passes(&self) -> bool;
}

impl Passing for StoreError {
    fn passes(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout { .. } | Self::Indeterminate { .. })
    }
}

impl Passing for SessionError {
    fn passes(&self) -> bool {
        match self {
            Self::Store(error) => error.passes(),
            error => matches!(error, Self::Timeout { .. } | Self::Indeterminate),
        }
    }
}

/// Makes a call, and makes it again while the store does not answer. All calls of the contract may be repeated.
pub(crate) async fn patiently<T, E, F>(call: impl Fn() -> F) -> Result<T, E>
where
    E: Passing,
    F: Future<Output = Result<T, E>>,
{
    let mut pause = Duration::from_millis(50);
    for _ in 0..TRIES {
        match call().await {
            Err(error) if error.passes() => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            done => return done,
        }
    }
    call().await
}
