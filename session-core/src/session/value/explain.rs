//! Says why a value does not fit its type.
//!
//! A value is read a second time for this, once the first has failed, so what fits pays nothing. The first time's error
//! cannot be used: it quotes the value. Nor can a crate that keeps track of paths: it would name the keys of maps.

use std::slice;

use serde::Deserializer;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Number, Value, map};

use super::place::{Place, Step};
use super::why::{Asked, Why};
use crate::engine::Misfit;

/// Says why `text` cannot be read as a `T`.
pub(super) fn explain<T: DeserializeOwned>(text: &str) -> Misfit {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            return Misfit::new("", format!("it is no JSON that can be read, in line {line}, column {column}"));
        }
    };
    match T::deserialize(Node { value: &value, place: &Place::root() }) {
        Ok(_) => Misfit::new("", "the type refuses it"),
        Err(why) => why.into_misfit(),
    }
}

/// A value at its place.
#[derive(Clone, Copy)]
struct Node<'de, 'p> {
    value: &'de Value,
    place: &'p Place<'p>,
}

impl<'de> Node<'de, '_> {
    fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(number) if number.is_f64() => "a float",
            Value::Number(_) => "an integer",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    fn says<T>(&self, asked: impl Into<Asked>, read: Result<T, Why>) -> Result<T, Why> {
        read.map_err(|why| why.at(self.place, asked.into(), self.kind()))
    }

    /// Has it read. What a type refuses without asking, as one does that was read from a copy, is settled here.
    fn read<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Why> {
        let read = seed.deserialize(self);
        self.says(None, read)
    }

    /// Shows what there is to a visitor. `fields` are the names of a struct's fields.
    fn show<V: Visitor<'de>>(
        self,
        asked: impl Into<Asked>,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Why> {
        let read = match self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(number) => show_number(number, visitor),
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => {
                let mut items = Items { items: items.iter(), next: 0, place: self.place };
                visitor.visit_seq(&mut items).and_then(|read| all_of(read, items.items.len()))
            }
            Value::Object(entries) => {
                let mut entries = Entries { fields, ..Entries::of(entries, self.place) };
                visitor.visit_map(&mut entries).and_then(|read| all_of(read, entries.entries.len()))
            }
        };
        self.says(asked, read)
    }
}

fn show_number<'de, V: Visitor<'de>>(number: &Number, visitor: V) -> Result<V::Value, Why> {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(number), ..) => visitor.visit_u64(number),
        (_, Some(number), _) => visitor.visit_i64(number),
        (.., Some(number)) => visitor.visit_f64(number),
        _ => Err(Why::Refused),
    }
}

/// Refuses what was not read to its end.
fn all_of<T>(read: T, left: usize) -> Result<T, Why> {
    if left == 0 { Ok(read) } else { Err(Why::Length) }
}

