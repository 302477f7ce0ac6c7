//! Why settings are refused.

use std::time::Duration;

use thiserror::Error;

use crate::cookie::CookieError;
#[cfg(feature = "near")]
use crate::engine::ConflictPolicy;

/// Why [`SessionsBuilder::build`](crate::SessionsBuilder::build) refuses, and what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The cookie cannot work.
    #[error(transparent)]
    Cookie(#[from] CookieError),
    /// The scope's name cannot be one.
    #[error(
        "{name:?} is no name of a scope; use 1 to {max} letters, digits, `-` and `_`, such as the cookie's old name"
    )]
    Scope {
        /// The name given.
        name: String,
        /// The longest there may be.
        max: usize,
    },
    /// The timeouts cannot work.
    #[error("the expiry cannot work: {0}; see `Expiry`")]
    Expiry(&'static str),
    /// Sessions cannot be bound to devices so.
    #[cfg(feature = "device-bound")]
    #[error("sessions cannot be bound to devices: {0}")]
    DeviceBound(&'static str),
    /// A setting must not be zero.
    #[error("{setting} must be more than zero; leave it out for the default")]
    Zero {
        /// The setting.
        setting: &'static str,
    },
    /// The touch interval is longer than the idle timeout, so that a session in use would end.
    #[error("the touch interval must be shorter than the idle timeout; leave it out for a twentieth of that")]
    TouchInterval,
    /// The overlap of renewals is too long.
    #[error("the overlap of renewals must be shorter than their interval, and {max:?} at most")]
    RenewalOverlap {
        /// The longest overlap.
        max: Duration,
    },
    /// The window for stragglers is too short.
    #[error(
        "the window for stragglers must be {min:?} at least, the operation timeout: a request may be under way as long"
    )]
    StragglerWindow {
        /// The shortest window.
        min: Duration,
    },
    /// Sessions whose end is waited for would be looked at too seldom, or all the time.
    #[error("sessions whose end is waited for must be looked at every {max:?} at least, and not all the time")]
    LookEvery {
        /// The longest time between two looks.
        max: Duration,
    },
    /// Sessions would be kept near too long, or not at all.
    #[cfg(feature = "near")]
    #[error("what is kept near must be for some time, and {max:?} at most")]
    NearAge {
        /// The longest time.
        max: Duration,
    },
    /// The store does not tell of all changes, so what is kept near would be out of date.
    #[cfg(feature = "near")]
    #[error(
        "this store does not tell of all changes, so what is kept near may be out of date: allow that by \
         `Near::with_stale_reads`, for {max:?} at most, or do without"
    )]
    NearUntold {
        /// The longest time.
        max: Duration,
    },
    /// Reads that may be stale do not go with the conflict policy.
    #[cfg(feature = "near")]
    #[error("reads that may be stale go with `ConflictPolicy::Merge` alone, not with `{policy:?}`")]
    StaleReads {
        /// The policy given.
        policy: ConflictPolicy,
    },
    /// The path of a login page is none of this site.
    #[error("{path:?} is no path of a login page; give one of this site, such as `/login`")]
    LoginPage {
        /// The path given.
        path: String,
    },
    /// The store lacks a capability that a setting needs.
    #[error("{setting} needs a store with {capability}")]
    Unsupported {
        /// The setting.
        setting: &'static str,
        /// The capability.
        capability: &'static str,
    },
}
