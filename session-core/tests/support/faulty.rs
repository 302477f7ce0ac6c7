//! A store that fails as it is told to.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{Arc, Mutex};

use session_core::{Notifier, SessionStore, StoreError, Tells, Watch, Watcher};
use session_ets::EtsStore;
use tokio::sync::Notify;

use super::wrapped::{Around, Wrapped};

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    No,
    /// The backend is not there; nothing is done.
    Down,
    /// The call is done, and its reply is lost.
    LostReply,
    /// The call is lost, and nobody knows.
    LostCall,
    /// The call never returns.
    Hang,
    /// What is there cannot be read.
    Corrupt,
    /// What is there is of a format that another version of the store writes.
    UnknownFormat,
    /// The call is done once the test lets it go on.
    Wait,
    /// The call is done, and its reply comes once the test lets it.
    LateReply,
}

/// A store whose next calls fail as its script says; with no script left it is sound.
pub(crate) type Faulty = Wrapped<Faults>;

/// What tells of changes.
#[derive(Clone, Debug, Default)]
pub(crate) enum Feed {
    /// The store itself.
    #[default]
    Store,
    /// Nothing does.
    None,
    /// The test.
    Test(Arc<Told>),
}

/// A feed that the test tells.
#[derive(Debug)]
pub(crate) struct Told(pub(crate) Notifier, pub(crate) Tells);

impl Default for Told {
    fn default() -> Self {
        Self(Notifier::new(), Tells::Ends)
    }
}

impl Watch for Told {
    fn tells(&self) -> Tells {
        self.1
    }

    fn watcher(&self) -> Watcher {
        self.0.watcher()
    }
}

/// What goes wrong, and what was called.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    script: Arc<Mutex<VecDeque<(&'static str, Fault)>>>,
    calls: Arc<Mutex<Vec<&'static str>>>,
    /// Tells that a call waits.
    waits: Arc<Notify>,
    /// Lets it go on.
    go: Arc<Notify>,
    feed: Feed,
}

impl Faulty {
    pub(crate) fn new(inner: EtsStore) -> Self {
        Self::around(inner, Faults::default())
    }

    /// Makes one of whose changes something else tells.
    pub(crate) fn fed_by(inner: EtsStore, feed: Feed) -> Self {
        Self::around(inner, Faults { feed, ..Faults::default() })
    }
}

impl Faults {
    /// Does `meanwhile` while a call waits, and then lets it go on.
    pub(crate) async fn while_waiting<T>(&self, meanwhile: impl AsyncFnOnce() -> T) -> T {
        self.waits.notified().await;
        let done = meanwhile().await;
        self.go.notify_one();
        done
    }

    /// Says what goes wrong with the next call of `verb` after those that were said before.
    pub(crate) fn next(&self, verb: &'static str, fault: Fault) {
        self.script.lock().unwrap().push_back((verb, fault));
    }

    /// Forgets what was to go wrong.
    pub(crate) fn heal(&self) {
        self.script.lock().unwrap().clear();
    }

    /// Gives the calls since the last time.
    pub(crate) fn calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

impl Around for Faults {
    async fn call<T: Send>(
        &self,
        verb: &'static str,
        done: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.calls.lock().unwrap().push(verb);
        let fault = {
            let mut script = self.script.lock().unwrap();
            let next = script.iter().position(|(of, _)| *of == verb);
            next.and_then(|next| script.remove(next)).map_or(Fault::No, |(_, fault)| fault)
        };
        let lost = || StoreError::Indeterminate { store: "faulty", source: "connection reset".into() };
        match fault {
            Fault::No => done.await,
            Fault::Down => Err(StoreError::Unavailable { store: "faulty", source: "connection refused".into() }),
            Fault::LostReply => {
                done.await?;
                Err(lost())
            }
            Fault::LostCall => Err(lost()),
            Fault::Hang => pending().await,
            Fault::Wait => {
                self.waits.notify_one();
                self.go.notified().await;
                done.await
            }
            Fault::LateReply => {
                let reply = done.await;
                self.waits.notify_one();
                self.go.notified().await;
                reply
            }
            Fault::UnknownFormat => Err(StoreError::UnknownFormat { store: "faulty", source: "format 2".into() }),
            Fault::Corrupt => Err(StoreError::Corrupt { store: "faulty", source: "bad magic".into() }),
        }
    }

    fn watch<'a>(&'a self, inner: &'a EtsStore) -> Option<&'a dyn Watch> {
        match &self.feed {
            Feed::Store => inner.watch(),
            Feed::None => None,
            Feed::Test(told) => Some(&**told),
        }
    }
}
