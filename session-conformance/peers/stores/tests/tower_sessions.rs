//! tower-sessions' own suite for stores, on ours by the bridge; and what the bridge promises beyond it.

/// Theirs, as it stands in their package.
#[macro_use]
#[allow(unreachable_pub, clippy::all)]
mod common {
    include!(concat!(env!("OUT_DIR"), "/tower_sessions.rs"));
}
mod ours;

use std::any::Any;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use ours::{Ours, ours};
use session_bridges::TowerStore;
use session_bridges::session_core::{Clock as _, ManualClock, Owner, SessionStore as _, SystemClock};
use time::OffsetDateTime;
use tower_sessions_now::session::{Id, Record};
use tower_sessions_now::session_store::{Error, ExpiredDeletion as _, SessionStore as _};

thread_local! {
    /// What the stores of this thread's test need until it ends: their apps are gone before their answers.
    static PLACES: RefCell<Vec<Arc<dyn Any + Send + Sync>>> = const { RefCell::new(Vec::new()) };
}

/// Emits their tests for one of our stores.
macro_rules! their_suite {
    ($module:ident, $name:literal) => {
        mod $module {
            use axum::Router;
            use tower_sessions_now::SessionManagerLayer;

            async fn app(max_age: Option<Duration>, domain: Option<String>) -> Router {
                let ours = crate::ours::ours().await.into_iter().find(|ours| ours.name == $name).unwrap();
                crate::PLACES.with_borrow_mut(|places| places.push(ours._place));
                let store = session_bridges::TowerStore::new(ours.store);
                crate::common::build_app(SessionManagerLayer::new(store).with_secure(true), max_age, domain)
            }

            route_tests!(app);
        }
    };
}

their_suite!(on_ets, "ETS");
their_suite!(on_sqlite, "SQLite");
their_suite!(on_postgres, "PostgreSQL");
their_suite!(on_redis, "Redis");

fn record(values: &[(&str, serde_json::Value)]) -> Record {
    Record {
        id: Id::default(),
        data: values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        expiry_date: OffsetDateTime::now_utc() + Duration::from_secs(600),
    }
}

#[tokio::test]
async fn what_is_stored_is_loaded() {
    for Ours { name, store, _place } in ours().await {
        let bridge = TowerStore::new(store);
        let mut record = record(&[("a", 1.into()), ("b", serde_json::json!({ "c": [0.1, null, "é"] }))]);
        // Ours keep milliseconds.
        record.expiry_date = record.expiry_date.replace_millisecond(7).unwrap();
        bridge.create(&mut record).await.unwrap();
        assert_eq!(bridge.load(&record.id).await.unwrap().as_ref(), Some(&record), "{name}");
        record.data.clear();
        record.expiry_date -= Duration::from_secs(60);
        bridge.save(&record).await.unwrap();
        assert_eq!(bridge.load(&record.id).await.unwrap().as_ref(), Some(&record), "{name}");
    }
}

#[tokio::test]
async fn a_taken_id_is_left_alone_and_another_is_drawn() {
    for Ours { name, store, _place } in ours().await {
        let bridge = TowerStore::new(store);
        let mut first = record(&[("a", 1.into())]);
        bridge.create(&mut first).await.unwrap();
        let mut second = Record { id: first.id, ..record(&[("a", 2.into())]) };
        bridge.create(&mut second).await.unwrap();
        assert_ne!(second.id, first.id, "{name}");
        assert_eq!(bridge.load(&first.id).await.unwrap().unwrap().data, first.data, "{name}");
        assert_eq!(bridge.load(&second.id).await.unwrap().unwrap().data, second.data, "{name}");
    }
}

#[tokio::test]
async fn a_save_never_begins_a_session() {
    for Ours { name, store, _place } in ours().await {
        let bridge = TowerStore::new(store);
        let mut record = record(&[("a", 1.into())]);
        bridge.create(&mut record).await.unwrap();
        bridge.delete(&record.id).await.unwrap();
        let error = bridge.save(&record).await.unwrap_err();
        assert!(matches!(&error, Error::Backend(text) if text.contains("is over")), "{name}: {error:?}");
        assert_eq!(bridge.load(&record.id).await.unwrap(), None, "{name}");
    }
}

#[tokio::test]
async fn of_saves_and_a_logout_at_once_the_logout_stands() {
    for Ours { name, store, _place } in ours().await {
        let bridge = TowerStore::new(store);
        for _ in 0..20 {
            let mut record = record(&[("a", 1.into())]);
            bridge.create(&mut record).await.unwrap();
            let saves = async {
                // Until the logout is met.
                while bridge.save(&record).await.is_ok() {
                    tokio::task::yield_now().await;
                }
            };
            let logout = async {
                tokio::task::yield_now().await;
                bridge.delete(&record.id).await.unwrap();
            };
            tokio::join!(saves, logout);
            assert_eq!(bridge.load(&record.id).await.unwrap(), None, "{name}");
        }
    }
}

#[tokio::test]
async fn a_session_ends_by_the_clock_and_a_sweep_takes_it() {
    for Ours { name, store, _place } in ours().await {
        let clock = ManualClock::new(SystemClock.now());
        let bridge = TowerStore::new(store.clone()).with_clock(clock.clone()).with_owner("user");
        let mut record = record(&[("user", "ann".into())]);
        bridge.create(&mut record).await.unwrap();
        clock.advance(Duration::from_secs(601));
        assert_eq!(bridge.load(&record.id).await.unwrap(), None, "{name}");
        bridge.delete_expired().await.unwrap();
        if store.sweep().is_some() {
            let owners = store.owners().unwrap();
            let page = owners.list(&Owner::new("ann").unwrap(), None, 10.try_into().unwrap()).await.unwrap();
            assert_eq!(page.records.len(), 0, "{name}");
        }
        bridge.save(&record).await.unwrap_err();
    }
}

#[tokio::test]
async fn the_owner_has_a_list_by_which_sessions_are_revoked() {
    for Ours { name, store, _place } in ours().await {
        let bridge = TowerStore::new(store.clone()).with_owner("user");
        let mut record = record(&[]);
        bridge.create(&mut record).await.unwrap();
        record.data.insert("user".to_owned(), 7.into());
        bridge.save(&record).await.unwrap();
        let owners = store.owners().unwrap();
        let page = owners.list(&Owner::new("7").unwrap(), None, 10.try_into().unwrap()).await.unwrap();
        let [(key, _)] = &page.records[..] else { panic!("{name}: {:?}", page.records.len()) };
        store.delete(key).await.unwrap();
        assert_eq!(bridge.load(&record.id).await.unwrap(), None, "{name}");
    }
}
