//! How a record stands in Redis: a head of fixed size, the owner if there is one, the payload.
//!
//! | bytes | what |
//! |---|---|
//! | 0–1 | `F5 53`, which no text begins with |
//! | 2 | the format, `01` |
//! | 3 | how many bytes the owner has; 0 if there is none |
//! | 4–11 | the version |
//! | 12–17, 18–23, 24–29 | created, last seen, deadline |
//! | 30–37, 38–43 | only with an owner: the tag of this stay, and until when the owner's index lives |
//! | then | the owner, the payload |
//!
//! Numbers are big-endian. Times are milliseconds in six bytes: enough until the year 10889. The scripts read the
//! same bytes, so that a `touch` patches twelve of them and moves no payload.

use bytes::Bytes;
use session_core::{Owner, Record, Timestamp, Version};
use thiserror::Error;

/// How much longer than its deadline a record stays, in milliseconds. The core judges by the app server's clock, Redis
/// reclaims by its own: this is how far they may be apart.
pub(crate) const SLACK: u64 = 60 * 60 * 1_000;
/// How much longer than its last record an index lives, so that not every `touch` has to see to it.
const MARGIN: u64 = 24 * 60 * 60 * 1_000;

const MAGIC: [u8; 2] = [0xf5, b'S'];
const FORMAT: u8 = 1;
const START: usize = 12;
const HEAD: usize = 30;
const STAY: usize = 14;

/// A time in the six bytes that the scripts read.
pub(crate) type Time = [u8; 6];

/// Marks one stay of a record with one owner: the version of the write that began it.
pub(crate) type Tag = [u8; 8];

/// Says why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum LayoutError {
    #[error("it does not begin as a session does; something else writes under this prefix")]
    Foreign,
    #[error("it has format {0}, and only format {FORMAT} can be read; is a newer version of this crate at work?")]
    Format(u8),
    #[error("it is cut short")]
    Truncated,
    #[error("its owner is no text")]
    Owner,
    #[error("one of its times lies past the year 9999")]
    Time,
}

/// A record as it was read, with what only the index needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) record: Record,
    /// `None` if there is no owner.
    pub(crate) tag: Option<Tag>,
}

/// Gives the tag of the stay that a write of `version` begins.
pub(crate) fn tag(version: Version) -> Tag {
    version.as_u64().to_be_bytes()
}

/// Writes a time for the scripts.
pub(crate) fn time(time: Timestamp) -> Time {
    six(time.as_millis())
}

/// Gives until when Redis keeps a record with this deadline, in milliseconds.
pub(crate) fn kept(deadline: Timestamp) -> u64 {
    deadline.as_millis() + SLACK
}

/// Gives until when the index has to live for a record with this deadline.
pub(crate) fn index_lives(deadline: Timestamp) -> Time {
    six(kept(deadline) + MARGIN)
}

fn six(millis: u64) -> Time {
    let [_, _, time @ ..] = millis.to_be_bytes();
    time
}

/// Writes what a record with this version begins with while this is its owner.
pub(crate) fn start(owner: Option<&Owner>, version: Version) -> [u8; START] {
    let length = u8::try_from(owner.map_or(0, |owner| owner.as_str().len())).expect("an owner has at most 255 bytes");
    let mut bytes = [0; START];
    bytes[..2].copy_from_slice(&MAGIC);
    bytes[2..4].copy_from_slice(&[FORMAT, length]);
    bytes[4..].copy_from_slice(&version.as_u64().to_be_bytes());
    bytes
}

/// Gives how much of a written record is not its payload.
pub(crate) fn head_length(record: &Record) -> usize {
    HEAD + record.owner.as_ref().map_or(0, |owner| STAY + owner.as_str().len())
}

/// Writes a record as one that begins a stay with its owner.
pub(crate) fn encode(record: &Record) -> Vec<u8> {
    let owner = record.owner.as_ref().map_or("", Owner::as_str);
    let mut bytes = Vec::with_capacity(head_length(record) + record.payload.len());
    bytes.extend(start(record.owner.as_ref(), record.version));
    for at in [record.created_at, record.last_seen_at, record.expires_at] {
        bytes.extend(time(at));
    }
    if !owner.is_empty() {
        bytes.extend(tag(record.version));
        bytes.extend(index_lives(record.expires_at));
        bytes.extend(owner.as_bytes());
    }
    bytes.extend_from_slice(&record.payload);
    bytes
}

