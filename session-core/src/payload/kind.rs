//! What stands in a record: a session, or what is left of one.

use std::borrow::Cow;

use serde::Serialize;

#[cfg(feature = "sealed")]
use super::RecordHead;
use super::unknown::{Unknown, reads_and_keeps};
use super::{Contents, Retired};
use crate::store::{Owner, Timestamp};

/// The content of a stored record, as codecs see it.
#[derive(Clone, Debug)]
pub struct Payload<'a> {
    pub(crate) kind: Kind<'a>,
    /// Which record it was written for, if the codec binds the two.
    pub(crate) bound: Option<Bound>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind<'a> {
    /// A session that can be used.
    Live(Cow<'a, Contents>),
    /// What is left of one that ended, or moved to another id.
    Retired(Retired),
}

impl<'a> From<Kind<'a>> for Payload<'a> {
    fn from(kind: Kind<'a>) -> Self {
        Self { kind, bound: None }
    }
}

impl Payload<'_> {
    /// Gives the payload with a copy of what stands in the record.
    #[cfg(feature = "sealed")]
    pub(super) fn bound_to(&self, head: &RecordHead<'_>) -> Payload<'_> {
        let kind = match &self.kind {
            Kind::Live(contents) => Kind::Live(Cow::Borrowed(contents)),
            Kind::Retired(retired) => Kind::Retired(retired.clone()),
        };
        Payload { kind, bound: Some(Bound::to(head)) }
    }

    /// Returns whether it is no session but what is left of one that ended or was given a new id, for as long as
    /// requests with the old id may still come.
    ///
    /// For operators, who count sessions by [`Scan`](crate::Scan): such a record is live by its deadline, and opens
    /// nothing.
    ///
    /// ```
    /// use session_core::{Bytes, Codec, CodecError, Json, RecordHead, SessionKey, Timestamp};
    ///
    /// # fn main() -> Result<(), CodecError> {
    /// let key = SessionKey::from_bytes([7; 32]);
    /// let head = RecordHead::new(&key, Timestamp::MIN, Timestamp::MIN);
    /// let payload = Json.decode(&head, &Bytes::from_static(b"\x01\0{}{\"retired\":{}}"))?;
    /// assert!(payload.is_retired());
    /// assert!(!Json.decode(&head, &Bytes::from_static(b"\x01\0{}"))?.is_retired());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_retired(&self) -> bool {
        matches!(self.kind, Kind::Retired(_))
    }
}

/// Which record a payload was written for: a copy of what stands outside of it, for a codec that keeps the copy safe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Bound {
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<Owner>,
    created_at: Option<Timestamp>,
    #[serde(flatten, skip_serializing_if = "Unknown::is_empty")]
    unknown: Unknown,
}

reads_and_keeps!(Bound { owner, created_at });

#[cfg(feature = "sealed")]
impl Bound {
    pub(crate) fn to(head: &RecordHead<'_>) -> Self {
        Self { owner: head.owner.cloned(), created_at: Some(head.created_at), unknown: Unknown::NONE }
    }

    /// Tells whether this is the record.
    pub(crate) fn is(&self, head: &RecordHead<'_>) -> bool {
        self.owner.as_ref() == head.owner && self.created_at == Some(head.created_at)
    }
}
