//! A value as JSON text: how it is written and read, and which text stands for nothing.

use std::any::type_name;
use std::ops::DerefMut;

use serde::Serialize;
use serde::de::DeserializeOwned;
use smol_str::SmolStr;

use super::WrongTypes;
use super::explain::explain;
use super::look::{Found, Look, Part};
use super::place::Place;
use super::wrong_types::WrongType;
use crate::engine::{Misfit, SessionError};
use crate::payload::Contents;
use crate::session::OnWrongType;

/// The text that stands for nothing.
const NULL: &str = "null";

/// Gives a value's text; `None` if there is none, or one that stands for nothing, as an earlier version kept it.
pub(crate) fn present<'a>(contents: &'a Contents, key: &str) -> Option<&'a str> {
    contents.values.get(key).filter(|text| !is_absence(text))
}

/// Gives the names of all values that are present, sorted.
pub(crate) fn names(contents: &Contents) -> Vec<String> {
    let present = contents.values.iter().filter(|(_, text)| !is_absence(text));
    present.map(|(name, _)| name.to_owned()).collect()
}

/// Tells whether a text stands for nothing.
fn is_absence(text: &str) -> bool {
    text == NULL
}

/// Writes a value; `None` if it is absence.
///
/// # Errors
/// `NotSerializable` if it could not be read again.
pub(crate) fn write<T: Serialize>(key: &str, value: &T) -> Result<Option<SmolStr>, SessionError> {
    let mut bytes = Vec::with_capacity(128);
    let (place, found) = (Place::root(), Found::new());
    let inner = &mut serde_json::Serializer::new(&mut bytes);
    let written = value.serialize(Look { inner, place: &place, part: Part::Value, found: &found });
    let misfit = match (written, found.into_inner()) {
        (Ok(()), None) => match str::from_utf8(&bytes) {
            Ok(NULL) => return Ok(None),
            Ok(text) => return Ok(Some(text.into())),
            Err(_) => Misfit::new("", "what it is written as is no text"),
        },
        // Also if the type went on as if nothing were wrong.
        (_, Some(misfit)) => misfit,
        // In words that may quote the value.
        (Err(_), None) => Misfit::new("", "its type cannot write it as JSON"),
    };
    Err(SessionError::NotSerializable { key: key.to_owned(), misfit })
}

/// Reads a value as a `T`; if it is of another type, `policy` says what holds, and it is noted in `wrong`, which is asked
/// for then alone.
///
/// # Errors
/// `WrongType` if the policy is to fail.
pub(crate) fn read_or<T: DeserializeOwned, W: DerefMut<Target = WrongTypes>>(
    key: &str,
    text: &str,
    policy: OnWrongType,
    wrong: impl FnOnce() -> W,
) -> Result<Option<T>, SessionError> {
    // Read once more where that fails, to say why: the parser's own error would quote the value.
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(Some(value));
    }
    let mut wrong = wrong();
    if policy == OnWrongType::Absent && wrong.has(key) {
        return Ok(None);
    }
    let found = WrongType { key: key.into(), expected: type_name::<T>(), misfit: explain::<T>(text) };
    wrong.note(&found);
    match policy {
        OnWrongType::Fail => Err(found.into()),
        OnWrongType::Absent => Ok(None),
    }
}
