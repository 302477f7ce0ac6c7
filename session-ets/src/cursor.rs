//! Cursors: a letter that says which walk they belong to, and where it stands.

use std::num::NonZeroU64;

use session_core::{Cursor, SessionKey, StoreError};

use crate::error::NAME;
use crate::index::Sequence;

const OWNERS: u8 = b'o';
const SCAN: u8 = b's';

/// Marks the last entry of a page of [`Owners`](session_core::Owners).
pub(crate) fn after_sequence(sequence: Sequence) -> Cursor {
    encode(OWNERS, &sequence.0.get().to_be_bytes())
}

/// Marks the last key of a page of [`Scan`](session_core::Scan).
pub(crate) fn after_key(key: &SessionKey) -> Cursor {
    encode(SCAN, key.as_bytes())
}

/// Reads what [`after_sequence`] wrote.
pub(crate) fn sequence(cursor: &Cursor) -> Result<Sequence, StoreError> {
    decode(OWNERS, cursor)
        .and_then(|bytes| NonZeroU64::new(u64::from_be_bytes(bytes)))
        .map(Sequence)
        .ok_or(StoreError::InvalidCursor { store: NAME })
}

/// Reads what [`after_key`] wrote.
pub(crate) fn key(cursor: &Cursor) -> Result<SessionKey, StoreError> {
    decode(SCAN, cursor).map(SessionKey::from_bytes).ok_or(StoreError::InvalidCursor { store: NAME })
}

fn encode(walk: u8, position: &[u8]) -> Cursor {
    Cursor::new([&[walk], position].concat())
}

fn decode<const N: usize>(walk: u8, cursor: &Cursor) -> Option<[u8; N]> {
    cursor.as_bytes().strip_prefix(&[walk])?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_walk_reads_its_own_cursors() {
        let mark = Sequence(NonZeroU64::new(7).unwrap());
        assert_eq!(sequence(&after_sequence(mark)).unwrap(), mark);
        let place = SessionKey::from_bytes([9; 32]);
        assert_eq!(key(&after_key(&place)).unwrap(), place);
    }

    #[test]
    fn any_other_bytes_are_refused() {
        let mark = after_sequence(Sequence(NonZeroU64::MIN));
        let place = after_key(&SessionKey::from_bytes([0; 32]));
        let mut foreign = vec![Cursor::new(vec![]), Cursor::new(&b"o"[..]), Cursor::new(&b"o\0\0\0\0\0\0\0\0"[..])];
        foreign.extend((0..60).map(|len| Cursor::new(vec![b'x'; len])));
        for good in [&mark, &place] {
            foreign.push(Cursor::new([good.as_bytes(), &[0]].concat()));
            foreign.push(Cursor::new(good.as_bytes()[1..].to_vec()));
        }
        for cursor in &foreign {
            assert!(matches!(sequence(cursor), Err(StoreError::InvalidCursor { .. })), "{cursor:?}");
            assert!(matches!(key(cursor), Err(StoreError::InvalidCursor { .. })), "{cursor:?}");
        }
        assert!(sequence(&place).is_err() && key(&mark).is_err());
    }
}
