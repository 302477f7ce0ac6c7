//! Connections that stay open, and how soon they see their session's end: for a store that can
//! [`Watch`](session_core::Watch), beside the clauses of WAT, which bound no time of its.
//!
//! ```
//! use std::time::Duration;
//!
//! use session_conformance::session_core::Sessions;
//! use session_conformance::sockets;
//! use session_ets::{EtsStore, Table};
//!
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
//! let store = EtsStore::new(Table::private());
//! let (here, there) = (Sessions::builder(store.clone()).build()?, Sessions::builder(store).build()?);
//! let seen = sockets::ends_seen(&here, &there, 20).await?;
//! assert!(seen.delays.last() < Some(&Duration::from_secs(10)));
//! # Ok::<_, session_conformance::session_core::BoxError>(())
//! # }).unwrap();
//! ```

use std::time::{Duration, Instant};

use session_core::{BoxError, Handled, RequestHead, Session, Sessions};
use tokio::time::{sleep, timeout};

/// How many ends are let pass first: a feed begins with who waits, and the first may have to be looked for.
const FIRST: usize = 10;
/// How long who waits has for the look it begins with.
const TO_BEGIN: Duration = Duration::from_millis(2);
/// How long an end may take to be seen: that is when it was looked for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Returns what a connection that stays open has: a handle of a session, from a request that was answered.
///
/// # Errors
/// As those of the store.
pub async fn socket(sessions: &Sessions) -> Result<Session, BoxError> {
    let lazy = sessions.open(RequestHead::new("GET"));
    let session = lazy.load().await?;
    session.insert("n", 1)?;
    sessions.close(&lazy, Handled::Completed).await.outcome?;
    Ok(session)
}

/// How soon ends were seen, each list from the shortest time to the longest.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct EndsSeen {
    /// From the beginning of the call that ends a session until who waits for that sees it.
    pub delays: Vec<Duration>,
    /// The call itself.
    pub calls: Vec<Duration>,
}

/// Ends sessions by `there`, one after the other, each waited for by `here`, as it were in another process. The store of
/// each should have connections of its own.
///
/// # Errors
/// As those of the store; and if an end is not seen within two minutes, when it was looked for at least once.
pub async fn ends_seen(here: &Sessions, there: &Sessions, ends: usize) -> Result<EndsSeen, BoxError> {
    let (mut delays, mut calls) = (Vec::with_capacity(ends), Vec::with_capacity(ends));
    for number in 0..FIRST + ends {
        let session = socket(here).await?;
        let key = session.session_key().ok_or("it is not stored")?;
        let ended = tokio::spawn(async move {
            session.ended().await;
            Instant::now()
        });
        sleep(TO_BEGIN).await;
        let began = Instant::now();
        there.revoke(&key).await?;
        let called = began.elapsed();
        let saw = timeout(PATIENCE, ended).await??;
        if number >= FIRST {
            delays.push(saw - began);
            calls.push(called);
        }
    }
    delays.sort_unstable();
    calls.sort_unstable();
    Ok(EndsSeen { delays, calls })
}
