//! Faults that show only when a call is dropped: of every verb.

use session_conformance::async_trait;
use session_conformance::session_core::*;
use tokio::task::yield_now;

use super::backend;
use super::swp::{file, sweep_by_index};
use crate::support::*;

/// The name of the lock on all rows.
const ALL: SessionKey = SessionKey::from_bytes([0; 32]);

/// Takes a lock, and gives the row up if it comes to nothing. Whoever is dropped while he has it leaves it behind.
async fn lock(memory: &Memory, name: &SessionKey) -> Result<(), StoreError> {
    // Whoever has it may be without a processor for a while.
    const PATIENCE: usize = 100_000;
    for _ in 0..PATIENCE {
        if memory.beside().marks.insert(*name) {
            return Ok(());
        }
        yield_now().await;
    }
    Err(backend("the row is locked"))
}

/// Works under a lock, with an await before the work.
async fn locked<T>(
    memory: &Memory,
    name: &SessionKey,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    lock(memory, name).await?;
    yield_now().await;
    let done = work.await;
    memory.beside().marks.remove(name);
    done
}

/// Waits until nobody has the lock.
async fn unlocked(memory: &Memory, name: &SessionKey) -> Result<(), StoreError> {
    lock(memory, name).await?;
    memory.beside().marks.remove(name);
    Ok(())
}

#[derive(Debug, Default)]
pub struct GetLeavesALock;
#[async_trait]
impl Fault for GetLeavesALock {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        locked(call.memory, call.key, call.get()).await
    }

    async fn put(&self, call: PutCall<'_>) -> PutResult {
        unlocked(call.memory, call.key).await?;
        call.right().await
    }
}

#[derive(Debug, Default)]
pub struct TouchLeavesALock;
#[async_trait]
impl Fault for TouchLeavesALock {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        locked(call.memory, call.key, call.right()).await
    }

    async fn put(&self, call: PutCall<'_>) -> PutResult {
        unlocked(call.memory, call.key).await?;
        call.right().await
    }
}

#[derive(Debug, Default)]
pub struct DeleteLeavesALock;
#[async_trait]
impl Fault for DeleteLeavesALock {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        unlocked(call.memory, call.key).await?;
        call.right().await
    }

    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        locked(call.memory, call.key, call.delete()).await
    }
}

#[derive(Debug, Default)]
pub struct SweepLeavesALock;
#[async_trait]
impl Fault for SweepLeavesALock {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        locked(call.memory, &ALL, call.right()).await
    }
}

#[derive(Debug, Default)]
pub struct ListLeavesALock;
#[async_trait]
impl Fault for ListLeavesALock {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        unlocked(call.memory, &ALL).await?;
        call.right().await
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        locked(call.memory, &ALL, call.right()).await
    }
}

#[derive(Debug, Default)]
pub struct ScanLeavesALock;
#[async_trait]
impl Fault for ScanLeavesALock {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        unlocked(call.memory, &ALL).await?;
        call.right().await
    }

    async fn scan(&self, call: PageCall<'_>) -> Listed {
        locked(call.memory, &ALL, call.right()).await
    }
}

#[derive(Debug, Default)]
pub struct InitLeavesALock;
#[async_trait]
impl Fault for InitLeavesALock {
    async fn init(&self, memory: &Memory) -> Result<(), StoreError> {
        locked(memory, &ALL, memory.init()).await
    }
}

/// Writes the index by deadline in a step of its own, after the record.
#[derive(Debug, Default)]
pub struct FilesLate;
#[async_trait]
impl Fault for FilesLate {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        if outcome == PutOutcome::Stored {
            gap().await;
            file(call.memory, call.key);
        }
        Ok(outcome)
    }

    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let done = call.right().await?;
        file(call.memory, call.key);
        Ok(done)
    }

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        Ok(sweep_filed(call))
    }
}

/// Takes the old entry out of the index by deadline first, and enters the new one last.
#[derive(Debug, Default)]
pub struct TouchUnfiles;
#[async_trait]
impl Fault for TouchUnfiles {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        file(call.memory, call.key);
        Ok(outcome)
    }

    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        call.memory.beside().deadlines.remove(call.key);
        yield_now().await;
        let done = call.right().await?;
        file(call.memory, call.key);
        Ok(done)
    }

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        Ok(sweep_filed(call))
    }
}

/// Takes the entry out of the index by deadline last, and only where the record was there.
#[derive(Debug, Default)]
pub struct DeleteUnfilesLate;
#[async_trait]
impl Fault for DeleteUnfilesLate {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        if outcome == PutOutcome::Stored && call.put == Put::Create {
            // An entry that is there already is left for another record's.
            let stands = call.stands();
            let mut beside = call.memory.beside();
            if let Some(stands) = stands {
                beside.deadlines.entry(*call.key).or_insert(stands.expires_at);
            }
        } else {
            file(call.memory, call.key);
        }
        Ok(outcome)
    }

    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let done = call.right().await?;
        file(call.memory, call.key);
        Ok(done)
    }

    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        let done = call.delete().await?;
        if done {
            yield_now().await;
            call.memory.beside().deadlines.remove(call.key);
        }
        Ok(done)
    }

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        Ok(sweep_by_index(call, |_, deadline| deadline <= call.before))
    }
}

/// Takes its batch out of the index by deadline first, and removes the records then.
#[derive(Debug, Default)]
pub struct SweepUnfilesFirst;
#[async_trait]
impl Fault for SweepUnfilesFirst {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        file(call.memory, call.key);
        Ok(outcome)
    }

    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let done = call.right().await?;
        if done {
            file(call.memory, call.key);
        }
        Ok(done)
    }

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let due = call.due();
        let batch: Vec<_> = {
            let mut beside = call.memory.beside();
            due.into_iter().filter(|key| beside.deadlines.remove(key).is_some()).collect()
        };
        yield_now().await;
        let mut rows = call.memory.rows();
        let before = rows.len();
        rows.retain(|key, row| !batch.contains(key) || row.as_ref().is_some_and(|it| it.is_live_at(call.before)));
        Ok((before - rows.len()) as u64)
    }
}

/// Removes what the index by deadline names and the record bears out.
fn sweep_filed(call: SweepCall<'_>) -> u64 {
    let is_over = |key: &SessionKey| call.memory.peek(key).is_some_and(|it| !it.is_live_at(call.before));
    sweep_by_index(call, |key, deadline| deadline <= call.before && is_over(key))
}
