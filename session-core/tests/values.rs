//! What a session can hold: what is set comes back as it was, or is refused when it is set.

mod shapes;
mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use session_core::{
    Bytes, Handled, Key, Owner, Put, PutOutcome, Record, RequestHead, Session, SessionError, SessionId, SessionStore,
    Sessions, Timestamp, Version,
};
use session_ets::EtsStore;
use shapes::{Node, nodes};
use support::{Browser, START, builder, sessions, store};
use tokio::runtime::Builder;

/// Opens a session that nobody has.
fn new_session() -> Session {
    let (sessions, _) = sessions(store());
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { sessions.open(RequestHead::new("POST")).load().await.unwrap() })
}

/// A browser whose session stands in the store with these bytes.
async fn planted(store: &EtsStore, payload: &'static [u8], owner: Option<Owner>) -> Browser {
    let id = SessionId::random().unwrap();
    let record = Record {
        version: Version::random().unwrap(),
        payload: Bytes::from_static(payload),
        owner,
        created_at: START,
        last_seen_at: START,
        expires_at: Timestamp::from_millis(START.as_millis() + 600_000),
    };
    assert!(matches!(store.put(&id.key(), &record, Put::Create).await.unwrap(), PutOutcome::Stored));
    Browser::with(&format!("__Host-Http-session={}", id.encode()))
}

/// As an earlier version wrote it, before `null` was absence: `{"a":null,"b":1}`.
const WITH_NULL: &[u8] = b"\x01\x02\x01\x04\x01\x01{\"a\":null,\"b\":1}";

async fn load(browser: &Browser, sessions: &Sessions) -> Session {
    browser.open(sessions).load().await.unwrap()
}

proptest! {
    // What it finds becomes a test of its own.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_set_comes_back_or_is_refused_or_stands_on_the_page(node in nodes()) {
        let session = new_session();
        // What serde_json makes of it by itself.
        let comes_back = serde_json::to_string(&node).ok().and_then(|text| serde_json::from_str::<Node>(&text).ok());
        let comes_back = comes_back.is_some_and(|again| again == node);
        match session.insert("value", &node) {
            Err(SessionError::NotSerializable { misfit, .. }) => {
                prop_assert!(!comes_back, "refused without need: {misfit}");
                prop_assert!(!session.contains("value"));
            }
            Err(error) => prop_assert!(false, "{error}"),
            Ok(()) if node.is_on_the_page(false) => {}
            Ok(()) => prop_assert_eq!(session.get::<Node>("value").unwrap(), Some(node)),
        }
    }
}

/// Draws numbers that only have to look random: SplitMix64.
fn draws() -> impl Iterator<Item = u64> {
    let mut state = 0_u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    })
}

#[tokio::test]
async fn floats_come_back_bit_by_bit() {
    let unit = |bits: u64| (bits >> 11) as f64 / (1_u64 << 53) as f64;
    let longitudes: Vec<f64> = draws().map(|bits| unit(bits) * 360.0 - 180.0).take(10_000).collect();
    let doubles: Vec<f64> = draws().map(f64::from_bits).filter(|float| float.is_finite()).take(10_000).collect();
    let singles = draws().map(|bits| f32::from_bits((bits >> 32) as u32));
    let singles: Vec<f32> = singles.filter(|float| float.is_finite()).take(10_000).collect();
    let (builder, _) = builder(store());
    let sessions = builder.max_payload(1 << 20).build().unwrap();
    let mut browser = Browser::default();
    browser
        .request(&sessions, |session| {
            session.insert("longitudes", &longitudes).unwrap();
            session.insert("doubles", &doubles).unwrap();
            session.insert("singles", &singles).unwrap();
            session.insert("ends", [-0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX]).unwrap();
        })
        .await;
    let session = load(&browser, &sessions).await;
    let bits = |floats: &[f64]| floats.iter().map(|float| float.to_bits()).collect::<Vec<_>>();
    let read = |key: &str| bits(&session.get::<Vec<f64>>(key).unwrap().unwrap());
    assert_eq!(read("longitudes"), bits(&longitudes));
    assert_eq!(read("doubles"), bits(&doubles));
    assert_eq!(read("ends"), bits(&[-0.0, f64::MIN_POSITIVE, 5e-324, f64::MAX]));
    let again: Vec<f32> = session.get("singles").unwrap().unwrap();
    assert!(again.iter().zip(&singles).all(|(a, b)| a.to_bits() == b.to_bits()) && again.len() == singles.len());
}

