//! What a store author writes, so that the suite can have a store to work on.

use std::sync::Arc;
use std::time::Duration;

use session_core::{BoxError, Clock, Limits, SessionKey, SessionStore, SystemClock, Timestamp};

/// What gives the suite a store to work on.
///
/// Three functions are needed; the rest says what the suite could not know. Write plain `async fn`s.
///
/// Every clause runs on a thread and a Tokio runtime of its own and calls [`start`](Self::start) once,
/// so nothing that belongs to a runtime (a connection, a pool) may be shared between clauses. Servers
/// may.
pub trait Harness: Sized + 'static {
    /// How long one clause may take before it counts as hanging.
    const TIME_LIMIT: Duration = Duration::from_secs(60);

    /// How often a race is provoked: more often where that takes no time, and less often where it would take
    /// more than a tenth of [`TIME_LIMIT`](Self::TIME_LIMIT).
    const ROUNDS: usize = 100;

    /// How many random sequences of operations MOD-1 tries, likewise.
    const CASES: u32 = 128;

    /// Sets up what one clause needs, apart from everything that other clauses see: a new table, schema,
    /// file or key prefix. Never flush a shared server.
    ///
    /// The suite calls [`init`](SessionStore::init) on each handle that it gets.
    fn start() -> impl Future<Output = Result<Self, BoxError>>;

    /// Returns the store. All handles that one harness gives see the same records.
    fn store(&self) -> Arc<dyn SessionStore>;

    /// Returns another handle on the same backend, as another process would have it: with connections, locks and caches
    /// of its own. A store that lives in one process gives a clone.
    fn another_handle(&self) -> impl Future<Output = Result<Arc<dyn SessionStore>, BoxError>>;

    /// Returns the limits that the store's page declares. CAP-1 compares them with what it reports. The default is
    /// [`Limits::default`]: no largest payload, no eviction, and a sweep that removes what has expired.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// Damages what is stored under `key`, where there is a record, so that the store cannot read it.
    fn corrupt(&self, key: &SessionKey) -> impl Future<Output = Result<Corruption, BoxError>> {
        let _ = key;
        async { Ok(Corruption::Impossible("the harness cannot damage what is stored")) }
    }

    /// Returns a handle of an earlier version of the store on the same backend, as a process has it that a rolling
    /// upgrade has not come to yet; `None` if there is none. For VER-1 and VER-2, which call
    /// [`init`](SessionStore::init) on it before they do on this version.
    ///
    /// It may be the store's last release, as a second dependency under another name; one that is built on another
    /// version of `session-core` takes an adapter. Where a setting says which form is written, it may be a handle with
    /// the setting as it was.
    fn previous(&self) -> impl Future<Output = Result<Option<Arc<dyn SessionStore>>, BoxError>> {
        async { Ok(None) }
    }

    /// Returns a handle on a backend that cannot be reached, for the errors that it gives; `None` if there is nothing
    /// to reach.
    fn unreachable(&self) -> impl Future<Output = Result<Option<Arc<dyn SessionStore>>, BoxError>> {
        async { Ok(None) }
    }

    /// Returns texts that no error may show, such as the password of the server's URL.
    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }

    /// Kills the backend in the midst of what it does, as a loss of power would, and starts it again. Handles that were
    /// given before may have to connect anew. It is for a harness whose backend nobody else uses: FLT-8 alone calls it.
    fn crash(&self) -> impl Future<Output = Result<Crash, BoxError>> {
        async { Ok(Crash::Impossible("the harness cannot kill the backend")) }
    }

    /// Breaks what changes are told over, as a network does, for every handle of this harness; it mends by itself. Nothing
    /// else may fail for it.
    fn interrupt(&self) -> impl Future<Output = Result<Interruption, BoxError>> {
        async { Ok(Interruption::Impossible("the harness cannot break what changes are told over")) }
    }

    /// Returns the time that the clause takes for the present. It is an hour ahead, and live deadlines lie after it, so
    /// no backend with a native time-to-live reclaims a record while the clause runs.
    fn base_time(&self) -> Timestamp {
        SystemClock.now() + Duration::from_secs(60 * 60)
    }

    /// Takes down what [`start`](Self::start) set up. It does not run if the clause panics or hangs.
    fn stop(self) -> impl Future<Output = ()> {
        async {}
    }
}

/// Whether garbage was planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Corruption {
    /// What is stored under the key cannot be read any more.
    Planted,
    /// It cannot be done, for this reason. The clauses that need it are reported as not applicable.
    Impossible(&'static str),
}

/// Whether what changes are told over was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Interruption {
    /// It was.
    Broken,
    /// It cannot be done, for this reason. The clause that needs it is reported as not applicable.
    Impossible(&'static str),
}

/// Whether the backend was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crash {
    /// It was, and it is back.
    CameBack,
    /// It cannot be done, for this reason. The clause that needs it is reported as not applicable.
    Impossible(&'static str),
}
