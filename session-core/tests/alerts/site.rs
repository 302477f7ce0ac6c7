//! A site with visitors, and what may go wrong with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use session_core::{Handled, ManualClock, Near, Sealed, SealingKey, Sessions, StoreError, Timestamp};
use tokio::time::sleep;

use super::history::History;
use super::support::wrapped::{Around, Wrapped};
use super::support::{Browser, MINUTE, count, store};

/// What is wrong for a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// The store cannot be reached.
    Down,
    /// It gives no answer.
    Hangs,
    /// It takes its time.
    Slow,
    /// It has no room.
    Full,
    /// A deployment lacks the key that sessions were sealed with.
    NoKey,
    /// Somebody has a session begun with each request.
    Flood,
    /// Somebody tries ids.
    Guessing,
    /// Another server's clock is ahead.
    FastClock,
    /// The task that sweeps is gone.
    NoSweeper,
}

/// How many visitors come in a minute, and how many of them for the first time.
const VISITORS: usize = 20;
const NEW: usize = 2;

/// How many come beside them in a flood.
const FLOOD: usize = 200;

#[derive(Clone, Debug, Default)]
struct Broken(Arc<AtomicU8>);

impl Broken {
    fn set(&self, trouble: Trouble) {
        self.0.store(trouble as u8, Ordering::Relaxed);
    }
}

impl Around for Broken {
    async fn call<T: Send>(
        &self,
        _verb: &'static str,
        done: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let store = "a store";
        let is = |trouble: Trouble| self.0.load(Ordering::Relaxed) == trouble as u8;
        if is(Trouble::Down) {
            return Err(StoreError::Unavailable { store, source: "connection refused".into() });
        }
        if is(Trouble::Full) {
            return Err(StoreError::Full { store, source: "no memory".into() });
        }
        if is(Trouble::Hangs) {
            std::future::pending::<()>().await;
        }
        sleep(Duration::from_millis(if is(Trouble::Slow) { 400 } else { 2 })).await;
        done.await
    }
}

pub(crate) struct Site {
    broken: Broken,
    /// What is deployed, what lacks the key, and what runs on a server whose clock is ahead.
    sound: Sessions,
    bad: Sessions,
    fast: Sessions,
    clock: ManualClock,
    fast_clock: ManualClock,
    browsers: Vec<Browser>,
}

impl Site {
    pub(crate) async fn new(history: &mut History) -> Self {
        let broken = Broken::default();
        let store = Wrapped::around(store(), broken.clone());
        // As Prometheus' tool counts time: from 1970.
        let (clock, fast_clock) = (ManualClock::new(Timestamp::MIN), ManualClock::new(Timestamp::MIN + MINUTE * 10));
        let sessions = |key: u8, clock: &ManualClock| -> Sessions {
            let codec = Sealed::new([SealingKey::new([key; 32]).unwrap()]).unwrap();
            let builder = Sessions::builder(store.clone()).clock(clock.clone()).codec(codec);
            builder.near(Near::default()).metrics().build().unwrap()
        };
        let (sound, bad, fast) = (sessions(1, &clock), sessions(2, &clock), sessions(1, &fast_clock));
        history.scrape();
        let mut site = Self { broken, sound, bad, fast, clock, fast_clock, browsers: Vec::new() };
        site.browsers.resize_with(VISITORS, Browser::default);
        for number in 0..VISITORS {
            site.visit(number, Trouble::None).await;
        }
        site
    }

    /// Lets a minute pass in which this is wrong, and has the exporter tell.
    pub(crate) async fn minute(&mut self, trouble: Trouble, history: &mut History) {
        self.clock.advance(MINUTE);
        self.fast_clock.advance(MINUTE);
        self.broken.set(trouble);
        for number in 0..VISITORS {
            if number < NEW && trouble != Trouble::NoKey {
                self.browsers[number] = Browser::default();
            }
            self.visit(number, trouble).await;
        }
        for number in 0..FLOOD {
            match trouble {
                Trouble::Flood => drop(Browser::default().request(&self.sound, count).await),
                Trouble::Guessing => {
                    let id = format!("__Host-Http-session={number:0>42}A");
                    assert!(!Browser::with(&id).is_known(&self.sound).await);
                }
                _ => break,
            }
        }
        if trouble != Trouble::NoSweeper {
            // What is wrong is counted.
            let _ = self.sound.sweep().await;
        }
        history.scrape();
    }

    /// A visitor counts, whether that works or not.
    async fn visit(&mut self, number: usize, trouble: Trouble) {
        let sessions = match trouble {
            Trouble::NoKey => &self.bad,
            // Every other request is answered by that one.
            Trouble::FastClock if number.is_multiple_of(2) => &self.fast,
            _ => &self.sound,
        };
        if matches!(trouble, Trouble::Down | Trouble::Hangs | Trouble::Full | Trouble::NoKey) {
            let lazy = self.browsers[number].open(sessions);
            if let Ok(session) = lazy.load().await {
                let _ = session.insert("n", 1);
            }
            drop(sessions.close(&lazy, Handled::Completed).await);
        } else {
            let browser = &mut self.browsers[number];
            browser.request(sessions, count).await;
            // The same one goes on elsewhere, and looks at pages.
            browser.request(&self.sound, count).await;
            for _ in 0..2 {
                assert!(browser.tab().by("GET").is_known(&self.sound).await);
            }
        }
    }
}
