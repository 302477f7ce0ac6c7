//! What stands in a record's payload: a session's contents or what is left of one that ended, plain or sealed; and when
//! a session is over.
//!
//! How the contents are changed is not here but in `session/`, and when they are read and written in `request/`. Whoever
//! decodes a record may use this room.

mod codec; // Codec, Payload, Json
mod contents; // the application's values, and what the core keeps beside them
mod error; // why a payload cannot be coded
mod expiry; // idle and absolute timeout
#[cfg(test)]
mod samples; // reads what is kept of each format
#[cfg(feature = "sealed")]
mod sealed; // payloads that are encrypted
mod unknown; // what another version added
mod values; // the values by name, as JSON

pub(crate) use codec::Kind;
pub use codec::{Codec, Json, Payload};
pub(crate) use contents::StoredFlash;
pub use contents::{Contents, Flash, FlashLevel};
pub use error::CodecError;
pub use expiry::Expiry;
#[cfg(feature = "sealed")]
pub use sealed::{Sealed, SealingKey};
pub(crate) use unknown::{OrRaw, Unknown};
