//! Prepares the store, now or as soon as it can be.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::engine::{Backend, EventKind, SessionError, Sessions};

/// How long after the first failure it is tried again; twice as long after each other one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// To start.
impl Sessions {
    /// Prepares the store: connects, checks, creates what it needs. Call it once at the start, or
    /// [`init_in_background`](Self::init_in_background).
    ///
    /// With `?` in `main` a process does not start without its store: whatever started it says why, and tries again.
    ///
    /// # Errors
    /// `Store` or `Timeout` if that fails.
    pub async fn init(&self) -> Result<(), SessionError> {
        Backend::new(self.engine(), &self.engine().deadline()).init().await
    }

    /// Prepares the store as [`init`](Self::init) does, on the current tokio runtime, and where that fails tries again
    /// until it succeeds or the last of these `Sessions` is dropped: a process that starts before its store, and serves
    /// meanwhile what needs no session.
    ///
    /// It tries again after a quarter of a second, then ever later, and every ten seconds at last; also where the store
    /// is misconfigured, since somebody may mend it. Each failure is told as any other of the store, and the success after
    /// one as the event `ready`. Until then [`ready`](Self::ready) says that it is not, and requests that ask for their
    /// session are answered 503, or 500 where the table is not there yet.
    ///
    /// ```
    /// # use session_core::{SessionStore, Sessions};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sessions = Sessions::builder(session_ets::EtsStore::new(session_ets::Table::private())).build()?;
    /// sessions.init_in_background();
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn init_in_background(&self) {
        let engine = Arc::downgrade(self.engine());
        tokio::spawn(async move {
            let mut pause = FIRST_PAUSE;
            // Held while it is tried alone.
            while let Some(engine) = engine.upgrade() {
                if Backend::new(&engine, &engine.deadline()).init().await.is_ok() {
                    if pause > FIRST_PAUSE {
                        engine.tell(EventKind::Ready, None, None);
                    }
                    return;
                }
                drop(engine);
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        });
    }
}
