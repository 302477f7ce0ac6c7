//! Opens private code to the fuzz targets in `session-core/fuzz`, and to nobody else, as `session-core`'s own does.
//!
//! One function per target. It takes any bytes and panics when a promise is broken.

use std::error::Error;

use session_core::Cursor;

use crate::config::RedisConfig;
use crate::store::RedisStore;
use crate::{cursor, keys, layout};

/// What the password is in URLs that have one, so that it can be looked for.
const PASSWORD: &str = "hunter2";

/// Reads `data` as what stands under a key, as a key's name, and as a cursor: what can be read is written again the
/// same, but for what a later write of the record left of an owner's stay.
pub fn redis_record(data: &[u8]) {
    if let Ok(stored) = layout::decode(data.to_vec()) {
        let mut written = layout::encode(&stored.record);
        assert_eq!(written.len(), data.len());
        // The stay began with an earlier write than the record's version, and its index may live for longer.
        let stay = 30..30 + if stored.record.owner.is_some() { 14 } else { 0 };
        written[stay.clone()].copy_from_slice(&data[stay]);
        assert_eq!(written, data);
        assert_eq!(stored.tag.is_some(), stored.record.owner.is_some());
    }
    let names = keys::Keys::new("session").expect("it is a prefix");
    if let Some(key) = names.parse_record(data) {
        assert_eq!(names.record(&key).as_bytes(), data);
    }
    let cursor = Cursor::new(data.to_vec());
    if let Ok(score) = cursor::score(&cursor) {
        assert_eq!(cursor::after_score(score), cursor);
    }
    if let Ok(place) = cursor::scan::<8>(&cursor) {
        assert_eq!(cursor::after_scan(&place), cursor);
    }
}

/// Reads `data` as a server's URL: neither the store nor an error shows its password.
pub fn redis_url(data: &[u8]) {
    let Ok(url) = std::str::from_utf8(data) else { return };
    let shown = match RedisStore::from_url(url, RedisConfig::default()) {
        Ok(store) => format!("{store:?}"),
        Err(error) => {
            let mut shown = format!("{error} {error:?}");
            let mut source = error.source();
            while let Some(error) = source {
                shown += &format!(" {error} {error:?}");
                source = error.source();
            }
            shown
        }
    };
    assert!(!shown.contains(PASSWORD), "{shown}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::replay;

    #[test]
    fn hostile_records_break_nothing() {
        replay("redis_record", redis_record);
    }

    #[test]
    fn hostile_urls_break_nothing_and_no_password_is_shown() {
        replay("redis_url", redis_url);
    }
}
