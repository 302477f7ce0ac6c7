//! Reads the kept samples of payloads and cookies, field by field; see `docs/formats.md`.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;

use super::contents::{Fields, Reserved};
use super::values::Values;
use super::{
    Codec, Contents, EndedBy, Expiry, Flash, FlashLevel, Json, Kind, Labels, Moved, OrRaw, Payload, RecordHead,
    Retired, StoredFlash,
};
#[cfg(feature = "sealed")]
use super::{Sealed, SealingKey};
use crate::cookie::{By, CookieConfig, CookieLifetime, CookiePrefix, Cookies, SigningKey};
use crate::sample::{keep, kept};
#[cfg(feature = "sealed")]
use crate::store::Owner;
use crate::store::{SessionId, SessionKey, Timestamp};

/// The key that the samples stand under.
const ROW: SessionKey = SessionKey::from_bytes([3; 32]);
const BEFORE: SessionKey = SessionKey::from_bytes([0xa5; 32]);
const AT: Timestamp = Timestamp::from_millis(1_763_834_400_123);
/// What stands in the record around them.
const HEAD: RecordHead<'static> = RecordHead::new(&ROW, AT, Timestamp::MIN);

/// The values of every sample that has some.
const VALUES: [(&str, &str); 6] = [
    ("", "null"),
    ("cart", r#"[{"sku":"é-1","n":2},{"sku":"🦀","n":1}]"#),
    ("line\nbreak\"", "true"),
    ("ratio", "0.1"),
    ("user", r#""ann""#),
    ("versions", "18446744073709551615"),
];

fn values() -> Values {
    let mut values = Values::default();
    VALUES.iter().for_each(|(name, value)| values.insert((*name).into(), (*value).into()));
    values
}

fn flashes() -> Vec<OrRaw<StoredFlash>> {
    let flash =
        |id, level, message: &str| OrRaw::Known(StoredFlash::new(id, Flash { level, message: message.to_owned() }));
    vec![
        flash(1, FlashLevel::Success, "saved"),
        flash(2, FlashLevel::Warning, "a \"quoted\" ü"),
        flash(3, FlashLevel::Error, ""),
        flash(u64::MAX, FlashLevel::Info, "news"),
    ]
}

/// All that the core may keep in a session.
fn core() -> Fields {
    Fields {
        scope: "shop".to_owned(),
        flash: flashes(),
        renewed_from: Some(BEFORE),
        renewed_at: Some(AT),
        authenticated_at: Some(AT + Duration::from_millis(1)),
        expiry: Some(expiry().into()),
        lifetime: Some(OrRaw::Known(CookieLifetime::Persistent)),
        ..Fields::default()
    }
}

fn expiry() -> Expiry {
    Expiry::default().with_idle(Duration::from_millis(1_234_567)).with_absolute(Duration::from_millis(7_654_321))
}

fn live(values: Values, core: Option<Fields>) -> Payload<'static> {
    Kind::Live(Cow::Owned(Contents { values, reserved: Reserved(core.map(Box::new)) })).into()
}

fn moved(successor: Option<SessionKey>, serves_until: Option<Timestamp>) -> Option<Moved> {
    successor.map(|to| Moved { to, serves_until })
}

fn retired(successor: Option<SessionKey>, serves_until: Option<Timestamp>) -> Payload<'static> {
    Kind::Retired(Retired { moved: moved(successor, serves_until), ..Retired::default() }).into()
}

/// Gives a sample of what `codec` writes.
fn sample(name: &str, codec: &dyn Codec, payload: &Payload<'_>) -> Bytes {
    kept(name).unwrap_or_else(|| keep(name, codec.encode(&HEAD, payload).unwrap().into())).into()
}

fn read(codec: &dyn Codec, bytes: &Bytes) -> Contents {
    match codec.decode(&HEAD, bytes).unwrap().kind {
        Kind::Live(contents) => contents.into_owned(),
        Kind::Retired(retired) => panic!("{retired:?}"),
    }
}

fn all(contents: &Contents) -> Vec<(&str, &str)> {
    contents.values.iter().collect()
}

/// Compares field by field, so that a field more in a later version changes nothing here.
fn has_all_of_core(contents: &Contents) {
    let Reserved(Some(fields)) = &contents.reserved else { panic!("it has no reserved part") };
    assert_eq!(fields.scope, "shop");
    assert_eq!(fields.flash, flashes());
    assert_eq!(fields.renewed_from, Some(BEFORE));
    assert_eq!(fields.renewed_at, Some(AT));
    assert_eq!(fields.authenticated_at, Some(Timestamp::from_millis(1_763_834_400_124)));
    assert_eq!(fields.expiry(), Some(expiry()));
    assert_eq!(fields.lifetime(), Some(CookieLifetime::Persistent));
}

