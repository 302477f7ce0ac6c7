//! How a session becomes a payload: a byte for the version of the format, an index and a JSON object for the
//! application's values, as [`values`] writes them, and a second JSON object for what the core has to say, if anything.
//!
//! [`values`]: super::values

use std::borrow::Cow;
use std::fmt::Debug;

use bytes::Bytes;
use serde::Serialize;

use super::contents::{Fields, Reserved};
use super::unknown::{Unknown, reads_and_keeps};
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
    /// that no browser is locked out for good. With [`CodecError::no_key`] and [`CodecError::unknown_format`] it is left
    /// alone instead: another server may read it.
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
        /// What another version keeps there.
        unknown: Unknown,
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
///
/// Sections that this version does not know belong to a session if `core` stands beside them, even an empty one. Without,
/// and without `retired`, they are a kind of record that another version has added, which is none of this one's business.
#[derive(Default)]
struct Rest {
    core: Option<Box<Fields>>,
    retired: Option<Retired>,
    unknown: Unknown,
}

reads_and_keeps!(Rest { core, retired });

/// The same as it is written.
#[derive(Serialize)]
struct Sections<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    core: Option<&'a Fields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<&'a Retired>,
    #[serde(flatten)]
    unknown: &'a Unknown,
}

#[derive(Default, Serialize)]
struct Retired {
    #[serde(skip_serializing_if = "Option::is_none")]
    successor: Option<SessionKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    serves_until: Option<Timestamp>,
    #[serde(flatten)]
    unknown: Unknown,
}

reads_and_keeps!(Retired { successor, serves_until });

impl Codec for Json {
    fn encode(&self, _key: &SessionKey, payload: &Payload<'_>) -> Result<Bytes, CodecError> {
        let written = match &payload.0 {
            Kind::Live(contents) => live(contents),
            Kind::Retired { successor, serves_until, unknown } => {
                retired(&Retired { successor: *successor, serves_until: *serves_until, unknown: unknown.clone() })
            }
        };
        written.map(Bytes::from).map_err(|error| CodecError::json(&error))
    }

    fn decode(&self, _key: &SessionKey, bytes: &Bytes) -> Result<Payload<'static>, CodecError> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(byte) => {
                let reason = format!("the payload has the format {byte:#04x}, and this server reads {VERSION:#04x}");
                return Err(CodecError::unknown_format(reason));
            }
            None => return Err(CodecError::new("the payload is empty")),
        }
        let (values, end) = Values::read(bytes, 1).ok_or(CodecError::new("the values are not as their index says"))?;
        let Rest { mut core, retired, unknown } = match &bytes[end..] {
            [] => Rest::default(),
            rest => serde_json::from_slice(rest).map_err(|error| CodecError::json(&error))?,
        };
        if let Some(Retired { successor, serves_until, unknown }) = retired {
            return Ok(Payload(Kind::Retired { successor, serves_until, unknown }));
        }
        match &mut core {
            _ if unknown.is_empty() => {}
            Some(core) => core.sections = unknown,
            None => return Err(CodecError::unknown_format("the payload is of a kind that this server does not know")),
        }
        Ok(Payload(Kind::Live(Cow::Owned(Contents { values, reserved: Reserved(core) }))))
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
        let sections = Sections { core: Some(reserved), retired: None, unknown: &reserved.sections };
        serde_json::to_writer(&mut bytes, &sections)?;
    }
    Ok(bytes)
}

/// Writes what is left of a session.
fn retired(retired: &Retired) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(128);
    bytes.push(VERSION);
    Values::default().write(&mut bytes);
    let sections = Sections { core: None, retired: Some(retired), unknown: &Unknown::NONE };
    serde_json::to_writer(&mut bytes, &sections)?;
    Ok(bytes)
}
