//! Opens private code to the fuzz targets in `fuzz/`, and to nobody else: it is compiled under
//! `cfg(fuzzing)`, which cargo-fuzz sets, and for this crate's own tests, which replay the seeds.
//!
//! One function per target. It takes any bytes and panics when a promise is broken.

use std::str;
use std::sync::LazyLock;

use bytes::Bytes;

use crate::cookie::{Candidate, CookieConfig, CookieLifetime, Cookies, MOST_CANDIDATES, SigningKey, UnsignedCookies};
#[cfg(feature = "sealed")]
use crate::payload::Payload;
use crate::payload::{Codec, Json, RecordHead};
#[cfg(feature = "sealed")]
use crate::payload::{Sealed, SealingKey};
use crate::secrets::{SecretKeyError, SecretKeys};
#[cfg(feature = "sealed")]
use crate::store::Owner;
use crate::store::{SessionId, SessionKey, Timestamp};

/// Reads `data` as `Cookie` headers, one a line, unsigned and signed, and compares with the same
/// rules written for clarity instead of speed.
pub fn cookie_header(data: &[u8]) {
    // The last three set what the first, with both keys and unsigned ones, has to accept; the second all but the last's.
    static READERS: LazyLock<[Cookies; 5]> = LazyLock::new(|| {
        let until = UnsignedCookies::TakenUntil(Timestamp::MAX);
        let both = config(&[1, 2]).with_unsigned_cookies(until).build().expect("nothing is wrong with it");
        [both, cookies(&[1, 2]), cookies(&[1]), cookies(&[2]), cookies(&[])]
    });
    let [both, signed, setters @ ..] = &*READERS;
    let [signers @ .., unsigned] = setters;
    let headers: Vec<&[u8]> = data.split(|&b| b == b'\n').collect();
    compare(&headers, unsigned, std::slice::from_ref(unsigned));
    compare(&headers, signed, signers);
    compare(&headers, both, setters);
}

/// Reads `data` as a payload; what can be read is written and read again the same.
pub fn payload(data: &[u8]) {
    let key = SessionKey::from_bytes([7; 32]);
    let head = RecordHead::new(&key, Timestamp::MIN, Timestamp::MIN);
    let Ok(read) = Json.decode(&head, &Bytes::copy_from_slice(data)) else { return };
    let written = Json.encode(&head, &read).expect("what was read can be written");
    let again = Json.decode(&head, &written).expect("what was written can be read");
    assert_eq!(Json.encode(&head, &again).expect("it was written before"), written);
}

/// Reads `data` as a list of secret keys; a line of comment changes nothing, and no error shows a part of it.
pub fn keys(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let bytes = |keys: &SecretKeys| keys.signing_keys().count();
    match SecretKeys::parse(text) {
        Ok(keys) => {
            let again = SecretKeys::parse(&format!("# 1\n{text}\n# 2")).expect("it is the same list");
            assert_eq!(bytes(&again), bytes(&keys));
            assert_eq!(format!("{keys:?}"), format!("SecretKeys({} secret)", bytes(&keys)));
        }
        // Its words are this crate's, whatever the text is: nothing in them comes from it but numbers.
        Err(SecretKeyError::NoKey) => {}
        Err(SecretKeyError::InList { position, source }) => match *source {
            SecretKeyError::NotBase64 => {}
            SecretKeyError::Short { len, min } => assert!(len < min && position > 0),
            other => panic!("{other:?}"),
        },
        Err(other) => panic!("{other:?}"),
    }
}

/// Reads `data` as a sealed envelope, and as a payload that is sealed first: what can be opened is sealed and opened
/// again the same, and with any bit changed, cut short, or in another row it is refused.
#[cfg(feature = "sealed")]
pub fn sealed(data: &[u8]) {
    static CODEC: LazyLock<Sealed> = LazyLock::new(|| {
        let keys = [2, 1].map(|byte| SealingKey::new([byte; 32]).expect("32 bytes"));
        Sealed::new(keys).expect("two keys").unbound_until(Timestamp::MAX)
    });
    let keys = [3, 4].map(|byte| SessionKey::from_bytes([byte; 32]));
    let [head, elsewhere] = keys.each_ref().map(|key| RecordHead::new(key, Timestamp::MIN, Timestamp::MIN));
    let owner = Owner::new("ann").expect("three bytes");
    let later = RecordHead::new(head.key, Timestamp::MAX, Timestamp::MIN);
    let payload = Bytes::copy_from_slice(data);
    let opened = CODEC.decode(&head, &payload).ok();
    let Some(read) = opened.or_else(|| Json.decode(&head, &payload).ok()) else { return };
    let written = CODEC.encode(&head, &read).expect("what was read can be sealed");
    let again = CODEC.decode(&head, &written).expect("what was sealed can be opened");
    // But for the copy of the head, which one that was not sealed has not.
    let json = |payload: &Payload<'static>| {
        let payload = Payload { bound: None, ..payload.clone() };
        Json.encode(&head, &payload).expect("what was read can be written")
    };
    assert_eq!(json(&again), json(&read));
    for other in [later, head.with_owner(Some(&owner))] {
        assert!(CODEC.decode(&other, &written).is_err());
    }
    // Nobody can forge one, so what is opened is one that was sealed, and is opened nowhere else.
    for envelope in [&payload, &written] {
        assert!(CODEC.decode(&elsewhere, envelope).is_err());
        // Where and which: any place, over many inputs.
        let sum = data.iter().fold(data.len(), |sum, &byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        let (at, bit) = (sum % envelope.len(), sum / envelope.len() % 8);
        let mut changed = envelope.to_vec();
        changed[at] ^= 1 << bit;
        assert!(CODEC.decode(&head, &changed.into()).is_err());
        assert!(CODEC.decode(&head, &envelope.slice(..at)).is_err());
    }
}

