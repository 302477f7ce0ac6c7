//! Deadlines as memcached counts time.

use session_core::Timestamp;

/// For how long memcached keeps what is past its deadline, so that it reclaims but never judges: a clock
/// that is wrong by less ends no session.
const SLACK: u64 = 60 * 60;

/// memcached takes a smaller number for seconds from now.
const LEAST: u32 = 30 * 24 * 60 * 60 + 1;

/// memcached takes a larger number for a time in the past. It ends in January 2038.
const MOST: u64 = i32::MAX as u64;

/// Keeps an item until it is evicted.
const NEVER: u32 = 0;

/// Gives the second at which memcached may reclaim a record, as it counts: since 1970.
///
/// What ends too late to be counted is never reclaimed, only evicted; nothing is ever reclaimed early.
pub(crate) fn reclaim_at(deadline: Timestamp) -> u32 {
    match deadline.as_millis().div_ceil(1_000) + SLACK {
        seconds if seconds > MOST => NEVER,
        seconds => u32::try_from(seconds).map_or(NEVER, |seconds| seconds.max(LEAST)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_an_absolute_time_with_an_hour_to_spare() {
        for (millis, expected) in [
            (1_800_000_000_000, 1_800_003_600),
            // A part of a second is a second.
            (1_800_000_000_001, 1_800_003_601),
            // In 1970 the number would mean from now on.
            (0, LEAST),
            (30 * 24 * 60 * 60 * 1_000, 30 * 24 * 60 * 60 + 3_600),
            // The last second that can be said, and the first that cannot.
            ((MOST - SLACK) * 1_000, i32::MAX as u32),
            ((MOST - SLACK) * 1_000 + 1, NEVER),
            (Timestamp::MAX.as_millis(), NEVER),
        ] {
            assert_eq!(reclaim_at(Timestamp::from_millis(millis)), expected, "{millis}");
        }
    }
}
