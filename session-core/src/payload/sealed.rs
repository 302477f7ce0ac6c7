//! Payloads that only the application's servers can read or make.

use bytes::Bytes;
use chacha20poly1305::XNonce;
use chacha20poly1305::aead::{Aead, Payload as Message};
use zeroize::Zeroizing;

use super::sealing_key::{MARK_LEN, Mark, SealingKey};
use super::{Codec, CodecError, Json, Payload, RecordHead};
use crate::secrets::SecretKeyError;
use crate::store::{SessionKey, SystemRandom, Timestamp, draw};

/// The first byte of a sealed payload. No other codec's begins with it, and another format gets another.
const VERSION: u8 = 0x81;
const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;
const HEADER_LEN: usize = 1 + MARK_LEN;

/// A codec that encrypts what another writes, so that whoever reads the store learns nothing, and whoever writes to it
/// can make up no session, change none, and pass none on.
///
/// It is XChaCha20-Poly1305. The first key seals, all of them open. What is sealed are the values, messages, timeouts of
/// the session's own, the time of the last proof of identity, and a copy of what stands in the record beside it: its key,
/// owner and beginning. So a record whose owner or beginning was changed in the store, or that was put under another key,
/// is refused. It is told as the [event](crate::events) `tampered` and kept; its visitor starts with an empty session.
/// A payload grows by [`OVERHEAD`](Self::OVERHEAD) bytes and the copy, whatever its length, which it still shows.
///
/// # What remains to who can write to the store
/// They can delete sessions. They can put a row back as it was earlier, whole: what was changed since is undone, and a
/// session that had ended meanwhile opens again for who still has its id, until the absolute timeout, which is judged by
/// the sealed beginning. And they can keep a session from ending as idle, by its deadline, until then.
///
/// # Rotation
/// See [`SecretKeys`](crate::SecretKeys). A session is sealed with the new key at its next write; one that is only read keeps the old key, so the
/// old one must stay in the list until the absolute timeout has passed.
///
/// # Switching it on and off, without a logout
/// Each step is a restart of one server after the other, and waits until the last server has taken the one before.
/// 1. [`PlainPayloads::Written`]: every server reads sealed payloads, and still writes plain ones.
/// 2. [`PlainPayloads::ReadUntil`] a time after the absolute timeout has passed: sealed ones are written, plain ones still
///    read. Until then, who can write to the store can still make up plain ones.
/// 3. [`PlainPayloads::Refused`], the default.
///
/// To switch it off, go back from 3 to 2 and 1, and take `Sealed` away when the absolute timeout has passed.
///
/// Payloads that an earlier version sealed have no copy of owner and beginning. They are refused, unless
/// [`unbound_until`](Self::unbound_until) says otherwise for a while.
///
/// # When no key fits
/// The session is not loaded: its visitor gets an empty one that is read-only, for [`NoKey`](crate::ReadOnly::NoKey), and
/// the log an error that names the [mark](SealingKey::mark) of the key that is missing. The record and the cookie stay as they are,
/// since another server may have that key, and so does what this one cannot end: a logout or a revocation of it is an
/// error. A payload that is not sealed, or sealed in another format, is left alone in the same way, for
/// [`UnknownFormat`](crate::ReadOnly::UnknownFormat).
///
/// ```
/// use session_core::{SecretKeys, Sealed, Sessions};
/// # use std::sync::Arc;
/// # use session_core::SessionStore;
///
/// # fn run(store: Arc<dyn SessionStore>) -> Result<(), Box<dyn std::error::Error>> {
/// let keys = SecretKeys::from_env("SESSION_KEYS")?.ok_or("SESSION_KEYS is not set")?;
/// let sessions = Sessions::builder(store).codec(Sealed::new(keys.sealing_keys())?).build()?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Sealed<C = Json> {
    keys: Vec<SealingKey>,
    inner: C,
    plain: PlainPayloads,
    unbound_until: Timestamp,
}

/// What [`Sealed`] does with payloads that are not sealed, while it is switched on or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlainPayloads {
    /// They are left alone.
    #[default]
    Refused,
    /// They are read until then, and sealed when they are next written.
    ReadUntil(Timestamp),
    /// They are read, and written: what is sealed is opened, and written plain.
    Written,
}

impl Sealed {
    /// How many bytes longer than what it holds a sealed payload is: version, mark, nonce and tag.
    pub const OVERHEAD: usize = HEADER_LEN + NONCE_LEN + TAG_LEN;

    /// Seals what [`Json`] writes.
    ///
    /// # Errors
    /// [`SecretKeyError::NoKey`] if the list is empty.
    pub fn new(keys: impl IntoIterator<Item = SealingKey>) -> Result<Self, SecretKeyError> {
        Self::around(Json, keys)
    }
}

