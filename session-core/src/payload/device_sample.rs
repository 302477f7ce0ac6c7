//! Reads the kept sample of a binding to a device, and what later versions may put in its place.

use std::borrow::Cow;

use super::contents::{Fields, Reserved};
use super::device::{Binding, DeviceKey};
use super::values::Values;
use super::{Codec, Contents, Json, Kind, OrRaw, RecordHead};
use crate::sample::{keep, kept};
use crate::store::{SessionKey, Timestamp};

const AT: Timestamp = Timestamp::from_millis(1_763_834_400_123);
const HEAD: RecordHead<'static> = RecordHead::new(&SessionKey::from_bytes([3; 32]), AT, Timestamp::MIN);

fn binding() -> Binding {
    Binding {
        id: "AAAAAAAAAAAAAAAAAAAAAA".into(),
        key: Some(OrRaw::Known(DeviceKey::ES256 { x: "eA".into(), y: "eQ".into() })),
        bound_at: Some(AT),
        presented_at: Some(Timestamp::from_millis(1_763_834_400_124)),
        ..Binding::default()
    }
}

fn read(bytes: &[u8]) -> Contents {
    match Json.decode(&HEAD, &bytes.to_vec().into()).unwrap().kind {
        Kind::Live(contents) => contents.into_owned(),
        Kind::Retired(retired) => panic!("{retired:?}"),
    }
}

fn write(contents: Contents) -> Vec<u8> {
    Json.encode(&HEAD, &Kind::Live(Cow::Owned(contents)).into()).unwrap().into()
}

fn sample() -> Vec<u8> {
    let fields = Fields { device: Some(Box::new(OrRaw::Known(binding()))), ..Fields::default() };
    let contents = Contents { values: Values::default(), reserved: Reserved(Some(Box::new(fields))) };
    kept("plain/1/device").unwrap_or_else(|| keep("plain/1/device", write(contents)))
}

#[test]
fn a_binding_to_a_device_is_read() {
    let contents = read(&sample());
    assert_eq!(contents.reserved.binding(), Some(&binding()));
    assert_eq!(contents.reserved.bound_at(), Some(AT));
}

#[test]
fn what_a_later_version_makes_of_a_binding_is_kept() {
    let text = String::from_utf8(sample()).unwrap();
    for (what, by, is_bound) in [
        // An algorithm that this version does not know; a field more; another thing altogether.
        (r#"{"alg":"ES256","x":"eA","y":"eQ"}"#, r#"{"alg":"ML-DSA-44","p":"eA"}"#, true),
        (r#""presented_at":1763834400124"#, r#""presented_at":1763834400124,"aik":{"x": 1.0}"#, true),
        (r#""bound_at":1763834400123"#, r#""bound_at":"then""#, false),
    ] {
        let later = text.replacen(what, by, 1);
        assert_ne!(later, text, "{what} is in the sample");
        let contents = read(later.as_bytes());
        assert_eq!(contents.reserved.bound_at().is_some(), is_bound, "{by}");
        assert!(contents.reserved.device.is_some());
        assert_eq!(String::from_utf8(write(contents)).unwrap(), later);
    }
}
