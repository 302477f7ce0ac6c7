//! A codec of the application's own: MessagePack.

mod support;

use std::collections::BTreeMap;

use serde_json::Value;
use session_core::{
    Bytes, CloseOutcome, Codec, CodecError, FlashLevel, Owner, Payload, RecordHead, SessionStore, Sessions,
};
use session_ets::EtsStore;
use support::{Browser, builder, count, store};

/// Writes values as MessagePack, and what the core keeps as the text that it is.
#[derive(Debug)]
struct MessagePack;

impl MessagePack {
    /// The first byte, by which it is told from other formats.
    const FORMAT: u8 = b'm';
}

impl Codec for MessagePack {
    fn encode(&self, _: &RecordHead<'_>, payload: &Payload<'_>) -> Result<Bytes, CodecError> {
        let values = payload.values().map(|(name, json)| Ok((name, serde_json::from_str(json)?)));
        let values: BTreeMap<&str, Value> =
            values.collect::<Result<_, serde_json::Error>>().map_err(|_| CodecError::new("a value is no JSON"))?;
        let mut bytes = vec![Self::FORMAT];
        rmp_serde::encode::write(&mut bytes, &(values, payload.sections()?))
            .map_err(|_| CodecError::new("MessagePack cannot hold it"))?;
        Ok(bytes.into())
    }

    fn decode(&self, _: &RecordHead<'_>, bytes: &Bytes) -> Result<Payload<'static>, CodecError> {
        let Some((&Self::FORMAT, bytes)) = bytes.split_first() else {
            return Err(CodecError::unknown_format("it is no MessagePack of ours"));
        };
        let (values, sections): (BTreeMap<String, Value>, String) =
            rmp_serde::from_slice(bytes).map_err(|_| CodecError::new("it is broken MessagePack"))?;
        let values: Vec<_> = values.into_iter().map(|(name, value)| (name, value.to_string())).collect();
        Payload::from_parts(values.iter().map(|(name, json)| (name.as_str(), json.as_str())), &sections)
    }
}

fn sessions(store: &EtsStore) -> Sessions {
    builder(store.clone()).0.codec(MessagePack).build().unwrap()
}

#[tokio::test]
async fn sessions_live_their_whole_life_in_a_format_of_the_applications_own() {
    let store = store();
    let sessions = sessions(&store);
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    browser
        .request(&sessions, |session| {
            session.insert("list", [1.5, -2.0, 1e300]).unwrap();
            session.flash(FlashLevel::Warning, "almost").unwrap();
        })
        .await;
    let before = browser.clone();
    let login = browser.request(&sessions, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
    assert_eq!(login, CloseOutcome::Renewed);
    assert!(!before.is_known(&sessions).await, "what is left of the old id is read as such");
    browser
        .request(&sessions, |session| {
            assert_eq!(session.get::<Vec<f64>>("list").unwrap().unwrap(), [1.5, -2.0, 1e300]);
            assert_eq!(session.take_flash().unwrap()[0].message, "almost");
            assert!(session.authenticated_at().is_some());
            count(session);
        })
        .await;
    assert_eq!(browser.read(&sessions, "n").await, Some(2));
    assert_eq!(browser.request(&sessions, |session| session.destroy()).await, CloseOutcome::Destroyed);
}

#[tokio::test]
async fn what_the_core_keeps_is_passed_on_as_it_is() {
    let store = store();
    let mut browser = Browser::default();
    browser.request(&sessions(&store), |session| session.flash(FlashLevel::Info, "hello").unwrap()).await;
    let scan = store.scan().unwrap();
    let (key, record) = scan.page(None, 10.try_into().unwrap()).await.unwrap().records.remove(0);
    let payload = MessagePack.decode(&RecordHead::of(&key, &record, record.created_at), &record.payload).unwrap();
    assert_eq!(payload.values().count(), 0);
    assert!(payload.sections().unwrap().starts_with(r#"{"core":{"flash":"#));
    // Sections of a later version are kept, and those of another kind of record left alone.
    let later = r#"{"core":{},"later":[1, 2]}"#;
    assert_eq!(Payload::from_parts([("a", "1")], later).unwrap().sections().unwrap(), later);
    assert!(Payload::from_parts([], r#"{"later":{}}"#).unwrap_err().is_unknown_format());
    for broken in ["x", "[]", "{\"core\":1}"] {
        assert!(!Payload::from_parts([], broken).unwrap_err().is_unknown_format(), "{broken}");
    }
    assert!(Payload::from_parts([], "").unwrap().sections().unwrap().is_empty());
}
