//! What the core has to say in a payload, beside the application's values: one JSON object, a section for each thing.

use std::borrow::Cow;

use serde::Serialize;

use super::contents::{Fields, Reserved};
use super::kind::Bound;
use super::retired::StoredRetired;
use super::unknown::{Unknown, reads_and_keeps};
use super::values::Values;
use super::{CodecError, Contents, Kind, Payload};

/// What follows the values. It is left out where it would be empty.
///
/// Sections that this version does not know belong to a session if `core` stands beside them, even an empty one. Without,
/// and without `retired`, they are a kind of record that another version has added, which is none of this one's business.
#[derive(Default)]
struct Rest {
    core: Option<Box<Fields>>,
    retired: Option<StoredRetired>,
    bound: Option<Bound>,
    unknown: Unknown,
}

reads_and_keeps!(Rest { core, retired, bound });

/// The same as it is written.
#[derive(Serialize)]
struct Sections<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    core: Option<&'a Fields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<StoredRetired>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bound: Option<&'a Bound>,
    #[serde(flatten, skip_serializing_if = "Unknown::is_empty")]
    unknown: &'a Unknown,
}

impl Payload<'_> {
    /// Tells whether the core has anything to say.
    pub(super) fn has_sections(&self) -> bool {
        match &self.kind {
            Kind::Live(contents) => !contents.reserved.is_empty() || self.bound.is_some(),
            Kind::Retired(_) => true,
        }
    }

    /// Writes the sections, if there are any.
    pub(super) fn write_sections(&self, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        if !self.has_sections() {
            return Ok(());
        }
        let bound = self.bound.as_ref();
        let sections = match &self.kind {
            // Also if it is empty: a section that an older version does not know belongs to a session by this.
            Kind::Live(contents) => {
                let reserved = &contents.reserved;
                Sections { core: Some(reserved), retired: None, bound, unknown: &reserved.sections }
            }
            Kind::Retired(retired) => {
                Sections { core: None, retired: Some(retired.into()), bound, unknown: &Unknown::NONE }
            }
        };
        serde_json::to_writer(bytes, &sections).map_err(|error| CodecError::json(&error))
    }

    /// Makes a payload of values and of the sections, as they are written.
    pub(super) fn of(values: Values, sections: &[u8]) -> Result<Payload<'static>, CodecError> {
        let Rest { mut core, retired, bound, unknown } = match sections {
            [] => Rest::default(),
            sections => serde_json::from_slice(sections).map_err(|error| CodecError::json(&error))?,
        };
        if let Some(retired) = retired {
            return Ok(Payload { kind: Kind::Retired(retired.into()), bound });
        }
        match &mut core {
            _ if unknown.is_empty() => {}
            Some(core) => core.sections = unknown,
            None => return Err(CodecError::unknown_format("the payload is of a kind that this server does not know")),
        }
        Ok(Payload { kind: Kind::Live(Cow::Owned(Contents { values, reserved: Reserved(core) })), bound })
    }
}

/// For codecs that write a format of their own.
impl Payload<'_> {
    /// Returns the application's values, each name with its JSON, sorted by name; empty for what is no session.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let contents = match &self.kind {
            Kind::Live(contents) => Some(contents),
            Kind::Retired(_) => None,
        };
        contents.into_iter().flat_map(|contents| contents.values.iter())
    }

    /// Returns what the core keeps, which a codec passes on as it is: a JSON object; empty if there is nothing.
    ///
    /// # Errors
    /// [`CodecError`] if it cannot be written.
    pub fn sections(&self) -> Result<String, CodecError> {
        let mut bytes = Vec::new();
        self.write_sections(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| CodecError::new("the sections are no UTF-8"))
    }

    /// Creates a payload of what [`values`](Self::values) and [`sections`](Self::sections) gave when it was written.
    ///
    /// Values are not looked through: one that is no JSON is a [`WrongType`](crate::SessionError::WrongType) for who asks
    /// for it.
    ///
    /// # Errors
    /// [`CodecError`] if the sections are not what `sections` gives.
    pub fn from_parts<'v>(
        values: impl IntoIterator<Item = (&'v str, &'v str)>,
        sections: &str,
    ) -> Result<Payload<'static>, CodecError> {
        let mut read = Values::default();
        for (name, json) in values {
            read.insert(name.into(), json.into());
        }
        Self::of(read, sections.as_bytes())
    }
}
