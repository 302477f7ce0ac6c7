//! The feed: what the server pushes of changes, told to who listens.
//!
//! The server pushes the name of each key under the prefix that is changed, by whomever (`CLIENT TRACKING ON BCAST`), over a
//! connection of its own, which is made once somebody listens. It costs the server a push for each write and each process
//! that listens.
//!
//! # What a break is
//!
//! The connection is asked something every few seconds, since one that is cut in silence looks as one where nothing
//! happens. When it does not answer, or is closed, who listens is told so, and again when the next is there: what was
//! changed in between was not told.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{ServerErrorKind, cmd};
use session_core::{Causes, Keeper, Kept, Notifier, SessionKey, Tells, Watch, Watcher};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::keys::Keys;
use crate::link::{Link, Listener};

/// How often a connection is asked whether it is alive.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// How long nobody tries to connect after that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// A connection over which changes are pushed, once somebody listens.
pub(crate) struct Feed {
    shared: Arc<Shared>,
    link: Link,
    keeper: Keeper,
}

struct Shared {
    notifier: Notifier,
    keys: Keys,
    state: Mutex<State>,
    /// The connection was lost.
    broke: Notify,
}

#[derive(Default)]
struct State {
    is_live: bool,
    /// How many connections were lost.
    breaks: u64,
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("link", &self.link).finish_non_exhaustive()
    }
}

impl Feed {
    /// Makes a feed; `link` makes its connection, which pushes all changes under the prefix to what it is given.
    pub(crate) fn new(keys: Keys, link: impl FnOnce(Arc<dyn Listener>) -> Link) -> Self {
        let (notifier, state, broke) = (Notifier::new(), Mutex::default(), Notify::new());
        let shared = Arc::new(Shared { notifier, keys, state, broke });
        Self { link: link(Arc::clone(&shared) as Arc<dyn Listener>), shared, keeper: Keeper::default() }
    }
}

impl Watch for Feed {
    fn tells(&self) -> Tells {
        Tells::Changes
    }

    fn watcher(&self) -> Watcher {
        let watcher = self.shared.notifier.watcher();
        self.keeper.keep(|| Some(keep(Arc::clone(&self.shared), self.link.clone(), self.keeper.kept())));
        watcher
    }
}

/// Keeps a connection for as long as somebody listens.
async fn keep(shared: Arc<Shared>, link: Link, kept: Kept) {
    // The connection goes before another task makes one of its own.
    let gives_up = || {
        link.give_up();
        true
    };
    while !kept.ends_if(|| !shared.notifier.is_heard() && gives_up()) {
        let breaks = shared.state().breaks;
        // A key that nobody has: a user may read it where any can be read.
        let name = shared.keys.record(&SessionKey::from_bytes([0; 32]));
        let asked = link.send(cmd("GET").arg(name)).await;
        let pause = match asked {
            Ok(_) => {
                shared.answered(breaks);
                ASK_EVERY
            }
            // It would be no other if it were tried again, and the server's log full of it.
            Err(failed) if failed.is(ServerErrorKind::NoPerm) => {
                let right = "the user may not: see the rights on the page of session-redis";
                tracing::warn!(error = %Causes(&failed.error), right, "changes are not told");
                kept.ends_if(gives_up);
                return;
            }
            Err(failed) => {
                tracing::debug!(error = %Causes(&failed.error), "changes are not told, for the connection that tells them failed");
                shared.broken();
                PAUSE
            }
        };
        // One that is closed is made anew at once.
        let _ = timeout(pause, shared.broke.notified()).await;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note that a connection has answered, and was not lost since: it tells all from here on.
    fn answered(&self, breaks_before: u64) {
        let mut state = self.state();
        if state.breaks == breaks_before && !state.is_live {
            state.is_live = true;
            self.notifier.resumed();
        }
    }

    fn broken(&self) {
        let mut state = self.state();
        state.breaks += 1;
        state.is_live = false;
        self.notifier.lost();
    }
}

impl Listener for Shared {
    fn changed(&self, name: &[u8]) {
        if let Some(key) = self.keys.parse_record(name) {
            self.notifier.changed(&key);
        }
    }

    fn all_changed(&self) {
        if self.state().is_live {
            self.notifier.resumed();
        }
    }

    fn lost(&self) {
        self.broken();
        self.broke.notify_one();
    }
}
