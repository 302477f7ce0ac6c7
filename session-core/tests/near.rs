//! Sessions that this process has read: who is served from them, and for how long.
#![cfg(feature = "near")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use session_core::{
    BuildError, CloseOutcome, ConflictPolicy, Expiry, Handled, Near, Owner, Session, SessionError, SessionKey,
    Sessions, Tells,
};
use session_ets::EtsStore;
use support::faulty::{Fault, Faulty, Feed, Told};
use support::{Browser, MINUTE, builder, count, store};
use tokio::time::advance;

const SECOND: Duration = Duration::from_secs(1);

/// A process whose store is told of by `feed`.
struct Process {
    sessions: Sessions,
    calls: Faulty,
}

impl Process {
    fn fed_by(backend: &EtsStore, feed: Feed) -> Self {
        let calls = Faulty::fed_by(backend.clone(), feed);
        let near = Near::default().with_stale_reads(SECOND);
        Self { sessions: builder(calls.clone()).0.near(near).build().unwrap(), calls }
    }

    /// Makes one that nobody tells of anything.
    fn untold(backend: &EtsStore) -> Self {
        Self::fed_by(backend, Feed::None)
    }

    /// Gives how often the store was asked while a page was shown, and what it showed.
    async fn shows(&self, browser: &Browser) -> (usize, Option<u64>) {
        self.calls.calls();
        let n = page(browser).read(&self.sessions, "n").await;
        (self.asked(), n)
    }

    fn asked(&self) -> usize {
        self.calls.calls().iter().filter(|call| **call == "get").count()
    }
}

/// Two processes, of which one is told of changes when the test says so, and a browser whose session it has read.
struct Fed {
    here: Process,
    there: Process,
    feed: Arc<Told>,
    browser: Browser,
}

async fn fed() -> Fed {
    let (backend, feed) = (store(), Arc::new(Told(Default::default(), Tells::Changes)));
    let here = Process::fed_by(&backend, Feed::Test(Arc::clone(&feed)));
    let there = Process::untold(&backend);
    let mut browser = Browser::default();
    browser.request(&there.sessions, count).await;
    here.shows(&browser).await;
    feed.0.resumed();
    all_is_done().await;
    Fed { here, there, feed, browser }
}

fn page(browser: &Browser) -> Browser {
    browser.tab().by("GET")
}

/// Lets all tasks run that can, and no time pass.
async fn all_is_done() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_is_shown_again_without_the_store() {
    let here = Process::untold(&store());
    let mut browser = Browser::default();
    browser.request(&here.sessions, count).await;
    assert_eq!(here.shows(&browser).await, (1, Some(1)));
    for _ in 0..100 {
        assert_eq!(here.shows(&browser).await, (0, Some(1)));
    }
    advance(SECOND).await;
    assert_eq!(here.shows(&browser).await, (1, Some(1)), "it may have changed");
}

#[tokio::test(start_paused = true)]
async fn what_a_process_writes_it_sees_at_once() {
    let here = Process::untold(&store());
    let mut browser = Browser::default();
    for n in 1..100 {
        browser.request(&here.sessions, count).await;
        assert_eq!(here.shows(&browser).await, (1, Some(n)));
        assert_eq!(here.shows(&browser).await, (0, Some(n)));
    }
    let tab = browser.clone();
    browser.request(&here.sessions, |session| session.log_in(Owner::new("ann").unwrap()).unwrap()).await;
    assert_eq!(here.shows(&tab).await.1, None, "the id is dead");
    assert_eq!(here.shows(&browser).await.1, Some(99));
    here.sessions.revoke_all(&Owner::new("ann").unwrap(), None).await.unwrap();
    assert_eq!(here.shows(&browser).await.1, None);
}

#[tokio::test(start_paused = true)]
async fn who_may_change_something_asks_the_store() {
    let backend = store();
    let (here, there) = (Process::untold(&backend), Process::untold(&backend));
    let mut browser = Browser::default();
    browser.request(&here.sessions, count).await;
    for (number, verb) in (1_u64..).zip(["reload", "commit", "transaction"]) {
        assert_eq!(here.shows(&browser).await.1, Some(number));
        browser.request(&there.sessions, count).await;
        let session = page(&browser).open(&here.sessions).load().await.unwrap();
        assert_eq!(session.get("n").unwrap(), Some(number), "before {verb}");
        match verb {
            "reload" => session.reload().await.unwrap(),
            "commit" => session.commit().await.unwrap(),
            _ => session.transaction(|draft| draft.get::<u64>("n").map(drop)).await.unwrap(),
        }
        assert_eq!(session.get("n").unwrap(), Some(number + 1), "after {verb}");
        advance(SECOND).await;
    }
    here.shows(&browser).await;
    browser.request(&there.sessions, count).await;
    assert_eq!(browser.read(&here.sessions, "n").await, Some(5), "it comes by POST");
    assert_eq!(here.sessions.get(&key(&here, &browser).await).await.unwrap().unwrap().get("n").unwrap(), Some(5_u64));
}

