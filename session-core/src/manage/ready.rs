//! Tells whether the store answers.

use std::time::Duration;

use crate::engine::{Backend, Deadline, SessionError, Sessions};
use crate::store::SessionId;

/// To be looked at by whatever routes requests.
impl Sessions {
    /// Checks that the store answers within so long, by reading what is not there: a check of health, to be mounted
    /// where whatever routes requests looks.
    ///
    /// It does not write: a store that answers and takes no writes is seen by its failures, whose
    /// [kind](SessionError::kind) is in the log and in `session_store_errors_total`.
    ///
    /// ```
    /// # #[cfg(feature = "axum")] {
    /// use axum::{Router, routing::get};
    /// use session_core::Sessions;
    /// use std::time::Duration;
    ///
    /// fn health(sessions: Sessions) -> Router {
    ///     // 200, or 503 and in the log why.
    ///     Router::new().route("/ready", get(async move || sessions.ready(Duration::from_secs(1)).await))
    /// }
    /// # }
    /// ```
    ///
    /// Where every process shares the store, none of them is ready while it is down: that is for taking a process out
    /// of a balancer, never for restarting it.
    ///
    /// # Errors
    /// `Store` or `Timeout` if it does not; `Random` if no key can be drawn.
    pub async fn ready(&self, within: Duration) -> Result<(), SessionError> {
        let key = SessionId::random_from(&*self.engine().random)?.key();
        let deadline = Deadline::after(within);
        Backend::new(self.engine(), &deadline).get(&key).await.map(drop)
    }
}
