//! Ends that PostgreSQL tells: what is told, and what becomes of it behind a pooler.
#![cfg(all(unix, feature = "postgres"))]

mod support;

use std::time::Duration;

use session_conformance::servers::PgBouncer;
use session_conformance::{Harness, sockets};
use session_sql::session_core::{BoxError, Notice, SessionStore, Sessions, Watcher};
use session_sql::sqlx::postgres::{PgConnectOptions, PgListener};
use session_sql::{ConfigError, Ends, PostgresStore, SqlConfig};
use support::bed::Bed;
use support::postgres::PostgresHarness;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(30);

async fn next(watcher: &mut Watcher) -> Notice {
    timeout(LONG, watcher.next()).await.expect("a notice").expect("the store is there")
}

fn watcher(store: &PostgresStore) -> Watcher {
    store.watch().expect("it can tell").watcher()
}

#[tokio::test]
async fn an_end_in_another_process_is_seen_at_once() -> Result<(), BoxError> {
    let harness: PostgresHarness = PostgresHarness::start().await?;
    harness.store.init().await?;
    let there = harness.with(harness.config()).await?;
    let (here, there) = (Sessions::builder(harness.store.clone()).build()?, Sessions::builder(there).build()?);
    let seen = sockets::ends_seen(&here, &there, 50).await?;
    // Where a feed tells all, a look is due after a minute.
    assert!(seen.delays.last() < Some(&Duration::from_secs(10)), "{seen:?}");
    harness.stop().await;
    Ok(())
}

#[tokio::test]
async fn what_ends_nothing_tells_nothing() -> Result<(), BoxError> {
    let harness: PostgresHarness = PostgresHarness::start().await?;
    harness.store.init().await?;
    let telling: Vec<_> = harness
        .store
        .statements()
        .into_iter()
        .filter(|(_, sql)| sql.contains("notify"))
        .map(|(name, _)| name)
        .collect();
    assert_eq!(telling, ["end"]);
    let silent = harness.with(harness.config().with_ends(Ends::Silent)).await?;
    assert!(silent.watch().is_none());
    assert!(silent.statements().iter().all(|(_, sql)| !sql.contains("notify")));
    // Hears the channel past the store.
    let mut listener = PgListener::connect_with(harness.pool()).await?;
    listener.listen("sessions_ends").await?;
    let sessions = Sessions::builder(harness.store.clone()).build()?;
    let quiet = Sessions::builder(silent).build()?;
    let (ended_in_silence, ended) = (sockets::socket(&quiet).await?, sockets::socket(&sessions).await?);
    ended.insert("n", 2).unwrap();
    ended.commit().await?;
    quiet.revoke(&ended_in_silence.session_key().unwrap()).await?;
    let key = ended.session_key().unwrap();
    sessions.revoke(&key).await?;
    loop {
        let told = timeout(LONG, listener.recv()).await??;
        // Others end sessions in other schemas meanwhile.
        assert_ne!(told.payload(), ended_in_silence.session_key().unwrap().encode());
        if told.payload() == key.encode() {
            break;
        }
    }
    drop(listener);
    harness.stop().await;
    Ok(())
}

#[tokio::test]
async fn behind_a_pooler_it_is_found_out_and_the_server_itself_can_be_named() -> Result<(), BoxError> {
    let harness: PostgresHarness = PostgresHarness::start().await?;
    harness.store.init().await?;
    let options: PgConnectOptions = harness.server().url().parse()?;
    let (host, port, user) = (options.get_host(), options.get_port(), options.get_username());
    let password = harness.server().password().map(|it| format!(" password={it}")).unwrap_or_default();
    // Several connections, so that who speaks and who listens have not the same.
    let settings = ["pool_mode = transaction", "min_pool_size = 3"];
    let bouncer = PgBouncer::before(&format!("host={host} port={port} user={user}{password}"), &settings).await?;
    let config = || harness.config().with_acquire_timeout(Duration::from_secs(2));
    let behind = PostgresStore::from_url_with(bouncer.url(), config())?;
    let mut unfed = watcher(&behind);
    let came = timeout(Duration::from_secs(5), unfed.next()).await;
    assert!(came.is_err(), "it is no feed: {came:?}");
    let named = PostgresStore::from_url_with(bouncer.url(), config().with_listen_url(harness.server().url()))?;
    let mut fed = watcher(&named);
    assert_eq!(next(&mut fed).await, Notice::Resumed);
    let sessions = Sessions::builder(harness.store.clone()).build()?;
    let session = sockets::socket(&sessions).await?;
    let key = session.session_key().unwrap();
    sessions.revoke(&key).await?;
    loop {
        match next(&mut fed).await {
            Notice::Changed(told) if told == key => break,
            // Others end sessions in other schemas meanwhile.
            Notice::Changed(_) => {}
            notice => panic!("{notice:?}"),
        }
    }
    named.close().await;
    assert_eq!(next(&mut fed).await, Notice::Lost, "a store that is closed tells nothing");
    behind.close().await;
    harness.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_url_to_listen_to_that_cannot_be_read_is_refused_and_no_url_is_shown() {
    let config = SqlConfig::default().with_listen_url("postgres://ann:secret@[");
    assert!(!format!("{config:?}").contains("secret"));
    let error = PostgresStore::from_url_with("postgres://localhost/x", config).unwrap_err();
    assert!(matches!(error, ConfigError::Url(_)) && !format!("{error:?}").contains("secret"), "{error:?}");
}
