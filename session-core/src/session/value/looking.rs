//! A serializer that looks: it passes on what it is given, and refuses what JSON cannot give back.
//!
//! It runs the value's own code once, as a serializer must, and remembers places on the stack alone.

use std::fmt::Display;

use serde::ser::{Serialize, Serializer};

use super::look::{Keys, Look, Part};
use super::look_within::{Entries, Fields, Items};

/// The names by which `serde_json` knows its own structs begin so. They are written as what they hold, on no level of
/// their own.
const PRIVATE: &str = "$serde_json::private::";

/// Writes a method for scalars that are written as they are shown.
macro_rules! scalars {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.scalar(value);
            self.inner.$method(value)
        })*
    };
}

impl<'a, S: Serializer> Serializer for Look<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Items<'a, S::SerializeSeq>;
    type SerializeTuple = Items<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Items<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Items<'a, S::SerializeTupleVariant>;
    type SerializeMap = Entries<'a, S::SerializeMap>;
    type SerializeStruct = Fields<'a, S::SerializeStruct>;
    type SerializeStructVariant = Fields<'a, S::SerializeStructVariant>;

    scalars! {
        serialize_bool: bool, serialize_char: char,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        self.float(value.is_nan(), value.is_finite(), value)?;
        self.inner.serialize_f32(value)
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        self.float(value.is_nan(), value.is_finite(), value)?;
        self.inner.serialize_f64(value)
    }

    fn serialize_str(self, text: &str) -> Result<S::Ok, S::Error> {
        match self.part {
            Part::Value => {}
            Part::Key(keys) => keys.note(text),
            Part::Raw if levels(text) > self.place.levels_left() => {
                return self.refuse("nested deeper than 127 levels");
            }
            Part::Raw => {}
        }
        self.inner.serialize_str(text)
    }

    fn collect_str<T: Display + ?Sized>(self, text: &T) -> Result<S::Ok, S::Error> {
        match self.part {
            Part::Value => self.inner.collect_str(text),
            _ => self.serialize_str(&text.to_string()),
        }
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<S::Ok, S::Error> {
        self.level(self.place)?;
        self.inner.serialize_bytes(bytes)
    }

    fn serialize_none(self) -> Result<S::Ok, S::Error> {
        self.no_key()?;
        self.inner.serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let looked = self.looked(value, self.place);
        self.inner.serialize_some(&looked)
    }

    fn serialize_unit(self) -> Result<S::Ok, S::Error> {
        self.no_key()?;
        self.inner.serialize_unit()
    }

    fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
        self.no_key()?;
        self.inner.serialize_unit_struct(name)
    }

    fn serialize_unit_variant(self, name: &'static str, index: u32, variant: &'static str) -> Result<S::Ok, S::Error> {
        self.scalar(variant);
        self.inner.serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        let looked = self.looked(value, self.place);
        self.inner.serialize_newtype_struct(name, &looked)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let at = self.variant(variant)?;
        let looked = self.looked(value, &at);
        self.inner.serialize_newtype_variant(name, index, variant, &looked)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
        self.level(self.place)?;
        Ok(Items::new(self.inner.serialize_seq(len)?, *self.place, self.found))
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        self.level(self.place)?;
        Ok(Items::new(self.inner.serialize_tuple(len)?, *self.place, self.found))
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeTupleStruct, S::Error> {
        self.level(self.place)?;
        Ok(Items::new(self.inner.serialize_tuple_struct(name, len)?, *self.place, self.found))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, S::Error> {
        let at = self.variant(variant)?;
        self.level(&at)?;
        Ok(Items::new(self.inner.serialize_tuple_variant(name, index, variant, len)?, at, self.found))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.level(self.place)?;
        Ok(Entries::new(self.inner.serialize_map(len)?, *self.place, self.found, Keys::of(len)))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, S::Error> {
        if name.starts_with(PRIVATE) {
            return Ok(Fields::raw(self.inner.serialize_struct(name, len)?, *self.place, self.found));
        }
        self.level(self.place)?;
        Ok(Fields::new(self.inner.serialize_struct(name, len)?, *self.place, self.found))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, S::Error> {
        let at = self.variant(variant)?;
        self.level(&at)?;
        Ok(Fields::new(self.inner.serialize_struct_variant(name, index, variant, len)?, at, self.found))
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// Counts how deep a JSON text is nested.
fn levels(json: &str) -> usize {
    let (mut level, mut most) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                level += 1;
                most = most.max(level);
            }
            b']' | b'}' if !in_text => level = level.saturating_sub(1),
            _ => {}
        }
    }
    most
}
