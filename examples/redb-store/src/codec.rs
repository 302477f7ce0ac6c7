//! Records as redb's values: a header of 42 bytes, the owner, the payload.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | the format, `01` |
//! | 8 | the place among the owner's, in the order in which they came; 0 without one |
//! | 8 | the version |
//! | 8, 8, 8 | beginning, last use and deadline, in milliseconds since the Unix epoch |
//! | 1 | how many bytes the owner has; 0 without one |
//! | then | the owner, and the payload |
//!
//! Numbers have their highest byte first.

use session_core::{Bytes, Owner, Record, Timestamp, Version};

use crate::error::RedbError;

const FORMAT: u8 = 1;

/// A record with its place among the owner's.
pub(crate) struct Stored {
    pub(crate) record: Record,
    pub(crate) place: u64,
}

pub(crate) fn encode(Stored { record, place }: &Stored) -> Vec<u8> {
    let owner = record.owner.as_ref().map_or("", Owner::as_str);
    let mut bytes = Vec::with_capacity(42 + owner.len() + record.payload.len());
    bytes.push(FORMAT);
    let times = [record.created_at, record.last_seen_at, record.expires_at].map(Timestamp::as_millis);
    for number in [*place, record.version.as_u64()].into_iter().chain(times) {
        bytes.extend(number.to_be_bytes());
    }
    bytes.push(u8::try_from(owner.len()).expect("an owner has 255 bytes at most"));
    bytes.extend(owner.as_bytes());
    bytes.extend(&record.payload);
    bytes
}

/// # Errors
/// `Format` if another version of the store may read it, `Malformed` if none can.
pub(crate) fn decode(bytes: &[u8]) -> Result<Stored, RedbError> {
    let (&format, rest) = bytes.split_first().ok_or(RedbError::Malformed("it is empty"))?;
    if format != FORMAT {
        return Err(RedbError::Format(format));
    }
    let (numbers, rest) = rest.split_first_chunk::<40>().ok_or(RedbError::Malformed("it is too short"))?;
    let number = |at: usize| u64::from_be_bytes(numbers[at * 8..][..8].try_into().expect("eight bytes"));
    let (&len, rest) = rest.split_first().ok_or(RedbError::Malformed("it is too short"))?;
    let (owner, payload) = rest.split_at_checked(len.into()).ok_or(RedbError::Malformed("it is too short"))?;
    let owner = match owner {
        [] => None,
        owner => {
            let text = str::from_utf8(owner).map_err(|_| RedbError::Malformed("the owner is no text"))?;
            Some(Owner::new(text).map_err(|_| RedbError::Malformed("the owner is none"))?)
        }
    };
    let record = Record {
        version: Version::from_u64(number(1)),
        payload: Bytes::copy_from_slice(payload),
        owner,
        created_at: Timestamp::from_millis(number(2)),
        last_seen_at: Timestamp::from_millis(number(3)),
        expires_at: Timestamp::from_millis(number(4)),
    };
    Ok(Stored { record, place: number(0) })
}
