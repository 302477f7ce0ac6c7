//! Connections that stay open are told of their session's end, where something can tell.

mod support;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use session_core::{Handled, Owner, Session, Sessions};
use support::faulty::{Faulty, Feed, Told};
use support::{Browser, MINUTE, builder, count, store};
use tokio::time::{Instant, advance, timeout};

/// A socket: a handle whose request has been answered.
async fn socket(sessions: &Sessions, browser: &mut Browser) -> Session {
    let lazy = browser.open(sessions);
    let session = lazy.load().await.unwrap();
    sessions.close(&lazy, Handled::Completed).await.outcome.unwrap();
    session
}

/// A browser that has a session of somebody's.
async fn browser(sessions: &Sessions) -> Browser {
    let mut browser = Browser::default();
    browser.request(sessions, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
    browser
}

/// Lets all tasks run that can, and no time pass.
async fn all_is_done() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Tells whether the session is found to be over while no time passes.
async fn is_over(session: &Session) -> bool {
    let mut ended = pin!(session.ended());
    for _ in 0..100 {
        if std::future::poll_fn(|cx| Poll::Ready(ended.as_mut().poll(cx).is_ready())).await {
            return true;
        }
        all_is_done().await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn an_end_in_another_process_is_seen_at_once_where_the_store_tells() {
    for end in ["logout", "revoke", "login", "deleted"] {
        let backend = store();
        let (here, there) = (builder(backend.clone()).0.build().unwrap(), builder(backend).0.build().unwrap());
        let mut browser = browser(&here).await;
        let session = socket(&here, &mut browser).await;
        assert!(!is_over(&session).await, "it lives");
        browser.request(&there, count).await;
        assert!(!is_over(&session).await, "it was only written");
        let key = session.session_key().unwrap();
        match end {
            "logout" => drop(browser.request(&there, |session| session.log_out()).await),
            "revoke" => drop(there.revoke(&key).await.unwrap()),
            // Whoever listens under the old id may be another.
            "login" => {
                browser.request(&there, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
            }
            _ => drop(there.store().delete(&key).await.unwrap()),
        }
        assert!(is_over(&session).await, "{end}");
        assert!(is_over(&session).await, "{end}, asked again");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_by_this_process_is_seen_at_once_where_nothing_tells() {
    let sessions = builder(Faulty::fed_by(store(), Feed::None)).0.build().unwrap();
    let mut browser = browser(&sessions).await;
    let (one, other) = (socket(&sessions, &mut browser).await, socket(&sessions, &mut browser).await);
    let elsewhere = socket(&sessions, &mut self::browser(&sessions).await).await;
    assert!(!is_over(&one).await && !is_over(&other).await && !is_over(&elsewhere).await);
    browser.request(&sessions, |session| session.log_out()).await;
    assert!(is_over(&one).await && is_over(&other).await);
    assert!(!is_over(&elsewhere).await);
}

#[tokio::test(start_paused = true)]
async fn who_waits_hears_of_what_a_routine_renewal_led_to() {
    let backend = store();
    let (builder, clock) = builder(backend.clone());
    let sessions = builder.renew_every(MINUTE * 5).build().unwrap();
    let there = support::builder(backend).0.clock(clock.clone()).renew_every(MINUTE * 5).build().unwrap();
    let mut browser = browser(&sessions).await;
    let session = socket(&sessions, &mut browser).await;
    for _ in 0..3 {
        assert!(!is_over(&session).await);
        clock.advance(MINUTE * 6);
        let old = browser.cookie();
        browser.request(&there, count).await;
        assert_ne!(browser.cookie(), old, "it was renewed");
        browser.request(&there, count).await;
    }
    assert!(!is_over(&session).await);
    browser.request(&there, |session| session.log_out()).await;
    assert!(is_over(&session).await);
}

#[tokio::test(start_paused = true)]
async fn what_ended_before_the_feed_and_during_a_break_is_looked_for() {
    let (backend, feed) = (store(), Arc::new(Told::default()));
    let faulty = Faulty::fed_by(backend.clone(), Feed::Test(Arc::clone(&feed)));
    let calls = faulty.clone();
    let here = builder(faulty).0.build().unwrap();
    let there = builder(backend).0.build().unwrap();
    // Ends a session elsewhere, of which nobody is told, and gives how long it takes until that is seen.
    let seen_after = async |between: &dyn Fn()| {
        let mut browser = browser(&there).await;
        let session = socket(&here, &mut browser).await;
        assert!(!is_over(&session).await);
        browser.request(&there, |session| session.log_out()).await;
        assert!(!is_over(&session).await, "nobody was told");
        between();
        let began = Instant::now();
        timeout(MINUTE * 10, session.ended()).await.unwrap();
        began.elapsed()
    };
    let look = Duration::from_secs(15);
    assert!(seen_after(&|| {}).await <= look, "the feed is not there yet");
    assert!(seen_after(&|| feed.0.resumed()).await <= look);
    let fed = seen_after(&|| {}).await;
    assert!(fed > look && fed <= MINUTE, "what the feed was silent about is looked for, too: {fed:?}");
    assert!(seen_after(&|| feed.0.lost()).await <= look);
    assert!(seen_after(&|| {}).await <= look, "there is no feed");
    feed.0.resumed();
    all_is_done().await;
    calls.calls();
    // Who was told of nothing looks once a minute.
    let session = socket(&here, &mut browser(&there).await).await;
    assert!(timeout(MINUTE * 10, session.ended()).await.is_err());
    let calls = calls.calls();
    assert!((10..=12).contains(&calls.iter().filter(|call| **call == "get").count()), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_break_who_waits_looks_one_after_the_other() {
    const SOCKETS: usize = 200;
    let feed = Arc::new(Told::default());
    let faulty = Faulty::fed_by(store(), Feed::Test(Arc::clone(&feed)));
    let calls = faulty.clone();
    let sessions = builder(faulty).0.build().unwrap();
    feed.0.resumed();
    let mut sockets = tokio::task::JoinSet::new();
    for _ in 0..SOCKETS {
        let session = socket(&sessions, &mut browser(&sessions).await).await;
        sockets.spawn(async move { session.ended().await });
    }
    all_is_done().await;
    calls.calls();
    feed.0.lost();
    feed.0.resumed();
    all_is_done().await;
    let (mut most, mut all) = (0, 0);
    for _ in 0..15 {
        advance(Duration::from_secs(1)).await;
        all_is_done().await;
        let looked = calls.calls().len();
        (most, all) = (most.max(looked), all + looked);
    }
    assert!(all >= SOCKETS && most <= SOCKETS / 3, "{all} looks, up to {most} in a second");
    assert!(sockets.try_join_next().is_none());
}

#[test]
fn on_another_runtime_the_feed_is_heard_again() {
    let backend = store();
    let (here, there) = (builder(backend.clone()).0.build().unwrap(), builder(backend).0.build().unwrap());
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut browser = browser(&here).await;
            let session = socket(&here, &mut browser).await;
            assert!(!is_over(&session).await);
            browser.request(&there, |session| session.log_out()).await;
            timeout(Duration::from_secs(5), session.ended()).await.unwrap();
        });
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_idle_sockets_ask_the_store_once_a_minute_each_and_each_hears_its_own_end() {
    const SOCKETS: usize = 10_000;
    let backend = store();
    let faulty = Faulty::new(backend.clone());
    let calls = faulty.clone();
    let here = builder(faulty).0.build().unwrap();
    let there = builder(backend).0.build().unwrap();
    let (mut sockets, mut keys) = (tokio::task::JoinSet::new(), HashMap::new());
    for number in 0..SOCKETS {
        let mut browser = Browser::default();
        browser.request(&here, count).await;
        let session = socket(&here, &mut browser).await;
        keys.insert(number, session.session_key().unwrap());
        sockets.spawn(async move {
            session.ended().await;
            number
        });
    }
    all_is_done().await;
    calls.calls();
    for _ in 0..10 {
        advance(MINUTE).await;
        all_is_done().await;
    }
    assert!(calls.calls().len() <= 11 * SOCKETS);
    for (number, key) in keys.iter().take(100) {
        there.revoke(key).await.unwrap();
        assert_eq!(sockets.join_next().await.unwrap().unwrap(), *number);
    }
    assert_eq!(sockets.len(), SOCKETS - 100);
}