impl<C: Codec> Sealed<C> {
    /// Seals what `inner` writes.
    ///
    /// # Errors
    /// [`SecretKeyError::NoKey`] if the list is empty.
    pub fn around(inner: C, keys: impl IntoIterator<Item = SealingKey>) -> Result<Self, SecretKeyError> {
        let keys: Vec<_> = keys.into_iter().collect();
        if keys.is_empty() {
            return Err(SecretKeyError::NoKey);
        }
        Ok(Self { keys, inner, plain: PlainPayloads::default(), unbound_until: Timestamp::MIN })
    }

    /// Sets what becomes of payloads that are not sealed. The default is [`PlainPayloads::Refused`].
    #[must_use]
    pub fn plain(mut self, plain: PlainPayloads) -> Self {
        self.plain = plain;
        self
    }

    /// Reads, until `time`, payloads that an earlier version sealed without a copy of owner and beginning. The default is
    /// not to.
    ///
    /// A server of that version that still runs writes such ones, too. Let it be a time after the last of them was
    /// replaced and the absolute timeout has passed since; until then, who can write to the store can change the owner of
    /// a session that was sealed so.
    #[must_use]
    pub fn unbound_until(mut self, time: Timestamp) -> Self {
        self.unbound_until = time;
        self
    }

    fn open(&self, head: &RecordHead<'_>, envelope: &[u8]) -> Result<Bytes, CodecError> {
        let cut = || CodecError::tampered("the sealed payload is too short");
        let (mark, envelope) = envelope.split_first_chunk::<MARK_LEN>().ok_or_else(cut)?;
        let (nonce, sealed) = envelope.split_first_chunk::<NONCE_LEN>().ok_or_else(cut)?;
        if sealed.len() < TAG_LEN {
            return Err(cut());
        }
        let mut known = false;
        for opening in self.keys.iter().filter(|opening| opening.mark == *mark) {
            known = true;
            let message = Message { msg: sealed, aad: &associated(opening, head.key) };
            if let Ok(plain) = opening.cipher.decrypt(&XNonce::from(*nonce), message) {
                return Ok(plain.into());
            }
        }
        match known {
            true => Err(CodecError::tampered("the sealed payload was changed, or is another session's")),
            false => Err(CodecError::no_key(format!(
                "it was sealed with the key {}, which is not in the list of keys",
                Mark(mark)
            ))),
        }
    }

    /// Refuses a payload that was not written for this record.
    fn check_bound(&self, head: &RecordHead<'_>, payload: &Payload<'_>) -> Result<(), CodecError> {
        match &payload.bound {
            Some(bound) if bound.is(head) => Ok(()),
            Some(_) => Err(CodecError::tampered("owner or beginning of the record are not those that were sealed")),
            None if head.now < self.unbound_until => Ok(()),
            None => Err(CodecError::tampered(
                "it was sealed without owner and beginning, as earlier versions did: see `Sealed::unbound_until`",
            )),
        }
    }
}

impl<C: Codec> Codec for Sealed<C> {
    fn encode(&self, head: &RecordHead<'_>, payload: &Payload<'_>) -> Result<Bytes, CodecError> {
        if self.plain == PlainPayloads::Written {
            return self.inner.encode(head, payload);
        }
        let plain = Zeroizing::new(Vec::from(self.inner.encode(head, &payload.bound_to(head))?));
        let sealing = self.keys.first().ok_or(CodecError::new("there is no sealing key"))?;
        // 192 random bits: no two are ever the same, however many servers draw.
        let nonce = draw::<NONCE_LEN>(&SystemRandom)
            .map_err(|_| CodecError::new("the source of randomness failed, so nothing can be sealed"))?;
        let message = Message { msg: &plain, aad: &associated(sealing, head.key) };
        let sealed = sealing.cipher.encrypt(&XNonce::from(nonce), message);
        let sealed = sealed.map_err(|_| CodecError::new("the payload is too long to be sealed"))?;
        Ok([&[VERSION][..], &sealing.mark, &nonce, &sealed].concat().into())
    }