#[test]
fn a_plain_payload_of_the_first_version_is_read() {
    let empty = read(&Json, &sample("plain/1/empty", &Json, &live(Values::default(), None)));
    assert!(empty.values.is_empty() && empty.reserved.is_empty());

    let only_values = read(&Json, &sample("plain/1/values", &Json, &live(values(), None)));
    assert_eq!(all(&only_values), VALUES);
    assert!(only_values.reserved.is_empty());

    let only_core = read(&Json, &sample("plain/1/core", &Json, &live(Values::default(), Some(core()))));
    assert!(only_core.values.is_empty());
    has_all_of_core(&only_core);

    let whole = read(&Json, &sample("plain/1/whole", &Json, &live(values(), Some(core()))));
    assert_eq!(all(&whole), VALUES);
    has_all_of_core(&whole);
}

#[test]
fn labels_are_read_and_a_kind_of_label_that_is_not_known_is_kept() {
    let mut labels = Labels::default();
    for (name, text) in [("device", "Firefox on Linux"), ("name", "Ann's \u{1F980}"), ("sid", "")] {
        labels.set(&name.into(), Some(&text.into())).unwrap();
    }
    let labelled = Fields { labels: labels.clone(), ..Fields::default() };
    let bytes = sample("plain/1/labels", &Json, &live(Values::default(), Some(labelled)));
    assert_eq!(read(&Json, &bytes).reserved.labels, labels);

    let later = damaged(&bytes, b"\"sid\":\"\"", b"\"sid\":{\"x\":1}");
    let contents = read(&Json, &later.clone().into());
    assert_eq!(contents.reserved.labels.get("sid"), None);
    assert_eq!(contents.reserved.labels.iter().count(), 2);
    assert_eq!(Json.encode(&HEAD, &Kind::Live(Cow::Owned(contents)).into()).unwrap(), later);
}

/// What a payload that was damaged comes to.
#[derive(Debug, PartialEq)]
enum Answer {
    /// It is none, and is removed.
    Removed,
    /// It is for another server to read, and is left alone.
    LeftAlone,
    /// It is refused, and kept.
    Refused,
    /// It is read; what was damaged shows where somebody asks for it, or not at all.
    Read,
}

fn answer(codec: &dyn Codec, bytes: Vec<u8>) -> Answer {
    match codec.decode(&HEAD, &bytes.into()) {
        Ok(_) => Answer::Read,
        Err(error) if error.is_unknown_format() || error.lacks_key() => Answer::LeftAlone,
        Err(error) if error.is_tampered() => Answer::Refused,
        Err(_) => Answer::Removed,
    }
}

/// Puts `by` in the place of the first `what`.
fn damaged(sample: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let at = sample.windows(what.len()).position(|window| window == what).expect("it is in the sample");
    [&sample[..at], by, &sample[at + what.len()..]].concat()
}

#[test]
fn a_plain_payload_that_was_damaged_gives_the_answer_of_its_field() {
    let whole = sample("plain/1/whole", &Json, &live(values(), Some(core())));
    let damages: [(&str, &[u8], &[u8], Answer); 20] = [
        ("format", b"\x01\x06", b"\x02\x06", Answer::LeftAlone),
        ("number of values", b"\x01\x06", b"\x01\x07", Answer::Removed),
        ("length of a name", b"\x01\x06\0", b"\x01\x06\x01", Answer::Removed),
        ("length of a value", b"\x01\x06\0\x04", b"\x01\x06\0\x05", Answer::Removed),
        ("name", b"\"cart\"", b"\"zart\"", Answer::Removed),
        ("punctuation", b"\"ratio\":", b"\"ratio\";", Answer::Removed),
        // It is a value of the application's, who asks for it meets a `WrongType`.
        ("value", b":0.1,", b":0x1,", Answer::Read),
        ("end of the values", b"551615}", b"551615]", Answer::Removed),
        ("section", b"{\"core\":{", b"{\"core\":[", Answer::Removed),
        ("scope", b"\"shop\"", b"123456", Answer::Removed),
        ("list of flashes", b"\"flash\":[", b"\"flash\":{", Answer::Removed),
        // A flash, a level, a lifetime that cannot be read may be of a later version, and is kept as it is.
        ("flash", b"{\"id\":1,", b"{\"id\":\"x\",", Answer::Read),
        ("level", b"\"warning\"", b"\"warping\"", Answer::Read),
        ("message", b"\"saved\"", b"1234567", Answer::Read),
        ("renewed from", b"\"renewed_from\":\"", b"\"renewed_from\":\"!", Answer::Removed),
        ("renewed at", b"\"renewed_at\":1", b"\"renewed_at\":-", Answer::Removed),
        ("authenticated at", b"\"authenticated_at\":1", b"\"authenticated_at\":-", Answer::Removed),
        ("timeout", b"\"idle\":1", b"\"idle\":-", Answer::Removed),
        ("lifetime", b"\"persistent\"", b"\"persistend\"", Answer::Read),
        ("end", b"}}", b"}", Answer::Removed),
    ];
    for (field, what, by, expected) in damages {
        assert_eq!(answer(&Json, damaged(&whole, what, by)), expected, "{field}");
    }
    assert_eq!(answer(&Json, Vec::new()), Answer::Removed);
    for (cut, expected) in [(1, Answer::Removed), (whole.len() - 1, Answer::Removed)] {
        assert_eq!(answer(&Json, whole[..cut].to_vec()), expected, "{cut} bytes");
    }
}

