//! What a restart, a crash and a second process make of the file.

use std::fs;
use std::path::Path;

use redb_store::RedbStore;
use redb_store::session_core::{
    Bytes, Owner, Put, PutOutcome, Record, SessionId, SessionKey, SessionStore, StoreError, Timestamp, Version,
};
use tempfile::TempDir;

fn record() -> Record {
    Record {
        version: Version::random().unwrap(),
        payload: Bytes::from_static(b"a cart"),
        owner: Some(Owner::new("ann").unwrap()),
        created_at: Timestamp::from_millis(1_000),
        last_seen_at: Timestamp::from_millis(2_000),
        expires_at: Timestamp::from_millis(3_000),
    }
}

/// Opens a file with a session in it.
async fn with_one(folder: &TempDir) -> (RedbStore, SessionKey, Record) {
    let store = RedbStore::open(folder.path().join("sessions.redb")).unwrap();
    store.init().await.unwrap();
    let (key, record) = (SessionId::random().unwrap().key(), record());
    assert_eq!(store.put(&key, &record, Put::Create).await.unwrap(), PutOutcome::Stored);
    (store, key, record)
}

/// Gives the file as a crash leaves it: what has not been handed to the system is lost.
fn crashed(folder: &TempDir, name: &str) -> RedbStore {
    let copy = folder.path().join(name);
    fs::copy(folder.path().join("sessions.redb"), &copy).unwrap();
    RedbStore::open(copy).unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart_and_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let (store, key, record) = with_one(&folder).await;
    let after = crashed(&folder, "first.redb");
    assert_eq!(after.get(&key).await.unwrap().as_deref(), Some(&record));
    assert!(store.delete(&key).await.unwrap());
    assert_eq!(crashed(&folder, "second.redb").get(&key).await.unwrap(), None, "who was out stays out");
    drop(store);
    let again = RedbStore::open(folder.path().join("sessions.redb")).unwrap();
    again.init().await.unwrap();
    assert_eq!(again.get(&key).await.unwrap(), None);
}

#[tokio::test]
async fn a_file_that_somebody_has_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (_store, ..) = with_one(&folder).await;
    let second = RedbStore::open(folder.path().join("sessions.redb"));
    assert!(matches!(second, Err(StoreError::Misconfigured { .. })), "{second:?}");
    let nowhere = RedbStore::open(Path::new("/nowhere/sessions.redb"));
    assert!(matches!(nowhere, Err(StoreError::Backend { .. })), "{nowhere:?}");
}

#[tokio::test]
async fn a_store_that_was_not_initialised_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let store = RedbStore::open(folder.path().join("sessions.redb")).unwrap();
    let error = store.get(&SessionId::random().unwrap().key()).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(matches!(error, StoreError::Misconfigured { .. }) && cause.contains("`init`"), "{error:?}");
}

#[tokio::test]
async fn a_payload_that_is_too_large_is_refused_and_nothing_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (store, key, before) = with_one(&folder).await;
    let limit = store.limits().max_payload;
    let large = Record { payload: vec![0; limit + 1].into(), ..record() };
    let refused = store.put(&key, &large, Put::Replace(before.version)).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { limit: said, .. }) if said == limit), "{refused:?}");
    assert_eq!(store.get(&key).await.unwrap().as_deref(), Some(&before));
}

#[test]
fn it_may_be_used_from_another_runtime_than_the_one_that_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (store, key, record) = runtime().block_on(with_one(&folder));
    assert_eq!(runtime().block_on(store.get(&key)).unwrap().as_deref(), Some(&record));
}

#[test]
fn a_write_that_comes_when_its_runtime_has_gone_down_was_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (store, ..) = runtime().block_on(with_one(&folder));
    let (again, key) = (store.clone(), SessionId::random().unwrap().key());
    let ended = runtime();
    let handle = ended.handle().clone();
    ended.shutdown_background();
    // It is asked for where the runtime's own threads take no work any more.
    let mut write = Box::pin(async move {
        let _entered = handle.enter();
        store.put(&key, &record(), Put::Create).await
    });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(written) = write.as_mut().poll(&mut context) else { panic!("it waits") };
    assert!(matches!(written, Err(StoreError::Unavailable { .. })), "{written:?}");
    assert_eq!(runtime().block_on(again.get(&key)).unwrap(), None);
}
