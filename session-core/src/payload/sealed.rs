//! Payloads that only the application's servers can read or make.

use std::fmt;

use bytes::Bytes;
use chacha20poly1305::aead::{Aead, Payload as Message};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Codec, CodecError, Json, Payload};
use crate::secrets::{KeyError, Keys, check_len};
use crate::store::{SessionKey, SystemRandom, draw};

/// The first byte of a sealed payload. No other codec's begins with it, and another format gets another.
const VERSION: u8 = 0x81;
const MARK_LEN: usize = 4;
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;
const HEADER_LEN: usize = 1 + MARK_LEN;

/// Separates these keys from every other use of the same secret, and this version from a later one.
const LABEL: &[u8] = b"session-core sealed v1\0";

/// Encrypts what another codec writes, so that whoever reads the store learns nothing, and whoever writes to it cannot
/// make up a session.
///
/// It is XChaCha20-Poly1305. The first key seals, all of them open. The [`SessionKey`] is part of what is authenticated,
/// so rows that were swapped in the database are refused. What was stored before sealing was switched on is not read, and
/// left alone. A payload grows by [`OVERHEAD`](Self::OVERHEAD) bytes, whatever its length, which it still shows.
///
/// What is not sealed: key, owner, version and times, which the store works with. Nor can it be told whether a row was
/// put back as it was earlier.
///
/// # Rotation
/// See [`Keys`]. A session is sealed with the new key at its next write; one that is only read keeps the old key, so the
/// old one must stay in the list until the absolute timeout has passed.
///
/// # When no key fits
/// The session is not loaded: its visitor gets an empty one that is read-only, for [`NoKey`](crate::ReadOnly::NoKey), and
/// the log an error that names the [mark](SealingKey::mark) of the key that is missing. The record and the cookie stay as they are,
/// since another server may have that key, and so does what this one cannot end: a logout or a revocation of it is an
/// error. A payload that is not sealed, or sealed in another format, is left alone in the same way, for
/// [`UnknownFormat`](crate::ReadOnly::UnknownFormat). One that was tampered with, or belongs to another row, is removed.
///
/// ```
/// use session_core::{Keys, Sealed, Sessions};
/// # use std::sync::Arc;
/// # use session_core::SessionStore;
///
/// # fn run(store: Arc<dyn SessionStore>) -> Result<(), Box<dyn std::error::Error>> {
/// let keys = Keys::from_env("SESSION_KEYS")?.ok_or("SESSION_KEYS is not set")?;
/// let sessions = Sessions::builder(store).codec(Sealed::new(keys.sealing_keys())?).build()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Sealed<C = Json> {
    keys: Vec<SealingKey>,
    inner: C,
}

impl Sealed {
    /// How many bytes longer than what it holds a sealed payload is: version, mark, nonce and tag.
    pub const OVERHEAD: usize = HEADER_LEN + NONCE_LEN + TAG_LEN;

    /// Seals what [`Json`] writes.
    ///
    /// # Errors
    /// [`KeyError::NoKey`] if the list is empty.
    pub fn new(keys: impl IntoIterator<Item = SealingKey>) -> Result<Self, KeyError> {
        Self::around(Json, keys)
    }
}

impl<C: Codec> Sealed<C> {
    /// Seals what `inner` writes.
    ///
    /// # Errors
    /// [`KeyError::NoKey`] if the list is empty.
    pub fn around(inner: C, keys: impl IntoIterator<Item = SealingKey>) -> Result<Self, KeyError> {
        let keys: Vec<_> = keys.into_iter().collect();
        if keys.is_empty() { Err(KeyError::NoKey) } else { Ok(Self { keys, inner }) }
    }
}

