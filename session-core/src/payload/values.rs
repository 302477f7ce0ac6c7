//! The application's values by name, each as the JSON text it was stored as.
//!
//! In a payload they are a JSON object behind an index: how many there are, and of each how many bytes its name and its
//! value take in the object. So a request that asks for one value parses that one, and passes over the others. The
//! numbers are variable-length integers of seven bits a byte.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use bytestring::ByteString;
use smol_str::SmolStr;
use unsigned_varint::{decode, encode};

/// Holds values by name.
///
/// Those that were read stay where they lie in the text of the payload: no value is copied unless it is asked for, and
/// clones share the text. Only what is set has a text of its own.
#[derive(Clone, Default)]
pub(crate) struct Values {
    /// In which those lie that were read.
    read: ByteString,
    /// Sorted by name, each name once.
    entries: Vec<Entry>,
}

#[derive(Clone)]
struct Entry {
    name: Text,
    value: Text,
}

#[derive(Clone)]
enum Text {
    Read(Range<usize>),
    Set(SmolStr),
}

impl Text {
    fn of<'a>(&'a self, read: &'a str) -> &'a str {
        match self {
            Self::Read(range) => &read[range.clone()],
            Self::Set(text) => text,
        }
    }
}

impl Values {
    /// Reads what [`write`](Self::write) wrote into a payload, from the byte `start` on, and gives where it ends; `None`
    /// if something else stands there.
    pub(crate) fn read(payload: &Bytes, start: usize) -> Option<(Self, usize)> {
        let (count, mut index) = decode::usize(payload.get(start..)?).ok()?;
        // An entry has two numbers and four marks at least, so a wrong count takes little memory.
        let mut entries = Vec::with_capacity(count.min(index.len() / 6));
        let mut end = 0;
        for at in 0..count {
            let (name, value);
            (name, index) = decode::usize(index).ok()?;
            (value, index) = decode::usize(index).ok()?;
            let name = behind(end, opening(at), name)?;
            let value = behind(name.end, BETWEEN, value)?;
            end = value.end;
            entries.push(Entry { name: Text::Read(name), value: Text::Read(value) });
        }
        let object = index.get(..end.checked_add(closing(count).len())?)?;
        let mut values = Self { read: payload.slice_ref(object).try_into().ok()?, entries };
        values.settle()?;
        Some((values, payload.len() - index.len() + object.len()))
    }

    /// Checks that the object is as the index says, and reads the names that are escaped; `None` if it is not.
    fn settle(&mut self) -> Option<()> {
        let Self { read, entries } = self;
        let mut end = 0;
        for (at, entry) in entries.iter_mut().enumerate() {
            let (Text::Read(name), Text::Read(value)) = (&entry.name, &entry.value) else { return None };
            if read.get(end..name.start)? != opening(at) || read.get(name.end..value.start)? != BETWEEN {
                return None;
            }
            end = value.end;
            if !is_plain(&read[name.clone()]) {
                let quoted = &read[name.start - 1..=name.end];
                entry.name = Text::Set(serde_json::from_str::<String>(quoted).ok()?.into());
            }
        }
        let closed = read.get(end..)? == closing(entries.len());
        (closed && entries.is_sorted_by(|a, b| a.name.of(read) < b.name.of(read))).then_some(())
    }

    /// Writes the index and the object.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        let mut number = |number| bytes.extend(encode::usize(number, &mut encode::usize_buffer()));
        number(self.len());
        for (name, value) in self.iter() {
            number(escaped(name).len());
            number(value.len());
        }
        for (at, (name, value)) in self.iter().enumerate() {
            for text in [opening(at), &escaped(name), BETWEEN, value] {
                bytes.extend(text.as_bytes());
            }
        }
        bytes.extend(closing(self.len()).as_bytes());
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| entry.name.of(&self.read).cmp(name))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let at = self.find(name).ok()?;
        Some(self.entries[at].value.of(&self.read))
    }

    pub(crate) fn insert(&mut self, name: SmolStr, value: SmolStr) {
        let value = Text::Set(value);
        match self.find(&name) {
            Ok(at) => self.entries[at].value = value,
            Err(at) => self.entries.insert(at, Entry { name: Text::Set(name), value }),
        }
    }

    /// Removes a value; `false` if there is none.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        self.find(name).map(|at| self.entries.remove(at)).is_ok()
    }

    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Gives all names with their values, sorted.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|Entry { name, value }| (name.of(&self.read), value.of(&self.read)))
    }
}

/// What the object has before a name: the first one, or another.
fn opening(at: usize) -> &'static str {
    if at == 0 { "{\"" } else { ",\"" }
}

/// What it has between a name and its value.
const BETWEEN: &str = "\":";

/// What it has at the end.
fn closing(count: usize) -> &'static str {
    if count == 0 { "{}" } else { "}" }
}

/// Gives the place of a text of `len` bytes that stands behind `end` and some `punctuation`.
fn behind(end: usize, punctuation: &str, len: usize) -> Option<Range<usize>> {
    let start = end.checked_add(punctuation.len())?;
    Some(start..start.checked_add(len)?)
}

