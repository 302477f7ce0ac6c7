//! What stands under a key.

use std::fmt;

use bytes::Bytes;

use super::{Owner, RandomError, RandomSource, SystemRandom, Timestamp, draw};

/// The content of a stored record: what a store keeps under a key.
///
/// It is immutable once stored, so it can be shared. `Debug` shows the payload's length alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Which write this is; the core draws a new one for every write.
    pub version: Version,
    /// The session's data, opaque to the store: any bytes, also none.
    pub payload: Bytes,
    /// Whom the session belongs to; `None` if to nobody. The key of the owner index.
    pub owner: Option<Owner>,
    /// When the session began; kept over renewals.
    pub created_at: Timestamp,
    /// When the session was last used, to the precision of the touch throttle.
    pub last_seen_at: Timestamp,
    /// The deadline: from this millisecond on the session is over.
    pub expires_at: Timestamp,
}

impl Record {
    /// Returns whether the deadline lies after `now`.
    #[must_use]
    pub fn is_live_at(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("version", &self.version)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .field("owner", &self.owner)
            .field("created_at", &self.created_at)
            .field("last_seen_at", &self.last_seen_at)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

/// The mark of one write of a record, so that a later write can say what it replaces.
///
/// It is an opaque token: two are equal or not, and nothing follows from their order.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version(u64);

impl Version {
    /// Draws a new version from the operating system.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no randomness to give.
    pub fn random() -> Result<Self, RandomError> {
        Self::random_from(&SystemRandom)
    }

    /// Draws a new version from `random`.
    ///
    /// # Errors
    /// [`RandomError`] if the source fails or gives only zeros.
    pub fn random_from(random: &dyn RandomSource) -> Result<Self, RandomError> {
        draw(random).map(|bytes| Self(u64::from_ne_bytes(bytes)))
    }

    /// Creates a version of the number that a store kept.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number for a store to keep; it uses all 64 bits.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({:016x})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_payload() {
        let record = Record {
            version: Version::from_u64(1),
            payload: Bytes::from_static(b"password"),
            owner: None,
            created_at: Timestamp::MIN,
            last_seen_at: Timestamp::MIN,
            expires_at: Timestamp::MAX,
        };
        let shown = format!("{record:?}");
        assert!(shown.contains("8 bytes") && !shown.contains("password"), "{shown}");
    }
}
