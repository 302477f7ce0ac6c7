//! The application's values by name, each as the JSON text it was stored as.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytestring::ByteString;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use smol_str::SmolStr;

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
    /// Takes the values that were `found` in the text `read`. Of two with one name, the last counts.
    pub(crate) fn new(read: &ByteString, found: Found<'_>) -> Self {
        let place = |text: &str| {
            let start = text.as_ptr().addr().wrapping_sub(read.as_ptr().addr());
            Text::Read(start..start.wrapping_add(text.len()))
        };
        let name = |name| match name {
            Cow::Borrowed(name) => place(name),
            // It was written with an escape, so its text is not there as it is.
            Cow::Owned(name) => Text::Set(name.into()),
        };
        let entries = found.0.into_iter().map(|(found, value)| Entry { name: name(found), value: place(value.get()) });
        let mut values = Self { read: read.clone(), entries: entries.collect() };
        let names = |a: &Entry, b: &Entry| a.name.of(read).cmp(b.name.of(read));
        if !values.entries.is_sorted_by(|a, b| names(a, b).is_lt()) {
            values.entries.reverse();
            values.entries.sort_by(names);
            values.entries.dedup_by(|next, kept| names(next, kept).is_eq());
        }
        values
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

/// The values as they are found in a text.
#[derive(Default)]
pub(crate) struct Found<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Found<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Found<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Found<'de>, A::Error> {
                let mut found = Vec::new();
                while let Some((Name(name), value)) = object.next_entry()? {
                    found.push((name, value));
                }
                Ok(Found(found))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A name, borrowed if it can be.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Values {
        let json = ByteString::from(json);
        Values::new(&json, serde_json::from_str(&json).unwrap())
    }

    fn all(values: &Values) -> Vec<(&str, &str)> {
        values.iter().collect()
    }

    #[test]
    fn what_was_read_is_found_whatever_its_order_and_blanks() {
        let values = read("{ \"b\" :\t[1, 2] , \"a\": \"x\\\"y\", \"\":null}");
        assert_eq!(all(&values), [("", "null"), ("a", "\"x\\\"y\""), ("b", "[1, 2]")]);
        assert_eq!((values.get("a"), values.get("c")), (Some("\"x\\\"y\""), None));
    }

    #[test]
    fn of_two_with_one_name_the_last_counts() {
        let values = read("{\"a\":1,\"b\":2,\"a\":3,\"\\u0061\":4}");
        assert_eq!(all(&values), [("a", "4"), ("b", "2")]);
    }

    #[test]
    fn a_name_with_an_escape_is_the_name_without() {
        let values = read("{\"a\\nb\":1,\"\\u00e9\":2,\"ö\":3}");
        assert_eq!(all(&values), [("a\nb", "1"), ("é", "2"), ("ö", "3")]);
    }

    #[test]
    fn what_is_set_stands_beside_what_was_read() {
        let before = read("{\"a\":1,\"c\":3}");
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
    fn only_an_object_is_read() {
        for json in ["[]", "null", "\"\"", "{\"a\"}", "{a:1}", "{\"a\":1,}"] {
            assert!(serde_json::from_str::<Found<'_>>(json).is_err(), "{json}");
        }
    }
}