async fn key(process: &Process, browser: &Browser) -> SessionKey {
    browser.open(&process.sessions).load().await.unwrap().session_key().unwrap()
}

#[tokio::test(start_paused = true)]
async fn where_all_changes_are_told_what_was_read_holds_until_one_is() {
    let Fed { here, there, feed, mut browser } = fed().await;
    assert_eq!(here.shows(&browser).await, (1, Some(1)), "something may have been missed");
    advance(SECOND * 9).await;
    assert_eq!(here.shows(&browser).await, (0, Some(1)));
    browser.request(&there.sessions, count).await;
    assert_eq!(here.shows(&browser).await, (0, Some(1)), "nobody was told");
    feed.0.changed(&key(&there, &browser).await);
    all_is_done().await;
    assert_eq!(here.shows(&browser).await, (1, Some(2)));
    advance(SECOND * 10).await;
    assert_eq!(here.shows(&browser).await, (1, Some(2)), "no feed is trusted for longer");
    // While the feed is gone, what is allowed without one.
    feed.0.lost();
    all_is_done().await;
    assert_eq!(here.shows(&browser).await, (1, Some(2)));
    assert_eq!(here.shows(&browser).await, (0, Some(2)));
    advance(SECOND).await;
    assert_eq!(here.shows(&browser).await, (1, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn a_store_of_this_process_tells_its_changes_to_all() {
    let backend = store();
    let near = || builder(backend.clone()).0.near(Near::default()).build().unwrap();
    let (here, there) = (near(), near());
    let mut browser = Browser::default();
    browser.request(&here, count).await;
    for n in 1..100 {
        page(&browser).read(&here, "n").await;
        all_is_done().await;
        assert_eq!(page(&browser).read(&here, "n").await, Some(n));
        browser.request(&there, count).await;
        all_is_done().await;
        assert_eq!(page(&browser).read(&here, "n").await, Some(n + 1));
    }
}

#[tokio::test(start_paused = true)]
async fn no_deadline_is_overrun_and_one_that_was_moved_elsewhere_is_looked_for() {
    let backend = store();
    let clock = session_core::ManualClock::new(support::START);
    let process = || {
        let near = Near::default().with_stale_reads(SECOND);
        let faulty = Faulty::fed_by(backend.clone(), Feed::None);
        let builder = builder(faulty.clone()).0.clock(clock.clone()).touch_interval(SECOND);
        let sessions = builder.expiry(Expiry::default().with_idle(MINUTE)).near(near).build().unwrap();
        Process { sessions, calls: faulty }
    };
    let (here, there) = (process(), process());
    let mut browser = Browser::default();
    browser.request(&here.sessions, count).await;
    here.shows(&browser).await;
    // Both clocks stand apart: that of deadlines goes on, and that by which things are kept stands.
    clock.advance(MINUTE / 2);
    browser.request(&there.sessions, |_| {}).await;
    clock.advance(MINUTE / 2);
    assert_eq!(here.shows(&browser).await, (1, Some(1)), "it was used elsewhere meanwhile");
    assert_eq!(here.shows(&browser).await, (0, Some(1)));
    clock.advance(MINUTE);
    assert_eq!(here.shows(&browser).await, (1, None));
    assert_eq!(here.shows(&browser).await, (1, None), "absence is not kept");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_change_overtook_is_shown_once_at_most() {
    let Fed { here, there, feed, mut browser } = fed().await;
    // The store has answered, and the answer is under way.
    here.calls.next("get", Fault::LateReply);
    let late = page(&browser).open(&here.sessions);
    let (shown, ()) = tokio::join!(
        async { late.load().await.unwrap().get::<u64>("n").unwrap() },
        here.calls.while_waiting(async || {
            browser.request(&there.sessions, count).await;
            feed.0.changed(&key(&there, &browser).await);
            all_is_done().await;
        })
    );
    assert_eq!(shown, Some(1), "it was so when it was asked for");
    assert_eq!(here.shows(&browser).await, (1, Some(2)));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_writes_on_what_was_kept_loses_nothing() {
    let backend = store();
    let (here, there) = (Process::untold(&backend), Process::untold(&backend));
    let mut browser = Browser::default();
    browser.request(&here.sessions, count).await;
    for n in [2, 4, 6] {
        here.shows(&browser).await;
        browser.request(&there.sessions, count).await;
        assert_eq!(page(&browser).request(&here.sessions, count).await, CloseOutcome::Written);
        assert_eq!(here.shows(&browser).await, (1, Some(n + 1)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_taken_once_whatever_is_kept() {
    let backend = store();
    let (here, there) = (Process::untold(&backend), Process::untold(&backend));
    let mut browser = Browser::default();
    for _ in 0..10 {
        browser.request(&here.sessions, |session| session.insert("token", 7_u64).unwrap()).await;
        for process in [&here, &there] {
            assert_eq!(page(&browser).read(&process.sessions, "token").await, Some(7));
        }
        let mut taken = 0;
        for process in [&here, &there] {
            let lazy = page(&browser).open(&process.sessions);
            let had = lazy.load().await.unwrap().take::<u64>("token").unwrap();
            assert_eq!(had, Some(7), "each has it as it was");
            match process.sessions.close(&lazy, Handled::Completed).await.outcome {
                Ok(outcome) => taken += usize::from(outcome == CloseOutcome::Written),
                Err(error) => assert!(matches!(error, SessionError::Conflict), "{error}"),
            }
        }
        assert_eq!(taken, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_role_that_was_taken_away_elsewhere_serves_pages_for_a_second_and_no_form() {
    let backend = store();
    let (here, there) = (Process::untold(&backend), Process::untold(&backend));
    let ann = Owner::new("ann").unwrap();
    let mut browser = Browser::default();
    let log_in = |session: &Session| {
        session.log_in(Owner::new("ann").unwrap()).unwrap();
        session.insert("admin", 1_u64).unwrap();
    };
    browser.request(&here.sessions, log_in).await;
    let is_admin = async |browser: &Browser| browser.read(&here.sessions, "admin").await.is_some();
    assert!(is_admin(&page(&browser)).await);
    there.sessions.modify_owned(&ann, |draft| draft.remove("admin").map(drop)).await.unwrap();
    assert!(is_admin(&page(&browser)).await, "it was so a moment ago");
    assert!(!is_admin(&browser).await);
    assert!(!is_admin(&page(&browser)).await, "who asked the store has shown it to all");
    // Nor for longer where nobody asks.
    browser.request(&there.sessions, |session| session.insert("admin", 1_u64).unwrap()).await;
    advance(SECOND).await;
    assert!(is_admin(&page(&browser)).await);
    there.sessions.modify_owned(&ann, |draft| draft.remove("admin").map(drop)).await.unwrap();
    advance(SECOND).await;
    assert!(!is_admin(&page(&browser)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_keep_what_they_read_lose_no_update() {
    const EACH: u64 = 200;
    for told in [true, false] {
        let backend = store();
        let process = || match told {
            true => Process::fed_by(&backend, Feed::Store),
            false => Process::untold(&backend),
        };
        let processes = [process(), process()];
        let mut browser = Browser::default();
        browser.request(&processes[0].sessions, |session| session.insert("n", 0_u64).unwrap()).await;
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let (sessions, mut tab) = (processes[task % 2].sessions.clone(), page(&browser));
                tokio::spawn(async move {
                    for _ in 0..EACH {
                        assert_eq!(tab.request(&sessions, count).await, CloseOutcome::Written);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(browser.read(&processes[0].sessions, "n").await, Some(8 * EACH), "told: {told}");
    }
}

#[test]
fn what_cannot_work_is_refused_with_what_to_do() {
    let refused = |feed: Feed, near: Near, policy| {
        let builder = builder(Faulty::fed_by(store(), feed)).0.on_conflict(policy).near(near);
        builder.build().err().map(|error| error.to_string()).unwrap_or_default()
    };
    let (merge, near) = (ConflictPolicy::Merge, Near::default());
    assert_eq!(refused(Feed::Store, near, merge), "");
    for feed in [Feed::None, Feed::Test(Arc::default())] {
        let error = refused(feed.clone(), near, merge);
        assert!(error.contains("`Near::with_stale_reads`, for 1s at most"), "{error}");
        assert_eq!(refused(feed, near.with_stale_reads(SECOND), merge), "");
    }
    for policy in [ConflictPolicy::Reject, ConflictPolicy::Overwrite] {
        assert_eq!(refused(Feed::Store, near, policy), "", "it is told of all");
        let error = refused(Feed::Store, near.with_stale_reads(SECOND), policy);
        assert!(error.contains(&format!("not with `{policy:?}`")), "{error}");
    }
    for (wrong, says) in [
        (near.with_max_bytes(0), "more than zero"),
        (near.with_max_age(Duration::ZERO), "60s at most"),
        (near.with_max_age(MINUTE + SECOND), "60s at most"),
        (near.with_stale_reads(Duration::ZERO), "1s at most"),
        (near.with_stale_reads(SECOND * 2), "1s at most"),
    ] {
        let error = refused(Feed::Store, wrong, merge);
        assert!(error.contains(says), "{wrong:?}: {error}");
    }
    let error = builder(Faulty::fed_by(store(), Feed::None)).0.near(near).build().unwrap_err();
    assert!(matches!(error, BuildError::NearUntold { .. }));
}
