//! Cursors: a letter that says which walk they belong to, and where it stands.

use session_core::{Cursor, StoreError};

use crate::error::NAME;

const OWNERS: u8 = b'o';
const SCAN: u8 = b's';

/// Marks the last entry of a page of [`Owners`](session_core::Owners).
pub(crate) fn after_score(score: u64) -> Cursor {
    Cursor::new([&[OWNERS], score.to_be_bytes().as_slice()].concat())
}

/// Marks where `SCAN` goes on.
pub(crate) fn after_scan(position: &[u8]) -> Cursor {
    Cursor::new([&[SCAN], position].concat())
}

/// Reads what [`after_score`] wrote.
pub(crate) fn score(cursor: &Cursor) -> Result<u64, StoreError> {
    cursor
        .as_bytes()
        .strip_prefix(&[OWNERS])
        .and_then(|bytes| bytes.try_into().ok())
        .map(u64::from_be_bytes)
        // Scores are doubles.
        .filter(|score| *score < 1 << 53)
        .ok_or(INVALID)
}

/// Reads what [`after_scan`] wrote, which is `N` bytes.
pub(crate) fn scan<const N: usize>(cursor: &Cursor) -> Result<[u8; N], StoreError> {
    cursor.as_bytes().strip_prefix(&[SCAN]).and_then(|bytes| bytes.try_into().ok()).ok_or(INVALID)
}

/// Tells one text from another, in the same way in every process: FNV-1a.
pub(crate) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

const INVALID: StoreError = StoreError::InvalidCursor { store: NAME };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_walk_reads_its_own_cursors() {
        assert_eq!(score(&after_score(1_763_834_400_123_456)).unwrap(), 1_763_834_400_123_456);
        assert_eq!(scan::<8>(&after_scan(&[7; 8])).unwrap(), [7; 8]);
        assert!(score(&after_scan(&[7; 8])).is_err() && scan::<8>(&after_score(7)).is_err());
    }

    #[test]
    fn any_other_bytes_are_refused() {
        let mut foreign = vec![after_score(1 << 53), after_score(u64::MAX)];
        foreign.extend((0..60).map(|length| Cursor::new(vec![b'x'; length])));
        foreign.push(Cursor::new([after_score(1).as_bytes(), &[0]].concat()));
        foreign.push(Cursor::new(after_scan(&[0; 7]).as_bytes().to_vec()));
        for cursor in &foreign {
            assert!(matches!(score(cursor), Err(StoreError::InvalidCursor { .. })), "{cursor:?}");
            assert!(matches!(scan::<8>(cursor), Err(StoreError::InvalidCursor { .. })), "{cursor:?}");
        }
    }
}
