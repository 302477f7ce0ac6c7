//! What the scripts answer.

use redis::Value;

use crate::keys::Member;
use crate::layout::Tag;

/// What `put`, `touch` and `delete` answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Done, now or by the same call before.
    Done,
    /// Done, and the owner's index has so many entries now.
    Entered(u64),
    /// Done, and this entry of an index answers to no record any more.
    Left(Entry),
    /// The key is taken.
    Exists,
    /// Nothing live is there, or not that version.
    Gone,
    /// What is there is no record.
    Corrupt,
    /// Nothing was done: this entry has to stand in the index first.
    Needed(Entry),
    /// Nothing was done: this record stands there.
    Winner(Vec<u8>),
}

/// An entry of an owner's index, on a store whose scripts cannot reach it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) tag: Tag,
    pub(crate) owner: Vec<u8>,
    /// Whether the record is the owner's already.
    pub(crate) stays: bool,
}

impl Reply {
    /// Reads an answer; `None` if no script of this crate gives it.
    pub(crate) fn read(value: Value) -> Option<Self> {
        match value {
            Value::Int(1) => Some(Self::Done),
            Value::Int(2) => Some(Self::Exists),
            Value::Int(3) => Some(Self::Gone),
            Value::Int(4) => Some(Self::Corrupt),
            Value::BulkString(bytes) => Some(Self::Winner(bytes)),
            Value::Array(parts) => match <[Value; 2]>::try_from(parts) {
                Ok([Value::Int(7), Value::Int(entries)]) => Some(Self::Entered(entries.try_into().ok()?)),
                Ok(_) => None,
                Err(parts) => Self::about_an_entry(parts),
            },
            _ => None,
        }
    }

    fn about_an_entry(parts: Vec<Value>) -> Option<Self> {
        let mut parts = parts.into_iter();
        let (Value::Int(code), Value::BulkString(tag), Value::BulkString(owner)) =
            (parts.next()?, parts.next()?, parts.next()?)
        else {
            return None;
        };
        let entry = Entry { tag: tag.try_into().ok()?, owner, stays: parts.next() == Some(Value::Int(1)) };
        match code {
            5 => Some(Self::Needed(entry)),
            6 => Some(Self::Left(entry)),
            _ => None,
        }
    }
}

/// A place in an owner's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) member: Member,
    pub(crate) score: u64,
    /// Whether the write that entered it may still be under way.
    pub(crate) young: bool,
}

/// Reads what the index's page holds; `None` if no script of this crate gives it.
pub(crate) fn places(value: Value) -> Option<Vec<Place>> {
    let Value::Array(parts) = value else { return None };
    let (parts, []) = parts.as_chunks::<3>() else { return None };
    let place = |[member, score, young]: &[Value; 3]| {
        let (Value::BulkString(member), Value::BulkString(score), Value::Int(young)) = (member, score, young) else {
            return None;
        };
        Some(Place {
            member: member.as_slice().try_into().ok()?,
            score: std::str::from_utf8(score).ok()?.parse().ok()?,
            young: *young == 1,
        })
    };
    parts.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_no_script_gives_is_none() {
        let entry =
            |code| Value::Array(vec![Value::Int(code), Value::BulkString(vec![1; 8]), Value::BulkString(vec![b'a'])]);
        assert!(matches!(Reply::read(entry(5)), Some(Reply::Needed(Entry { stays: false, .. }))));
        assert!(matches!(Reply::read(entry(6)), Some(Reply::Left(_))));
        for value in [Value::Nil, Value::Okay, Value::Int(0), Value::Int(5), Value::Array(vec![]), entry(7)] {
            assert_eq!(Reply::read(value.clone()), None, "{value:?}");
        }
        assert_eq!(places(Value::Array(vec![Value::Nil])), None);
        assert_eq!(places(Value::Array(vec![])), Some(vec![]));
    }
}