#[test]
fn a_retired_record_that_was_damaged_gives_the_answer_of_its_field() {
    let whole = sample("plain/1/retired-serving", &Json, &retired(Some(BEFORE), Some(AT)));
    let damages: [(&str, &[u8], &[u8], Answer); 4] = [
        ("format", b"\x01\0", b"\x7f\0", Answer::LeftAlone),
        ("section", b"\"retired\"", b"\"retyred\"", Answer::LeftAlone),
        ("successor", b"\"successor\":\"", b"\"successor\":\"!", Answer::Removed),
        ("serves until", b"\"serves_until\":1", b"\"serves_until\":-", Answer::Removed),
    ];
    for (field, what, by, expected) in damages {
        assert_eq!(answer(&Json, damaged(&whole, what, by)), expected, "{field}");
    }
}

#[test]
fn a_retired_record_of_the_first_version_is_read() {
    let samples = [
        ("plain/1/retired-ended", None, None),
        ("plain/1/retired-renewed", Some(BEFORE), None),
        ("plain/1/retired-serving", Some(BEFORE), Some(AT)),
    ];
    for (name, to, until) in samples {
        match Json.decode(&HEAD, &sample(name, &Json, &retired(to, until))).unwrap().kind {
            Kind::Retired(retired) => {
                assert_eq!(retired.moved, moved(to, until), "{name}");
                assert_eq!((retired.by, retired.at), (EndedBy::Browser, None), "{name}");
            }
            live @ Kind::Live(_) => panic!("{name}: {live:?}"),
        }
    }
}

#[cfg(feature = "sealed")]
fn sealed() -> Sealed {
    Sealed::new([SealingKey::new([1; 32]).unwrap()]).unwrap()
}

/// Gives the samples that were sealed without a copy of owner and beginning, as the first version did, and with it.
#[cfg(feature = "sealed")]
fn sealed_samples() -> [(Sealed, Bytes); 2] {
    let unbound = kept("sealed/81/whole").expect("it is kept").into();
    let bound = sample("sealed/81/bound", &sealed(), &live(values(), Some(core())));
    [(sealed().unbound_until(Timestamp::MAX), unbound), (sealed(), bound)]
}

#[cfg(feature = "sealed")]
#[test]
fn a_sealed_payload_that_was_damaged_gives_the_answer_of_its_bytes() {
    for (codec, whole) in sealed_samples() {
        let damages = [
            ("format", 0, Answer::LeftAlone),
            // The key that it names may be on another server.
            ("mark of the key", 1, Answer::LeftAlone),
            ("nonce", 5, Answer::Refused),
            ("what is sealed", 29, Answer::Refused),
            ("tag", whole.len() - 1, Answer::Refused),
        ];
        for (field, at, expected) in damages {
            let mut damaged = whole.to_vec();
            damaged[at] ^= 1;
            assert_eq!(answer(&codec, damaged), expected, "{field}");
        }
        for cut in [1, 5, 28, 29, 44] {
            assert_eq!(answer(&codec, whole[..cut].to_vec()), Answer::Refused, "{cut} bytes");
        }
        assert_eq!(answer(&codec, Vec::new()), Answer::Removed, "nothing");
        assert_eq!(answer(&Json, whole.to_vec()), Answer::LeftAlone, "by a server that seals nothing");
    }
    let plain = sample("plain/1/whole", &Json, &live(values(), Some(core())));
    assert_eq!(answer(&sealed(), plain.to_vec()), Answer::LeftAlone, "one that was never sealed");
}

