//! How a session becomes a payload: a versioned envelope around a JSON object.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::contents::{Contents, Reserved};
use crate::error::CodecError;
use crate::id::SessionKey;

/// Turns what a session is into the bytes that a store keeps, and back.
///
/// A codec of your own wraps [`Json`]: let it encode, then transform the bytes. `key` is the key that
/// the payload will stand under, for a codec that binds the two.
///
/// ```
/// use session_core::{Bytes, Codec, CodecError, Json, Payload, SessionKey};
///
/// /// Ties a payload to its key, so that rows which were swapped in the database are not read.
/// #[derive(Debug)]
/// struct Tied(Json);
///
/// impl Codec for Tied {
///     fn encode(&self, key: &SessionKey, payload: &Payload<'_>) -> Result<Bytes, CodecError> {
///         Ok([&key.as_bytes()[..], &self.0.encode(key, payload)?].concat().into())
///     }
///
///     fn decode(&self, key: &SessionKey, bytes: &Bytes) -> Result<Payload<'static>, CodecError> {
///         let json = bytes.strip_prefix(key.as_bytes()).ok_or(CodecError::new("another session's payload"))?;
///         self.0.decode(key, &bytes.slice_ref(json))
///     }
/// }
/// ```
pub trait Codec: Debug + Send + Sync + 'static {
    /// Writes a payload.
    ///
    /// # Errors
    /// [`CodecError`] if it cannot be written.
    fn encode(&self, key: &SessionKey, payload: &Payload<'_>) -> Result<Bytes, CodecError>;

    /// Reads a payload; it must not panic, whatever the bytes are.
    ///
    /// # Errors
    /// [`CodecError`] if it is not one of this codec's. The session is then deleted and starts empty, so
    /// that no browser is locked out for good. With [`CodecError::no_key`] it starts empty as well, and the record is
    /// kept.
    fn decode(&self, key: &SessionKey, bytes: &Bytes) -> Result<Payload<'static>, CodecError>;
}

/// Says what stands in a record.
#[derive(Clone, Debug)]
pub struct Payload<'a>(pub(crate) Kind<'a>);

#[derive(Clone, Debug)]
pub(crate) enum Kind<'a> {
    /// A session that can be used.
    Live(Cow<'a, Contents>),
    /// What is left of one that was renewed or ended, so that a straggler is recognised.
    Retired {
        /// The key of the session it became; `None` if it ended.
        successor: Option<SessionKey>,
        /// Until when the old id still opens the successor; `None` if it never does.
        serves_until: Option<Timestamp>,
    },
}

impl Payload<'_> {
    /// Tells whether it is no session but what is left of one that ended or was given a new id, for the minute in
    /// which requests with the old id may still come.
    ///
    /// For operators, who count sessions by [`Scan`](crate::Scan): such a record is live by its deadline, and opens
    /// nothing.
    ///
    /// ```
    /// use session_core::{Bytes, Codec, CodecError, Json, SessionKey};
    ///
    /// # fn main() -> Result<(), CodecError> {
    /// let key = SessionKey::from_bytes([7; 32]);
    /// let payload = Json.decode(&key, &Bytes::from_static(b"\x01{\"retired\":{}}"))?;
    /// assert!(payload.is_retired());
    /// assert!(!Json.decode(&key, &Bytes::from_static(b"\x01{}"))?.is_retired());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_retired(&self) -> bool {
        matches!(self.0, Kind::Retired { .. })
    }
}

/// Writes plain JSON behind one byte for the version of the format. The default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

/// The first byte of a payload; another one is another format. A field more is none: servers of two versions
/// may run side by side, and the older one must not take the newer one's sessions for garbage.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    #[serde(default, skip_serializing_if = "map_is_empty")]
    data: Cow<'a, BTreeMap<String, Box<RawValue>>>,
    #[serde(default, skip_serializing_if = "reserved_is_default")]
    core: Cow<'a, Reserved>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retired: Option<Retired>,
}

#[derive(Serialize, Deserialize)]
struct Retired {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    successor: Option<SessionKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    serves_until: Option<Timestamp>,
}

fn map_is_empty(map: &BTreeMap<String, Box<RawValue>>) -> bool {
    map.is_empty()
}

fn reserved_is_default(reserved: &Reserved) -> bool {
    *reserved == Reserved::default()
}

impl Codec for Json {
    fn encode(&self, _key: &SessionKey, payload: &Payload<'_>) -> Result<Bytes, CodecError> {
        let envelope = match &payload.0 {
            Kind::Live(contents) => Envelope {
                data: Cow::Borrowed(&contents.values),
                core: Cow::Borrowed(&contents.reserved),
                retired: None,
            },
            Kind::Retired { successor, serves_until } => Envelope {
                data: Cow::Owned(BTreeMap::new()),
                core: Cow::Owned(Reserved::default()),
                retired: Some(Retired { successor: *successor, serves_until: *serves_until }),
            },
        };
        // The names and values with their punctuation, and some for what the core keeps: written without growing.
        let values = envelope.data.iter().map(|(name, value)| name.len() + value.get().len() + 4);
        let mut bytes = Vec::with_capacity(values.sum::<usize>() + 64);
        bytes.push(VERSION);
        serde_json::to_writer(&mut bytes, &envelope).map_err(|error| CodecError::json(&error))?;
        Ok(bytes.into())
    }

    fn decode(&self, _key: &SessionKey, bytes: &Bytes) -> Result<Payload<'static>, CodecError> {
        let json = match bytes.split_first() {
            Some((&VERSION, json)) => json,
            Some(_) => return Err(CodecError::new("the payload has a version that this program does not know")),
            None => return Err(CodecError::new("the payload is empty")),
        };
        // Told that it is UTF-8, the parser need not find out for every name and value by itself.
        let json = std::str::from_utf8(json).map_err(|_| CodecError::new("the payload is not UTF-8"))?;
        let envelope: Envelope<'static> = serde_json::from_str(json).map_err(|error| CodecError::json(&error))?;
        let kind = match envelope.retired {
            None => Kind::Live(Cow::Owned(Contents {
                values: envelope.data.into_owned(),
                reserved: envelope.core.into_owned(),
            })),
            Some(Retired { successor, serves_until }) => Kind::Retired { successor, serves_until },
        };
        Ok(Payload(kind))
    }
}
