//! Behind a proxy that sends reads to a standby which lags: nothing is overwritten and nothing comes back, but reads are as old
//! as the standby, so that it is not supported.
#![cfg(all(unix, feature = "postgres"))]

mod support;

use std::time::{Duration, Instant};

use session_conformance::servers::{Postgres, PostgresStandby};
use session_sql::PostgresStore;
use session_sql::session_core::{BoxError, Put, PutOutcome, SessionStore, StoreError, Version};
use session_sql::sqlx::{AssertSqlSafe, Connection, PgConnection, query_scalar, raw_sql};
use support::bed::{at, create, key, patient, record, with_causes};
use support::splitter;

/// Takes the proxy's word for who the client is: it cannot be asked for a password twice.
const TRUSTING: &str = "COPY (SELECT unnest(ARRAY['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 \
                        trust'])) TO ";

/// How long anything here may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Waits until the standby has what the primary has.
async fn catches_up(primary: &mut PgConnection, standby: &mut PgConnection) -> Result<(), BoxError> {
    let written: String = query_scalar("SELECT pg_current_wal_lsn()::text").fetch_one(primary).await?;
    let begun = Instant::now();
    let caught_up = format!("SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn");
    while !query_scalar::<_, bool>(AssertSqlSafe(caught_up.clone())).fetch_one(&mut *standby).await? {
        assert!(begun.elapsed() < LIMIT, "it lags behind");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_are_old_and_what_depends_on_them_fails_but_nothing_is_overwritten_or_comes_back() -> Result<(), BoxError>
{
    let primary = Postgres::alone(&[]).await?;
    let mut writes = PgConnection::connect(primary.url()).await?;
    let rules: String = query_scalar("SHOW hba_file").fetch_one(&mut writes).await?;
    raw_sql(AssertSqlSafe(format!("{TRUSTING}'{rules}'"))).execute(&mut writes).await?;
    raw_sql("SELECT pg_reload_conf()").execute(&mut writes).await?;
    let standby = PostgresStandby::of(&primary, &[]).await?;
    let mut reads = PgConnection::connect(standby.url()).await?;
    let proxy = splitter::before(primary.nodes()[0].port(), standby.nodes()[0].port()).await?;
    let url = format!("postgres://postgres@127.0.0.1:{proxy}/postgres?sslmode=disable");
    let (store, direct) =
        (PostgresStore::from_url_with(&url, patient())?, PostgresStore::from_url_with(primary.url(), patient())?);
    direct.init().await?;
    create(&direct, key(1), &record(1, 1_000)).await;
    create(&direct, key(2), &record(2, 1_000)).await;
    catches_up(&mut writes, &mut reads).await?;
    store.init().await?;
    assert_eq!(store.get(&key(1)).await?.as_deref(), Some(&record(1, 1_000)));

    raw_sql("SELECT pg_wal_replay_pause()").execute(&mut reads).await?;
    let begun = Instant::now();
    while query_scalar::<_, String>("SELECT pg_get_wal_replay_pause_state()").fetch_one(&mut reads).await? != "paused" {
        assert!(begun.elapsed() < LIMIT, "it is not paused");
        // It notices with the next thing that it replays.
        raw_sql("SELECT pg_logical_emit_message(true, '', '')").execute(&mut writes).await?;
    }
    // What was created a moment ago is not there.
    create(&store, key(3), &record(3, 1_000)).await;
    assert!(store.get(&key(3)).await?.is_none());
    // It is replaced, and then it is read as it was.
    let replaced = store.put(&key(1), &record(11, 1_000), Put::Replace(Version::from_u64(1))).await?;
    assert_eq!(replaced, PutOutcome::Stored);
    assert_eq!(store.get(&key(1)).await?.as_deref(), Some(&record(1, 1_000)));
    // Whoever writes on top of that overwrites nothing; why is not known there, and it is said.
    let refused = store.put(&key(1), &record(12, 1_000), Put::Replace(Version::from_u64(1))).await;
    let refused = refused.expect_err("that version is gone");
    assert!(matches!(refused, StoreError::Unavailable { .. }), "{refused:?}");
    assert!(with_causes(&refused).contains("is it read from a replica?"), "{}", with_causes(&refused));
    assert_eq!(direct.get(&key(1)).await?.as_deref(), Some(&record(11, 1_000)));
    // What was ended is still read, for as long as the standby lags.
    assert!(store.delete(&key(2)).await?);
    assert_eq!(store.get(&key(2)).await?.as_deref(), Some(&record(2, 1_000)));
    // It cannot be written, nor prolonged, nor does it come back.
    assert!(!store.touch(&key(2), Version::from_u64(2), at(30), at(2_000)).await?);
    assert!(store.put(&key(2), &record(22, 1_000), Put::Replace(Version::from_u64(2))).await.is_err());
    assert!(direct.get(&key(2)).await?.is_none());

    raw_sql("SELECT pg_wal_replay_resume()").execute(&mut reads).await?;
    catches_up(&mut writes, &mut reads).await?;
    assert_eq!(store.get(&key(1)).await?.as_deref(), Some(&record(11, 1_000)));
    assert!(store.get(&key(2)).await?.is_none());
    assert_eq!(store.get(&key(3)).await?.as_deref(), Some(&record(3, 1_000)));
    let gone = store.put(&key(2), &record(22, 1_000), Put::Replace(Version::from_u64(2))).await?;
    assert_eq!(gone, PutOutcome::Gone);
    store.close().await;
    direct.close().await;
    Ok(())
}
