//! What a type says of a value that it refuses, without the value.

use std::borrow::Cow;
use std::fmt::{self, Display};

use serde::de::{Error, Expected, Unexpected};

use super::place::Place;
use crate::engine::Misfit;

/// Says why a type refuses a value. Of all that `serde` and the type tell, it keeps kinds, and the names that the program
/// gave.
#[derive(Debug)]
pub(super) enum Why {
    /// It is of another kind: this one.
    Kind(&'static str),
    /// Its kind is right, but not what it says.
    Value(&'static str),
    Length,
    UnknownVariant(&'static [&'static str]),
    UnknownField(&'static [&'static str]),
    MissingField(&'static str),
    DuplicateField(&'static str),
    NoVariant,
    /// In words that may quote the value.
    Refused,
    /// It is known where.
    At(Misfit),
}

/// What the type asked for at a place, in words; `None` if it takes whatever there is.
pub(super) type Asked = Option<Cow<'static, str>>;

impl Why {
    /// Says that it was at `place`, unless it is known already; `kind` is what stands there.
    pub(super) fn at(self, place: &Place<'_>, asked: Asked, kind: &'static str) -> Self {
        if let Self::At(_) = self {
            return self;
        }
        Self::At(Misfit::new(place, self.reason(asked, kind)))
    }

    pub(super) fn into_misfit(self) -> Misfit {
        match self {
            Self::At(misfit) => misfit,
            other => Misfit::new("", other.reason(None, "")),
        }
    }

    fn reason(self, asked: Asked, kind: &'static str) -> Cow<'static, str> {
        match self {
            Self::Kind(found) => match asked {
                Some(asked) if found == kind => format!("expected {asked}, found {found}").into(),
                // In what is flattened, or in an enum with a tag, whose parts are read from a copy.
                _ => format!("found {found}, where the type has no place for it").into(),
            },
            Self::Value(found) => match asked {
                Some(asked) if found == kind => format!("expected {asked}, found {found} that is none").into(),
                _ => format!("found {found}, which the type refuses").into(),
            },
            Self::Length => match asked {
                Some(asked) => format!("expected {asked}, found more or fewer elements").into(),
                None => "found more or fewer elements than expected".into(),
            },
            Self::UnknownVariant(variants) => format!("found an unknown variant, expected {}", OneOf(variants)).into(),
            Self::UnknownField(fields) => format!("found an unknown field, expected {}", OneOf(fields)).into(),
            Self::MissingField(field) => format!("missing field `{field}`").into(),
            Self::DuplicateField(field) => format!("field `{field}` is there twice").into(),
            Self::NoVariant => "no variant of the untagged enum fits".into(),
            Self::Refused => "the type refuses it".into(),
            Self::At(misfit) => misfit.reason().to_owned().into(),
        }
    }
}

/// Lists names that the program gave.
struct OneOf(&'static [&'static str]);

impl Display for OneOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("none"),
            [first, rest @ ..] => {
                write!(f, "`{first}`")?;
                rest.iter().try_for_each(|name| write!(f, ", `{name}`"))
            }
        }
    }
}

/// Names the kind of what was found, as JSON does.
fn kind(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "a boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
        Unexpected::Float(_) => "a float",
        Unexpected::Char(_) | Unexpected::Str(_) => "a string",
        Unexpected::Bytes(_) => "bytes",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        Unexpected::UnitVariant => "a variant without content",
        Unexpected::NewtypeVariant | Unexpected::TupleVariant | Unexpected::StructVariant => "a variant with content",
        _ => "something else",
    }
}

impl Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value does not fit its type")
    }
}

impl std::error::Error for Why {}

impl Error for Why {
    fn custom<T: Display>(words: T) -> Self {
        // Serde's own words for an enum without a tag, of which nothing is passed on.
        if words.to_string().starts_with("data did not match any variant of untagged enum ") {
            return Self::NoVariant;
        }
        Self::Refused
    }

    fn invalid_type(found: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::Kind(kind(found))
    }

    fn invalid_value(found: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self::Value(kind(found))
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self::Length
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownVariant(expected)
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::UnknownField(expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::MissingField(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::DuplicateField(field)
    }
}
