//! Sealed payloads on a live store.
#![cfg(feature = "sealed")]

mod support;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use session_core::{
    CloseOutcome, Codec, Expiry, Handled, Json, ManualClock, Owner, PlainPayloads, Put, PutOutcome, ReadOnly, Record,
    RecordHead, RequestHead, Sealed, SealingKey, SessionError, SessionKey, SessionStore, Sessions, Timestamp, Version,
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
    browser.request(&new, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
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
async fn an_old_id_whose_session_a_server_cannot_read_is_left_alone_there() {
    let (store, clock) = (store(), ManualClock::new(support::START));
    let server = |keys: &[u8]| {
        let codec = Sealed::new(keys.iter().map(|&byte| key(byte))).unwrap();
        let builder = builder(store.clone()).0.clock(clock.clone()).codec(codec);
        builder.renew_every(Duration::from_secs(3600)).build().unwrap()
    };
    let (old, both) = (server(&[1]), server(&[2, 1]));
    let mut browser = Browser::default();
    browser.request(&old, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
    clock.advance(Duration::from_secs(3600));
    // The answer that brings the new id is lost, and the next request is served by one that has the new key.
    let renewed = browser.clone().request(&old, |_| {}).await;
    assert_eq!(renewed, CloseOutcome::Renewed);
    assert_eq!(browser.request(&both, count).await, CloseOutcome::Written);
    for later in [Duration::ZERO, Duration::from_secs(60)] {
        clock.advance(later);
        let refused = browser.try_write(&old).await;
        assert!(matches!(refused, SessionError::ReadOnly(ReadOnly::NoKey)), "{refused:?}");
    }
    assert_eq!(browser.read(&both, "n").await, Some(1));
}

#[tokio::test]
async fn a_logout_that_is_left_to_another_server_leaves_the_cookie_whatever_else_it_ended() {
    let store = store();
    let (old, both) = (sealed(&store, &[1]), sealed(&store, &[2, 1]));
    let mut browsers = [Browser::default(), Browser::default()];
    for browser in &mut browsers {
        browser.request(&old, count).await;
    }
    let header = browsers.each_ref().map(|browser| browser.cookie().unwrap()).join("; ");
    let lazy = old.open(RequestHead::new("POST").with_cookies([header.as_bytes()]));
    let session = lazy.load().await.unwrap();
    for browser in &mut browsers {
        if browser.open(&both).load().await.unwrap().session_key() == session.session_key() {
            browser.request(&both, count).await;
        }
    }
    session.log_out();
    let closed = old.close(&lazy, Handled::Completed).await;
    assert!(matches!(&closed.outcome, Err(SessionError::Codec(error)) if error.lacks_key()), "{closed:?}");
    assert!(closed.set_cookie.is_none() && closed.removals.is_empty());
    let mut known = Vec::new();
    for browser in &browsers {
        known.push(browser.is_known(&both).await);
    }
    assert_eq!(known.iter().filter(|known| **known).count(), 1, "the other one has ended");
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
        assert_eq!(store.put(key, other, Put::Create).await.unwrap(), PutOutcome::Stored);
    }
    for browser in [&ann, &bob] {
        assert!(!browser.is_known(&sessions).await);
    }
}

/// Writes to the one row as an `UPDATE` in the database would.
async fn update(store: &EtsStore, change: impl FnOnce(&mut Record)) {
    let (key, current) = rows(store).await.remove(0);
    let mut record = Record::clone(&current);
    record.version = Version::random().unwrap();
    change(&mut record);
    assert_eq!(store.put(&key, &record, Put::Replace(current.version)).await.unwrap(), PutOutcome::Stored);
}

/// Gives sealing sessions that count what they tell of tampered records.
fn watched(store: &EtsStore, expiry: Expiry) -> (Sessions, ManualClock, Arc<AtomicUsize>) {
    let told = Arc::new(AtomicUsize::new(0));
    let (builder, clock) = builder(store.clone());
    let counted = Arc::clone(&told);
    let builder = builder.codec(Sealed::new([key(1)]).unwrap()).expiry(expiry).on_event(move |event| {
        if event.kind().name() == "tampered" {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (builder.build().unwrap(), clock, told)
}

#[tokio::test]
async fn who_writes_another_owner_or_beginning_into_the_table_becomes_nobody_else() {
    type Attack = (&'static str, fn(&mut Record));
    let attacks: [Attack; 4] = [
        ("another owner", |record| record.owner = Some(Owner::new("admin").unwrap())),
        ("no owner", |record| record.owner = None),
        ("a later beginning", |record| record.created_at = record.created_at + Duration::from_secs(3600)),
        ("an earlier beginning", |record| record.created_at = Timestamp::MIN),
    ];
    for (attack, change) in attacks {
        let store = store();
        let (sessions, _, told) = watched(&store, Expiry::default());
        let mut browser = Browser::default();
        browser.request(&sessions, |session| session.log_in(Owner::new("mallory").unwrap()).unwrap()).await;
        update(&store, change).await;
        let lazy = browser.open(&sessions);
        let session = lazy.load().await.unwrap();
        assert!(session.is_new() && session.owner().is_none() && session.read_only().is_none(), "{attack}");
        assert_eq!(told.load(Ordering::SeqCst), 1, "{attack}");
        // It is kept for who looks into it, belongs to nobody's list, and its visitor goes on with a new one.
        assert_eq!(rows(&store).await.len(), 1, "{attack}");
        for owner in ["admin", "mallory"] {
            assert!(sessions.list(&Owner::new(owner).unwrap()).await.unwrap().is_empty(), "{attack}");
        }
        assert_eq!(browser.request(&sessions, count).await, CloseOutcome::Created, "{attack}");
        assert_eq!(browser.read(&sessions, "n").await, Some(1), "{attack}");
    }
}

#[tokio::test]
async fn who_writes_a_later_deadline_into_the_table_lives_no_longer_than_the_absolute_timeout() {
    let store = store();
    let hour = Duration::from_secs(3600);
    let (sessions, clock, _) = watched(&store, Expiry::default().with_idle(hour).with_absolute(hour * 3));
    let mut browser = Browser::default();
    let ann = Owner::new("ann").unwrap();
    browser.request(&sessions, |session| session.log_in(ann.clone()).unwrap()).await;
    update(&store, |record| record.expires_at = Timestamp::MAX).await;
    clock.advance(hour * 3 - Duration::from_millis(1));
    assert!(browser.is_known(&sessions).await, "what remains: it does not end as idle");
    clock.advance(Duration::from_millis(1));
    assert!(!browser.is_known(&sessions).await);
    assert!(sessions.list(&ann).await.unwrap().is_empty());
}

#[tokio::test]
async fn sealing_is_switched_on_and_off_on_a_live_store_without_a_logout() {
    let store = store();
    let with = |plain: Option<PlainPayloads>| match plain {
        Some(plain) => {
            let codec = Sealed::new([key(1)]).unwrap().plain(plain);
            builder(store.clone()).0.codec(codec).build().unwrap()
        }
        None => builder(store.clone()).0.build().unwrap(),
    };
    let later = PlainPayloads::ReadUntil(Timestamp::MAX);
    let steps = [None, Some(PlainPayloads::Written), Some(later), Some(PlainPayloads::Refused)];
    let steps = || steps.into_iter().chain(steps.into_iter().rev().skip(1)).map(with).collect::<Vec<_>>();
    // Each browser meets servers of two neighbouring steps by turns, and is never shown another session than its own.
    let mut browser = Browser::default();
    browser.request(&with(None), |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
    let mut counted = 0;
    for pair in steps().windows(2) {
        for server in [&pair[0], &pair[1], &pair[0], &pair[1]] {
            let outcome = browser
                .request(server, |session| {
                    assert_eq!(session.owner(), Some(Owner::new("ann").unwrap()));
                    count(session);
                })
                .await;
            counted += 1;
            assert_eq!(outcome, CloseOutcome::Written);
        }
    }
    assert_eq!(browser.read(&with(None), "n").await, Some(counted));
}

#[tokio::test]
async fn nothing_of_a_session_can_be_read_in_the_store() {
    let store = store();
    let mut browser = Browser::default();
    browser.request(&sealed(&store, &[1]), |session| session.insert("secret", "rosebud").unwrap()).await;
    let (key, record) = rows(&store).await.remove(0);
    assert!(Json.decode(&RecordHead::of(&key, &record, record.created_at), &record.payload).is_err());
    for text in ["secret", "rosebud"] {
        assert!(!record.payload.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
}