/// Tells whether a name stands between the quotes as it is.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\')
}

/// Gives a name as it stands between the quotes.
fn escaped(name: &str) -> Cow<'_, str> {
    if is_plain(name) {
        return name.into();
    }
    let quoted = serde_json::Value::from(name).to_string();
    quoted[1..quoted.len() - 1].to_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A payload's values: each number, then the object, then what is behind it.
    fn payload(index: &[u8], rest: &str) -> Bytes {
        [index, rest.as_bytes()].concat().into()
    }

    fn of(pairs: &[(&str, &str)]) -> Values {
        let mut values = Values::default();
        pairs.iter().for_each(|(name, value)| values.insert((*name).into(), (*value).into()));
        values
    }

    fn written(values: &Values) -> Bytes {
        let mut bytes = Vec::new();
        values.write(&mut bytes);
        bytes.into()
    }

    fn read(pairs: &[(&str, &str)]) -> Values {
        let bytes = written(&of(pairs));
        let (values, end) = Values::read(&bytes, 0).unwrap();
        assert_eq!(end, bytes.len());
        values
    }

    fn all(values: &Values) -> Vec<(&str, &str)> {
        values.iter().collect()
    }

    #[test]
    fn what_is_written_is_an_index_and_a_json_object() {
        assert_eq!(written(&of(&[])), "\0{}");
        assert_eq!(written(&of(&[("b", "[1, 2]"), ("a", "\"x\"")])), "\x02\x01\x03\x01\x06{\"a\":\"x\",\"b\":[1, 2]}");
        let long = "0".repeat(300);
        assert!(written(&of(&[("", &long)])).starts_with(b"\x01\0\xac\x02{\"\":000"));
    }

    #[test]
    fn what_was_written_is_read_whatever_the_names_are() {
        let names = ["", "a", "a\nb", "a\"b", "a\\b", "\u{7f}", "é", "🦀", "\\u0061"];
        let pairs: Vec<_> = names.iter().map(|name| (*name, "{\"x\": \"\\\"\"}")).collect();
        let values = read(&pairs);
        assert_eq!(all(&values), all(&of(&pairs)));
        assert!(names.iter().all(|name| values.get(name).is_some()));
        assert!(serde_json::from_str::<serde_json::Value>(&values.read).is_ok());
    }

    #[test]
    fn what_stands_before_and_behind_is_left() {
        let (values, end) = Values::read(&payload(&[9, 1, 1, 1], "{\"a\":1}{}"), 1).unwrap();
        assert_eq!((all(&values), end), (vec![("a", "1")], 11));
    }

    #[test]
    fn what_is_set_stands_beside_what_was_read() {
        let before = read(&[("a", "1"), ("c", "3")]);
        let mut values = before.clone();
        values.insert("b".into(), "2".into());
        values.insert("c".into(), "30".into());
        assert!(values.remove("a") && !values.remove("a"));
        assert_eq!(all(&values), [("b", "2"), ("c", "30")]);
        assert_eq!((before.len(), before.get("c")), (2, Some("3")));
        values.clear();
        assert!(values.is_empty() && values.get("b").is_none());
    }

    #[test]
    fn what_is_not_as_the_index_says_is_refused() {
        let refused: [(&[u8], &str); 17] = [
            (&[], ""),
            (&[0], ""),
            (&[0], "{"),
            (&[0], "[]"),
            (&[1], "{}"),
            (&[1, 1], ""),
            (&[1, 1, 1], "{\"a\":1"),
            (&[1, 1, 2], "{\"a\":1}"),
            (&[1, 2, 1], "{\"a\":1}"),
            (&[1, 1, 1], "{\"a\",1}"),
            (&[2, 1, 1, 1, 1], "{\"a\":1;\"b\":2}"),
            // Not in order, and twice.
            (&[2, 1, 1, 1, 1], "{\"b\":1,\"a\":2}"),
            (&[2, 1, 1, 1, 1], "{\"a\":1,\"a\":2}"),
            // An escape that is none; a quote, which would make one name of two, and a line break, without one.
            (&[1, 2, 1], "{\"\\x\":1}"),
            (&[1, 3, 1], "{\"a\"b\":1}"),
            (&[1, 7, 1], "{\"a\":1,\"b\":2}"),
            (&[1, 3, 1], "{\"a\nb\":1}"),
        ];
        for (index, rest) in refused {
            assert!(Values::read(&payload(index, rest), 0).is_none(), "{index:?} {rest}");
        }
        // Within a character; no UTF-8; numbers that are too large, by themselves and in sum.
        assert!(Values::read(&payload(&[1, 1, 1], "{\"é\":1}"), 0).is_none());
        assert!(Values::read(&Bytes::from_static(b"\x01\x01\x01{\"\xff\":1}"), 0).is_none());
        assert!(Values::read(&payload(&[0xff; 10], "{}"), 0).is_none());
        let most = [&[1][..], &[0xff; 9], &[1], &[0xff; 9], &[1]].concat();
        assert!(Values::read(&payload(&most, "{}"), 0).is_none());
    }
}
