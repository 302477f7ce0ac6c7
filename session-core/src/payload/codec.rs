//! What turns a session into a payload and back.

use std::fmt::Debug;

use bytes::Bytes;

use super::{CodecError, Payload, RecordHead};

/// The way from what a session is to the bytes that a store keeps, and back.
///
/// A codec of your own wraps [`Json`](super::Json): let it encode, then transform the bytes. Or it writes a
/// [payload's parts](Payload::from_parts) in a format of its own. It is given the [head](RecordHead) of the record that
/// the payload will stand in, so that it can bind the two.
///
/// ```
/// use session_core::{Bytes, Codec, CodecError, Json, Payload, RecordHead};
///
/// /// Ties a payload to its key, so that rows which were swapped in the database are not read.
/// #[derive(Debug)]
/// struct Tied(Json);
///
/// impl Codec for Tied {
///     fn encode(&self, head: &RecordHead<'_>, payload: &Payload<'_>) -> Result<Bytes, CodecError> {
///         Ok([&head.key.as_bytes()[..], &self.0.encode(head, payload)?].concat().into())
///     }
///
///     fn decode(&self, head: &RecordHead<'_>, bytes: &Bytes) -> Result<Payload<'static>, CodecError> {
///         let json = bytes.strip_prefix(head.key.as_bytes()).ok_or(CodecError::tampered("another session's payload"))?;
///         self.0.decode(head, &bytes.slice_ref(json))
///     }
/// }
/// ```
pub trait Codec: Debug + Send + Sync + 'static {
    /// Encodes a payload.
    ///
    /// # Errors
    /// [`CodecError`] if it cannot be written.
    fn encode(&self, head: &RecordHead<'_>, payload: &Payload<'_>) -> Result<Bytes, CodecError>;

    /// Decodes a payload; it must not panic, whatever the bytes are.
    ///
    /// # Errors
    /// [`CodecError`] if it is not one of this codec's. The session is then deleted and starts empty, so
    /// that no browser is locked out for good. With [`CodecError::no_key`] and [`CodecError::unknown_format`] it is left
    /// alone instead: another server may read it. With [`CodecError::tampered`] the record is refused and kept, and its
    /// visitor starts with an empty session.
    fn decode(&self, head: &RecordHead<'_>, bytes: &Bytes) -> Result<Payload<'static>, CodecError>;
}