    fn decode(&self, head: &RecordHead<'_>, bytes: &Bytes) -> Result<Payload<'static>, CodecError> {
        match (&**bytes, self.plain) {
            ([VERSION, envelope @ ..], _) => {
                let payload = self.inner.decode(head, &self.open(head, envelope)?)?;
                self.check_bound(head, &payload)?;
                Ok(payload)
            }
            ([_, ..], PlainPayloads::Written) => self.inner.decode(head, bytes),
            ([_, ..], PlainPayloads::ReadUntil(end)) if head.now < end => self.inner.decode(head, bytes),
            ([byte, ..], _) => Err(CodecError::unknown_format(format!(
                "the payload has the format {byte:#04x}, and this server reads sealed ones alone, {VERSION:#04x}"
            ))),
            ([], _) => Err(CodecError::new("the payload is empty")),
        }
    }
}

/// Gives what is authenticated beside the payload.
fn associated(sealing: &SealingKey, key: &SessionKey) -> [u8; HEADER_LEN + 32] {
    let mut associated = [VERSION; HEADER_LEN + 32];
    associated[1..HEADER_LEN].copy_from_slice(&sealing.mark);
    associated[HEADER_LEN..].copy_from_slice(key.as_bytes());
    associated
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::{Kind, Moved, Retired};
    use crate::store::Owner;

    const ROW: RecordHead<'static> = head(&SessionKey::from_bytes([3; 32]));
    const ELSEWHERE: RecordHead<'static> = head(&SessionKey::from_bytes([4; 32]));

    const fn head(key: &SessionKey) -> RecordHead<'_> {
        RecordHead::new(key, Timestamp::MIN, Timestamp::MIN)
    }

    fn key(byte: u8) -> SealingKey {
        SealingKey::new([byte; 32]).unwrap()
    }

    fn sealed(bytes: &[u8]) -> Sealed {
        Sealed::new(bytes.iter().map(|&byte| key(byte))).unwrap()
    }

    fn payload() -> Payload<'static> {
        let successor = Some(SessionKey::from_bytes([9; 32]));
        let moved = successor.map(|to| Moved { to, serves_until: None });
        Kind::Retired(Retired { moved, ..Retired::default() }).into()
    }

    fn opens(codec: &Sealed, row: &RecordHead<'_>, bytes: &Bytes) -> Result<(), CodecError> {
        let kind = codec.decode(row, bytes)?.kind;
        assert!(matches!(kind, Kind::Retired(it) if it.moved_to() == Some(SessionKey::from_bytes([9; 32]))));
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
    fn a_payload_opens_in_its_own_record_alone() {
        let bytes = sealed(&[1]).encode(&ROW, &payload()).unwrap();
        assert!(opens(&sealed(&[1]), &ELSEWHERE, &bytes).unwrap_err().is_tampered());
        let owner = Owner::new("ann").unwrap();
        assert!(opens(&sealed(&[1]), &ROW.with_owner(Some(&owner)), &bytes).unwrap_err().is_tampered());
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
    fn it_grows_by_the_overhead_and_a_copy_of_the_head_and_is_never_the_same_twice() {
        let codec = sealed(&[1]);
        let plain = Json.encode(&ROW, &payload()).unwrap();
        let (a, b) = (codec.encode(&ROW, &payload()).unwrap(), codec.encode(&ROW, &payload()).unwrap());
        let grown = plain.len() + Sealed::OVERHEAD + r#","bound":{"created_at":0}"#.len();
        assert_eq!((a.len(), b.len()), (grown, grown));
        assert_eq!(Sealed::OVERHEAD, 45);
        assert_ne!(a, b);
        assert!(!a.windows(9).any(|window| window == b"successor"));
    }

    #[test]
    fn plain_payloads_are_read_until_the_time_that_is_set_and_written_only_in_the_first_step() {
        let plain = Json.encode(&ROW, &payload()).unwrap();
        let until = Timestamp::from_millis(1_000);
        let at = |millis| RecordHead { now: Timestamp::from_millis(millis), ..ROW };
        let refused = |codec: &Sealed, head| opens(codec, &head, &plain).unwrap_err().is_unknown_format();
        assert!(refused(&sealed(&[1]), at(0)));
        let reads = sealed(&[1]).plain(PlainPayloads::ReadUntil(until));
        opens(&reads, &at(999), &plain).unwrap();
        assert!(refused(&reads, at(1_000)));
        let written = reads.encode(&ROW, &payload()).unwrap();
        opens(&sealed(&[1]), &ROW, &written).unwrap();
        let first = sealed(&[1]).plain(PlainPayloads::Written);
        opens(&first, &at(2_000), &plain).unwrap();
        opens(&first, &ROW, &written).unwrap();
        opens(&reads, &ROW, &first.encode(&ROW, &payload()).unwrap()).unwrap();
        assert_eq!(first.encode(&ROW, &payload()).unwrap(), plain);
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
        opens(&sealed(&[1]).unbound_until(Timestamp::MAX), &ROW, &kept).unwrap();
        assert!(opens(&sealed(&[1]), &ROW, &kept).unwrap_err().is_tampered(), "it has no copy of its record's head");
    }

    #[test]
    fn short_keys_and_no_keys_are_refused() {
        assert!(matches!(SealingKey::new([1; 31]), Err(SecretKeyError::Short { len: 31, min: 32 })));
        assert!(matches!(Sealed::new([]), Err(SecretKeyError::NoKey)));
    }
}
