//! A call that is dropped half-way, as when a client hangs up: its connection is as good as before.

mod support;

use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::task::Poll;

use session_sql::SqlStore;
use session_sql::session_core::{BoxError, Put, Scan, SessionStore, Version};
use support::bed::{Bed, at, create, key, on_each, pool, record};

on_each!(a_call_dropped_at_any_moment_leaves_its_connection_as_it_was);

#[cfg(all(feature = "mysql", feature = "tls"))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_dropped_at_any_moment_over_tls_holds_no_connection_back() -> Result<(), BoxError> {
    use support::mysql::{MariaDbOverTls, MySqlHarness};

    let test = async |bed: &_| a_call_dropped_at_any_moment_leaves_its_connection_as_it_was(bed).await;
    support::bed::on::<MySqlHarness<MariaDbOverTls>, _>(test).await
}

/// Whoever is polled seldom, or dropped at each await, would not get to the end of a password's 819.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_opens_a_connection_waits_a_few_times() -> Result<(), BoxError> {
    support::bed::on::<support::postgres::PostgresHarness, _>(async |bed| {
        for call_on in [0, 2] {
            let store = bed.with(bed.config()).await?;
            bed.sql().init().await?;
            assert!(ends_within(100, call(&store, call_on)).await, "verb {call_on} waits all the time");
            store.close().await;
        }
        Ok(())
    })
    .await
}

const VERBS: usize = 8;

/// Calls one of the verbs; that it works is for other tests to say.
fn call<'a, S: SessionStore>(store: &'a S, verb: usize) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
    let (limit, version) = (NonZeroUsize::new(10).unwrap(), Version::from_u64(1));
    Box::pin(async move {
        let done = match verb {
            0 => store.init().await,
            1 => store.sweep().unwrap().delete_expired(at(1), limit).await.map(drop),
            2 => store.get(&key(1)).await.map(drop),
            3 => store.put(&key(1), &record(1, 1_000), Put::Create).await.map(drop),
            4 => store.put(&key(1), &record(2, 1_000), Put::Replace(version)).await.map(drop),
            5 => store.touch(&key(1), version, at(30), at(2_000)).await.map(drop),
            6 => store.delete(&key(1)).await.map(drop),
            VERBS.. => unreachable!("there are eight"),
            _ => store.owners().unwrap().list(&record(1, 0).owner.unwrap(), None, limit).await.map(drop),
        };
        done.unwrap();
    })
}

/// Runs a future until it has waited so many times, and drops it then; whether it had ended before.
async fn ends_within(waits: usize, future: impl Future<Output = ()>) -> bool {
    let (mut future, mut left) = (pin!(future), waits);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(true),
        Poll::Pending if left == 0 => Poll::Ready(false),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

async fn a_call_dropped_at_any_moment_leaves_its_connection_as_it_was<B: Bed>(bed: &B) -> Result<(), BoxError> {
    bed.sql().init().await?;
    let pooled = async || {
        let options = pool(bed).options().clone().max_connections(1).min_connections(0);
        let pool = options.connect_with((*pool(bed).connect_options()).clone()).await?;
        Ok::<_, BoxError>(SqlStore::with_config(pool, bed.config())?)
    };
    // Its connection stays with it between calls, and is there from the beginning.
    let of_url = async || {
        let store = bed.with(bed.config().with_max_connections(1)).await?;
        store.page(None, NonZeroUsize::MIN).await?;
        Ok(store)
    };
    drop_at_any_moment(bed, 100, pooled).await?;
    drop_at_any_moment(bed, 10_000, of_url).await
}

/// Drops each call at each of its moments, on stores of one connection. The sessions that are created in between have
/// numbers from `number` on.
async fn drop_at_any_moment<B: Bed>(
    bed: &B,
    mut number: u64,
    store: impl AsyncFn() -> Result<SqlStore<B::Db>, BoxError>,
) -> Result<(), BoxError> {
    let mut dropped = 0;
    for verb in 0..VERBS {
        // With statements that are yet to be prepared, and with some that are.
        for fresh in [true, false] {
            let mut one = store().await?;
            for waits in 0.. {
                if fresh {
                    one.close().await;
                    one = store().await?;
                }
                if verb == 0 {
                    bed.run(format!("DROP TABLE {}", bed.table("sessions"))).await?;
                }
                let ended = ends_within(waits, call(&one, verb)).await;
                bed.sql().init().await?;
                if ended {
                    break;
                }
                dropped += 1;
                // Were it in a transaction that nobody knows of, nobody else would see this.
                number += 1;
                create(&one, key(number), &record(number, 1_000)).await;
                assert_eq!(*bed.sql().get(&key(number)).await?.unwrap(), record(number, 1_000), "verb {verb}, {waits}");
            }
            one.close().await;
        }
    }
    assert!(dropped > 2 * VERBS, "hardly any call was dropped: {dropped}");
    Ok(())
}