impl<C: Codec> Codec for Sealed<C> {
    fn encode(&self, key: &SessionKey, payload: &Payload<'_>) -> Result<Bytes, CodecError> {
        let plain = Zeroizing::new(Vec::from(self.inner.encode(key, payload)?));
        let sealing = self.keys.first().ok_or(CodecError::new("there is no sealing key"))?;
        // 192 random bits: no two are ever the same, however many servers draw.
        let nonce = draw::<NONCE_LEN>(&SystemRandom)
            .map_err(|_| CodecError::new("the source of randomness failed, so nothing can be sealed"))?;
        let message = Message { msg: &plain, aad: &sealing.associated(key) };
        let sealed = sealing.cipher.encrypt(&XNonce::from(nonce), message);
        let sealed = sealed.map_err(|_| CodecError::new("the payload is too long to be sealed"))?;
        Ok([&[VERSION][..], &sealing.mark, &nonce, &sealed].concat().into())
    }

    fn decode(&self, key: &SessionKey, bytes: &Bytes) -> Result<Payload<'static>, CodecError> {
        let [VERSION, envelope @ ..] = &**bytes else {
            return Err(match bytes.first() {
                Some(byte) => CodecError::unknown_format(format!(
                    "the payload has the format {byte:#04x}, and this server reads sealed ones alone, {VERSION:#04x}"
                )),
                None => CodecError::new("the payload is empty"),
            });
        };
        let cut = || CodecError::new("the sealed payload is too short");
        let (mark, envelope) = envelope.split_first_chunk::<MARK_LEN>().ok_or_else(cut)?;
        let (nonce, sealed) = envelope.split_first_chunk::<NONCE_LEN>().ok_or_else(cut)?;
        if sealed.len() < TAG_LEN {
            return Err(cut());
        }
        let mut known = false;
        for opening in self.keys.iter().filter(|opening| opening.mark == *mark) {
            known = true;
            let message = Message { msg: sealed, aad: &opening.associated(key) };
            if let Ok(plain) = opening.cipher.decrypt(&XNonce::from(*nonce), message) {
                return self.inner.decode(key, &plain.into());
            }
        }
        match known {
            true => Err(CodecError::new("the sealed payload was tampered with, or is another session's")),
            false => Err(CodecError::no_key(format!(
                "it was sealed with the key {}, which is not in the list of keys",
                Mark(mark)
            ))),
        }
    }
}

/// Seals and opens payloads.
///
/// It holds no copy of the secret, only what is derived from it, which is wiped on drop and which `Debug` does not show.
#[derive(Clone)]
pub struct SealingKey {
    cipher: XChaCha20Poly1305,
    mark: [u8; MARK_LEN],
}

impl SealingKey {
    /// The fewest bytes a key may have.
    pub const MIN_LEN: usize = Keys::MIN_LEN;

    /// Makes a key of random bytes. More than [`MIN_LEN`](Self::MIN_LEN) may be given; all count.
    ///
    /// # Errors
    /// [`KeyError::Short`] if there are fewer.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self, KeyError> {
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

    /// Gives what is authenticated beside the payload.
    fn associated(&self, key: &SessionKey) -> [u8; HEADER_LEN + 32] {
        let mut associated = [VERSION; HEADER_LEN + 32];
        associated[1..HEADER_LEN].copy_from_slice(&self.mark);
        associated[HEADER_LEN..].copy_from_slice(key.as_bytes());
        associated
    }
}

impl Keys {
    /// Gives the keys that seal payloads: see [`Sealed`].
    pub fn sealing_keys(&self) -> impl Iterator<Item = SealingKey> {
        self.secrets().map(|bytes| SealingKey::new(bytes).expect("its length was checked"))
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealingKey({}, secret)", Mark(&self.mark))
    }
}

struct Mark<'a>(&'a [u8; MARK_LEN]);

