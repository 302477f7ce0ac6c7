//! Opens private code to the fuzz targets in `session-core/fuzz`, and to nobody else, as `session-core`'s own does.
//!
//! One function per target. It takes any bytes and panics when a promise is broken.

use session_core::{Cursor, Owner};

use crate::cursor;
use crate::row::{self, Columns};

/// Reads `data` as the columns of a row: four numbers, the owner's length, the owner, the payload. What can be read is
/// written again the same. Reads it as a cursor and as a key, too.
pub fn sql_row(data: &[u8]) {
    if let Some((columns, owner)) = columns(data) {
        let [version, created_at, last_seen_at, expires_at] = columns;
        let payload = data[33 + owner.map_or(0, <[u8]>::len)..].to_vec();
        let read = Columns {
            version,
            payload: payload.clone(),
            owner: owner.map(<[u8]>::to_vec),
            created_at,
            last_seen_at,
            expires_at,
        };
        if let Ok(record) = row::record(Ok(read)) {
            let times = [record.created_at, record.last_seen_at, record.expires_at].map(row::time_column);
            assert_eq!((row::version_column(record.version), times), (version, [created_at, last_seen_at, expires_at]));
            assert_eq!(record.owner.as_ref().map(|owner| Owner::as_str(owner).as_bytes()), owner);
            assert_eq!(record.payload, payload);
        }
    }
    if let Some(key) = row::key(data) {
        assert_eq!(key.as_bytes().as_slice(), data);
    }
    let cursor = Cursor::new(data.to_vec());
    if let Some(arrival) = cursor::arrival(&cursor) {
        assert_eq!(cursor::after_arrival(arrival), cursor);
    }
    if let Some(key) = cursor::key(&cursor) {
        assert_eq!(cursor.as_bytes()[1..], key);
    }
}

/// Takes the four numbers, and the owner: none where its length is 255, so that an empty one is tried as well.
fn columns(data: &[u8]) -> Option<([i64; 4], Option<&[u8]>)> {
    let (numbers, rest) = data.split_at_checked(32)?;
    let (&length, rest) = rest.split_first()?;
    let (numbers, _) = numbers.as_chunks::<8>();
    let numbers: [i64; 4] = [0, 1, 2, 3].map(|at| i64::from_be_bytes(numbers[at]));
    Some((numbers, if length == 255 { None } else { Some(rest.get(..length.into())?) }))
}

/// Reads `data` as a database's URL: no error shows its password, wherever it stands.
#[cfg(all(feature = "postgres", feature = "mysql"))]
pub fn sql_url(data: &[u8]) {
    use std::str::FromStr;

    use sqlx::mysql::MySqlConnectOptions;
    use sqlx::postgres::PgConnectOptions;

    use crate::error::{ConfigError, SqlError};

    const PASSWORD: &str = "hunter2";
    let Ok(url) = std::str::from_utf8(data) else { return };
    let errors = [PgConnectOptions::from_str(url).err(), MySqlConnectOptions::from_str(url).err()];
    for error in errors.into_iter().flatten() {
        let error = ConfigError::Url(SqlError::of_url(error));
        let source = std::error::Error::source(&error).expect("it has one");
        let shown = format!("{error} {error:?} {source} {source:?} {:?}", source.source());
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::replay;

    #[test]
    fn hostile_rows_break_nothing() {
        replay("sql_row", sql_row);
    }

    #[cfg(all(feature = "postgres", feature = "mysql"))]
    #[test]
    fn hostile_urls_break_nothing_and_no_password_is_shown() {
        replay("sql_url", sql_url);
    }
}
