//! What the suite's routes under `/test/` need, whatever the peer: gates, a clock to move, a store that fails.

use std::collections::{BTreeSet, HashMap};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, io};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::sync::watch;

/// How long a request waits at a gate, or for one there.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gates, where requests wait, and the state of the store.
#[derive(Debug, Default)]
pub(crate) struct Rig(watch::Sender<State>);

#[derive(Debug, Default)]
struct State {
    held: HashMap<String, usize>,
    open: BTreeSet<String>,
    store: String,
    calls: HashMap<Verb, u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Verb {
    Get,
    Put,
    Touch,
}

impl Rig {
    async fn until(&self, condition: impl Fn(&State) -> bool) -> bool {
        let mut state = self.0.subscribe();
        tokio::time::timeout(PATIENCE, state.wait_for(|state| condition(state))).await.is_ok()
    }

    /// Counts a call of the store, and lets it fail or wait as the store's state says.
    pub(crate) async fn called(&self, verb: Verb) -> Result<(), io::Error> {
        self.0.send_modify(|state| *state.calls.entry(verb).or_default() += 1);
        self.until(|state| state.store != "slow").await;
        if self.0.borrow().store == "down" { Err(io::Error::other("the store is down")) } else { Ok(()) }
    }

    pub(crate) fn calls(&self) -> Value {
        let state = self.0.borrow();
        let of = |verb| state.calls.get(&verb).copied().unwrap_or(0);
        json!({ "get": of(Verb::Get), "put": of(Verb::Put), "touch": of(Verb::Touch) })
    }

    pub(crate) fn set_store(&self, store: &str) {
        self.0.send_modify(|state| store.clone_into(&mut state.store));
    }

    pub(crate) async fn pass(&self, gate: &str) {
        self.0.send_modify(|state| *state.held.entry(gate.to_owned()).or_default() += 1);
        self.until(|state| state.open.contains(gate)).await;
    }

    pub(crate) fn open(&self, gate: &str) {
        self.0.send_modify(|state| {
            state.open.insert(gate.to_owned());
        });
    }

    /// Waits until so many requests are held at a gate, and tells whether they came.
    pub(crate) async fn held(&self, gate: &str, requests: usize) -> bool {
        self.until(|state| state.held.get(gate).is_some_and(|held| *held >= requests)).await
    }

    /// Moves the time of this process on: libfaketime reads the file at every look at the clock.
    ///
    /// Gives `false` where libfaketime is not there.
    pub(crate) fn advance(&self, by_ms: u64) -> io::Result<bool> {
        let Some(path) = env::var_os("PEER_CLOCK") else { return Ok(false) };
        let moved = OffsetDateTime::now_utc() + Duration::from_millis(by_ms);
        let (hour, minute, second) = moved.to_hms();
        let mut new = path.clone();
        new.push(".new");
        fs::write(&new, format!("{} {hour:02}:{minute:02}:{second:02}\n", moved.date()))?;
        fs::rename(new, path)?;
        Ok(true)
    }

    /// Gives a body in two pieces, of which the second waits at a gate.
    pub(crate) fn pieces(
        self: &Arc<Self>,
        gate: String,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> + Send + use<> {
        let rig = Arc::clone(self);
        let second = async move {
            rig.pass(&gate).await;
            Ok(Bytes::from_static(b"the second piece\n"))
        };
        stream::iter([Ok(Bytes::from_static(b"the first piece\n"))]).chain(stream::once(Box::pin(second)))
    }
}
