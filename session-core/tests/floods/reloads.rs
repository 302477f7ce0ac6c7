//! One session asked for over and over, by whoever holds down the key that loads the page anew.

use session_core::{CloseOutcome, Handled, LazySession};

use super::figures::{calls, counted, these};
use super::support::faulty::Faulty;
use super::support::{Browser, MINUTE, builder, count, store};

const STORM: u64 = 20_000;

/// How many requests are under way at one time.
const AT_ONCE: u64 = 500;

#[tokio::test]
async fn a_storm_of_reloads_is_a_read_each_and_a_touch_once_in_a_while() {
    let store = Faulty::new(store());
    let (builder, clock) = builder(store.clone());
    let (sessions, figures) = counted(builder.touch_interval(MINUTE));
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    calls(&store);
    figures.take();
    for minute in 0..3 {
        let touches = u64::from(minute > 0);
        for reload in 0..STORM {
            let outcome = if reload < touches { CloseOutcome::Touched } else { CloseOutcome::Unchanged };
            assert_eq!(browser.request(&sessions, |_| {}).await, outcome);
        }
        let mut counted = these([("get", STORM)]);
        counted.extend((touches > 0).then(|| ("touch".to_owned(), touches)));
        assert_eq!(calls(&store), counted, "in minute {minute}");
        assert_eq!(figures.take(), counted, "in minute {minute}");
        clock.advance(MINUTE);
    }
}

#[tokio::test]
async fn of_requests_that_are_under_way_at_once_each_touches_at_most_once_and_none_writes() {
    let store = Faulty::new(store());
    let (builder, clock) = builder(store.clone());
    let (sessions, figures) = counted(builder.touch_interval(MINUTE));
    let mut browser = Browser::default();
    browser.request(&sessions, count).await;
    clock.advance(MINUTE);
    figures.take();
    let under_way: Vec<LazySession> = (0..AT_ONCE).map(|_| browser.open(&sessions)).collect();
    for lazy in &under_way {
        assert_eq!(lazy.load().await.unwrap().get::<u64>("n").unwrap(), Some(1));
    }
    for lazy in &under_way {
        let closed = sessions.close(lazy, Handled::Completed).await;
        assert_eq!((closed.outcome.unwrap(), closed.set_cookie), (CloseOutcome::Touched, None));
    }
    // All have read it before the first touched it. Whoever comes after that reads that it is done.
    assert_eq!(figures.take(), these([("get", AT_ONCE), ("touch", AT_ONCE)]));
    assert_eq!(browser.request(&sessions, |_| {}).await, CloseOutcome::Unchanged);
    assert_eq!(figures.take(), these([("get", 1)]));
}
