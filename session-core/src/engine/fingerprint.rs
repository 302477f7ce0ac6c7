//! How logs name a session.

use std::fmt;
use std::sync::OnceLock;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secrets::{SecretKeyError, check_len};
use crate::store::{SessionKey, SystemRandom, draw};

/// Names a session in logs: 12 hexadecimal digits, keyed, so that who reads the log cannot find the row in the store.
///
/// The key is drawn when the process starts. To find a session in the logs of several processes, give all the
/// same [`fingerprint_key`](crate::SessionsBuilder::fingerprint_key).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 6]);

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

/// Makes fingerprints, by the application's key or one of the process's.
#[derive(Clone, Default)]
pub(crate) struct Fingerprints(Option<Hmac<Sha256>>);

impl Fingerprints {
    /// Makes fingerprints by the application's key.
    ///
    /// # Errors
    /// `Short` if that is too short.
    pub(crate) fn keyed(secret: &[u8]) -> Result<Self, SecretKeyError> {
        check_len(secret.len())?;
        Ok(Self(Some(keyed(secret))))
    }

    /// Gives a session's fingerprint; `None` if the system had no randomness for a key.
    pub(crate) fn of(&self, key: &SessionKey) -> Option<Fingerprint> {
        static PROCESS: OnceLock<Option<Hmac<Sha256>>> = OnceLock::new();
        let drawn = || draw::<32>(&SystemRandom).ok().map(|secret| keyed(Zeroizing::new(secret).as_slice()));
        let hmac = self.0.as_ref().or_else(|| PROCESS.get_or_init(drawn).as_ref())?.clone();
        let mac = hmac.chain_update(key.as_bytes()).finalize().into_bytes();
        mac.first_chunk().copied().map(Fingerprint)
    }
}

fn keyed(secret: &[u8]) -> Hmac<Sha256> {
    const LABEL: &[u8] = b"session-core fingerprint v1\0";
    let hmac = <Hmac<Sha256> as KeyInit>::new_from_slice(secret).expect("HMAC takes keys of any length");
    hmac.chain_update(LABEL)
}
