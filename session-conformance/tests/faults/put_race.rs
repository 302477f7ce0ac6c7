//! Faults of `put` that show only when many tasks put at once, or when one hangs up.

use std::sync::Arc;

use session_conformance::async_trait;
use session_conformance::session_core::*;
use tokio::task::yield_now;

use crate::support::{Fault, Memory};

caught! {
    put_8_catches_a_create_that_looks_first: LooksFirst, PUT_8, "Stored for exactly one";
    put_9_catches_a_replace_that_looks_first: LooksFirst, PUT_9, "Stored for exactly one";
    put_9_catches_a_winner_from_an_old_snapshot: OldSnapshot, PUT_9, "Conflict";
    put_10_catches_a_record_half_written: HalfWritten, PUT_10, "or {";
    put_10_catches_a_replace_that_deletes_first: DeletesFirst, PUT_10, "None";
}

/// Looks whether it may, and then writes.
#[derive(Debug, Default)]
struct LooksFirst;
#[async_trait]
impl Fault for LooksFirst {
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        let outcome = match (memory.peek(key), put) {
            (None, Put::Create) => PutOutcome::Stored,
            (Some(stands), Put::Replace(version)) if stands.version == version => PutOutcome::Stored,
            _ => return memory.put(key, record, put).await,
        };
        yield_now().await;
        memory.set(key, record);
        Ok(outcome)
    }
}

/// Reads what won from the snapshot that it began with, as one statement in PostgreSQL does.
#[derive(Debug, Default)]
struct OldSnapshot;
#[async_trait]
impl Fault for OldSnapshot {
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        let snapshot = memory.peek(key);
        yield_now().await;
        match memory.put(key, record, put).await? {
            PutOutcome::Conflict(winner) => Ok(PutOutcome::Conflict(snapshot.unwrap_or(winner))),
            outcome => Ok(outcome),
        }
    }
}

/// Writes one field after the other, as a hash of fields would be.
#[derive(Debug, Default)]
struct HalfWritten;
#[async_trait]
impl Fault for HalfWritten {
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        let Put::Replace(version) = put else { return memory.put(key, record, put).await };
        let old = memory.peek(key).filter(|old| old.version == version);
        let Some(old) = old else { return memory.put(key, record, put).await };
        memory.set(key, &Record { payload: old.payload.clone(), ..record.clone() });
        yield_now().await;
        memory.set(key, record);
        Ok(PutOutcome::Stored)
    }
}

/// Takes the old record away before it writes the new one.
#[derive(Debug, Default)]
struct DeletesFirst;
#[async_trait]
impl Fault for DeletesFirst {
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        let old: Option<Arc<Record>> = memory.peek(key);
        match (old, put) {
            (Some(old), Put::Replace(version)) if old.version == version => {
                memory.delete(key).await?;
                yield_now().await;
                memory.put(key, record, Put::Create).await
            }
            _ => memory.put(key, record, put).await,
        }
    }
}
