//! Payloads as plain JSON: a byte for the version of the format, an index and a JSON object for the application's values,
//! as [`values`] writes them, and a second JSON object for what the core has to say, if anything.
//!
//! [`values`]: super::values

use bytes::Bytes;

use super::values::Values;
use super::{Codec, CodecError, Kind, Payload, RecordHead};

/// The codec of plain JSON, behind one byte for the version of the format and an index of the values. The default.
///
/// A session that is read is taken apart by the index. Each value is parsed when somebody asks for it, so one that was
/// damaged where it was stored is a [`WrongType`](crate::SessionError::WrongType) for those who do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json;

/// The first byte of a payload; another one is another format. A field more is none: servers of two versions
/// may run side by side, and the older one must not take the newer one's sessions for garbage.
const VERSION: u8 = 1;

impl Codec for Json {
    fn encode(&self, _head: &RecordHead<'_>, payload: &Payload<'_>) -> Result<Bytes, CodecError> {
        let none = Values::default();
        let values = match &payload.kind {
            Kind::Live(contents) => &contents.values,
            Kind::Retired(_) => &none,
        };
        // The names and values with lengths and punctuation, and some for what the core keeps: written without growing.
        let len = values.iter().map(|(name, value)| name.len() + value.len() + 8).sum::<usize>();
        let mut bytes = Vec::with_capacity(len + if payload.has_sections() { 256 } else { 16 });
        bytes.push(VERSION);
        values.write(&mut bytes);
        payload.write_sections(&mut bytes)?;
        Ok(bytes.into())
    }

    fn decode(&self, _head: &RecordHead<'_>, bytes: &Bytes) -> Result<Payload<'static>, CodecError> {
        match bytes.first() {
            Some(&VERSION) => {}
            Some(byte) => {
                let reason = format!("the payload has the format {byte:#04x}, and this server reads {VERSION:#04x}");
                return Err(CodecError::unknown_format(reason));
            }
            None => return Err(CodecError::new("the payload is empty")),
        }
        let (values, end) = Values::read(bytes, 1).ok_or(CodecError::new("the values are not as their index says"))?;
        Payload::of(values, &bytes[end..])
    }
}
