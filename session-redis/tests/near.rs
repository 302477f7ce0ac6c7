//! The near cache over pushes of a real server: what is shown without it, and when it is asked again.
#![cfg(feature = "near")]

mod common;

use std::cell::Cell;
use std::time::{Duration, Instant};

use common::admin::Admin;
use common::proxy::{self, Loss};
use common::{ACCESS, User, command, until};
use session_conformance::servers::{Alone, Redis};
use session_redis::redis::{Client, Value};
use session_redis::session_core::{
    BuildError, CloseOutcome, Handled, Near, RequestHead, Session, SessionError, SessionKey, Sessions,
};
use session_redis::{RedisConfig, RedisStore};

async fn alone() -> (Alone, Admin) {
    let server = Redis::alone(&[]).await.expect("a server");
    let admin = Admin::of(&Client::open(server.url()).unwrap()).await.unwrap();
    (server, admin)
}

/// A process that keeps what it reads.
fn near_at(url: &str, near: Near) -> Sessions {
    let store = RedisStore::from_url(url, RedisConfig::default()).unwrap();
    Sessions::builder(store).near(near).build().unwrap()
}

fn near(server: &Alone) -> Sessions {
    near_at(server.url(), Near::default().with_max_age(Duration::from_secs(60)))
}

/// A visitor with a session.
struct Visitor {
    cookie: String,
    key: SessionKey,
}

impl Visitor {
    async fn new(sessions: &Sessions) -> Self {
        let lazy = sessions.open(RequestHead::new("POST"));
        let session = lazy.load().await.unwrap();
        session.insert("n", 0_u64).unwrap();
        let closed = sessions.close(&lazy, Handled::Completed).await;
        closed.outcome.unwrap();
        let cookie = closed.set_cookie.unwrap().split(';').next().unwrap().to_owned();
        Self { cookie, key: session.session_key().unwrap() }
    }

    async fn does(&self, sessions: &Sessions, act: impl Fn(&Session)) -> Result<CloseOutcome, SessionError> {
        let lazy = sessions.open(RequestHead::new("GET").with_cookies([self.cookie.as_bytes()]));
        act(&lazy.load().await?);
        sessions.close(&lazy, Handled::Completed).await.outcome
    }

    async fn counts(&self, sessions: &Sessions) -> CloseOutcome {
        let count = |session: &Session| {
            session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1).unwrap();
        };
        self.does(sessions, count).await.unwrap()
    }

    /// Gives what a page shows; `None` if there is no session.
    async fn sees(&self, sessions: &Sessions) -> Result<Option<u64>, SessionError> {
        let lazy = sessions.open(RequestHead::new("GET").with_cookies([self.cookie.as_bytes()]));
        lazy.load().await?.get("n")
    }

    /// Waits until a page is shown without the server.
    async fn is_kept(&self, sessions: &Sessions, admin: &Admin) {
        until("a page without the server", || async {
            let before = gets(admin).await;
            self.sees(sessions).await.unwrap();
            (gets(admin).await == before).then_some(())
        })
        .await;
    }
}

