//! Sealed payloads on a live store.
#![cfg(feature = "sealed")]

mod support;

use std::num::NonZeroUsize;
use std::sync::Arc;

use session_core::{
    CloseOutcome, Codec, Json, Owner, ReadOnly, Record, Sealed, SealingKey, SessionError, SessionKey, SessionStore,
    Sessions,
};
use session_ets::EtsStore;
use support::{Browser, builder, count, store};

fn key(byte: u8) -> SealingKey {
    SealingKey::new([byte; 32]).unwrap()
}

fn sealed(store: &EtsStore, keys: &[u8]) -> Sessions {
    let codec = Sealed::new(keys.iter().map(|&byte| key(byte))).unwrap();
    builder(store.clone()).0.codec(codec).build().unwrap()
}

async fn rows(store: &EtsStore) -> Vec<(SessionKey, Arc<Record>)> {
    store.scan().unwrap().page(None, NonZeroUsize::new(10).unwrap()).await.unwrap().records
}

/// Tells which key sealed the one row, by its mark.
async fn is_sealed_by(store: &EtsStore, byte: u8) -> bool {
    let payload = rows(store).await[0].1.payload.clone();
    let mark: String = payload[1..5].iter().map(|byte| format!("{byte:02x}")).collect();
    mark == key(byte).mark()
}

#[tokio::test]
async fn a_session_goes_on_while_keys_are_rotated_and_is_sealed_anew_at_its_next_write() {
    let store = store();
    let mut browser = Browser::default();
    browser.request(&sealed(&store, &[1]), count).await;
    assert!(is_sealed_by(&store, 1).await);

    let both = sealed(&store, &[2, 1]);
    assert_eq!(browser.read(&both, "n").await, Some(1));
    assert!(is_sealed_by(&store, 1).await, "a read does not seal anew");
    assert_eq!(browser.request(&both, count).await, CloseOutcome::Written);
    assert!(is_sealed_by(&store, 2).await);

    // A server that has not been restarted yet, and has the new key behind the old one.
    assert_eq!(browser.request(&sealed(&store, &[1, 2]), count).await, CloseOutcome::Written);
    assert_eq!(browser.request(&both, count).await, CloseOutcome::Written);
    assert_eq!(browser.read(&sealed(&store, &[2]), "n").await, Some(4));
}

#[tokio::test]
async fn a_server_without_the_key_ends_no_session() {
    let store = store();
    let mut browser = Browser::default();
    let new = sealed(&store, &[2]);
    browser.request(&new, |session| session.set_owner(Owner::new("ann").unwrap()).unwrap()).await;
    browser.request(&new, count).await;

    let old = sealed(&store, &[1]);
    assert!(!browser.is_known(&old).await);
    let refused = browser.try_write(&old).await;
    assert!(matches!(refused, SessionError::ReadOnly(ReadOnly::NoKey)), "{refused:?}");
    assert_eq!(refused.http_status(), 503, "another server may have the key");
    // What it cannot open may be retired, with a live successor, so it acknowledges no end either.
    let refused = old.revoke_all(&Owner::new("ann").unwrap(), None).await.unwrap_err();
    assert!(matches!(&refused, SessionError::Codec(error) if error.lacks_key()), "{refused:?}");
    assert_eq!(browser.read(&new, "n").await, Some(1));
    assert_eq!(new.revoke_all(&Owner::new("ann").unwrap(), None).await.unwrap(), 1);
}

#[tokio::test]
async fn servers_that_seal_and_servers_that_do_not_leave_each_others_sessions_alone() {
    let store = store();
    let (seals, plain) = (sealed(&store, &[1]), builder(store.clone()).0.build().unwrap());
    let (mut ann, mut bob) = (Browser::default(), Browser::default());
    ann.request(&seals, count).await;
    bob.request(&plain, count).await;
    for _ in 0..3 {
        for (browser, sessions) in [(&mut ann, &plain), (&mut bob, &seals)] {
            assert!(!browser.is_known(sessions).await);
            let refused = browser.try_write(sessions).await;
            assert!(matches!(refused, SessionError::ReadOnly(ReadOnly::UnknownFormat)), "{refused:?}");
        }
    }
    assert_eq!((ann.read(&seals, "n").await, bob.read(&plain, "n").await), (Some(1), Some(1)));
}

#[tokio::test]
async fn rows_that_were_swapped_open_nothing() {
    let store = store();
    let sessions = sealed(&store, &[1]);
    let (mut ann, mut bob) = (Browser::default(), Browser::default());
    ann.request(&sessions, |session| session.insert("name", "ann").unwrap()).await;
    bob.request(&sessions, |session| session.insert("name", "bob").unwrap()).await;
    let rows = rows(&store).await;
    for ((key, _), (_, other)) in rows.iter().zip(rows.iter().rev()) {
        assert!(store.delete(key).await.unwrap());
        let _ = store.put(key, other, session_core::Put::Create).await.unwrap();
    }
    for browser in [&ann, &bob] {
        assert!(!browser.is_known(&sessions).await);
    }
}

#[tokio::test]
async fn nothing_of_a_session_can_be_read_in_the_store() {
    let store = store();
    let mut browser = Browser::default();
    browser.request(&sealed(&store, &[1]), |session| session.insert("secret", "rosebud").unwrap()).await;
    let (key, record) = rows(&store).await.remove(0);
    assert!(Json.decode(&key, &record.payload).is_err());
    for text in ["secret", "rosebud"] {
        assert!(!record.payload.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
}
