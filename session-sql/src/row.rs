//! What stands in a row, and whether it can be read.

use std::fmt;

use session_core::{Bytes, Owner, OwnerError, Record, SessionKey, Timestamp, Version};
use thiserror::Error;

use crate::error::SqlError;

/// The columns of a record as the database gives them, in the order in which every statement asks for them.
pub(crate) struct Columns {
    pub(crate) version: i64,
    pub(crate) payload: Vec<u8>,
    // On PostgreSQL bytes can be borrowed from a row of a prepared statement alone.
    pub(crate) owner: Option<Vec<u8>>,
    pub(crate) created_at: i64,
    pub(crate) last_seen_at: i64,
    pub(crate) expires_at: i64,
}

/// Where a row stands, for statements that walk.
pub(crate) struct Place {
    /// `None` if it is no key, which the table lets nobody store.
    pub(crate) key: Option<SessionKey>,
    pub(crate) arrival: i64,
}

/// Shows nothing: a key must not be shown.
impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place(..)")
    }
}

/// Says why a row is no record. It quotes nothing of it.
#[derive(Debug, Error)]
pub(crate) enum RowError {
    #[error("a column cannot be read")]
    Column(#[source] SqlError),
    #[error("`{column}` is {millis}, which is no time of the years 1970 to 9999")]
    Time { column: &'static str, millis: i64 },
    #[error("`owner` is not UTF-8")]
    NotUtf8,
    #[error("`owner` cannot be one")]
    Owner(#[from] OwnerError),
}

/// Makes a record of a row.
pub(crate) fn record(columns: Result<Columns, sqlx::Error>) -> Result<Record, RowError> {
    let columns = columns.map_err(|error| RowError::Column(SqlError::new(error)))?;
    Ok(Record {
        version: version(columns.version),
        payload: Bytes::from(columns.payload),
        owner: columns.owner.as_deref().map(owner).transpose()?,
        created_at: time("created_at", columns.created_at)?,
        last_seen_at: time("last_seen_at", columns.last_seen_at)?,
        expires_at: time("expires_at", columns.expires_at)?,
    })
}

/// Makes a key of bytes; `None` if they are no key.
pub(crate) fn key(bytes: &[u8]) -> Option<SessionKey> {
    bytes.try_into().ok().map(SessionKey::from_bytes)
}

fn owner(bytes: &[u8]) -> Result<Owner, RowError> {
    Ok(Owner::new(std::str::from_utf8(bytes).map_err(|_| RowError::NotUtf8)?)?)
}

fn time(column: &'static str, millis: i64) -> Result<Timestamp, RowError> {
    let error = RowError::Time { column, millis };
    let millis = u64::try_from(millis).map_err(|_| RowError::Time { column, millis })?;
    if millis > Timestamp::MAX.as_millis() { Err(error) } else { Ok(Timestamp::from_millis(millis)) }
}

/// Gives the bits of a version as a signed number: a version uses all 64, and no database has an unsigned column but
/// one. Versions are compared for equality alone, so the sign means nothing.
pub(crate) fn version_column(version: Version) -> i64 {
    version.as_u64().cast_signed()
}

fn version(column: i64) -> Version {
    Version::from_u64(column.cast_unsigned())
}

/// Gives a time for a column. The latest there is fits.
pub(crate) fn time_column(time: Timestamp) -> i64 {
    time.as_millis().cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_and_time_comes_back() {
        for number in [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1] {
            assert_eq!(version(version_column(Version::from_u64(number))).as_u64(), number);
        }
        for at in [Timestamp::MIN, Timestamp::MAX, Timestamp::from_millis(1_234_567_890_123)] {
            assert_eq!(time("expires_at", time_column(at)).unwrap(), at);
        }
    }

    #[test]
    fn what_is_no_time_no_owner_and_no_key_is_refused() {
        assert!(time("expires_at", -1).is_err());
        assert!(time("expires_at", 253_402_300_800_000).is_err());
        assert!(owner(&[0xff]).is_err());
        assert!(owner(&[]).is_err());
        assert!(owner(&[b'x'; 256]).is_err());
        assert!(key(&[0; 31]).is_none());
    }
}
