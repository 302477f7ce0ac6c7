//! What is looked at when a value is written, and what is refused.
//!
//! `serde_json` writes NaN and infinities as `null`, nests as deep as it is asked to, and writes a key twice; afterwards
//! nobody can tell. So a [serializer that looks](super::looking) stands before it, and sees each thing as it comes.

use std::cell::{OnceCell, RefCell};
use std::fmt::{self, Display};
use std::hash::{DefaultHasher, Hasher};

use serde::ser::{Error, Serialize, Serializer};

use super::place::{Place, Step};
use crate::engine::Misfit;

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

    pub(super) fn note(&self, key: &str) {
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
    pub(super) fn refuse<T>(&self, reason: &'static str) -> Result<T, S::Error> {
        refuse(self.found, self.place, reason)
    }

    /// Takes note of a scalar, which as a key has this text.
    pub(super) fn scalar(&self, text: impl Display) {
        if let Part::Key(keys) = self.part {
            keys.note(&text.to_string());
        }
    }

    pub(super) fn float(&self, is_nan: bool, is_finite: bool, text: impl fmt::Debug) -> Result<(), S::Error> {
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
    pub(super) fn no_key(&self) -> Result<(), S::Error> {
        match self.part {
            Part::Key(_) => self.refuse("a key of a map is no text, number or boolean"),
            _ => Ok(()),
        }
    }

    /// Takes note of an array or an object, in which others are.
    pub(super) fn level(&self, at: &Place<'_>) -> Result<(), S::Error> {
        self.no_key()?;
        if at.is_deepest() { refuse(self.found, at, "nested deeper than 127 levels") } else { Ok(()) }
    }

    /// Takes note of a variant with content, which is written as an object of one entry, and gives where that is.
    pub(super) fn variant(&self, variant: &'static str) -> Result<Place<'a>, S::Error> {
        self.level(self.place)?;
        Ok(self.place.within(Step::Variant(variant)))
    }

    pub(super) fn looked<'b, T: ?Sized>(&self, value: &'b T, place: &'b Place<'b>) -> Looked<'b, T>
    where
        'a: 'b,
    {
        Looked { value, place, part: self.part, found: self.found }
    }
}
