//! How logs name a session, and how a session is found by that name.

use std::fmt;
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secrets::{SecretKeyError, SecretKeys, check_len};
use crate::store::{SessionKey, SystemRandom, draw};

const LEN: usize = 6;

/// The name of a session in logs: 12 hexadecimal digits, keyed, so that who reads the log cannot find the row in the
/// store.
///
/// The key is drawn when the process starts. To find a session in the logs of several processes, and in the store by a line of
/// a log, give all the same [`FingerprintKey`].
///
/// A session that is given a new id, at a login or a renewal, has another fingerprint from then on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; LEN]);

impl Fingerprint {
    /// Parses a fingerprint as a log shows it; `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 2 * LEN || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; LEN];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// A key that makes [`Fingerprint`]s: of a session's key, the name by which logs know it.
///
/// All processes of an application that are given the same secret name a session alike, and so does a tool that is given it,
/// which finds the session by walking over an owner's sessions, or all. There is no other way back. The operator's tool in
/// the repository, `examples/admin`, does so; its page answers "why was this user signed out at 14:03?".
///
/// It holds no copy of the secret, only what HMAC derives from it, which `Debug` does not show. Whoever has the secret, the log
/// and the store can tell which line is of which row; nobody can make an id of it.
///
/// ```
/// use session_core::{Fingerprint, SecretKeys, SessionKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let text = SecretKeys::generate()?;
/// // `SecretKeys::from_env("SESSION_FINGERPRINT_KEYS")?`, on all servers and for the tool alike.
/// let keys = SecretKeys::parse(&text)?;
/// let name = keys.fingerprint_keys().next().expect("there is a key");
///
/// // What a log says, and of which of these sessions it says that.
/// # let sessions = [[1; 32], [2; 32], [3; 32]].map(SessionKey::from_bytes);
/// # let logged = name.fingerprint(&sessions[1]).to_string();
/// let logged = Fingerprint::parse(&logged).ok_or("no fingerprint")?;
/// let found = sessions.iter().find(|key| name.fingerprint(key) == logged);
/// assert_eq!(found, Some(&sessions[1]));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct FingerprintKey(Hmac<Sha256>);

impl FingerprintKey {
    /// The fewest bytes a key may have.
    pub const MIN_LEN: usize = SecretKeys::MIN_LEN;

    /// Creates a key of random bytes. More than [`MIN_LEN`](Self::MIN_LEN) may be given; all count.
    ///
    /// # Errors
    /// [`SecretKeyError::Short`] if there are fewer.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, SecretKeyError> {
        let secret = secret.as_ref();
        check_len(secret.len())?;
        Ok(Self::of(secret))
    }

    /// Returns the name by which logs know the session under this key.
    #[must_use]
    pub fn fingerprint(&self, key: &SessionKey) -> Fingerprint {
        let mac = self.0.clone().chain_update(key.as_bytes()).finalize().into_bytes();
        Fingerprint(*mac.first_chunk().expect("32 bytes are more than 6"))
    }

    fn of(secret: &[u8]) -> Self {
        const LABEL: &[u8] = b"session-core fingerprint v1\0";
        let hmac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("HMAC takes keys of any length");
        Self(hmac.chain_update(LABEL))
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(secret)")
    }
}

impl SecretKeys {
    /// Returns the keys that name sessions in logs, the newest first: that one is for
    /// [`SessionsBuilder::fingerprint_key`](crate::SessionsBuilder::fingerprint_key); by the others what older lines
    /// name is found.
    pub fn fingerprint_keys(&self) -> impl Iterator<Item = FingerprintKey> {
        self.secrets().map(FingerprintKey::of)
    }
}

/// Makes fingerprints, by the application's key or one of the process's.
#[derive(Clone, Default)]
pub(crate) struct Fingerprints(Option<FingerprintKey>);

impl Fingerprints {
    /// Makes fingerprints by the application's key.
    pub(crate) fn keyed(key: FingerprintKey) -> Self {
        Self(Some(key))
    }

    /// Gives a session's fingerprint; `None` if the system had no randomness for a key.
    pub(crate) fn of(&self, key: &SessionKey) -> Option<Fingerprint> {
        static PROCESS: OnceLock<Option<FingerprintKey>> = OnceLock::new();
        let drawn =
            || draw::<32>(&SystemRandom).ok().map(|secret| FingerprintKey::of(Zeroizing::new(secret).as_slice()));
        let name = self.0.as_ref().or_else(|| PROCESS.get_or_init(drawn).as_ref())?;
        Some(name.fingerprint(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written_and_nothing_else_is() {
        let name = FingerprintKey::new([7; 32]).unwrap();
        for byte in 0..=255 {
            let made = name.fingerprint(&SessionKey::from_bytes([byte; 32]));
            assert_eq!(Fingerprint::parse(&made.to_string()), Some(made));
            assert_eq!(Fingerprint::parse(&made.to_string().to_uppercase()), Some(made));
        }
        for wrong in ["", "0123456789a", "0123456789abc", "0123456789ag", "+1+1+1+1+1+1", "0123456789é"] {
            assert_eq!(Fingerprint::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_of_the_environment_makes_the_same_as_its_bytes() {
        let keys = SecretKeys::parse("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE").unwrap();
        let key = SessionKey::from_bytes([9; 32]);
        let made: Vec<_> = keys.fingerprint_keys().map(|name| name.fingerprint(&key)).collect();
        assert_eq!(made, [FingerprintKey::new([1; 32]).unwrap().fingerprint(&key)]);
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_shown() {
        let short = FingerprintKey::new([1; 31]);
        assert!(matches!(short, Err(SecretKeyError::Short { len: 31, min: 32 })), "{short:?}");
        assert_eq!(format!("{:?}", FingerprintKey::new([1; 32]).unwrap()), "FingerprintKey(secret)");
    }
}
