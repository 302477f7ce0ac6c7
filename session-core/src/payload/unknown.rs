//! What this version does not know of what is stored: kept as it came, so that it is still there when this version has
//! written.
//!
//! Servers of two versions run side by side during an upgrade, and the older one must not take away what the newer one
//! put down. Where there is nothing unknown, as nearly always, nothing is allocated.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// JSON that this version cannot read, as it was stored. `Debug` does not show it.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct Raw(Box<RawValue>);

impl Raw {
    pub(crate) fn new(json: &RawValue) -> Self {
        Self(json.to_owned())
    }

    pub(crate) fn get(&self) -> &str {
        self.0.get()
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::deserialize(deserializer).map(Self)
    }
}

impl PartialEq for Raw {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Raw {}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes)", self.get().len())
    }
}

/// The fields of an object that this version does not know, in the order in which they came.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Unknown(Vec<(String, Raw)>);

impl Unknown {
    pub(crate) const NONE: Self = Self(Vec::new());

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn keep(&mut self, name: String, value: Raw) {
        self.0.push((name, value));
    }
}

/// Among the fields of the object that it belongs to, by `#[serde(flatten)]`.
impl Serialize for Unknown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unknown({} fields)", self.0.len())
    }
}

/// A part that this version reads, or one of a kind that another version has added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(crate) enum OrRaw<T> {
    Known(T),
    Unknown(Raw),
}

impl<T> OrRaw<T> {
    pub(crate) fn known(&self) -> Option<&T> {
        match self {
            Self::Known(known) => Some(known),
            Self::Unknown(_) => None,
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for OrRaw<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?;
        Ok(serde_json::from_str(json.get()).map_or_else(|_| Self::Unknown(Raw::new(json)), Self::Known))
    }
}

/// Reads an object field by field, and keeps what it does not know in its field `unknown`.
///
/// serde's own `flatten` would hold every field in memory first, of every session, and could keep no JSON as it is.
macro_rules! reads_and_keeps {
    ($object:ident { $($field:ident),+ $(,)? }) => {
        impl<'de> serde::Deserialize<'de> for $object {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(field_identifier)]
                #[allow(non_camel_case_types, reason = "each is the name of its field")]
                enum Name {
                    $($field,)+
                    Unknown(String),
                }

                struct Reader;

                impl<'de> serde::de::Visitor<'de> for Reader {
                    type Value = $object;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$object, A::Error> {
                        let mut object = $object::default();
                        while let Some(name) = map.next_key()? {
                            match name {
                                $(Name::$field => object.$field = map.next_value()?,)+
                                Name::Unknown(name) => object.unknown.keep(name, map.next_value()?),
                            }
                        }
                        Ok(object)
                    }
                }

                deserializer.deserialize_map(Reader)
            }
        }
    };
}
pub(crate) use reads_and_keeps;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Serialize)]
    struct Known {
        a: u8,
        #[serde(skip_serializing_if = "Option::is_none")]
        b: Option<OrRaw<bool>>,
        #[serde(flatten)]
        unknown: Unknown,
    }

    reads_and_keeps!(Known { a, b });

    fn again(json: &str) -> String {
        serde_json::to_string(&serde_json::from_slice::<Known>(json.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn what_is_not_known_is_written_as_it_came() {
        for json in [
            r#"{"a":1}"#,
            r#"{"a":1,"b":true}"#,
            r#"{"a":1,"b":{"kind": 1.0}}"#,
            r#"{"a":1,"c":null}"#,
            r#"{"a":1,"z":[ 1.10, 18446744073709551616, 1e999, "\u00e9" ],"c":{"x": {"y" :{}}}}"#,
        ] {
            assert_eq!(again(json), json);
        }
        // Only the order between what is known and what is not is another one.
        assert_eq!(again(r#"{ "c": 1, "a" : 2 , "b": false}"#), r#"{"a":2,"b":false,"c":1}"#);
    }

    #[test]
    fn what_is_known_is_read_as_ever() {
        let read = serde_json::from_str::<Known>(r#"{"a":1,"b":null}"#).unwrap();
        assert_eq!(read, Known { a: 1, ..Known::default() });
        for json in ["[]", "1", r#"{"a":"x"}"#, r#"{"a":1,"c":}"#, r#"{"a":1"#] {
            assert!(serde_json::from_str::<Known>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let read = serde_json::from_str::<Known>(r#"{"b":"rosebud","c":"rosebud"}"#).unwrap();
        assert_eq!(format!("{read:?}"), "Known { a: 0, b: Some(Unknown(Raw(9 bytes))), unknown: Unknown(1 fields) }");
    }
}
