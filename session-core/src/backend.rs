//! The store as the core calls it: with a deadline, and with lost replies resolved.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::OnceLock;
use std::task::Poll;
use std::time::Duration;

use tokio::task::unconstrained;
use tokio::time::{Instant, sleep, sleep_until};

use crate::error::{PutNewError, SessionError, StoreError};
use crate::events::Verb;
use crate::id::{SessionId, SessionKey};
use crate::random::RandomSource;
use crate::record::Record;
use crate::sessions::Sessions;
use crate::store::{Put, PutOutcome};

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

/// Says what a write did, and whether it was sent more than once.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) outcome: PutOutcome,
    /// The first reply was lost. An outcome other than `Stored` does not say, then, that this write never
    /// happened: it may have, and another one after it.
    pub(crate) resent: bool,
}

impl Sessions {
    /// Writes `record`, and sends the same write again while replies are lost.
    ///
    /// Changes are never replayed for a lost reply: the store recognises the version, so the same write
    /// cannot count twice.
    ///
    /// # Errors
    /// `Indeterminate` if the deadline comes before it is known what happened; else as the store fails, and
    /// nothing was written.
    pub(crate) async fn put(
        &self,
        key: &SessionKey,
        record: &Record,
        put: Put,
        deadline: &Deadline,
    ) -> Result<Written, SessionError> {
        let mut pause = Duration::from_millis(5);
        let mut resent = false;
        loop {
            match self.call(Verb::Put, Some(key), deadline, self.store().put(key, record, put)).await {
                Ok(outcome) => return Ok(Written { outcome, resent }),
                Err(SessionError::Timeout { .. }) => return Err(SessionError::Indeterminate),
                Err(SessionError::Store(StoreError::Indeterminate { .. } | StoreError::Timeout { .. })) => {
                    resent = true
                }
                // What a store refuses now says nothing of the try before: a connection that breaks is often
                // refused for a while.
                Err(SessionError::Store(StoreError::Unavailable { .. })) if resent => {}
                Err(_) if resent => return Err(SessionError::Indeterminate),
                Err(error) => return Err(error),
            }
            Box::pin(deadline.limit(sleep(pause))).await.map_err(|_| SessionError::Indeterminate)?;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }
}

/// Draws ids until one is free.
#[derive(Debug)]
pub(crate) struct Draws {
    left: u32,
}

impl Draws {
    /// As many as Plug's ETS store makes.
    const MOST: u32 = 100;

    pub(crate) fn new() -> Self {
        Self { left: Self::MOST }
    }

    /// Draws the next id.
    ///
    /// # Errors
    /// `Exhausted` when so many in a row were taken that the source or the store must be broken.
    pub(crate) fn draw(&mut self, random: &dyn RandomSource) -> Result<SessionId, PutNewError> {
        self.left = self.left.checked_sub(1).ok_or(PutNewError::Exhausted { attempts: Self::MOST })?;
        Ok(SessionId::random_from(random)?)
    }
}

/// Says that the store broke the contract.
pub(crate) fn unexpected(outcome: &PutOutcome) -> SessionError {
    let answer = match outcome {
        PutOutcome::Stored => "Stored",
        PutOutcome::Exists => "Exists",
        PutOutcome::Conflict(_) => "Conflict",
        PutOutcome::Gone => "Gone",
    };
    let source = format!("the store answered {answer} to a put that cannot have it").into();
    StoreError::Backend { store: "session-core", source }.into()
}