#[cfg(feature = "sealed")]
#[test]
fn a_sealed_payload_of_the_first_version_is_read() {
    for (codec, whole) in sealed_samples() {
        let whole = read(&codec, &whole);
        assert_eq!(all(&whole), VALUES);
        has_all_of_core(&whole);
    }
    let codec = sealed().unbound_until(Timestamp::MAX);
    let ended = kept("sealed/81/retired-serving").expect("it is kept").into();
    match codec.decode(&HEAD, &ended).unwrap().kind {
        Kind::Retired(retired) => assert_eq!(retired.moved, moved(Some(BEFORE), Some(AT))),
        live @ Kind::Live(_) => panic!("{live:?}"),
    }
}

#[cfg(feature = "sealed")]
#[test]
fn a_sealed_payload_is_refused_in_another_record() {
    let [(lenient, unbound), (strict, bound)] = sealed_samples();
    let elsewhere = SessionKey::from_bytes([4; 32]);
    let owner = Owner::new("mallory").unwrap();
    let heads = [
        RecordHead::new(&elsewhere, AT, Timestamp::MIN),
        RecordHead::new(&ROW, AT + Duration::from_millis(1), Timestamp::MIN),
        HEAD.with_owner(Some(&owner)),
    ];
    for head in heads {
        assert!(strict.decode(&head, &bound).unwrap_err().is_tampered(), "{head:?}");
    }
    // What was sealed without a copy is taken until the time that was set, in its row alone.
    assert!(lenient.decode(&heads[2], &unbound).is_ok());
    assert!(lenient.decode(&heads[0], &unbound).unwrap_err().is_tampered());
    for until in [Timestamp::MIN, AT] {
        let now = RecordHead::new(&ROW, AT, until);
        assert!(sealed().unbound_until(until).decode(&now, &unbound).unwrap_err().is_tampered());
    }
}

/// What the samples were written by: the default prefix of then.
fn cookies(signed: bool) -> Cookies {
    reader(CookieConfig::default().with_prefix(CookiePrefix::Host), signed)
}

/// What takes them by a former name: the default of now.
fn successors(signed: bool) -> Cookies {
    reader(CookieConfig::default().with_former_name("__Host-session", AT), signed)
}

fn reader(config: CookieConfig, signed: bool) -> Cookies {
    match signed {
        true => config.with_signing_keys([SigningKey::new([7; 32]).unwrap()]),
        false => config,
    }
    .build()
    .unwrap()
}

#[test]
fn a_cookie_of_the_first_version_is_read() {
    let id = SessionId::parse(b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8").unwrap();
    for (name, signed) in [("cookie/1/plain", false), ("cookie/1/signed", true)] {
        let cookies = cookies(signed);
        let pair = kept(name).unwrap_or_else(|| {
            let set = cookies.set(&id, CookieLifetime::Browser, Timestamp::MIN, Timestamp::MAX);
            keep(name, set.split(';').next().unwrap().into())
        });
        for (cookies, by) in [(cookies, By::Present), (successors(signed), By::FormerName { changed_at: AT })] {
            let presented = cookies.read([pair.as_slice()], || AT);
            let [read] = presented.candidates() else { panic!("{name}") };
            assert_eq!((read.id.encode(), read.by), (id.encode(), by), "{name}");
            // By another implementation: SHA-256 of the bytes 0 to 31.
            let key = "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd";
            let hex: String = read.id.key().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hex, key, "{name}");
        }
    }
}

#[test]
fn a_cookie_that_was_damaged_opens_nothing() {
    for (name, signed) in [("cookie/1/plain", false), ("cookie/1/signed", true)] {
        let whole = kept(name).expect("it is kept");
        let id = whole.iter().position(|byte| *byte == b'=').unwrap() + 1;
        let mut damages = vec![
            ("name", damaged(&whole, b"__Host", b"__Hosp")),
            ("id, another character", damaged(&whole, b"=AAEC", b"=AA!C")),
            ("id, cut", [&whole[..id], &whole[id + 1..]].concat()),
            // The last character has two bits that no byte takes; only one way to write an id is one.
            ("id, its last bits", damaged(&whole, b"Hh8", b"Hh9")),
        ];
        if signed {
            let at = whole.len() - 1;
            damages.push(("signature, cut", whole[..at].to_vec()));
            damages.push(("signature", damaged(&whole, &whole[at - 4..at], b"AAAA")));
            damages.push(("no signature", whole[..id + 43].to_vec()));
            damages.push(("id of another", damaged(&whole, b"=AAEC", b"=ABEC")));
        }
        for (field, cookie) in damages {
            for cookies in [cookies(signed), successors(signed)] {
                let read = cookies.read([cookie.as_slice()], || AT);
                assert!(read.candidates().is_empty() && !read.has_more(), "{name}: {field}");
            }
        }
    }
}