/// Reads a record. Its payload shares the bytes.
pub(crate) fn decode(bytes: Vec<u8>) -> Result<Stored, LayoutError> {
    let mut rest = Bytes::from(bytes);
    if !rest.starts_with(&MAGIC) {
        return Err(LayoutError::Foreign);
    }
    let format = *rest.get(2).ok_or(LayoutError::Truncated)?;
    if format != FORMAT {
        return Err(LayoutError::Format(format));
    }
    let head = take(&mut rest, HEAD)?;
    let (mut tag, mut owner) = (None, None);
    if head[3] > 0 {
        let stay = take(&mut rest, STAY)?;
        tag = stay.first_chunk().copied();
        let text = take(&mut rest, usize::from(head[3]))?;
        let text = std::str::from_utf8(&text).map_err(|_| LayoutError::Owner)?;
        owner = Some(Owner::new(text).map_err(|_| LayoutError::Owner)?);
    }
    let record = Record {
        version: Version::from_u64(number(&head[4..12])),
        payload: rest,
        owner,
        created_at: timestamp(&head[12..18])?,
        last_seen_at: timestamp(&head[18..24])?,
        expires_at: timestamp(&head[24..30])?,
    };
    Ok(Stored { record, tag })
}

fn take(rest: &mut Bytes, length: usize) -> Result<Bytes, LayoutError> {
    if rest.len() < length { Err(LayoutError::Truncated) } else { Ok(rest.split_to(length)) }
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn timestamp(bytes: &[u8]) -> Result<Timestamp, LayoutError> {
    let millis = number(bytes);
    let timestamp = Timestamp::from_millis(millis);
    if timestamp.as_millis() == millis { Ok(timestamp) } else { Err(LayoutError::Time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(owner: Option<&str>) -> Record {
        Record {
            version: Version::from_u64(u64::MAX - 1),
            payload: Bytes::from_static(&[0, 0xff, b'S', 0]),
            owner: owner.map(|owner| Owner::new(owner).unwrap()),
            created_at: Timestamp::MIN,
            last_seen_at: Timestamp::from_millis(1_763_834_400_123),
            expires_at: Timestamp::MAX,
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let longest = "é".repeat(127) + "x";
        for owner in [None, Some("a"), Some(longest.as_str())] {
            let record = record(owner);
            let stored = decode(encode(&record)).unwrap();
            assert_eq!(stored.tag, owner.map(|_| tag(record.version)));
            assert_eq!(stored.record, record);
        }
    }

    #[test]
    fn an_empty_payload_without_owner_takes_thirty_bytes() {
        let record = Record { payload: Bytes::new(), ..record(None) };
        assert_eq!(encode(&record).len(), HEAD);
        assert_eq!(decode(encode(&record)).unwrap().record, record);
    }

    #[test]
    fn what_is_no_record_says_why() {
        let whole = encode(&record(Some("ann")));
        for length in 2..HEAD + STAY + 3 {
            assert_eq!(decode(whole[..length].to_vec()), Err(LayoutError::Truncated), "{length}");
        }
        let damaged = |at: usize, byte: u8| {
            let mut bytes = whole.clone();
            bytes[at] = byte;
            decode(bytes)
        };
        assert_eq!(decode(Vec::new()), Err(LayoutError::Foreign));
        assert_eq!(decode(b"garbage".to_vec()), Err(LayoutError::Foreign));
        assert_eq!(damaged(1, b'T'), Err(LayoutError::Foreign));
        assert_eq!(damaged(2, 2), Err(LayoutError::Format(2)));
        assert_eq!(damaged(HEAD + STAY, 0xff), Err(LayoutError::Owner));
        assert_eq!(damaged(24, 0xff), Err(LayoutError::Time));
    }
}
