//! How times are given.

use session_core::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Reads a time: milliseconds since 1970, one for people, or the beginning of a day in UTC.
pub(super) fn parse_time(given: &str) -> Result<Timestamp, String> {
    let said = || "give milliseconds since 1970, or a time as in 2026-11-30T12:00:00Z or 2026-11-30".to_owned();
    if let Ok(millis) = given.parse() {
        return Ok(Timestamp::from_millis(millis));
    }
    let at = OffsetDateTime::parse(given, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(&format!("{given}T00:00:00Z"), &Rfc3339))
        .map_err(|_| said())?;
    u64::try_from(at.unix_timestamp_nanos() / 1_000_000).map(Timestamp::from_millis).map_err(|_| said())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_given_in_milliseconds_or_for_people_and_a_day_is_its_beginning() {
        for (given, read) in [
            ("1763834400123", Some(1_763_834_400_123)),
            ("2025-11-22T18:00:00.123Z", Some(1_763_834_400_123)),
            ("2025-11-22T19:00:00+01:00", Some(1_763_834_400_000)),
            ("2025-11-22", Some(1_763_769_600_000)),
            ("1969-12-31T23:59:59Z", None),
            ("2025-11-31", None),
            ("yesterday", None),
        ] {
            assert_eq!(parse_time(given).ok().map(Timestamp::as_millis), read, "{given}");
        }
    }
}