/// Writes methods of types that are read from whatever there is.
macro_rules! shown {
    ($($method:ident: $asked:literal),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Why> {
            self.show(Some($asked.into()), &[], visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Node<'de, '_> {
    type Error = Why;

    shown! {
        deserialize_bool: "a boolean",
        deserialize_i8: "an i8", deserialize_i16: "an i16", deserialize_i32: "an i32", deserialize_i64: "an i64",
        deserialize_i128: "an i128",
        deserialize_u8: "a u8", deserialize_u16: "a u16", deserialize_u32: "a u32", deserialize_u64: "a u64",
        deserialize_u128: "a u128",
        deserialize_f32: "an f32", deserialize_f64: "an f64",
        deserialize_char: "a character", deserialize_str: "a string", deserialize_string: "a string",
        deserialize_bytes: "bytes", deserialize_byte_buf: "bytes",
        deserialize_unit: "null",
        deserialize_seq: "an array", deserialize_map: "an object",
        deserialize_identifier: "a name",
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Why> {
        self.show(None, &[], visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Why> {
        visitor.visit_unit()
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Why> {
        let read = match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        };
        self.says(None, read)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Why> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Why> {
        let read = visitor.visit_newtype_struct(self);
        self.says(None, read)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Why> {
        self.show(Some(format!("an array of {len}").into()), &[], visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Why> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Why> {
        self.show(Some(format!("a struct `{name}`").into()), fields, visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Why> {
        let read = match self.value {
            Value::String(variant) => visitor.visit_enum(variant.as_str().into_deserializer()),
            Value::Object(entries) if entries.len() == 1 => {
                let mut entries = entries.iter();
                let (key, content) = entries.next().expect("there is one");
                let known = variants.iter().find(|variant| *variant == key);
                let place = self.place.within(known.map_or(Step::Key(0), |variant| Step::Variant(variant)));
                visitor.visit_enum(Variant { name: key, content, place })
            }
            _ => Err(Why::Kind(self.kind())),
        };
        self.says(Some(format!("a variant of `{name}`").into()), read)
    }
}

/// The elements of an array.
struct Items<'de, 'p> {
    items: slice::Iter<'de, Value>,
    next: usize,
    place: &'p Place<'p>,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Why;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Why> {
        let Some(value) = self.items.next() else { return Ok(None) };
        let place = self.place.within(Step::Item(self.next));
        self.next += 1;
        Node { value, place: &place }.read(seed).map(Some)
    }
}

/// The entries of an object.
struct Entries<'de, 'p> {
    entries: map::Iter<'de>,
    next: usize,
    /// Where the value of the last key stands, and which it is.
    step: Step,
    value: Option<&'de Value>,
    fields: &'static [&'static str],
    place: &'p Place<'p>,
}

impl<'de, 'p> Entries<'de, 'p> {
    fn of(entries: &'de Map<String, Value>, place: &'p Place<'p>) -> Self {
        Self { entries: entries.iter(), next: 0, step: Step::Root, value: None, fields: &[], place }
    }
}

impl<'de> MapAccess<'de> for Entries<'de, '_> {
    type Error = Why;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Why> {
        let Some((key, value)) = self.entries.next() else { return Ok(None) };
        let field = self.fields.iter().find(|field| *field == key);
        self.step = field.map_or(Step::Key(self.next), |field| Step::Field(field));
        self.next += 1;
        self.value = Some(value);
        seed.deserialize(Name { key, place: &self.place.within(self.step) }).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Why> {
        let value = self.value.take().ok_or(Why::Refused)?;
        Node { value, place: &self.place.within(self.step) }.read(seed)
    }
}

/// The key of an entry, which is a text and may stand for a number or a boolean.
#[derive(Clone, Copy)]
struct Name<'de, 'p> {
    key: &'de str,
    place: &'p Place<'p>,
}

/// Writes methods of types that are read from what the text says.
macro_rules! parsed {
    ($($method:ident: $asked:literal),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Why> {
            self.parsed($asked, visitor)
        })*
    };
}

impl<'de> Name<'de, '_> {
    fn says<T>(&self, asked: impl Into<Asked>, read: Result<T, Why>) -> Result<T, Why> {
        read.map_err(|why| why.at(self.place, asked.into(), "a string"))
    }

    fn parsed<V: Visitor<'de>>(self, asked: &'static str, visitor: V) -> Result<V::Value, Why> {
        let read = match serde_json::from_str(self.key) {
            Ok(Value::Bool(value)) => visitor.visit_bool(value),
            Ok(Value::Number(number)) => show_number(&number, visitor),
            _ => Err(Why::Kind("a string")),
        };
        self.says(Some(asked.into()), read)
    }
}

impl<'de> Deserializer<'de> for Name<'de, '_> {
    type Error = Why;

    parsed! {
        deserialize_bool: "a boolean",
        deserialize_i8: "an i8", deserialize_i16: "an i16", deserialize_i32: "an i32", deserialize_i64: "an i64",
        deserialize_i128: "an i128",
        deserialize_u8: "a u8", deserialize_u16: "a u16", deserialize_u32: "a u32", deserialize_u64: "a u64",
        deserialize_u128: "a u128",
        deserialize_f32: "an f32", deserialize_f64: "an f64",
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Why> {
        let read = visitor.visit_borrowed_str(self.key);
        self.says(None, read)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Why> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Why> {
        let read = visitor.visit_newtype_struct(self);
        self.says(None, read)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Why> {
        let read = visitor.visit_enum(self.key.into_deserializer());
        self.says(Some(format!("a variant of `{name}`").into()), read)
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// A variant with content: an object of one entry.
struct Variant<'de, 'p> {
    name: &'de str,
    content: &'de Value,
    /// Where the content stands.
    place: Place<'p>,
}

impl<'de, 'p> EnumAccess<'de> for Variant<'de, 'p> {
    type Error = Why;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Why> {
        let name: StrDeserializer<'_, Why> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de, '_> {
    type Error = Why;

    fn unit_variant(self) -> Result<(), Why> {
        serde::Deserialize::deserialize(Node { value: self.content, place: &self.place })
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Why> {
        Node { value: self.content, place: &self.place }.read(seed)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Why> {
        Node { value: self.content, place: &self.place }.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Why> {
        Node { value: self.content, place: &self.place }.show(Some("the variant's fields".into()), fields, visitor)
    }
}
