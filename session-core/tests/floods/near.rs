//! Invented ids, and reloads, where what was read is kept near.

use std::time::Duration;

use session_core::{Near, Sessions};

use super::support::faulty::{Faulty, Feed};
use super::support::{Browser, builder, count, store};
use super::{FLOOD, invented};

/// Sessions that keep what they read for a second, by a clock that stands, with room for some ten of them.
fn kept() -> (Sessions, Faulty) {
    let store = Faulty::fed_by(store(), Feed::None);
    let near = Near::default().with_max_bytes(8 * 1024).with_stale_reads(Duration::from_secs(1));
    (builder(store.clone()).0.near(near).build().unwrap(), store)
}

/// Begins a session and has its page kept.
async fn at_home(sessions: &Sessions, store: &Faulty) -> Browser {
    let mut browser = Browser::default();
    browser.request(sessions, count).await;
    let browser = browser.by("GET");
    assert_eq!(browser.read(sessions, "n").await, Some(1));
    store.calls();
    browser
}

#[tokio::test(start_paused = true)]
async fn an_invented_id_is_asked_of_the_store_once_a_request_and_takes_no_room() {
    let (sessions, store) = kept();
    let at_home = at_home(&sessions, &store).await;
    for number in 0..FLOOD {
        assert!(!Browser::with(&invented(number)).by("GET").is_known(&sessions).await);
        assert_eq!(store.calls(), ["get"]);
    }
    // The same one again is asked for again: that it is not there is nowhere kept.
    let stranger = Browser::with(&invented(7)).by("GET");
    for _ in 0..1_000 {
        assert!(!stranger.is_known(&sessions).await);
        assert_eq!(store.calls(), ["get"]);
    }
    // Any of them that had been kept would have taken the place of this one ten thousand times.
    assert_eq!(at_home.read(&sessions, "n").await, Some(1));
    assert_eq!(store.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_has_ended_is_kept_no_more_than_what_never_was() {
    let (sessions, store) = kept();
    let mut browser = at_home(&sessions, &store).await;
    let thief = browser.clone();
    browser.request(&sessions, |session| session.destroy()).await;
    store.calls();
    for _ in 0..1_000 {
        assert!(!thief.is_known(&sessions).await);
        assert_eq!(store.calls(), ["get"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_storm_of_reloads_reaches_the_store_once_a_second() {
    let (sessions, store) = kept();
    let at_home = at_home(&sessions, &store).await;
    for second in 0..3 {
        for _ in 0..FLOOD / 10 {
            assert_eq!(at_home.read(&sessions, "n").await, Some(1));
        }
        assert_eq!(store.calls().len(), usize::from(second > 0), "in second {second}");
        tokio::time::advance(Duration::from_secs(1)).await;
    }
}
