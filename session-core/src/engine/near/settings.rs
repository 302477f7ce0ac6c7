//! How much is kept, and how old it may be.

use std::time::Duration;

/// The near cache: sessions that this process has read, by which requests that only look are answered without the store.
///
/// At most 64 MiB are kept, and no session for longer than ten seconds, unless set otherwise. It is turned on by
/// [`SessionsBuilder::near`](crate::SessionsBuilder::near).
///
/// # Who is served from it
///
/// A request with a [safe method](crate::RequestHead::new) that presents one session cookie, if what is kept opens the
/// session: it is within its deadline, and nothing that this process has heard or done has changed it since. All else asks
/// the store: requests that may change something, [`reload`](crate::Session::reload),
/// [`commit`](crate::Session::commit), [`transaction`](crate::Session::transaction), [`ended`](crate::Session::ended),
/// and all that is done from outside of a request. That there is no session is never kept.
///
/// What such a request then writes is written on what is stored, as ever: no update is lost, and of two that
/// [take](crate::Session::take) one value one is refused.
///
/// # How old it may be
///
/// | the store [tells](crate::Watch) of | a session is seen as it was | stores |
/// |---|---|---|
/// | all changes | until the change is told: milliseconds, and at most [`max_age`](Self::max_age) if the network fails in silence | `session-ets`, `session-redis` on one server or behind Sentinels |
/// | ends alone | up to [`stale_reads`](Self::stale_reads) ago; a logout, a revocation and a new id until they are told | `session-sql` on PostgreSQL |
/// | nothing | up to [`stale_reads`](Self::stale_reads) ago | `session-sql` on SQLite, MySQL and MariaDB; `session-redis` on a cluster |
///
/// While a store that tells of all changes cannot be heard, nothing is kept, or no longer than `stale_reads` says.
///
/// # What it is worth
///
/// Pages one after the other, and by 64 tasks at once, from the store over those that are kept near, on one machine with two
/// cores that has the servers as well (`cargo bench -p session-conformance --features servers --bench near -- --quick`,
/// 2026-11-30):
///
/// | | Redis 7.0 | PostgreSQL 15 | SQLite | ETS |
/// |---|---|---|---|---|
/// | one after the other | 67 | 76 | 27 | 1.3 |
/// | 64 at once | 7.4 | 22 | 17 | 1.1 |
///
/// # What to know
///
/// [Metrics](crate::events#metrics) tell how many of the reads that it may answer it does, whether it has room enough, and how
/// often it had to begin anew.
///
/// Where reads may be stale, a page that follows a form by a redirect may not show what the form has changed, if another
/// server answers it; and a role that was taken away serves for pages that long. A balancer that keeps a visitor on one
/// server hides the first.
///
/// ```
/// # use std::sync::Arc;
/// # use session_core::{BuildError, SessionStore, Sessions};
/// use session_core::Near;
///
/// # fn run(store: Arc<dyn SessionStore>) -> Result<(), BuildError> {
/// let sessions = Sessions::builder(store).near(Near::default().with_max_bytes(256 << 20)).build()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Near {
    /// How many bytes it may take, counted as payloads, owners and 300 for each session.
    pub max_bytes: usize,
    /// How long a session is served without asking again, where the store tells of all changes.
    pub max_age: Duration,
    /// How long a session is served without asking again, where the store does not; `None` for not at all.
    pub stale_reads: Option<Duration>,
}

impl Near {
    /// The longest that a session may be kept.
    pub(crate) const MOST_AGE: Duration = Duration::from_secs(60);
    /// The longest that a session may be kept where nobody says that it was changed.
    pub(crate) const MOST_STALE: Duration = Duration::from_secs(1);

    /// Sets how many bytes it may take.
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how long a session is served without asking again, where the store tells of all changes; a minute at most.
    #[must_use]
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// Allows pages to be answered by what was so up to a second ago, where the store does not tell of all changes, or cannot
    /// be heard. It goes with [`ConflictPolicy::Merge`](crate::ConflictPolicy::Merge) alone.
    #[must_use]
    pub fn with_stale_reads(mut self, age: Duration) -> Self {
        self.stale_reads = Some(age);
        self
    }
}

impl Default for Near {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_age: Duration::from_secs(10), stale_reads: None }
    }
}
