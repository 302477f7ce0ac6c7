//! actix-session's own suite for stores, on ours by the bridge; and what the bridge promises beyond it.

mod ours;

use std::collections::HashMap;
use std::time::Duration;

use actix_session::storage::{LoadError, SessionStore as _, UpdateError, generate_session_key};
use actix_web::cookie::time;
use ours::{Ours, ours};
use session_bridges::session_core::{Clock as _, ManualClock, Owner, SessionStore};
use session_bridges::{ActixStore, Over};

/// Theirs, as it stands in their package.
#[allow(unreachable_pub, missing_debug_implementations, clippy::all)]
mod suite {
    include!(concat!(env!("OUT_DIR"), "/actix_session.rs"));
}

const TTL: time::Duration = time::Duration::minutes(10);

fn state(values: &[(&str, &str)]) -> HashMap<String, String> {
    values.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn their_suite_passes_on_each_of_our_stores() {
    actix_web::rt::System::new().block_on(async {
        for Ours { name, store, _place } in ours().await {
            println!("{name}");
            let bridge = ActixStore::new(store);
            suite::acceptance_test_suite(move || bridge.clone(), true).await;
        }
    });
}

#[tokio::test]
async fn an_update_never_begins_a_session() {
    for Ours { name, store, _place } in ours().await {
        let bridge = ActixStore::new(store);
        let key = bridge.save(state(&[("user", "1")]), &TTL).await.unwrap();
        let again = || key.as_ref().to_owned().try_into().unwrap();
        bridge.delete(&again()).await.unwrap();
        let error = bridge.update(again(), state(&[("user", "2")]), &TTL).await.unwrap_err();
        let UpdateError::Other(error) = error else { panic!("{name}: {error:?}") };
        assert!(error.downcast_ref::<Over>().is_some(), "{name}: {error:?}");
        assert!(bridge.load(&key).await.unwrap().is_none(), "{name}");
    }
}

#[tokio::test]
async fn of_updates_and_a_logout_at_once_the_logout_stands() {
    for Ours { name, store, _place } in ours().await {
        let bridge = ActixStore::new(store);
        for _ in 0..20 {
            let key = bridge.save(state(&[("user", "1")]), &TTL).await.unwrap();
            let again = || key.as_ref().to_owned().try_into().unwrap();
            let updates = async {
                // Until the logout is met.
                while bridge.update(again(), state(&[("user", "2")]), &TTL).await.is_ok() {
                    tokio::task::yield_now().await;
                }
            };
            let logout = async {
                tokio::task::yield_now().await;
                bridge.delete(&again()).await.unwrap();
            };
            tokio::join!(updates, logout);
            assert!(bridge.load(&key).await.unwrap().is_none(), "{name}");
        }
    }
}

#[tokio::test]
async fn a_session_ends_by_the_clock_and_a_longer_life_moves_its_end() {
    for Ours { name, store, _place } in ours().await {
        let clock = ManualClock::new(session_bridges::session_core::SystemClock.now());
        let bridge = ActixStore::new(store).with_clock(clock.clone());
        let key = bridge.save(state(&[]), &TTL).await.unwrap();
        clock.advance(Duration::from_secs(9 * 60));
        bridge.update_ttl(&key, &TTL).await.unwrap();
        clock.advance(Duration::from_secs(9 * 60));
        assert!(bridge.load(&key).await.unwrap().is_some(), "{name}");
        clock.advance(Duration::from_secs(60));
        assert!(bridge.load(&key).await.unwrap().is_none(), "{name}");
        let again = key.as_ref().to_owned().try_into().unwrap();
        assert!(bridge.update(again, state(&[]), &TTL).await.is_err(), "{name}");
        bridge.update_ttl(&key, &TTL).await.unwrap();
        assert!(bridge.load(&key).await.unwrap().is_none(), "{name}");
    }
}

#[tokio::test]
async fn the_owner_has_a_list_and_the_store_nothing_that_opens_a_session() {
    for Ours { name, store, _place } in ours().await {
        let bridge = ActixStore::new(store.clone()).with_owner("user_id");
        let key = bridge.save(state(&[("user_id", "\"ferris\"")]), &TTL).await.unwrap();
        bridge.save(state(&[("user_id", "7")]), &TTL).await.unwrap();
        bridge.save(state(&[]), &TTL).await.unwrap();
        let owners = store.owners().unwrap();
        for owner in ["ferris", "7"] {
            let page = owners.list(&Owner::new(owner).unwrap(), None, 10.try_into().unwrap()).await.unwrap();
            assert_eq!(page.records.len(), 1, "{name}: {owner}");
        }
        let page = owners.list(&Owner::new("ferris").unwrap(), None, 10.try_into().unwrap()).await.unwrap();
        let (stored, record) = &page.records[0];
        assert_ne!(stored.encode(), key.as_ref(), "{name}");
        assert!(!record.payload.windows(key.as_ref().len()).any(|part| part == key.as_ref().as_bytes()), "{name}");
        // Whoever revokes it ends it for the app.
        store.delete(stored).await.unwrap();
        assert!(bridge.load(&key).await.unwrap().is_none(), "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_their_error_for_that() {
    use session_bridges::session_core::{Put, PutOutcome, Record, SessionKey, SystemClock, Version};
    use sha2::{Digest as _, Sha256};

    let store = session_ets::EtsStore::new(session_ets::Table::private());
    let drawn = generate_session_key();
    let now = SystemClock.now();
    let record = Record {
        version: Version::random().unwrap(),
        payload: "no JSON".into(),
        owner: None,
        created_at: now,
        last_seen_at: now,
        expires_at: now + Duration::from_secs(60),
    };
    let key = SessionKey::from_bytes(Sha256::digest(drawn.as_ref()).into());
    assert_eq!(store.put(&key, &record, Put::Create).await.unwrap(), PutOutcome::Stored);
    let error = ActixStore::new(store).load(&drawn).await.unwrap_err();
    assert!(matches!(error, LoadError::Deserialization(_)), "{error:?}");
}
