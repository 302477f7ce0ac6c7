//! The secret that a browser holds, and the key that everybody else sees.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::{RandomError, RandomSource, SystemRandom, draw};

/// The id of a session, for its browser alone: 256 random bits, the bearer secret in the cookie.
///
/// Whoever has it *is* the visitor, so it is never printed, never logged and never given to a
/// store; `Debug` shows no bit of it.
///
/// ```
/// use session_core::SessionId;
///
/// let id = SessionId::random()?;
/// assert_eq!(id.encode().len(), SessionId::ENCODED_LEN);
/// assert_eq!(SessionId::parse(id.encode().as_bytes()).unwrap().key(), id.key());
/// assert_eq!(format!("{id:?}"), "SessionId(secret)");
/// # Ok::<(), session_core::RandomError>(())
/// ```
#[derive(Clone)]
pub struct SessionId([u8; 32]);

impl SessionId {
    /// How many characters [`encode`](Self::encode) gives.
    pub const ENCODED_LEN: usize = 43;

    /// Draws a new id from the operating system.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no randomness to give.
    pub fn random() -> Result<Self, RandomError> {
        Self::random_from(&SystemRandom)
    }

    /// Draws a new id from `random`.
    ///
    /// # Errors
    /// [`RandomError`] if the source fails or gives only zeros.
    pub fn random_from(random: &dyn RandomSource) -> Result<Self, RandomError> {
        draw(random).map(Self)
    }

    /// Parses an id as it stands in a cookie; `None` if it is not exactly what [`encode`](Self::encode) gives.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Option<Self> {
        decode_32(encoded).map(Self)
    }

    /// Encodes the id for the cookie: base64url without padding, 43 characters.
    #[must_use]
    pub fn encode(&self) -> String {
        self.encoded().to_owned()
    }

    /// Writes the id as [`encode`](Self::encode) does, in place.
    pub(crate) fn encoded(&self) -> Encoded {
        Encoded::new(&self.0)
    }

    /// Derives the key under which the store keeps this session.
    #[must_use]
    pub fn key(&self) -> SessionKey {
        SessionKey(Sha256::digest(self.0).into())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(secret)")
    }
}

/// The name of a session for stores, logs and admin pages: the SHA-256 of its [`SessionId`].
///
/// It cannot be turned back into the id, so a leaked database lets nobody in. Its bits are uniform,
/// so a hash table needs no second hash. `Debug` shows the first eight hexadecimal digits, enough to
/// tell sessions apart in a log.
///
/// ```
/// use session_core::SessionKey;
///
/// let key = SessionKey::from_bytes([0xab; 32]);
/// assert_eq!(format!("{key:?}"), "SessionKey(abababab…)");
/// assert_eq!(SessionKey::parse(key.encode().as_bytes()), Some(key));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionKey([u8; 32]);

impl SessionKey {
    /// Creates a key of the bytes that a store kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes for a store to keep.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Parses a key as [`encode`](Self::encode) writes it; `None` for anything else.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Option<Self> {
        decode_32(encoded).map(Self)
    }

    /// Encodes the key for a link or a form: base64url without padding, 43 characters.
    #[must_use]
    pub fn encode(&self) -> String {
        Encoded::new(&self.0).to_owned()
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, ..] = self.0;
        write!(f, "SessionKey({a:02x}{b:02x}{c:02x}{d:02x}…)")
    }
}

/// Writes the key as [`encode`](SessionKey::encode) does.
impl Serialize for SessionKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Encoded::new(&self.0))
    }
}

/// Reads the key as [`parse`](SessionKey::parse) does.
impl<'de> Deserialize<'de> for SessionKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let encoded = Cow::<str>::deserialize(deserializer)?;
        Self::parse(encoded.as_bytes()).ok_or_else(|| serde::de::Error::custom("not a session key"))
    }
}

/// 32 bytes as the characters they are written as.
pub(crate) struct Encoded([u8; SessionId::ENCODED_LEN]);

impl Encoded {
    fn new(bytes: &[u8; 32]) -> Self {
        let mut encoded = [0; SessionId::ENCODED_LEN];
        URL_SAFE_NO_PAD.encode_slice(bytes, &mut encoded).expect("32 bytes are 43 characters");
        Self(encoded)
    }
}

impl Deref for Encoded {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the characters are ASCII")
    }
}

fn decode_32(encoded: &[u8]) -> Option<[u8; 32]> {
    // The length is judged first: the engine would also decode what is longer than an id.
    if encoded.len() != SessionId::ENCODED_LEN {
        return None;
    }
    // The engine asks for room for what 44 characters might hold.
    let mut decoded = [0; 33];
    URL_SAFE_NO_PAD.decode_slice(encoded, &mut decoded).ok()?;
    decoded.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Failing;
    impl RandomSource for Failing {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
            bytes.fill(7);
            Err(RandomError::new("no entropy"))
        }
    }

    #[derive(Debug)]
    struct Zeros;
    impl RandomSource for Zeros {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Ok(())
        }
    }

    #[test]
    fn a_failing_source_is_an_error_never_a_weak_id() {
        assert!(SessionId::random_from(&Failing).is_err());
        assert!(SessionId::random_from(&Zeros).is_err());
    }

    #[test]
    fn the_key_is_the_sha256_of_the_id() {
        // SHA-256 of 32 zero bytes, from FIPS 180-4's algorithm by another implementation.
        let key = SessionId([0; 32]).key();
        assert_eq!(key.0[..4], [0x66, 0x68, 0x7a, 0xad]);
    }

    #[test]
    fn only_the_canonical_form_is_an_id() {
        let good = SessionId([0xff; 32]).encode();
        assert!(SessionId::parse(good.as_bytes()).is_some());
        let mut bad = vec![
            String::new(),
            good[..42].to_owned(),
            format!("{good}="),
            format!("{good}A"),
            format!(" {}", &good[1..]),
            good.replace('_', "/"),
        ];
        // The last character holds four bits; the other two must be zero.
        bad.push(format!("{}9", &good[..42]));
        for value in bad {
            assert!(SessionId::parse(value.as_bytes()).is_none(), "{value:?}");
        }
    }

    #[test]
    fn ids_differ() {
        let (a, b) = (SessionId::random().unwrap(), SessionId::random().unwrap());
        assert_ne!(a.key(), b.key());
    }
}
