//! The keys that payloads are sealed with.

use std::fmt;

use chacha20poly1305::XChaCha20Poly1305;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secrets::{SecretKeyError, SecretKeys, check_len};

pub(super) const MARK_LEN: usize = 4;

/// Separates these keys from every other use of the same secret, and this version from a later one.
const LABEL: &[u8] = b"session-core sealed v1\0";

/// A key that seals and opens payloads.
///
/// It holds no copy of the secret, only what is derived from it, which is wiped on drop and which `Debug` does not show.
#[derive(Clone)]
pub struct SealingKey {
    pub(super) cipher: XChaCha20Poly1305,
    pub(super) mark: [u8; MARK_LEN],
}

impl SealingKey {
    /// The fewest bytes a key may have.
    pub const MIN_LEN: usize = SecretKeys::MIN_LEN;

    /// Creates a key of random bytes. More than [`MIN_LEN`](Self::MIN_LEN) may be given; all count.
    ///
    /// # Errors
    /// [`SecretKeyError::Short`] if there are fewer.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, SecretKeyError> {
        let secret = secret.as_ref();
        check_len(secret.len())?;
        let derive = |label: &[u8]| -> Zeroizing<[u8; 32]> {
            let hmac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("HMAC takes keys of any length");
            Zeroizing::new(hmac.chain_update(LABEL).chain_update(label).finalize().into_bytes().into())
        };
        let cipher = XChaCha20Poly1305::new_from_slice(derive(b"key").as_slice()).expect("its keys have 32 bytes");
        let mark = *derive(b"mark").first_chunk().expect("32 bytes are more than 4");
        Ok(Self { cipher, mark })
    }

    /// Names the key in errors, 8 hexadecimal digits. It says nothing of the key, and stands in every payload that the
    /// key sealed.
    #[must_use]
    pub fn mark(&self) -> String {
        Mark(&self.mark).to_string()
    }
}

impl SecretKeys {
    /// Returns the keys that seal payloads: see [`Sealed`](crate::Sealed).
    pub fn sealing_keys(&self) -> impl Iterator<Item = SealingKey> {
        self.secrets().map(|bytes| SealingKey::new(bytes).expect("its length was checked"))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({}, secret)", Mark(&self.mark))
    }
}

pub(super) struct Mark<'a>(pub(super) &'a [u8; MARK_LEN]);

impl fmt::Display for Mark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(*self.0))
    }
}