const NAME: Key<Option<String>> = Key::new("name");

#[tokio::test]
async fn null_is_absence_on_the_way_in() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    let held = |session: &Session| (session.contains(NAME), session.keys(), session.get(NAME).unwrap());
    let nothing = (false, vec!["other".to_owned()], None);
    browser
        .request(&sessions, |session| {
            session.insert("other", 1).unwrap();
            session.insert(NAME, None).unwrap();
            assert_eq!(held(session), nothing);
            session.insert(NAME, Some("x".to_owned())).unwrap();
            assert_eq!(session.get(NAME).unwrap(), Some(Some("x".to_owned())));
        })
        .await;
    browser
        .request(&sessions, |session| {
            assert_eq!(session.update(NAME, |name| name.flatten().filter(|name| name != "x")).unwrap(), None);
            assert_eq!(held(session), nothing);
            // It is given nothing where there is nothing.
            session.update(NAME, |name| Some(format!("{}", name.is_none()))).unwrap();
            assert_eq!(session.take(NAME).unwrap(), Some(Some("true".to_owned())));
            assert_eq!(session.take(NAME).unwrap(), None);
            for () in [session.insert("name", ()), session.insert("name", serde_json::Value::Null)].map(Result::unwrap)
            {
                assert_eq!(held(session), nothing);
            }
        })
        .await;
    assert_eq!(held(&load(&browser, &sessions).await), nothing);
    // What there is not is removed without a write.
    let lazy = browser.open(&sessions);
    lazy.load().await.unwrap().insert(NAME, None).unwrap();
    lazy.load().await.unwrap().update(NAME, |_| None).unwrap();
    let outcome = sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    assert_eq!(outcome, session_core::CloseOutcome::Unchanged);
}

#[tokio::test]
async fn a_null_of_an_earlier_version_is_absence() {
    let store = store();
    let (sessions, _) = sessions(store.clone());
    let owner = Owner::new("u").unwrap();
    let mut browser = planted(&store, WITH_NULL, Some(owner.clone())).await;
    let [info] = <[_; 1]>::try_from(sessions.list(&owner).await.unwrap()).unwrap();
    let read = sessions.get(&info.session_key()).await.unwrap().unwrap();
    assert_eq!((read.get::<Option<u8>>("a").unwrap(), read.get::<u8>("b").unwrap()), (None, Some(1)));
    assert_eq!(read.keys(), ["b"]);
    let check = |session: &Session| {
        assert!(!session.contains("a"));
        assert_eq!(session.keys(), ["b"]);
        assert_eq!(session.get::<u8>("a").unwrap(), None);
        assert_eq!(session.get::<()>("a").unwrap(), None);
        assert_eq!(session.get::<Option<u8>>("a").unwrap(), None);
        assert_eq!(session.take::<Option<u8>>("a").unwrap(), None);
    };
    browser.request(&sessions, check).await;
    let session = load(&browser, &sessions).await;
    session
        .transaction(|draft| {
            assert!(!draft.contains("a"));
            assert_eq!((draft.keys(), draft.get::<u8>("a")?), (vec!["b".to_owned()], None));
            assert_eq!(draft.update("a", |old: Option<u8>| old.map_or(7, |_| 0))?, 7);
            Ok::<_, SessionError>(())
        })
        .await
        .unwrap();
    assert_eq!(browser.read(&sessions, "a").await, Some(7));
}

