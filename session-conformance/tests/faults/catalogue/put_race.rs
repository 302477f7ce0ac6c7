//! Faults of `put` that show only when many tasks put at once, or when one hangs up.

use session_conformance::async_trait;
use session_conformance::session_core::*;
use tokio::task::yield_now;

use super::backend;
use crate::support::*;

#[derive(Debug, Default)]
pub struct LooksFirst;
#[async_trait]
impl Fault for LooksFirst {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let free = call.put == Put::Create && call.stands().is_none();
        if !free && call.replaces().is_none() {
            return call.right().await;
        }
        gap().await;
        call.write()
    }
}

#[derive(Debug, Default)]
pub struct LosesUpdates;
#[async_trait]
impl Fault for LosesUpdates {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if call.replaces().is_none() {
            return call.right().await;
        }
        gap().await;
        call.write()
    }
}

#[derive(Debug, Default)]
pub struct OldSnapshot;
#[async_trait]
impl Fault for OldSnapshot {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let snapshot = call.stands();
        gap().await;
        match call.right().await? {
            PutOutcome::Conflict(winner) => Ok(PutOutcome::Conflict(snapshot.unwrap_or(winner))),
            outcome => Ok(outcome),
        }
    }
}

/// What is compared is when the session began, which tells it from another one under the key, but not from
/// its own next write.
#[derive(Debug, Default)]
pub struct CreatedAtForVersion;
#[async_trait]
impl Fault for CreatedAtForVersion {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let Some(stood) = call.replaces() else {
            return call.right().await;
        };
        gap().await;
        match call.stands() {
            Some(stands) if stands.created_at == stood.created_at => call.right_for(&stands).await,
            _ => call.right().await,
        }
    }
}

#[derive(Debug, Default)]
pub struct HalfWritten;
#[async_trait]
impl Fault for HalfWritten {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let Some(old) = call.replaces() else { return call.right().await };
        call.memory.set(call.key, &Record { payload: old.payload.clone(), ..call.record.clone() });
        gap().await;
        call.write()
    }
}

/// Holds all others up until it is dropped, also at an await.
pub(super) struct Locked<'a>(&'a Memory);

impl<'a> Locked<'a> {
    const NAME: SessionKey = SessionKey::from_bytes([0; 32]);

    pub(super) async fn wait(memory: &'a Memory) -> Self {
        while !memory.beside().marks.insert(Self::NAME) {
            yield_now().await;
        }
        Self(memory)
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        self.0.beside().marks.remove(&Self::NAME);
    }
}

/// As [`HalfWritten`], and all who read or write wait for each other: only who hangs up leaves a half.
#[derive(Debug, Default)]
pub struct HalfUnderLock;
#[async_trait]
impl Fault for HalfUnderLock {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        let _lock = Locked::wait(call.memory).await;
        call.get().await
    }

    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let _lock = Locked::wait(call.memory).await;
        let Some(old) = call.replaces() else {
            return call.right().await;
        };
        call.memory.set(call.key, &Record { payload: old.payload.clone(), ..call.record.clone() });
        yield_now().await;
        call.write()
    }

    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let _lock = Locked::wait(call.memory).await;
        call.right().await
    }

    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        let _lock = Locked::wait(call.memory).await;
        call.delete().await
    }
}

#[derive(Debug, Default)]
pub struct LeavesALock;
#[async_trait]
impl Fault for LeavesALock {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        const PATIENCE: usize = 2_000;
        let mut tries = 0;
        while !call.memory.beside().marks.insert(*call.key) {
            if tries == PATIENCE {
                return Err(backend("the row is locked"));
            }
            tries += 1;
            yield_now().await;
        }
        yield_now().await;
        let outcome = call.right().await;
        call.memory.beside().marks.remove(call.key);
        outcome
    }
}

#[derive(Debug, Default)]
pub struct DeletesFirst;
#[async_trait]
impl Fault for DeletesFirst {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if call.replaces().is_none() {
            return call.right().await;
        }
        call.memory.delete(call.key).await?;
        gap().await;
        PutCall { put: Put::Create, ..call }.right().await
    }
}
