//! What [`Look`](super::look::Look) does within arrays, maps and structs: it gives each part its place.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::look::{Found, Keys, Looked, Part, refuse};
use super::place::{Place, Step};

const TWICE: &str = "two entries have the same key";

/// The elements of an array.
pub(super) struct Items<'a, C> {
    inner: C,
    at: Place<'a>,
    found: &'a Found,
    next: usize,
}

impl<'a, C> Items<'a, C> {
    pub(super) fn new(inner: C, at: Place<'a>, found: &'a Found) -> Self {
        Self { inner, at, found, next: 0 }
    }
}

/// Writes an implementation for elements, which differ in the method's name alone.
macro_rules! items {
    ($($name:ident :: $method:ident),*) => {
        $(impl<C: $name> $name for Items<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
                let place = self.at.within(Step::Item(self.next));
                self.next += 1;
                self.inner.$method(&Looked { value, place: &place, part: Part::Value, found: self.found })
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })*
    };
}

items! {
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
}

/// The entries of a map.
pub(super) struct Entries<'a, C> {
    inner: C,
    at: Place<'a>,
    found: &'a Found,
    keys: Keys,
    /// How many keys there were.
    count: usize,
}

impl<'a, C> Entries<'a, C> {
    pub(super) fn new(inner: C, at: Place<'a>, found: &'a Found, keys: Keys) -> Self {
        Self { inner, at, found, keys, count: 0 }
    }
}

impl<C: SerializeMap> SerializeMap for Entries<'_, C> {
    type Ok = C::Ok;
    type Error = C::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let place = self.at.within(Step::Key(self.count));
        self.count += 1;
        self.inner.serialize_key(&Looked { value, place: &place, part: Part::Key(&self.keys), found: self.found })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), C::Error> {
        let place = self.at.within(Step::Key(self.count.saturating_sub(1)));
        self.inner.serialize_value(&Looked { value, place: &place, part: Part::Value, found: self.found })
    }

    fn end(self) -> Result<C::Ok, C::Error> {
        if self.keys.have_one_twice() {
            return refuse(self.found, &self.at, TWICE);
        }
        self.inner.end()
    }
}

/// The fields of a struct.
pub(super) struct Fields<'a, C> {
    inner: C,
    at: Place<'a>,
    found: &'a Found,
    /// The first one's name: where one field is there twice, it is the tag of an enum, which stands first.
    first: Option<&'static str>,
    raw: bool,
}

impl<'a, C> Fields<'a, C> {
    pub(super) fn new(inner: C, at: Place<'a>, found: &'a Found) -> Self {
        Self { inner, at, found, first: None, raw: false }
    }

    /// The field of one of `serde_json`'s own structs.
    pub(super) fn raw(inner: C, at: Place<'a>, found: &'a Found) -> Self {
        Self { raw: true, ..Self::new(inner, at, found) }
    }
}

/// Writes an implementation for fields, which differ in the trait alone.
macro_rules! fields {
    ($($name:ident),*) => {
        $(impl<C: $name> $name for Fields<'_, C> {
            type Ok = C::Ok;
            type Error = C::Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), C::Error> {
                let again = self.first == Some(name);
                self.first.get_or_insert(name);
                let (part, place) = match self.raw {
                    true => (Part::Raw, self.at),
                    false => (Part::Value, self.at.within(Step::Field(name))),
                };
                if again {
                    return refuse(self.found, &place, TWICE);
                }
                self.inner.serialize_field(name, &Looked { value, place: &place, part, found: self.found })
            }

            fn skip_field(&mut self, name: &'static str) -> Result<(), C::Error> {
                self.inner.skip_field(name)
            }

            fn end(self) -> Result<C::Ok, C::Error> {
                self.inner.end()
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);
