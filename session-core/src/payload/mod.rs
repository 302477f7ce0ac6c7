//! What stands in a record's payload: a session's contents or what is left of one that ended, plain or sealed; and when
//! a session is over.
//!
//! How the contents are changed is not here but in `session/`, and when they are read and written in `request/`. Whoever
//! decodes a record may use this room.

mod codec; // Codec
mod contents; // the application's values, and what the core keeps beside them
mod device; // the device that a session is bound to
#[cfg(test)]
mod device_sample; // reads what is kept of that
mod error; // why a payload cannot be coded
mod expiry; // idle and absolute timeout
mod head; // what a codec is told of the record around
mod json; // payloads as plain JSON
mod kind; // Payload: a session, or what is left of one
mod labels; // what tells sessions apart in a list
mod retired; // Retired: of a session that ended or moved
#[cfg(test)]
mod samples; // reads what is kept of each format
#[cfg(feature = "sealed")]
mod sealed; // payloads that are encrypted
#[cfg(feature = "sealed")]
mod sealing_key; // what they are encrypted with
mod sections; // what the core has to say beside the values
mod unknown; // what another version added
mod values; // the values by name, as JSON

pub use codec::Codec;
#[cfg(feature = "device-bound")]
pub(crate) use contents::Reserved;
pub(crate) use contents::StoredFlash;
pub use contents::{Contents, Flash, FlashLevel};
#[cfg(feature = "device-bound")]
pub(crate) use device::{Binding, DeviceKey};
pub use error::CodecError;
pub use expiry::Expiry;
pub use head::RecordHead;
pub use json::Json;
pub(crate) use kind::Kind;
pub use kind::Payload;
pub use labels::LabelError;
pub(crate) use labels::Labels;
pub(crate) use retired::{Beginning, EndedBy, Moved, Retired};
#[cfg(feature = "sealed")]
pub use sealed::{PlainPayloads, Sealed};
#[cfg(feature = "sealed")]
pub use sealing_key::SealingKey;
pub(crate) use unknown::OrRaw;
