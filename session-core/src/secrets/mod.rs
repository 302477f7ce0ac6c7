//! Secret keys, from the environment or a file: read, checked for length, and kept out of sight.
//!
//! What is done with them is not here: cookies are signed in `cookie/`, payloads sealed in `payload/`, log lines keyed in
//! `engine/`. All of those may use this room.

mod secret_keys;

pub(crate) use secret_keys::check_len;
pub use secret_keys::{SecretKeyError, SecretKeys};
