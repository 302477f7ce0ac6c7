//! Faults in what is told of changes.

use std::sync::OnceLock;

use session_conformance::async_trait;
use session_conformance::session_core::*;

use crate::support::*;

/// Answers rightly, and tells of it if it replaced something.
async fn put_telling(call: PutCall<'_>, tell: impl FnOnce() + Send) -> PutResult {
    let outcome = call.right().await?;
    if outcome == PutOutcome::Stored && call.put != Put::Create {
        tell();
    }
    Ok(outcome)
}

/// Tells by what is in the process, where the backend is shared.
#[derive(Debug, Default)]
pub struct TellsItsOwnHandle(OnceLock<Notifier>);
impl TellsItsOwnHandle {
    fn notifier(&self) -> &Notifier {
        self.0.get_or_init(|| {
            let notifier = Notifier::new();
            notifier.resumed();
            notifier
        })
    }
}
#[async_trait]
impl Fault for TellsItsOwnHandle {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        put_telling(call, || self.notifier().changed(call.key)).await
    }

    fn watcher(&self, _: &Memory) -> Watcher {
        self.notifier().watcher()
    }
}

/// Never says that it tells.
#[derive(Debug, Default)]
pub struct NeverSaysThatItTells(Notifier);
#[async_trait]
impl Fault for NeverSaysThatItTells {
    fn watcher(&self, _: &Memory) -> Watcher {
        self.0.watcher()
    }
}

/// Tells, and then writes.
#[derive(Debug, Default)]
pub struct TellsFirst;
#[async_trait]
impl Fault for TellsFirst {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if let Put::End(_) = call.put {
            call.memory.instead.changed(call.key);
            gap().await;
        }
        call.right().await
    }

    fn watcher(&self, memory: &Memory) -> Watcher {
        memory.instead.watcher()
    }
}

/// Says that it tells of all changes, and tells of writes alone.
#[derive(Debug, Default)]
pub struct TouchesInSilence;
#[async_trait]
impl Fault for TouchesInSilence {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        put_telling(call, || call.memory.instead.changed(call.key)).await
    }

    fn watcher(&self, memory: &Memory) -> Watcher {
        memory.instead.watcher()
    }
}

/// Has a short queue between the backend and who listens, and leaves out what it has no room for.
#[derive(Debug, Default)]
pub struct LeavesOutInSilence;
impl LeavesOutInSilence {
    /// The queue is full when so many writes have come, for as long as it takes to empty it.
    fn tell(memory: &Memory, key: &SessionKey) {
        let mut beside = memory.beside();
        beside.writes += 1;
        if !(150..200).contains(&beside.writes) {
            memory.instead.changed(key);
        }
    }
}
#[async_trait]
impl Fault for LeavesOutInSilence {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        put_telling(call, || Self::tell(call.memory, call.key)).await
    }

    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let touched = call.right().await?;
        Self::tell(call.memory, call.key);
        Ok(touched)
    }

    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        let deleted = call.delete().await?;
        Self::tell(call.memory, call.key);
        Ok(deleted)
    }

    fn watcher(&self, memory: &Memory) -> Watcher {
        memory.instead.watcher()
    }
}

/// Connects again after a break, and says nothing of it.
#[derive(Debug, Default)]
pub struct BreaksInSilence;
#[async_trait]
impl Fault for BreaksInSilence {
    fn interrupt(_: &Memory) {}
}
