//! What the benches write.

#![allow(dead_code, reason = "each bench uses a part")]

use std::time::Duration;

use session_conformance::session_core::{
    BoxError, Clock, Put, PutOutcome, Record, SessionKey, SessionStore, SystemClock, Version,
};
use session_sql::PostgresStore;
use session_sql::sqlx::{AssertSqlSafe, query};

/// A record of 200 bytes that lives for an hour.
pub(crate) fn record() -> Result<Record, BoxError> {
    let now = SystemClock.now();
    let expires_at = now + Duration::from_secs(3_600);
    let payload = vec![b'x'; 200].into();
    Ok(Record { version: Version::random()?, payload, owner: None, created_at: now, last_seen_at: now, expires_at })
}

/// Writes what nobody else writes meanwhile.
pub(crate) async fn stored(
    store: &impl SessionStore,
    key: &SessionKey,
    record: &Record,
    put: Put,
) -> Result<(), BoxError> {
    match store.put(key, record, put).await? {
        PutOutcome::Stored => Ok(()),
        other => Err(format!("{other:?}").into()),
    }
}

/// Removes the table of a store: the server may be shared.
pub(crate) async fn remove(store: &PostgresStore, table: &str) {
    let _ = query(AssertSqlSafe(format!("DROP TABLE {table}"))).execute(store.pool()).await;
}
