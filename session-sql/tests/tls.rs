//! What goes wrong on an encrypted connection costs that connection, and nothing else.

#![cfg(all(feature = "mysql", feature = "tls"))]

mod support;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use session_conformance::Harness;
use session_sql::MySqlStore;
use session_sql::session_core::{BoxError, Put, PutOutcome, SessionStore, StoreError};
use support::bed::{Bed, create, key, patient, record};
use support::mysql::{MariaDbOverTls, MySqlHarness};
use tokio::time::timeout;

/// Polls a future once, and drops it; tells whether it was still waiting, which a fast server can spare it.
async fn dropped_at_once(future: impl Future) -> bool {
    let mut future = pin!(future);
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_was_dropped_and_then_fails_holds_no_connection_back() -> Result<(), BoxError> {
    let bed = MySqlHarness::<MariaDbOverTls>::start().await?;
    bed.store.init().await?;
    let store = bed.with(patient().with_max_connections(1)).await?;
    create(&store, key(1), &record(1, 1_000)).await;
    let mut dropped = 0;
    for _ in 0..50 {
        // It is prepared already, so that this sends it, and the key is taken.
        assert_eq!(store.put(&key(1), &record(2, 1_000), Put::Create).await?, PutOutcome::Exists);
        dropped += usize::from(dropped_at_once(store.put(&key(1), &record(3, 1_000), Put::Create)).await);
        assert_eq!(*store.get(&key(1)).await?.unwrap(), record(1, 1_000));
    }
    assert!(dropped > 0, "it never waits");
    store.close().await;
    bed.stop().await;
    Ok(())
}

/// Reads until there is an answer: on a busy machine a connection takes longer than this store waits for one.
async fn answers(store: &MySqlStore) {
    let read = async {
        loop {
            match store.get(&key(1)).await {
                Ok(found) => return assert_eq!(*found.unwrap(), record(1, 1_000)),
                Err(StoreError::Unavailable { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    timeout(Duration::from_secs(60), read).await.expect("an answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_holds_up_neither_the_pool_nor_who_closes_it() -> Result<(), BoxError> {
    let bed = MySqlHarness::<MariaDbOverTls>::start().await?;
    bed.store.init().await?;
    let (patience, limit) = (Duration::from_secs(2), Duration::from_secs(30));
    let one = patient().with_max_connections(1).with_acquire_timeout(patience);
    let (dropped, idle) = (bed.with(one.clone()).await?, bed.with(one).await?);
    create(&bed.store, key(1), &record(1, 1_000)).await;
    for store in [&dropped, &idle] {
        answers(store).await;
    }
    bed.server().node().pause()?;
    assert!(dropped_at_once(dropped.get(&key(1))).await);
    timeout(limit, idle.close()).await.expect("it is closed");
    // Whoever asks is told until the connection that does not answer is let go, and then until the server opens another.
    assert!(matches!(dropped.get(&key(1)).await, Err(StoreError::Unavailable { .. })));
    bed.server().node().resume()?;
    answers(&dropped).await;
    bed.server().node().pause()?;
    timeout(limit, dropped.close()).await.expect("it is closed");
    bed.server().node().resume()?;
    bed.stop().await;
    Ok(())
}
