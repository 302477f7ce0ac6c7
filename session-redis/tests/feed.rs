//! Changes that the server pushes: what becomes of them when the connection does not work, or is not allowed.

mod common;

use std::time::Duration;

use common::admin::Admin;
use common::proxy::{Loss, before};
use common::{ACCESS, User, command, key, record};
use session_conformance::servers::Redis;
use session_conformance::sockets;
use session_redis::redis::{Client, Value};
use session_redis::session_core::{Notice, Put, PutOutcome, SessionStore, Sessions, Watcher};
use session_redis::{RedisConfig, RedisStore};
use tokio::time::{Instant, timeout};

const LONG: Duration = Duration::from_secs(30);

fn watcher(store: &RedisStore) -> Watcher {
    store.watch().expect("it can tell").watcher()
}

async fn next(watcher: &mut Watcher) -> Notice {
    timeout(LONG, watcher.next()).await.expect("a notice").expect("the store is there")
}

#[tokio::test]
async fn a_connection_that_falls_silent_is_told_and_another_is_made() {
    let server = Redis::start().await.unwrap();
    let (_, port) = server.url().rsplit_once(':').unwrap();
    let port = port.trim_end_matches(|c: char| !c.is_ascii_digit());
    let loss = Loss::default();
    let through = before(port.parse().unwrap(), loss.clone()).await.unwrap();
    let through = server.url().replace(&format!(":{port}"), &format!(":{through}"));
    let prefix = common::unique("feed");
    let config = || RedisConfig::default().with_prefix(&prefix).with_response_timeout(Duration::from_millis(500));
    let here = RedisStore::from_url(&through, config()).unwrap();
    let there = RedisStore::from_url(server.url(), config()).unwrap();
    let mut watcher = watcher(&here);
    assert_eq!(next(&mut watcher).await, Notice::Resumed);
    loss.silence(true);
    let silent = Instant::now();
    assert_eq!(next(&mut watcher).await, Notice::Lost);
    assert!(silent.elapsed() < Duration::from_secs(10), "{:?}", silent.elapsed());
    loss.silence(false);
    assert_eq!(next(&mut watcher).await, Notice::Resumed);
    let (key, record) = (key(), record(None));
    assert_eq!(there.put(&key, &record, Put::Create).await.unwrap(), PutOutcome::Stored);
    assert_eq!(next(&mut watcher).await, Notice::Changed(key));
}

#[tokio::test]
async fn a_user_who_may_not_is_denied_once_and_ends_are_looked_for() {
    let server = Redis::alone(&[]).await.unwrap();
    let admin = Admin::of(&Client::open(server.url()).unwrap()).await.unwrap();
    let user = User::new();
    let access = ACCESS.replace("+client|tracking", "");
    admin.run::<Value>(&user.made_with(&[&access])).await.unwrap();
    let store = RedisStore::from_url(&user.url(server.url()), RedisConfig::default().with_prefix(&user.name)).unwrap();
    let look = Duration::from_millis(200);
    let here = Sessions::builder(store.clone()).look_every(look).build().unwrap();
    let there = Sessions::builder(store).build().unwrap();
    here.init().await.unwrap();
    for _ in 0..3 {
        let session = sockets::socket(&here).await.unwrap();
        there.revoke(&session.session_key().unwrap()).await.unwrap();
        timeout(LONG, session.ended()).await.unwrap();
    }
    let denied: Vec<Value> = admin.run(&command("ACL LOG")).await.unwrap();
    assert_eq!(denied.len(), 1, "{denied:?}");
}

#[tokio::test]
async fn an_end_in_another_process_is_seen_at_once() {
    let server = Redis::start().await.unwrap();
    let prefix = common::unique("feed");
    let sessions = || {
        let store = RedisStore::from_url(server.url(), RedisConfig::default().with_prefix(&prefix)).unwrap();
        Sessions::builder(store).build().unwrap()
    };
    let seen = sockets::ends_seen(&sessions(), &sessions(), 100).await.unwrap();
    // Where a feed tells all, a look is due after a minute.
    assert!(seen.delays.last() < Some(&Duration::from_secs(10)), "{seen:?}");
}

#[tokio::test]
async fn while_nobody_listens_there_is_no_connection_for_it() {
    let server = Redis::alone(&[]).await.unwrap();
    let admin = Admin::of(&Client::open(server.url()).unwrap()).await.unwrap();
    let store = RedisStore::from_url(server.url(), RedisConfig::default()).unwrap();
    store.init().await.unwrap();
    let listening = async || {
        let clients: String = admin.run(&command("CLIENT LIST")).await.unwrap();
        clients.lines().filter(|client| client.contains("flags=tB") || client.contains("flags=Bt")).count()
    };
    assert_eq!(listening().await, 0);
    let mut watcher = watcher(&store);
    assert_eq!(next(&mut watcher).await, Notice::Resumed);
    assert_eq!(listening().await, 1);
    drop(watcher);
    let began = Instant::now();
    while listening().await > 0 {
        assert!(began.elapsed() < LONG);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
