//! How a session becomes a payload: a byte for the version of the format, an index and a JSON object for the
//! application's values, as [`values`] writes them, and a second JSON object for what the core has to say, if anything.
//!
//! [`values`]: super::values

use std::borrow::Cow;
use std::fmt::Debug;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::contents::{Fields, Reserved};
use super::values::Values;
use super::{CodecError, Contents};
use crate::store::{SessionKey, Timestamp};

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
    /// let payload = Json.decode(&key, &Bytes::from_static(b"\x01\0{}{\"retired\":{}}"))?;
    /// assert!(payload.is_retired());
    /// assert!(!Json.decode(&key, &Bytes::from_static(b"\x01\0{}"))?.is_retired());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_retired(&self) -> bool {
        matches!(self.0, Kind::Retired { .. })
    }
}

/// Writes plain JSON, behind one byte for the version of the format and an index of the values. The default.
///
/// A session that is read is taken apart by the index. Each value is parsed when somebody asks for it, so one that was
/// damaged where it was stored is a [`WrongType`](crate::SessionError::WrongType) for those who do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

/// The first byte of a payload; another one is another format. A field more is none: servers of two versions
/// may run side by side, and the older one must not take the newer one's sessions for garbage.
const VERSION: u8 = 1;

/// What follows the values. It is left out where it would be empty.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Rest {
    core: Option<Box<Fields>>,
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
        let written = match &payload.0 {
            Kind::Live(contents) => live(contents),
            Kind::Retired { successor, serves_until } => {
                retired(&Retired { successor: *successor, serves_until: *serves_until })
            }
        };
        written.map(Bytes::from).map_err(|error| CodecError::json(&error))
    }

    fn decode(&self, _key: &SessionKey, bytes: &Bytes) -> Result<Payload<'static>, CodecError> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(_) => return Err(CodecError::new("the payload has a version that this program does not know")),
            None => return Err(CodecError::new("the payload is empty")),
        }
        let (values, end) = Values::read(bytes, 1).ok_or(CodecError::new("the values are not as their index says"))?;
        let rest = match &bytes[end..] {
            [] => Rest::default(),
            rest => serde_json::from_slice(rest).map_err(|error| CodecError::json(&error))?,
        };
        let kind = match rest.retired {
            None => Kind::Live(Cow::Owned(Contents { values, reserved: Reserved(rest.core) })),
            Some(Retired { successor, serves_until }) => Kind::Retired { successor, serves_until },
        };
        Ok(Payload(kind))
    }
}

/// Writes a session.
fn live(Contents { values, reserved }: &Contents) -> serde_json::Result<Vec<u8>> {
    // The names and values with lengths and punctuation, and some for what the core keeps: written without growing.
    let len = values.iter().map(|(name, value)| name.len() + value.len() + 8).sum::<usize>();
    let has_core = !reserved.is_empty();
    let mut bytes = Vec::with_capacity(len + if has_core { 256 } else { 16 });
    bytes.push(VERSION);
    values.write(&mut bytes);
    if has_core {
        rest(&mut bytes, b"{\"core\":", &**reserved)?;
    }
    Ok(bytes)
}

/// Writes what is left of a session.
fn retired(retired: &Retired) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(128);
    bytes.push(VERSION);
    Values::default().write(&mut bytes);
    rest(&mut bytes, b"{\"retired\":", retired)?;
    Ok(bytes)
}

/// Writes what follows the values: an object of one field.
fn rest(bytes: &mut Vec<u8>, opening: &[u8], value: &impl Serialize) -> serde_json::Result<()> {
    bytes.extend(opening);
    serde_json::to_writer(&mut *bytes, value)?;
    bytes.push(b'}');
    Ok(())
}