/// Asks the server how often it was asked for a session.
async fn gets(admin: &Admin) -> u64 {
    let stats: String = admin.run(&command("INFO commandstats")).await.unwrap();
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_get:calls="));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_shown_again_without_the_server() {
    let (server, admin) = alone().await;
    let sessions = near(&server);
    let visitor = Visitor::new(&sessions).await;
    visitor.is_kept(&sessions, &admin).await;
    let before = gets(&admin).await;
    for _ in 0..1_000 {
        assert_eq!(visitor.sees(&sessions).await.unwrap(), Some(0));
    }
    // The feed's own question comes every five seconds.
    assert!(gets(&admin).await <= before + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_and_an_end_elsewhere_are_seen_once_they_are_told() {
    let (server, admin) = alone().await;
    let (here, there) = (near(&server), near(&server));
    let mut longest = Duration::ZERO;
    for round in 0..100 {
        let visitor = Visitor::new(&there).await;
        visitor.is_kept(&here, &admin).await;
        let expected = match round % 3 {
            0 => {
                assert!(there.revoke(&visitor.key).await.unwrap());
                None
            }
            _ => {
                visitor.counts(&there).await;
                Some(1)
            }
        };
        let began = Instant::now();
        until("the change", || async { (visitor.sees(&here).await.unwrap() == expected).then_some(()) }).await;
        longest = longest.max(began.elapsed());
    }
    assert!(longest < Duration::from_secs(5), "{longest:?}, on a machine however slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_sees_its_own_writes_at_once() {
    let (server, _) = alone().await;
    let sessions = near(&server);
    let visitor = std::sync::Arc::new(Visitor::new(&sessions).await);
    // Others of this process keep asking, so that something old is always under way.
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (sessions, visitor) = (sessions.clone(), visitor.clone());
            tokio::spawn(async move {
                loop {
                    visitor.sees(&sessions).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for n in 1..=500 {
        visitor.counts(&sessions).await;
        assert_eq!(visitor.sees(&sessions).await.unwrap(), Some(n));
    }
    assert!(sessions.revoke(&visitor.key).await.unwrap());
    assert_eq!(visitor.sees(&sessions).await.unwrap(), None);
    readers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_kept_goes_with_the_connection() {
    let (server, admin) = alone().await;
    let sessions = near(&server);
    let visitor = Visitor::new(&sessions).await;
    visitor.is_kept(&sessions, &admin).await;
    server.nodes()[0].kill().await.unwrap();
    // Without a connection nobody says what has changed: the process no longer knows.
    until("an error", || async { visitor.sees(&sessions).await.err() }).await;
    server.nodes()[0].restart().await.unwrap();
    let shown = until("a page", || async { visitor.sees(&sessions).await.ok() }).await;
    assert_eq!(shown, None, "nothing was saved");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_never_older_than_its_age_though_no_note_arrives() {
    let (server, admin) = alone().await;
    let (loss, age) = (Loss::default(), Duration::from_millis(200));
    let port = proxy::before(server.nodes()[0].port(), loss.clone()).await.unwrap();
    let url = server.url().replace(&server.nodes()[0].port().to_string(), &port.to_string());
    let (here, there) = (near_at(&url, Near::default().with_max_age(age)), near(&server));
    let visitor = Visitor::new(&there).await;
    loss.notes();
    let old = Cell::new(0);
    for n in 1..=10 {
        visitor.is_kept(&here, &admin).await;
        let changed = Instant::now();
        visitor.counts(&there).await;
        until("the change", || async {
            let began = Instant::now();
            let is_new = visitor.sees(&here).await.unwrap() == Some(n);
            if !is_new {
                old.set(old.get() + 1);
                assert!(began < changed + age, "{:?} after it was so", began - changed);
            }
            is_new.then_some(())
        })
        .await;
    }
    assert!(old.get() > 0, "no note was lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_although_pages_may_be_old() {
    const UPDATES: u64 = 100;
    let (server, _) = alone().await;
    let processes = [near(&server), near(&server)];
    let visitor = std::sync::Arc::new(Visitor::new(&processes[0]).await);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let (sessions, visitor) = (processes[task % 2].clone(), visitor.clone());
            tokio::spawn(async move {
                for _ in 0..UPDATES {
                    assert_eq!(visitor.counts(&sessions).await, CloseOutcome::Written);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let far = Sessions::builder(RedisStore::from_url(server.url(), RedisConfig::default()).unwrap()).build().unwrap();
    assert_eq!(visitor.sees(&far).await.unwrap(), Some(8 * UPDATES));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_be_told_asks_each_time() {
    let (server, admin) = alone().await;
    let user = User::new();
    admin.run::<Value>(&user.made_with(&[&ACCESS.replace("+client|tracking", "")])).await.unwrap();
    let config = RedisConfig::default().with_prefix(&user.name);
    let store = RedisStore::from_url(&user.url(server.url()), config).unwrap();
    let sessions = Sessions::builder(store).near(Near::default()).build().unwrap();
    let visitor = Visitor::new(&sessions).await;
    for _ in 0..20 {
        let before = gets(&admin).await;
        assert_eq!(visitor.sees(&sessions).await.unwrap(), Some(0));
        assert!(gets(&admin).await > before);
    }
}

#[test]
fn it_is_refused_where_the_server_cannot_push_unless_reads_may_be_stale() {
    let refused = |url, near| {
        let store = RedisStore::from_url(url, RedisConfig::default()).unwrap();
        matches!(Sessions::builder(store).near(near).build(), Err(BuildError::NearUntold { .. }))
    };
    assert!(!refused("redis://127.0.0.1", Near::default()));
    let mut silent = vec!["redis://127.0.0.1/?protocol=resp2"];
    silent.extend(cfg!(feature = "cluster").then_some("redis-cluster://127.0.0.1"));
    for url in silent {
        assert!(refused(url, Near::default()));
        assert!(!refused(url, Near::default().with_stale_reads(Duration::from_secs(1))));
    }
}