fn config(keys: &[u8]) -> CookieConfig {
    let config = CookieConfig::default();
    match keys {
        [] => config,
        keys => config.with_signing_keys(keys.iter().map(|&byte| SigningKey::new([byte; 32]).expect("32 bytes"))),
    }
}

fn cookies(keys: &[u8]) -> Cookies {
    config(keys).build().expect("nothing is wrong with it")
}

fn compare(headers: &[&[u8]], reader: &Cookies, writers: &[Cookies]) {
    let values: Vec<&str> = headers
        .iter()
        .flat_map(|header| header.split(|&b| b == b';'))
        .filter_map(|pair| str::from_utf8(pair).ok()?.split_once('='))
        .filter(|(name, _)| name.trim_matches([' ', '\t']) == reader.name())
        .map(|(_, value)| value.trim_matches([' ', '\t']))
        .collect();
    let mut expected: Vec<String> = Vec::new();
    for id in values.iter().filter_map(|value| written(value, writers)) {
        if !expected.contains(&id) {
            expected.push(id);
        }
    }
    let presented = reader.read(headers.iter().copied(), || Timestamp::MIN);
    let found: Vec<String> = presented.candidates().iter().map(|found| found.id.encode()).collect();
    assert!(expected.starts_with(&found), "other ids, or in another order");
    match presented.has_more() {
        false => assert_eq!(found, expected),
        true => assert!(expected.len() > MOST_CANDIDATES || (writers.len() > 1 && values.len() > 16)),
    }
    // What is not text may stand under the name, too.
    assert!(values.is_empty() || !presented.is_nothing());
    if let [Candidate { id, .. }] = presented.candidates() {
        let pair = pair(reader, id);
        let again = reader.read([pair.as_bytes()], || Timestamp::MIN);
        assert!(matches!(again.candidates(), [again] if again.id.key() == id.key()));
    }
}

/// Gives the id that `value` begins with, if one of `writers` writes exactly this value for it.
fn written(value: &str, writers: &[Cookies]) -> Option<String> {
    let encoded = value.split('.').next().unwrap_or_default();
    let id = SessionId::parse(encoded.as_bytes())?;
    let writes = |cookies: &Cookies| pair(cookies, &id).split_once('=').is_some_and(|(_, whole)| whole == value);
    writers.iter().any(writes).then(|| encoded.to_owned())
}

/// Writes `name=value`, as a browser sends it back.
fn pair(cookies: &Cookies, id: &SessionId) -> String {
    let set = cookies.set(id, CookieLifetime::Browser, Timestamp::MIN, Timestamp::MAX);
    set.split(';').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::replay::replay;

    #[test]
    fn hostile_payloads_break_nothing() {
        replay("payload", payload);
    }

    #[cfg(feature = "sealed")]
    #[test]
    fn hostile_sealed_envelopes_break_nothing() {
        replay("sealed", sealed);
    }

    #[test]
    fn hostile_cookie_headers_break_nothing() {
        replay("cookie_header", cookie_header);
    }

    #[test]
    fn hostile_texts_of_keys_break_nothing() {
        replay("keys", keys);
    }

    proptest! {
        #[test]
        fn nothing_is_ever_read_but_an_id_that_stands_there(
            pairs in prop::collection::vec(
                prop_oneof![
                    3 => "[ \t]{0,2}__Host-Http-session[ \t]{0,2}=[ \t]{0,2}[ab]A{42}[ \t]{0,2}[;\n]".prop_map(String::into_bytes),
                    1 => "[ \t\u{a0}\u{2003}]{0,2}__(Host-Http|host-http|Host)-session[ \u{3000}]{0,1}=?[aA\".]{42,44}[;\n]?".prop_map(String::into_bytes),
                    1 => prop::collection::vec(any::<u8>(), 0..30),
                ],
                0..8,
            ),
            ids in prop::collection::vec(0..2u8, 0..3),
        ) {
            // Signed values as well, which no random text would ever be.
            let signed = ids.iter().map(|&byte| {
                let id = SessionId::parse(&[b'A' + byte * 4; 43]).expect("a multiple of four ends in zero bits");
                format!("{};", pair(&cookies(&[1 + byte]), &id)).into_bytes()
            });
            let data: Vec<u8> = signed.chain(pairs).flatten().collect();
            cookie_header(&data);
        }
    }
}
