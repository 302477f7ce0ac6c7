//! Faults that show only where two versions of the store have one backend.
//!
//! Which version has written a record, and so its form, is kept as a mark beside it.

use std::sync::Arc;

use session_conformance::async_trait;
use session_conformance::session_core::*;

use super::corrupt;
use super::put_race::Locked;
use crate::support::*;

/// Writes, and marks what was stored, or takes the mark off.
async fn put_and_mark(call: PutCall<'_>, mark: bool) -> PutResult {
    let outcome = call.right().await?;
    if outcome == PutOutcome::Stored {
        let mut beside = call.memory.beside();
        if mark {
            beside.marks.insert(*call.key)
        } else {
            beside.marks.remove(call.key)
        };
    }
    Ok(outcome)
}

/// Writes the form before, and reads any.
#[derive(Debug, Default)]
struct OldForm;
#[async_trait]
impl Fault for OldForm {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        put_and_mark(call, true).await
    }
}

#[derive(Debug, Default)]
pub struct ForgetsTheOldForm;
#[async_trait]
impl Fault for ForgetsTheOldForm {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        let old = call.memory.beside().marks.contains(call.key);
        let forget = |it: Arc<Record>| Arc::new(Record { owner: None, ..(*it).clone() });
        Ok(call.get().await?.map(|it| if old { forget(it) } else { it }))
    }

    async fn put(&self, call: PutCall<'_>) -> PutResult {
        put_and_mark(call, false).await
    }

    fn previous(memory: &Arc<Memory>) -> Option<Arc<dyn SessionStore>> {
        Some(Faulty::<OldForm>::on(memory))
    }
}

/// Reads its own form alone.
#[derive(Debug, Default)]
struct OldFormAlone;
#[async_trait]
impl Fault for OldFormAlone {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        if call.memory.beside().marks.contains(call.key) {
            return Err(corrupt("a first byte of 2"));
        }
        call.get().await
    }

    async fn put(&self, call: PutCall<'_>) -> PutResult {
        put_and_mark(call, false).await
    }
}

#[derive(Debug, Default)]
pub struct WritesANewForm;
#[async_trait]
impl Fault for WritesANewForm {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        put_and_mark(call, true).await
    }

    fn previous(memory: &Arc<Memory>) -> Option<Arc<dyn SessionStore>> {
        Some(Faulty::<OldFormAlone>::on(memory))
    }
}

/// Sweeps by an index of its own, which its verbs write.
#[derive(Debug, Default)]
struct ByAnIndex;
#[async_trait]
impl Fault for ByAnIndex {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        if outcome == PutOutcome::Stored {
            call.memory.beside().deadlines.insert(*call.key, call.record.expires_at);
        }
        Ok(outcome)
    }

    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let done = call.right().await?;
        if let Some(record) = call.stands().filter(|_| done) {
            call.memory.beside().deadlines.insert(*call.key, record.expires_at);
        }
        Ok(done)
    }

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let mut due: Vec<_> = call.memory.beside().deadlines.iter().map(|(key, at)| (*at, *key)).collect();
        due.retain(|(at, _)| *at <= call.before);
        due.sort_unstable();
        let mut removed = 0;
        for (_, key) in due.into_iter().take(call.limit.get()) {
            call.memory.beside().deadlines.remove(&key);
            removed += u64::from(call.memory.delete(&key).await?);
        }
        Ok(removed)
    }
}

#[derive(Debug, Default)]
pub struct LeavesTheOldIndex;
#[async_trait]
impl Fault for LeavesTheOldIndex {
    fn previous(memory: &Arc<Memory>) -> Option<Arc<dyn SessionStore>> {
        Some(Faulty::<ByAnIndex>::on(memory))
    }
}

#[derive(Debug, Default)]
pub struct BeginsANewTable;
#[async_trait]
impl Fault for BeginsANewTable {
    async fn init(&self, memory: &Memory) -> Result<(), StoreError> {
        let table = SessionKey::from_bytes([1; 32]);
        if memory.beside().marks.insert(table) {
            memory.rows().clear();
        }
        Ok(())
    }

    fn previous(memory: &Arc<Memory>) -> Option<Arc<dyn SessionStore>> {
        Some(Arc::clone(memory) as Arc<dyn SessionStore>)
    }
}

/// Looks and then writes, and whoever does so waits for the others of this version.
#[derive(Debug, Default)]
pub struct LocksElsewhere;
#[async_trait]
impl Fault for LocksElsewhere {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let _lock = Locked::wait(call.memory).await;
        if call.replaces().is_none() {
            return call.right().await;
        }
        gap().await;
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

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let _lock = Locked::wait(call.memory).await;
        call.right().await
    }

    fn previous(memory: &Arc<Memory>) -> Option<Arc<dyn SessionStore>> {
        Some(Arc::clone(memory) as Arc<dyn SessionStore>)
    }
}
