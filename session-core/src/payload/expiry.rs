//! When a session ends.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::Timestamp;

/// How long a session lives: after its last use, and in all.
///
/// Both are judged on the server; the cookie's own expiry is never relied on. What is `None` does not
/// end a session; at least one must be set.
///
/// A read alone does not write. The deadline moves when more than the *touch interval* has passed since
/// it last moved, by default a twentieth of the idle timeout. So an idle timeout of 60 minutes ends a
/// session 57 to 60 minutes after its last use, and never later.
///
/// ```
/// use session_core::Expiry;
/// use std::time::Duration;
///
/// let bank = Expiry::default()
///     .with_idle(Duration::from_secs(15 * 60))
///     .with_absolute(Duration::from_secs(12 * 3600));
/// assert_eq!(bank.idle, Some(Duration::from_secs(900)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Expiry {
    /// How long after its last use a session ends.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millis")]
    pub idle: Option<Duration>,
    /// How long after the last login in it a session ends, used or not; without a login, after its beginning. Renewal does
    /// not extend it.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "millis")]
    pub absolute: Option<Duration>,
}

/// One day idle, 30 days in all.
impl Default for Expiry {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self { idle: Some(DAY), absolute: Some(DAY.saturating_mul(30)) }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The longest timeouts that standards allow, counted from the login, as they ask.
impl Expiry {
    /// NIST SP 800-63B-4, authenticator assurance level 1: 30 days in all.
    pub const NIST_AAL1: Self = Self { idle: None, absolute: Some(HOUR.saturating_mul(24 * 30)) };
    /// NIST SP 800-63B-4, authenticator assurance level 2: an hour idle, 24 hours in all.
    pub const NIST_AAL2: Self = Self { idle: Some(HOUR), absolute: Some(HOUR.saturating_mul(24)) };
    /// NIST SP 800-63B-4, authenticator assurance level 3: 15 minutes idle, 12 hours in all.
    pub const NIST_AAL3: Self = Self { idle: Some(MINUTE.saturating_mul(15)), absolute: Some(HOUR.saturating_mul(12)) };
    /// OWASP ASVS 4.0.3, 3.3.2, level 1: 30 days in all. Version 5 names no numbers, and asks for reasons instead.
    pub const ASVS_L1: Self = Self::NIST_AAL1;
    /// OWASP ASVS 4.0.3, 3.3.2, level 2: 30 minutes idle, 12 hours in all.
    pub const ASVS_L2: Self = Self { idle: Some(MINUTE.saturating_mul(30)), absolute: Some(HOUR.saturating_mul(12)) };
    /// OWASP ASVS 4.0.3, 3.3.2, level 3: 15 minutes idle, 12 hours in all.
    pub const ASVS_L3: Self = Self::NIST_AAL3;
}

impl Expiry {
    /// Sets the idle timeout; `None` for none.
    #[must_use]
    pub fn with_idle(mut self, idle: impl Into<Option<Duration>>) -> Self {
        self.idle = idle.into();
        self
    }

    /// Sets the absolute timeout; `None` for none.
    #[must_use]
    pub fn with_absolute(mut self, absolute: impl Into<Option<Duration>>) -> Self {
        self.absolute = absolute.into();
        self
    }

    /// Says what is wrong with these timeouts, if anything.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        const MILLISECOND: Duration = Duration::from_millis(1);
        match (self.idle, self.absolute) {
            (None, None) => Err("a session needs an idle or an absolute timeout"),
            (Some(idle), Some(absolute)) if idle > absolute => {
                Err("the idle timeout is longer than the absolute one, so it could never end a session")
            }
            (idle, absolute) if [idle, absolute].into_iter().flatten().any(|t| t < MILLISECOND) => {
                Err("a timeout is shorter than a millisecond, so every session would be over at once")
            }
            _ => Ok(()),
        }
    }

    /// Gives the deadline of a session that began at `created_at` and was last used at `seen`.
    pub(crate) fn deadline(&self, created_at: Timestamp, seen: Timestamp) -> Timestamp {
        let idle = self.idle.map_or(Timestamp::MAX, |idle| seen + idle);
        let absolute = self.absolute.map_or(Timestamp::MAX, |absolute| created_at + absolute);
        idle.min(absolute)
    }

    /// Gives the longest that a session can live unused.
    pub(crate) fn longest_unused(&self) -> Duration {
        self.idle.or(self.absolute).unwrap_or_default()
    }

    /// Gives the longest that a session can live, if there is an end to that; else unused.
    pub(crate) fn longest(&self) -> Duration {
        self.absolute.or(self.idle).unwrap_or_default()
    }

    /// Gives the default touch interval; `None` where there is no idle deadline to move.
    pub(crate) fn touch_interval(&self) -> Option<Duration> {
        self.idle.map(|idle| idle / 20)
    }
}

/// Durations as whole milliseconds.
mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[allow(clippy::ref_option, reason = "the signature that serde asks for")]
    pub(super) fn serialize<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        duration.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_the_two_deadlines_counts() {
        let expiry = Expiry::default().with_idle(MINUTE).with_absolute(MINUTE * 3);
        let start = Timestamp::from_millis(0);
        assert_eq!(expiry.deadline(start, start + MINUTE), start + MINUTE * 2);
        assert_eq!(expiry.deadline(start, start + MINUTE * 3), start + MINUTE * 3);
    }

    #[test]
    fn impossible_timeouts_are_refused() {
        let none = Expiry::default().with_idle(None).with_absolute(None);
        assert!(none.check().is_err());
        assert!(Expiry::default().with_idle(MINUTE * 2).with_absolute(MINUTE).check().is_err());
        assert!(Expiry::default().with_idle(Duration::ZERO).check().is_err());
        assert!(Expiry::default().check().is_ok());
    }

    #[test]
    fn timeouts_survive_serde_to_the_millisecond() {
        let expiry = Expiry::default().with_idle(Duration::from_millis(1_234)).with_absolute(None);
        let json = serde_json::to_string(&expiry).unwrap();
        assert_eq!(json, r#"{"idle":1234}"#);
        assert_eq!(serde_json::from_str::<Expiry>(&json).unwrap(), expiry);
    }
}