impl fmt::Display for Mark<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(*self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Kind;

    const ROW: SessionKey = SessionKey::from_bytes([3; 32]);

    fn key(byte: u8) -> SealingKey {
        SealingKey::new([byte; 32]).unwrap()
    }

    fn sealed(bytes: &[u8]) -> Sealed {
        Sealed::new(bytes.iter().map(|&byte| key(byte))).unwrap()
    }

    fn payload() -> Payload<'static> {
        let successor = Some(SessionKey::from_bytes([9; 32]));
        Payload(Kind::Retired { successor, serves_until: None, unknown: crate::payload::Unknown::NONE })
    }

    fn opens(codec: &Sealed, row: &SessionKey, bytes: &Bytes) -> Result<(), CodecError> {
        let Payload(kind) = codec.decode(row, bytes)?;
        assert!(matches!(kind, Kind::Retired { successor: Some(s), .. } if s == SessionKey::from_bytes([9; 32])));
        Ok(())
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let old = sealed(&[1]).encode(&ROW, &payload()).unwrap();
        let new = sealed(&[2, 1]).encode(&ROW, &payload()).unwrap();
        opens(&sealed(&[2, 1]), &ROW, &old).unwrap();
        opens(&sealed(&[1, 2]), &ROW, &new).unwrap();
        opens(&sealed(&[2]), &ROW, &new).unwrap();
        assert!(opens(&sealed(&[1]), &ROW, &new).unwrap_err().lacks_key());
    }

    #[test]
    fn a_key_that_is_missing_is_named_and_not_shown() {
        let bytes = sealed(&[1]).encode(&ROW, &payload()).unwrap();
        let error = opens(&sealed(&[2]), &ROW, &bytes).unwrap_err();
        assert!(error.lacks_key() && error.to_string().contains(&key(1).mark()), "{error}");
        let shown = format!("{:?}", sealed(&[1]));
        assert!(shown.contains(&key(1).mark()) && !shown.contains("1, 1"), "{shown}");
    }

    #[test]
    fn a_row_cannot_be_swapped_with_another() {
        let bytes = sealed(&[1]).encode(&ROW, &payload()).unwrap();
        let error = opens(&sealed(&[1]), &SessionKey::from_bytes([4; 32]), &bytes).unwrap_err();
        assert!(!error.lacks_key(), "{error}");
    }

    #[test]
    fn any_change_of_a_bit_and_any_cut_is_refused() {
        let codec = sealed(&[1]);
        let bytes = codec.encode(&ROW, &payload()).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.to_vec();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(opens(&codec, &ROW, &changed.into()).is_err(), "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert!(opens(&codec, &ROW, &bytes.slice(..len)).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn it_grows_by_as_much_whatever_it_holds_and_is_never_the_same_twice() {
        let codec = sealed(&[1]);
        let plain = Json.encode(&ROW, &payload()).unwrap();
        let (a, b) = (codec.encode(&ROW, &payload()).unwrap(), codec.encode(&ROW, &payload()).unwrap());
        assert_eq!((a.len(), b.len()), (plain.len() + Sealed::OVERHEAD, plain.len() + Sealed::OVERHEAD));
        assert_eq!(Sealed::OVERHEAD, 45);
        assert_ne!(a, b);
        assert!(!a.windows(9).any(|window| window == b"successor"));
    }

    #[test]
    fn what_was_not_sealed_is_not_read() {
        let plain = Json.encode(&ROW, &payload()).unwrap();
        assert!(opens(&sealed(&[1]), &ROW, &plain).unwrap_err().is_unknown_format());
    }

    #[test]
    fn an_envelope_of_this_version_is_read_for_ever() {
        // By another implementation: ChaCha20Poly1305 of Python's `cryptography`, under a key by HChaCha20, nonce 24 times 5.
        let kept = "8191eea22b050505050505050505050505050505050505050505050505bc7d340cb91dd1ce56ac77f5622f3da49882cd1cd3\
             1e23f7aa5dad06e16c6b4b536462ad92ca94780ccd21a73a151622fad2b3b7d0493bead104e166e72af961ed115215029ebf\
             c3406084fb63f348d28c1ce185f089cff7679fc9";
        let digit = |i: usize| u8::from_str_radix(&kept[i..i + 2], 16).unwrap();
        let kept: Bytes = (0..kept.len()).step_by(2).map(digit).collect();
        opens(&sealed(&[1]), &ROW, &kept).unwrap();
    }

    #[test]
    fn short_keys_and_no_keys_are_refused() {
        assert!(matches!(SealingKey::new([1; 31]), Err(KeyError::Short { len: 31, min: 32 })));
        assert!(matches!(Sealed::new([]), Err(KeyError::NoKey)));
    }
}
