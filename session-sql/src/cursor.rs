//! Cursors: a letter that says which walk they belong to, and where it stands.

use session_core::{Cursor, SessionKey};

const OWNERS: u8 = b'o';
const SCAN: u8 = b's';

/// Marks the last row of a page of [`Owners`](session_core::Owners).
pub(crate) fn after_arrival(arrival: i64) -> Cursor {
    encode(OWNERS, &arrival.to_be_bytes())
}

/// Marks the last row of a page of [`Scan`](session_core::Scan).
pub(crate) fn after_key(key: &SessionKey) -> Cursor {
    encode(SCAN, key.as_bytes())
}

/// Reads what [`after_arrival`] wrote; `None` for anything else.
pub(crate) fn arrival(cursor: &Cursor) -> Option<i64> {
    decode(OWNERS, cursor).map(i64::from_be_bytes)
}

/// Reads what [`after_key`] wrote; `None` for anything else.
pub(crate) fn key(cursor: &Cursor) -> Option<[u8; 32]> {
    decode(SCAN, cursor)
}

fn encode(walk: u8, place: &[u8]) -> Cursor {
    Cursor::new([&[walk], place].concat())
}

fn decode<const N: usize>(walk: u8, cursor: &Cursor) -> Option<[u8; N]> {
    cursor.as_bytes().strip_prefix(&[walk])?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_walk_reads_its_own_cursors_alone() {
        let (mark, place) = (after_arrival(-7), after_key(&SessionKey::from_bytes([9; 32])));
        assert_eq!((arrival(&mark), key(&place)), (Some(-7), Some([9; 32])));
        assert_eq!((arrival(&place), key(&mark)), (None, None));
        for len in 0..60 {
            let foreign = Cursor::new(vec![b'x'; len]);
            assert_eq!((arrival(&foreign), key(&foreign)), (None, None));
        }
    }
}
