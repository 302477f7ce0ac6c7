//! How a session becomes a payload: a versioned envelope around a JSON object.

use std::borrow::Cow;
use std::fmt::Debug;

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::contents::{Contents, Reserved};
use crate::error::CodecError;
use crate::id::SessionKey;
use crate::values::{Found, Values};

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

/// A payload as it is read.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    data: Found<'a>,
    #[serde(default)]
    core: Reserved,
    #[serde(default)]
    retired: Option<Retired>,
}

#[derive(Serialize, Deserialize)]
struct Retired {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    successor: Option<SessionKey>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    serves_until: Option<Timestamp>,
}

impl Codec for Json {
    fn encode(&self, _key: &SessionKey, payload: &Payload<'_>) -> Result<Bytes, CodecError> {
        let bytes = match &payload.0 {
            Kind::Live(contents) => live(contents),
            Kind::Retired { successor, serves_until } => {
                retired(&Retired { successor: *successor, serves_until: *serves_until })
            }
        };
        bytes.map(Bytes::from).map_err(|error| CodecError::json(&error))
    }

    fn decode(&self, _key: &SessionKey, bytes: &Bytes) -> Result<Payload<'static>, CodecError> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(_) => return Err(CodecError::new("the payload has a version that this program does not know")),
            None => return Err(CodecError::new("the payload is empty")),
        }
        let json = ByteString::try_from(bytes.slice(1..)).map_err(|_| CodecError::new("the payload is not UTF-8"))?;
        let envelope: Envelope<'_> = serde_json::from_str(&json).map_err(|error| CodecError::json(&error))?;
        let kind = match envelope.retired {
            None => {
                let values = Values::new(&json, envelope.data);
                Kind::Live(Cow::Owned(Contents { values, reserved: envelope.core }))
            }
            Some(Retired { successor, serves_until }) => Kind::Retired { successor, serves_until },
        };
        Ok(Payload(kind))
    }
}

/// Writes a session. The values are JSON already, and are put between the names as they are.
fn live(Contents { values, reserved }: &Contents) -> serde_json::Result<Vec<u8>> {
    // The names and values with their punctuation, and some for what the core keeps: written without growing.
    let len = values.iter().map(|(name, value)| name.len() + value.len() + 4).sum::<usize>();
    let mut bytes = Vec::with_capacity(len + 64);
    bytes.extend([VERSION, b'{']);
    let mut before: &[u8] = b"\"data\":{";
    for (name, value) in values.iter() {
        bytes.extend(before);
        serde_json::to_writer(&mut bytes, name)?;
        bytes.push(b':');
        bytes.extend(value.as_bytes());
        before = b",";
    }
    if !values.is_empty() {
        bytes.push(b'}');
    }
    if *reserved != Reserved::default() {
        if !values.is_empty() {
            bytes.push(b',');
        }
        bytes.extend(b"\"core\":");
        serde_json::to_writer(&mut bytes, reserved)?;
    }
    bytes.push(b'}');
    Ok(bytes)
}

/// Writes what is left of a session.
fn retired(retired: &Retired) -> serde_json::Result<Vec<u8>> {
    let mut bytes = vec![VERSION];
    bytes.extend(b"{\"retired\":");
    serde_json::to_writer(&mut bytes, retired)?;
    bytes.push(b'}');
    Ok(bytes)
}
