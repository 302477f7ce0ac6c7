//! Faults of `delete`, and of what races with it.

use session_conformance::async_trait;
use session_conformance::session_core::*;
use tokio::task::yield_now;

use crate::support::{Fault, Memory};

caught! {
    del_1_catches_a_delete_that_always_says_yes: AlwaysTrue, DEL_1, "delete gives false";
    del_2_catches_a_delete_that_misses_what_is_absent: AbsentIsAnError, DEL_2, "delete works";
    del_3_catches_a_replace_that_undoes_a_delete: ReplaceUndoes, DEL_3, "None";
    del_3_catches_a_touch_that_undoes_a_delete: TouchUndoes, DEL_3, "None";
    del_4_catches_a_delete_by_owner: DeletesByOwner, DEL_4, "None";
}

#[derive(Debug, Default)]
struct AlwaysTrue;
#[async_trait]
impl Fault for AlwaysTrue {
    async fn delete(&self, memory: &Memory, key: &SessionKey) -> Result<bool, StoreError> {
        memory.delete(key).await.map(|_| true)
    }
}

#[derive(Debug, Default)]
struct AbsentIsAnError;
#[async_trait]
impl Fault for AbsentIsAnError {
    async fn delete(&self, memory: &Memory, key: &SessionKey) -> Result<bool, StoreError> {
        match memory.delete(key).await? {
            true => Ok(true),
            false => Err(StoreError::Backend { store: "faulty", source: "no such row".into() }),
        }
    }
}

/// Reads, judges, and writes: what was deleted meanwhile is back.
#[derive(Debug, Default)]
struct ReplaceUndoes;
#[async_trait]
impl Fault for ReplaceUndoes {
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        match (memory.peek(key), put) {
            (Some(stands), Put::Replace(version)) if stands.version == version => {
                yield_now().await;
                memory.set(key, record);
                Ok(PutOutcome::Stored)
            }
            _ => memory.put(key, record, put).await,
        }
    }
}

#[derive(Debug, Default)]
struct TouchUndoes;
#[async_trait]
impl Fault for TouchUndoes {
    async fn touch(
        &self,
        memory: &Memory,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let found = memory.peek(key).filter(|it| it.version == version && it.is_live_at(seen));
        let Some(found) = found else { return Ok(false) };
        yield_now().await;
        memory.set(key, &Record { last_seen_at: seen, expires_at, ..(*found).clone() });
        Ok(true)
    }
}

#[derive(Debug, Default)]
struct DeletesByOwner;
#[async_trait]
impl Fault for DeletesByOwner {
    async fn delete(&self, memory: &Memory, key: &SessionKey) -> Result<bool, StoreError> {
        let Some(found) = memory.peek(key) else { return Ok(false) };
        memory.rows().retain(|_, row| row.as_ref().is_none_or(|it| it.owner != found.owner));
        Ok(true)
    }
}
