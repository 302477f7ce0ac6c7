//! Faults in what a store does when something goes wrong, and in how it tells it.

use std::sync::atomic::{AtomicBool, Ordering};

use session_conformance::session_core::*;
use session_conformance::{Crash, async_trait};

use super::{backend, corrupt};
use crate::support::*;

#[derive(Debug, Default)]
pub struct CorruptIsAbsent;
#[async_trait]
impl Fault for CorruptIsAbsent {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        Ok(call.memory.peek(call.key))
    }
}

#[derive(Debug, Default)]
pub struct CorruptPanics;
#[async_trait]
impl Fault for CorruptPanics {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        Ok(call.get().await.map_err(drop).expect("what we wrote can be read"))
    }
}

#[derive(Debug, Default)]
pub struct CorruptStays;
#[async_trait]
impl Fault for CorruptStays {
    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        // To know the owner, so that the index can follow.
        call.get().await?;
        call.delete().await
    }
}

#[derive(Debug, Default)]
pub struct CorruptStopsSweeps;
#[async_trait]
impl Fault for CorruptStopsSweeps {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        // To know the owners, so that the index can follow.
        match call.memory.rows().values().all(Option::is_some) {
            true => {}
            false => return Err(corrupt("a record cannot be read")),
        }
        call.right().await
    }
}

#[derive(Debug, Default)]
pub struct CorruptLeavesEntry;
#[async_trait]
impl Fault for CorruptLeavesEntry {
    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        if call.get().await.is_err() {
            call.memory.beside().marks.insert(*call.key);
        }
        call.delete().await
    }

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let entries = std::mem::take(&mut call.memory.beside().marks);
        let mut removed = 0;
        for key in &entries {
            removed += u64::from(call.memory.delete(key).await?);
        }
        call.right().await.map(|due| removed + due)
    }
}

#[derive(Debug, Default)]
pub struct ErrorShowsKey;
#[async_trait]
impl Fault for ErrorShowsKey {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let told = |_| backend(format!("UPDATE failed for key {:02X?}", call.key.as_bytes()));
        call.right().await.map_err(told)
    }
}

#[derive(Debug, Default)]
pub struct ErrorShowsPayload;
#[async_trait]
impl Fault for ErrorShowsPayload {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right().await.map_err(|error| match error {
            StoreError::TooLarge { .. } => error,
            _ => backend(format!("cannot write {:?}", call.record.payload)),
        })
    }
}

#[derive(Debug)]
pub struct DebugShowsPassword {
    #[expect(dead_code, reason = "it is there to be printed")]
    url: String,
}

impl Default for DebugShowsPassword {
    fn default() -> Self {
        Self { url: format!("redis://:{PASSWORD}@localhost") }
    }
}

#[async_trait]
impl Fault for DebugShowsPassword {}

#[derive(Debug, Default)]
pub struct InitEmpties;
#[async_trait]
impl Fault for InitEmpties {
    async fn init(&self, memory: &Memory) -> Result<(), StoreError> {
        memory.rows().clear();
        Ok(())
    }
}

fn table_exists() -> StoreError {
    StoreError::Misconfigured { store: "faulty", source: "the table exists".into() }
}

#[derive(Debug, Default)]
pub struct InitOnce(AtomicBool);
#[async_trait]
impl Fault for InitOnce {
    async fn init(&self, _: &Memory) -> Result<(), StoreError> {
        if self.0.swap(true, Ordering::SeqCst) { Err(table_exists()) } else { Ok(()) }
    }
}

#[derive(Debug, Default)]
pub struct InitLooksFirst;
#[async_trait]
impl Fault for InitLooksFirst {
    async fn init(&self, memory: &Memory) -> Result<(), StoreError> {
        let table = SessionKey::from_bytes([0; 32]);
        if memory.beside().marks.contains(&table) {
            return Ok(());
        }
        gap().await;
        if memory.beside().marks.insert(table) { Ok(()) } else { Err(table_exists()) }
    }
}

#[derive(Debug, Default)]
pub struct CorruptIsGone;
#[async_trait]
impl Fault for CorruptIsGone {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match call.right().await {
            Err(StoreError::Corrupt { .. }) if call.put != Put::Create => Ok(PutOutcome::Gone),
            outcome => outcome,
        }
    }
}

#[derive(Debug, Default)]
pub struct CorruptIsNotTouched;
#[async_trait]
impl Fault for CorruptIsNotTouched {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        match call.right().await {
            Err(StoreError::Corrupt { .. }) => Ok(false),
            done => done,
        }
    }
}

#[derive(Debug, Default)]
pub struct EndMendsTheCorrupt;
#[async_trait]
impl Fault for EndMendsTheCorrupt {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match call.right().await {
            Err(StoreError::Corrupt { .. }) if matches!(call.put, Put::End(_)) => call.write(),
            outcome => outcome,
        }
    }
}

/// Shows a key that was read as a number in little endian.
#[derive(Debug, Default)]
pub struct ErrorShowsKeyReversed;
#[async_trait]
impl Fault for ErrorShowsKeyReversed {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let number = || call.key.as_bytes().iter().rev().map(|byte| format!("{byte:02x}")).collect::<String>();
        call.right().await.map_err(|_| corrupt(format!("row {} cannot be read", number())))
    }
}

#[derive(Debug, Default)]
pub struct LogsKeys;
#[async_trait]
impl Fault for LogsKeys {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        tracing::debug!("GET session:{}", data_encoding::BASE32_NOPAD.encode(call.key.as_bytes()));
        call.get().await
    }
}

#[derive(Debug, Default)]
pub struct TracesPayloads;
#[async_trait]
impl Fault for TracesPayloads {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        // As `#[instrument]` does with every argument.
        let span = tracing::info_span!("put", payload = ?call.record.payload);
        span.in_scope(|| tracing::trace!("storing"));
        call.right().await
    }
}

/// Answers, and brings to the disk what it has answered every so often.
#[derive(Debug, Default)]
pub struct AnswersBeforeItSyncs;
#[async_trait]
impl Fault for AnswersBeforeItSyncs {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        let mut beside = call.memory.beside();
        beside.writes += 1;
        if beside.writes.is_multiple_of(1_000) {
            beside.marks.clear();
        } else {
            beside.marks.insert(*call.key);
        }
        Ok(outcome)
    }

    fn crash(memory: &Memory) -> Crash {
        let lost = std::mem::take(&mut memory.beside().marks);
        memory.rows().retain(|key, _| !lost.contains(key));
        Crash::CameBack
    }
}

/// Has its records in a file that is whole after a crash, and its index in one that is not.
#[derive(Debug, Default)]
pub struct IndexDoesNotComeBack;
#[async_trait]
impl Fault for IndexDoesNotComeBack {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        let lost = call.memory.beside().marks.clone();
        let mut page = call.right().await?;
        page.records.retain(|(key, _)| !lost.contains(key));
        Ok(page)
    }

    fn crash(memory: &Memory) -> Crash {
        let keys: Vec<_> = memory.rows().keys().copied().collect();
        memory.beside().marks.extend(keys);
        Crash::CameBack
    }
}
