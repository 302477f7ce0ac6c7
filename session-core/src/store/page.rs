//! One page of records, and where the next begins.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use super::{Record, SessionKey};

/// One page of records.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The records with their keys; may be empty although there is a `next`.
    pub records: Vec<(SessionKey, Arc<Record>)>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<Cursor>,
    /// The keys under which something stands that cannot be read, as far as the store can tell; most often
    /// none. For operators: the sessions are lost to everybody, and `delete` removes what is there.
    pub unreadable: Vec<SessionKey>,
}

impl Page {
    /// After about how many bytes of payloads a page ends, whatever its limit: 1 MiB.
    ///
    /// A store takes records until their payloads have come to so many, so one that is longer comes alone.
    pub const BYTES: usize = 1 << 20;
}

/// The place where the next page begins. Only the store that made it knows what it means.
///
/// It may be a whole key, so `Debug` shows its length alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor(Bytes);

impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({} bytes)", self.0.len())
    }
}

impl Cursor {
    /// Creates a cursor of bytes that the store will understand.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// Returns the bytes, for the store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Parses a cursor as [`encode`](Self::encode) writes it; `None` for anything else.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(encoded).ok().map(Self::new)
    }

    /// Encodes the cursor for a link: base64url without padding.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }
}