#[tokio::test]
async fn what_is_removed_by_null_stays_so_on_what_another_request_wrote() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    let set = |session: &Session| {
        session.insert("inserted", 1).unwrap();
        session.insert("updated", 1).unwrap();
    };
    browser.request(&sessions, set).await;
    let lazy = browser.open(&sessions);
    let session = lazy.load().await.unwrap();
    session.insert("inserted", None::<u8>).unwrap();
    session.update("updated", |old: Option<Option<u8>>| old.flatten().filter(|number| *number > 2)).unwrap();
    let kept = |old: Option<Option<u64>>| Some(old.flatten().map_or(1, |number| number + 1));
    session.update("counted", kept).unwrap();
    browser
        .request(&sessions, |session| {
            set(session);
            session.insert("inserted", 2).unwrap();
            session.update("counted", kept).unwrap();
        })
        .await;
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    let session = load(&browser, &sessions).await;
    assert_eq!((session.keys(), session.get::<u64>("counted").unwrap()), (vec!["counted".to_owned()], Some(2)));
}

#[tokio::test]
async fn what_is_refused_leaves_what_was_there() {
    let (sessions, _) = sessions(store());
    let mut browser = Browser::default();
    browser
        .request(&sessions, |session| {
            session.insert("price", 1.5).unwrap();
            let inserted = session.insert("price", f64::NAN).unwrap_err();
            let updated = session.update("price", |price: Option<f64>| price.unwrap() / 0.0).unwrap_err();
            for (error, said) in [(inserted, "NaN"), (updated, "infinite")] {
                assert!(
                    matches!(&error, SessionError::NotSerializable { misfit, .. } if misfit.reason().contains(said))
                );
                assert_eq!(error.http_status(), 500);
            }
            assert_eq!(session.get::<f64>("price").unwrap(), Some(1.5));
        })
        .await;
    assert_eq!(load(&browser, &sessions).await.get::<f64>("price").unwrap(), Some(1.5));
}

/// The page's last table, line by line: what is read from a copy.
#[test]
fn what_the_page_says_of_copies_is_so() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    #[serde(tag = "kind")]
    enum Tagged<T> {
        Only { value: T },
    }
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    #[serde(untagged)]
    enum Untagged {
        Float(f64),
        Int(i64),
    }
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Flat {
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<u8>,
        #[serde(flatten)]
        rest: BTreeMap<String, u8>,
    }
    fn again<T: Serialize + DeserializeOwned>(value: T) -> Result<T, String> {
        let session = new_session();
        session.insert("value", value).unwrap();
        let read = session.get("value").map(Option::unwrap);
        read.map_err(|error| match error {
            SessionError::WrongType { misfit, .. } => misfit.to_string(),
            error => panic!("{error}"),
        })
    }
    assert!(again(Tagged::Only { value: 1_u128 }).is_err() && again(Tagged::Only { value: 1_i128 }).is_err());
    assert!(again(Tagged::Only { value: BTreeMap::from([(1, 2)]) }).is_err());
    assert!(again(Tagged::Only { value: BTreeMap::from([(true, 2)]) }).is_err());
    let float = 7.038_531e-26_f32;
    assert_eq!(again(float), Ok(float));
    let Tagged::Only { value } = again(Tagged::Only { value: float }).unwrap();
    assert_eq!(value.to_bits().abs_diff(float.to_bits()), 1);
    let moved = again(Flat { name: None, rest: BTreeMap::from([("name".to_owned(), 1)]) }).unwrap();
    assert_eq!(moved.name, Some(1));
    assert_eq!(again(Untagged::Int(1)), Ok(Untagged::Float(1.0)));
    // And outside of them.
    assert_eq!(again(Some(u128::MAX)), Ok(Some(u128::MAX)));
    assert_eq!(again(BTreeMap::from([(i128::MIN, 2)])), Ok(BTreeMap::from([(i128::MIN, 2)])));
}
