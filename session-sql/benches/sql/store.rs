//! What is timed of the store: its verbs, with every answer checked.

use std::num::NonZeroUsize;
use std::ops::Range;

use session_sql::session_core::{
    BoxError, Bytes, Owner, Owners, Put, PutOutcome, Record, SessionKey, SessionStore, Sweep, Timestamp, Version,
};
use session_sql::{Dialect, SqlStore};
use tokio::task::JoinSet;

use crate::slices::{Party, Verb};

pub(crate) const TASKS: u64 = 8;
pub(crate) const PAGE: usize = 100;
pub(crate) const BATCH: usize = 1_000;

/// What is at or before it is swept.
pub(crate) const DUE: Timestamp = Timestamp::from_millis(1_000_000_000_000);
pub(crate) const LIVE: Timestamp = Timestamp::from_millis(4_000_000_000_000);
pub(crate) const SEEN: Timestamp = Timestamp::from_millis(2_000);
pub(crate) const EXTENDED: Timestamp = Timestamp::from_millis(4_000_000_001_000);

/// The store, and whose sessions it writes.
pub(crate) struct Store<Db: Dialect> {
    pub(crate) store: SqlStore<Db>,
    pub(crate) owner: Option<&'static str>,
}

impl<Db: Dialect> Party for Store<Db> {
    async fn call(&self, verb: Verb, sessions: Range<u64>) -> Result<(), BoxError> {
        let store = &self.store;
        match verb {
            Verb::Create => {
                for number in sessions {
                    let next = record(1, self.owner);
                    assert_eq!(store.put(&key(0, number), &next, Put::Create).await?, PutOutcome::Stored);
                }
            }
            Verb::Read => {
                for number in sessions {
                    assert!(store.get(&key(0, number)).await?.is_some());
                }
            }
            Verb::Touch => {
                for number in sessions {
                    assert!(store.touch(&key(0, number), Version::from_u64(1), SEEN, EXTENDED).await?);
                }
            }
            Verb::Write => {
                for number in sessions {
                    let (next, put) = (record(2, self.owner), Put::Replace(Version::from_u64(1)));
                    assert_eq!(store.put(&key(0, number), &next, put).await?, PutOutcome::Stored);
                }
            }
            Verb::Contention => {
                let mut tasks = JoinSet::new();
                let turns = (sessions.end - sessions.start) / TASKS;
                for task in 0..TASKS {
                    let (store, key, owner) = (store.clone(), key(0, sessions.start), self.owner);
                    tasks.spawn(async move {
                        let mut standing = Version::from_u64(2);
                        for turn in 0..turns {
                            let next = record((task << 32) + turn + 10, owner);
                            while let PutOutcome::Conflict(winner) =
                                store.put(&key, &next, Put::Replace(standing)).await?
                            {
                                standing = winner.version;
                            }
                            standing = next.version;
                        }
                        Ok(())
                    });
                }
                all(tasks).await?;
            }
            Verb::List => {
                let (ann, limit) = (Owner::new("ann")?, NonZeroUsize::new(PAGE).expect("not zero"));
                for _ in 0..(sessions.end - sessions.start) / 8 {
                    assert_eq!(store.list(&ann, None, limit).await?.records.len(), PAGE);
                }
            }
            Verb::Delete => {
                for number in sessions {
                    assert!(store.delete(&key(0, number)).await?);
                }
            }
            Verb::Sweep | Verb::Refile => {
                let due = if verb == Verb::Refile { sessions.end / 10 } else { sessions.end };
                let batch = NonZeroUsize::new(BATCH).expect("not zero");
                drain(due, || async move { Ok(store.delete_expired(DUE, batch).await?) }).await?;
            }
        }
        Ok(())
    }
}

/// Sweeps until nothing is left.
pub(crate) async fn drain<F: Future<Output = Result<u64, BoxError>>>(
    due: u64,
    sweep: impl Fn() -> F,
) -> Result<(), BoxError> {
    let mut removed = 0;
    loop {
        match sweep().await? {
            0 => break,
            some => removed += some,
        }
    }
    assert_eq!(removed, due);
    Ok(())
}

pub(crate) async fn all(mut tasks: JoinSet<Result<(), BoxError>>) -> Result<(), BoxError> {
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(())
}

pub(crate) fn record(version: u64, owner: Option<&str>) -> Record {
    Record {
        version: Version::from_u64(version),
        payload: Bytes::from(vec![b'x'; 200]),
        owner: owner.and_then(|owner| Owner::new(owner).ok()),
        created_at: Timestamp::from_millis(1_000),
        last_seen_at: Timestamp::from_millis(1_000),
        expires_at: LIVE,
    }
}

/// A key that is spread as hashes are, and that no other row and no other party has.
pub(crate) fn key(party: u8, number: u64) -> SessionKey {
    let mut bytes = [party; 32];
    bytes[..8].copy_from_slice(&(2 * number + u64::from(party)).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..16].copy_from_slice(&number.to_be_bytes());
    SessionKey::from_bytes(bytes)
}

/// A table of the numbers below ten to the power of `digits`, as `n`.
pub(crate) fn numbers(digits: u32) -> String {
    let ten = "SELECT 0 AS d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 \
               UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9";
    let tables: Vec<_> = (0..digits).map(|at| format!("({ten}) t{at}")).collect();
    let number: Vec<_> = (0..digits).map(|at| format!("t{at}.d * {}", 10_u32.pow(at))).collect();
    format!("(SELECT {} AS n FROM {}) AS numbers", number.join(" + "), tables.join(", "))
}
