//! What a store cannot take, and what it may do by itself.

/// What a store cannot take, and what it may do by itself.
///
/// ```
/// use session_core::{Eviction, Limits, Reclaim};
///
/// // Memcached: 1 MiB at most, forgets by itself, and may forget early.
/// let limits = Limits::default()
///     .with_max_payload(1_000_000)
///     .with_reclaim(Reclaim::ByItself)
///     .with_eviction(Eviction::UnderPressure);
/// assert_eq!(limits.max_payload, 1_000_000);
/// assert_eq!(Limits::default().max_payload, usize::MAX);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most bytes a payload may have; `usize::MAX` if the store has no limit of its own.
    pub max_payload: usize,
    /// Whether a record may be lost before its deadline.
    pub eviction: Eviction,
    /// Who removes what is past its deadline.
    pub reclaim: Reclaim,
}

impl Limits {
    /// Sets the most bytes a payload may have.
    #[must_use]
    pub const fn with_max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Sets whether a record may be lost before its deadline.
    #[must_use]
    pub const fn with_eviction(mut self, eviction: Eviction) -> Self {
        self.eviction = eviction;
        self
    }

    /// Sets who removes what is past its deadline.
    #[must_use]
    pub const fn with_reclaim(mut self, reclaim: Reclaim) -> Self {
        self.reclaim = reclaim;
        self
    }
}

/// No limit, never evicts, reclaims by sweep.
impl Default for Limits {
    fn default() -> Self {
        Self { max_payload: usize::MAX, eviction: Eviction::Never, reclaim: Reclaim::BySweep }
    }
}

/// Whether a store may lose a record before its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Eviction {
    /// It never does.
    Never,
    /// It may, to make room: a cache.
    UnderPressure,
}

/// Who removes records past their deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reclaim {
    /// [`Sweep::delete_expired`](super::Sweep::delete_expired) does, when it is called.
    BySweep,
    /// The backend does, some time after the deadline (a native time-to-live).
    ByItself,
}
