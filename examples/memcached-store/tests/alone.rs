//! The store on memcacheds that are started for it: wrongly set up, full, and dying.

mod support;

use std::error::Error;

use memcached_store::session_core::{BoxError, Bytes, Put, PutOutcome, Record, SessionStore, StoreError};
use session_conformance::servers::Memcached;
use support::{HOUR, config, key, record, store};

type Test = Result<(), BoxError>;

#[tokio::test]
async fn a_restart_ends_all_sessions_and_the_store_goes_on() -> Test {
    let server = Memcached::alone(&[]).await?;
    let store = store(&config(server.url())?);
    let (key, first) = (key(), record("first", HOUR));
    store.init().await?;
    assert_eq!(store.put(&key, &first, Put::Create).await?, PutOutcome::Stored);
    let node = &server.nodes()[0];
    node.kill().await?;
    for _ in 0..2 {
        let gone = store.get(&key).await;
        assert!(matches!(gone, Err(StoreError::Unavailable { .. })), "{gone:?}");
    }
    node.restart().await?;
    server.ready().await?;
    assert_eq!(store.get(&key).await?, None);
    assert_eq!(store.put(&key, &record("late", HOUR), Put::Replace(first.version)).await?, PutOutcome::Gone);
    assert_eq!(store.put(&key, &first, Put::Create).await?, PutOutcome::Stored);
    Ok(())
}

#[tokio::test]
async fn init_refuses_a_real_memcached_that_cannot_keep_sessions() -> Test {
    for (arguments, mend) in [(&["-C"][..], "without -C"), (&["-I", "512k"][..], "-I 1048576")] {
        let server = Memcached::alone(arguments).await?;
        let store = store(&config(server.url())?);
        let error = store.init().await.expect_err(mend);
        assert!(matches!(error, StoreError::Misconfigured { .. }), "{error:?}");
        let cause = error.source().ok_or("a cause")?.to_string();
        assert!(cause.contains(mend), "{cause}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_is_written_where_nothing_can_be_compared() -> Test {
    let server = Memcached::alone(&["-C"]).await?;
    let store = store(&config(server.url())?);
    let (key, first) = (key(), record("first", HOUR));
    // Nobody called init.
    assert_eq!(store.put(&key, &first, Put::Create).await?, PutOutcome::Stored);
    let refused = store.put(&key, &record("next", HOUR), Put::Replace(first.version)).await;
    assert!(matches!(refused, Err(StoreError::Misconfigured { .. })), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn a_memcached_that_must_not_evict_is_full_and_a_refused_replace_stores_nothing() -> Test {
    let server = Memcached::alone(&["-M", "-m", "2"]).await?;
    let store = store(&config(server.url())?);
    let (taken, first) = (key(), record("first", HOUR));
    assert_eq!(store.put(&taken, &first, Put::Create).await?, PutOutcome::Stored);
    let large = || Record { payload: Bytes::from(vec![7; 400_000]), ..record("", HOUR) };
    let mut stored = Ok(PutOutcome::Stored);
    for _ in 0..50 {
        stored = store.put(&key(), &large(), Put::Create).await;
        if stored.is_err() {
            break;
        }
    }
    assert!(matches!(stored, Err(StoreError::Full { .. })), "{stored:?}");
    let refused = store.put(&taken, &large(), Put::Replace(first.version)).await;
    assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
    // memcached drops what was to be replaced, as the README says; it may come to spare it.
    let found = store.get(&taken).await?;
    assert!(found.as_deref().is_none_or(|found| *found == first), "{found:?}");
    Ok(())
}
