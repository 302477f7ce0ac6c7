//! What the tests of the core share: a set-up on the ETS store, and browsers.

#![allow(dead_code, unused_imports, reason = "no test uses all of it")]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use session_core::{
    Codec, Json, ManualClock, Record, RecordHead, Session, SessionKey, SessionStore, Sessions, SessionsBuilder,
    Timestamp,
};
use session_ets::{EtsStore, Table};

pub(crate) mod browser;
pub(crate) mod faulty;
pub(crate) mod log;
pub(crate) mod seeded;
pub(crate) mod stepped;
pub(crate) mod wrapped;

pub(crate) use browser::Browser;

/// When the clocks of the tests begin.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// A store of its own.
pub(crate) fn store() -> EtsStore {
    EtsStore::new(Table::private())
}

/// Sessions with a clock that stands.
pub(crate) fn builder(store: impl SessionStore) -> (SessionsBuilder, ManualClock) {
    let clock = ManualClock::new(START);
    (Sessions::builder(store).clock(clock.clone()), clock)
}

pub(crate) fn sessions(store: impl SessionStore) -> (Sessions, ManualClock) {
    let (builder, clock) = builder(store);
    (builder.build().unwrap(), clock)
}

/// Gives how many sessions that can be used stand in the store, however long.
pub(crate) async fn live(store: &EtsStore, now: Timestamp) -> usize {
    let page = store.scan().unwrap().page(None, NonZeroUsize::MAX).await.unwrap();
    let is_session = |(key, record): &(SessionKey, Arc<Record>)| {
        let head = RecordHead::new(key, record.created_at, now);
        record.is_live_at(now) && !Json.decode(&head, &record.payload).unwrap().is_retired()
    };
    page.records.iter().filter(|entry| is_session(entry)).count()
}

/// Adds one to a counter, whatever others do.
pub(crate) fn count(session: &Session) {
    session.update("n", |n: Option<u64>| n.unwrap_or(0) + 1).unwrap();
}
