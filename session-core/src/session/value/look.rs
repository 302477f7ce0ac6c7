//! A serializer that looks: it passes on what it is given, and refuses what JSON cannot give back.
//!
//! `serde_json` writes NaN and infinities as `null`, nests as deep as it is asked to, and writes a key twice; afterwards
//! nobody can tell. So this stands before it, and sees each thing as it comes. It runs the value's own code once, as a
//! serializer must, and remembers places on the stack alone.

use std::cell::{OnceCell, RefCell};
use std::fmt::{self, Display};
use std::hash::{DefaultHasher, Hasher};

use serde::ser::{Error, Serialize, Serializer};

use super::look_within::{Entries, Fields, Items};
use super::place::{Place, Step};
use crate::engine::Misfit;

/// The names by which `serde_json` knows its own structs begin so. They are written as what they hold, on no level of
/// their own.
const PRIVATE: &str = "$serde_json::private::";

/// The first thing that was found wrong.
pub(super) type Found = OnceCell<Misfit>;

/// Passes on to `inner` what stands at `place`.
pub(super) struct Look<'a, S> {
    pub(super) inner: S,
    pub(super) place: &'a Place<'a>,
    pub(super) part: Part<'a>,
    pub(super) found: &'a Found,
}

/// What it is that is looked at.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    Value,
    /// A key of a map, whose keys so far these are.
    Key(&'a Keys),
    /// JSON text that is taken over as it is.
    Raw,
}

/// The keys of a map, each by a hash that in practice no other has.
pub(super) struct Keys(RefCell<Vec<u64>>);

impl Keys {
    pub(super) fn of(len: Option<usize>) -> Self {
        // Whoever says how many there are may be wrong.
        Self(RefCell::new(Vec::with_capacity(len.unwrap_or(0).min(64))))
    }

    fn note(&self, key: &str) {
        let mut hasher = DefaultHasher::new();
        hasher.write(key.as_bytes());
        self.0.borrow_mut().push(hasher.finish());
    }

    pub(super) fn have_one_twice(self) -> bool {
        let mut keys = self.0.into_inner();
        keys.sort_unstable();
        keys.windows(2).any(|pair| pair[0] == pair[1])
    }
}

/// A part of a value, which is looked at when it is its turn.
pub(super) struct Looked<'a, T: ?Sized> {
    pub(super) value: &'a T,
    pub(super) place: &'a Place<'a>,
    pub(super) part: Part<'a>,
    pub(super) found: &'a Found,
}

impl<T: Serialize + ?Sized> Serialize for Looked<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Look { inner, place: self.place, part: self.part, found: self.found })
    }
}

/// Takes note of what is wrong, unless something was found before.
pub(super) fn refuse<T, E: Error>(found: &Found, place: &Place<'_>, reason: &'static str) -> Result<T, E> {
    found.get_or_init(|| Misfit::new(place, reason));
    // Where it was found tells more than this ever could.
    Err(E::custom("it could not be read again"))
}

impl<'a, S: Serializer> Look<'a, S> {
    fn refuse<T>(&self, reason: &'static str) -> Result<T, S::Error> {
        refuse(self.found, self.place, reason)
    }

    /// Takes note of a scalar, which as a key has this text.
    fn scalar(&self, text: impl Display) {
        if let Part::Key(keys) = self.part {
            keys.note(&text.to_string());
        }
    }

    fn float(&self, is_nan: bool, is_finite: bool, text: impl fmt::Debug) -> Result<(), S::Error> {
        if is_nan {
            return self.refuse("NaN is no number in JSON");
        }
        if !is_finite {
            return self.refuse("an infinite number is none in JSON");
        }
        self.scalar(format_args!("{text:?}"));
        Ok(())
    }

    /// Takes note of what cannot be a key.
    fn no_key(&self) -> Result<(), S::Error> {
        match self.part {
            Part::Key(_) => self.refuse("a key of a map is no text, number or boolean"),
            _ => Ok(()),
        }
    }

    /// Takes note of an array or an object, in which others are.
    fn level(&self, at: &Place<'_>) -> Result<(), S::Error> {
        self.no_key()?;
        if at.is_deepest() { refuse(self.found, at, "nested deeper than 127 levels") } else { Ok(()) }
    }

    /// Takes note of a variant with content, which is written as an object of one entry, and gives where that is.
    fn variant(&self, variant: &'static str) -> Result<Place<'a>, S::Error> {
        self.level(self.place)?;
        Ok(self.place.within(Step::Variant(variant)))
    }

    fn looked<'b, T: ?Sized>(&self, value: &'b T, place: &'b Place<'b>) -> Looked<'b, T>
    where
        'a: 'b,
    {
        Looked { value, place, part: self.part, found: self.found }
    }
}

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
