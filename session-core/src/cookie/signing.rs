use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::CookieError;
use crate::secrets::SecretKeys;
use crate::store::Timestamp;

/// Separates these MACs from every other use of the same key, and this version from a later one.
const LABEL: &[u8] = b"session-core cookie v1\0";

/// How many characters a MAC has in a cookie.
pub(super) const MAC_LEN: usize = 43;

/// A key that signs cookies, by HMAC-SHA256.
///
/// It holds no copy of the bytes, only what HMAC derives from them, which is wiped on drop and which
/// `Debug` does not show.
///
/// ```
/// use session_core::cookie::SigningKey;
///
/// # let bytes_from_the_secret_store = [7; 32];
/// let key = SigningKey::new(bytes_from_the_secret_store)?;
/// assert_eq!(format!("{key:?}"), "SigningKey(secret)");
/// assert!(SigningKey::new("password").is_err());
/// # Ok::<(), session_core::cookie::CookieError>(())
/// ```
#[derive(Clone)]
pub struct SigningKey(Hmac<Sha256>);

/// What becomes of unsigned cookies on a server that has signing keys: the steps by which signing is introduced while
/// sessions live. See [`with_unsigned_cookies`](crate::CookieConfig::with_unsigned_cookies).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnsignedCookies {
    /// They are as good as malformed.
    #[default]
    Refused,
    /// The first step: cookies are still set unsigned, and both kinds are taken. It lasts until every server has the keys.
    Set,
    /// The second step: cookies are set signed, and unsigned ones are taken until this time. A session that comes by one is
    /// given the signed cookie at once. Give it what a visitor who is to stay logged in may take to come back: the idle
    /// timeout is enough.
    TakenUntil(Timestamp),
}

impl SigningKey {
    /// The fewest bytes a key may have.
    pub const MIN_LEN: usize = 32;

    /// Creates a key of random bytes. More than [`MIN_LEN`](Self::MIN_LEN) may be given; all count.
    ///
    /// # Errors
    /// [`CookieError::ShortSigningKey`] if there are fewer.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, CookieError> {
        let bytes = bytes.as_ref();
        if bytes.len() < Self::MIN_LEN {
            return Err(CookieError::ShortSigningKey { len: bytes.len(), min: Self::MIN_LEN });
        }
        Ok(Self(Hmac::new_from_slice(bytes).expect("HMAC takes keys of any length")))
    }

    /// Gives the MAC of `id` in the cookie `name`, as it stands behind the id.
    pub(super) fn sign(&self, name: &str, id: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(name, id).finalize().into_bytes())
    }

    /// Tells whether `mac` is what [`sign`](Self::sign) gives, in constant time.
    pub(super) fn verifies(&self, name: &str, id: &[u8], mac: &[u8]) -> bool {
        is_end_of(self.mac(name, id), mac)
    }

    /// Gives a MAC for another use than a cookie's id, which `label` tells apart from all others. It ends with a NUL.
    #[cfg(feature = "device-bound")]
    pub(crate) fn sign_as(&self, label: &[u8], text: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(self.0.clone().chain_update(label).chain_update(text).finalize().into_bytes())
    }

    /// Tells whether `mac` is what [`sign_as`](Self::sign_as) gives, in constant time.
    #[cfg(feature = "device-bound")]
    pub(crate) fn verifies_as(&self, label: &[u8], text: &[u8], mac: &[u8]) -> bool {
        is_end_of(self.0.clone().chain_update(label).chain_update(text), mac)
    }

    fn mac(&self, name: &str, id: &[u8]) -> Hmac<Sha256> {
        // A name is a token and so never holds the NUL that ends it: no two inputs run together.
        self.0.clone().chain_update(LABEL).chain_update(name).chain_update(b"\0").chain_update(id)
    }
}

/// Tells whether `encoded` is the MAC that a computation comes to, in constant time.
fn is_end_of(computed: Hmac<Sha256>, encoded: &[u8]) -> bool {
    // 33 and not 32, because the engine asks for room by the length alone.
    let mut decoded = [0; 33];
    match URL_SAFE_NO_PAD.decode_slice(encoded, &mut decoded) {
        Ok(len) => computed.verify_slice(&decoded[..len]).is_ok(),
        Err(_) => false,
    }
}

impl SecretKeys {
    /// Returns the keys that sign cookies: see [`with_signing_keys`](crate::CookieConfig::with_signing_keys).
    pub fn signing_keys(&self) -> impl Iterator<Item = SigningKey> {
        self.secrets().map(|bytes| SigningKey::new(bytes).expect("its length was checked"))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(secret)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SigningKey {
        SigningKey::new([byte; 32]).unwrap()
    }

    #[test]
    fn a_key_has_at_least_32_bytes() {
        assert_eq!(SigningKey::new([1; 31]).unwrap_err(), CookieError::ShortSigningKey { len: 31, min: 32 });
        assert!(SigningKey::new([1; 32]).is_ok());
        assert!(SigningKey::new([1; 500]).is_ok());
    }

    #[test]
    fn every_byte_of_a_long_key_counts() {
        let mut other = [1; 500];
        other[499] = 2;
        assert_ne!(
            SigningKey::new([1; 500]).unwrap().sign("n", b"id"),
            SigningKey::new(other).unwrap().sign("n", b"id")
        );
    }

    #[test]
    fn the_mac_is_hmac_sha256_of_label_name_and_id() {
        // By another implementation: Python's hmac over b"session-core cookie v1\0" + name + b"\0" + b"A" * 43.
        for (name, mac) in [
            ("__Host-Http-session", "-OMPsJogxuBNZ5Qp07ghz0x1n7ivWE6kxR5VzkEcDTQ"),
            ("__Host-session", "fapbU8uDXIizH9S0CAXxYEFHQAQwcK3VTTt2kktcuOE"),
        ] {
            assert_eq!(key(7).sign(name, &[b'A'; 43]), mac);
        }
    }

    #[test]
    fn a_mac_covers_the_key_the_name_and_the_id() {
        let mac = key(1).sign("name", b"id");
        assert!(key(1).verifies("name", b"id", mac.as_bytes()));
        assert!(!key(2).verifies("name", b"id", mac.as_bytes()));
        assert!(!key(1).verifies("eman", b"id", mac.as_bytes()));
        assert!(!key(1).verifies("name", b"di", mac.as_bytes()));
        // The border between name and id is covered, too.
        assert!(!key(1).verifies("nam", b"eid", mac.as_bytes()));
    }

    #[test]
    fn a_cut_or_lengthened_mac_is_refused() {
        let mac = key(1).sign("name", b"id");
        for len in 0..mac.len() {
            assert!(!key(1).verifies("name", b"id", &mac.as_bytes()[..len]), "{len}");
        }
        for tail in ["=", "A", "AA", "AAAA", &"A".repeat(1000)] {
            assert!(!key(1).verifies("name", b"id", format!("{mac}{tail}").as_bytes()), "{tail}");
        }
    }
}
