//! Records as memcached's values: a header, the owner, the payload.
//!
//! | bytes | |
//! |---|---|
//! | 1 | the format, 1 |
//! | 8 | version |
//! | 8, 8, 8 | created, last seen, expires: milliseconds since 1970 |
//! | 1 | how long the owner is; 0 if there is none |
//! | 0 to 255 | the owner |
//! | the rest | the payload |
//!
//! Numbers have their highest byte first.

use session_core::{Bytes, Owner, Record, Timestamp, Version};
use thiserror::Error;

const FORMAT: u8 = 1;

/// The header without the owner.
const HEADER: usize = 1 + 4 * 8 + 1;

/// Says why a value is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum NoRecord {
    #[error("the value is shorter than a record")]
    Short,
    #[error("the value has format {0}, and only format 1 can be read")]
    Format(u8),
    #[error("the value holds a time past the year 9999")]
    Time,
    #[error("the value holds an owner that is not UTF-8")]
    Owner,
}

/// Writes a record as a value.
pub(crate) fn encode(record: &Record) -> Vec<u8> {
    let owner = record.owner.as_ref().map_or("", Owner::as_str);
    let mut value = Vec::with_capacity(HEADER + owner.len() + record.payload.len());
    value.push(FORMAT);
    value.extend(record.version.as_u64().to_be_bytes());
    for time in [record.created_at, record.last_seen_at, record.expires_at] {
        value.extend(time.as_millis().to_be_bytes());
    }
    value.push(u8::try_from(owner.len()).expect("an owner has 255 bytes at most"));
    value.extend(owner.as_bytes());
    value.extend(&record.payload);
    value
}

/// Reads a record from a value. The payload is not copied.
pub(crate) fn decode(value: Vec<u8>) -> Result<Record, NoRecord> {
    let rest = value.as_slice();
    let (&[format], rest) = rest.split_first_chunk().ok_or(NoRecord::Short)?;
    if format != FORMAT {
        return Err(NoRecord::Format(format));
    }
    let (&version, rest) = rest.split_first_chunk().ok_or(NoRecord::Short)?;
    let (created_at, rest) = time(rest)?;
    let (last_seen_at, rest) = time(rest)?;
    let (expires_at, rest) = time(rest)?;
    let (&[length], rest) = rest.split_first_chunk().ok_or(NoRecord::Short)?;
    let (owner, payload) = rest.split_at_checked(length.into()).ok_or(NoRecord::Short)?;
    let owner = match owner {
        [] => None,
        owner => {
            let text = std::str::from_utf8(owner).map_err(|_| NoRecord::Owner)?;
            Some(Owner::new(text).map_err(|_| NoRecord::Owner)?)
        }
    };
    let payload_at = value.len() - payload.len();
    Ok(Record {
        version: Version::from_u64(u64::from_be_bytes(version)),
        payload: Bytes::from(value).slice(payload_at..),
        owner,
        created_at,
        last_seen_at,
        expires_at,
    })
}

fn time(bytes: &[u8]) -> Result<(Timestamp, &[u8]), NoRecord> {
    let (&millis, rest) = bytes.split_first_chunk().ok_or(NoRecord::Short)?;
    let millis = u64::from_be_bytes(millis);
    let time = Timestamp::from_millis(millis);
    // A later one would be cut to the year 9999, and pass for a record that somebody wrote.
    if time.as_millis() == millis { Ok((time, rest)) } else { Err(NoRecord::Time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(owner: Option<&str>, payload: &'static [u8]) -> Record {
        Record {
            version: Version::from_u64(u64::MAX),
            payload: Bytes::from_static(payload),
            owner: owner.map(|owner| Owner::new(owner).unwrap()),
            created_at: Timestamp::MIN,
            last_seen_at: Timestamp::from_millis(1_800_000_000_123),
            expires_at: Timestamp::MAX,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for owner in [None, Some("ann"), Some(&*"é".repeat(127))] {
            for payload in [&b""[..], b"\0", b"\x01payload\r\n\xff"] {
                let record = record(owner, payload);
                assert_eq!(decode(encode(&record)), Ok(record));
            }
        }
    }

    #[test]
    fn a_value_cut_short_anywhere_in_its_header_is_no_record() {
        let whole = encode(&record(Some("ann"), b""));
        for length in 0..whole.len() {
            assert_eq!(decode(whole[..length].to_vec()), Err(NoRecord::Short), "{length}");
        }
    }

    #[test]
    fn what_somebody_else_wrote_is_no_record() {
        let with = |at: usize, byte: u8| {
            let mut value = encode(&record(Some("ann"), b"payload"));
            value[at] = byte;
            decode(value)
        };
        assert_eq!(with(0, b'{'), Err(NoRecord::Format(b'{')));
        assert_eq!(with(9, 1), Err(NoRecord::Time));
        assert_eq!(with(HEADER - 1, 200), Err(NoRecord::Short));
        assert_eq!(with(HEADER, 0xff), Err(NoRecord::Owner));
    }
}
