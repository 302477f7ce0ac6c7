//! Faults of the sweep.

use std::num::NonZeroUsize;
use std::time::Duration;

use session_conformance::async_trait;
use session_conformance::session_core::*;

use crate::support::*;

const MILLI: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
pub struct SparesTheDeadline;
#[async_trait]
impl Fault for SparesTheDeadline {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        SweepCall { before: call.before - MILLI, ..call }.right().await
    }
}

#[derive(Debug, Default)]
pub struct SweepsTooFar;
#[async_trait]
impl Fault for SweepsTooFar {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        SweepCall { before: call.before + MILLI, ..call }.right().await
    }
}

/// Files a record in the index by deadline, as it stands.
pub fn file(memory: &Memory, key: &SessionKey) {
    if let Some(stands) = memory.peek(key) {
        memory.beside().deadlines.insert(*key, stands.expires_at);
    }
}

/// Removes what the index by deadline names, and counts it.
pub fn sweep_by_index(call: SweepCall<'_>, due: impl Fn(&SessionKey, Timestamp) -> bool) -> u64 {
    let deadlines = call.memory.beside().deadlines.clone();
    let mut due: Vec<_> = deadlines.into_iter().filter(|(key, deadline)| due(key, *deadline)).collect();
    due.sort_by_key(|(_, deadline)| *deadline);
    let mut removed = 0;
    for (key, _) in due {
        if removed == call.limit.get() as u64 {
            break;
        }
        call.memory.beside().deadlines.remove(&key);
        removed += u64::from(call.memory.rows().remove(&key).is_some());
    }
    removed
}

#[derive(Debug, Default)]
pub struct IndexOnlyLater;
#[async_trait]
impl Fault for IndexOnlyLater {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        if let Some(stands) = call.stands().filter(|_| outcome == PutOutcome::Stored) {
            let mut beside = call.memory.beside();
            let deadline = beside.deadlines.entry(*call.key).or_insert(stands.expires_at);
            *deadline = stands.expires_at.max(*deadline);
        }
        Ok(outcome)
    }

    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let done = call.right().await?;
        if let Some(stands) = call.stands().filter(|_| done) {
            call.memory.beside().deadlines.insert(*call.key, stands.expires_at);
        }
        Ok(done)
    }

    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        call.memory.beside().deadlines.remove(call.key);
        call.delete().await
    }

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        Ok(sweep_by_index(call, |_, deadline| deadline <= call.before))
    }
}

/// The entry of what was deleted stays in the index, and meets whoever has the key next.
#[derive(Debug, Default)]
pub struct OldEntrySweeps;
#[async_trait]
impl Fault for OldEntrySweeps {
    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        if let Some(stands) = call.memory.peek(call.key) {
            call.memory.beside().deadlines.insert(*call.key, stands.expires_at);
        }
        call.delete().await
    }

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let old = sweep_by_index(call, |key, deadline| {
            deadline <= call.before && call.memory.peek(key).is_some_and(|it| it.is_live_at(call.before))
        });
        match NonZeroUsize::new(call.limit.get() - old as usize) {
            Some(limit) => SweepCall { limit, ..call }.right().await.map(|removed| removed + old),
            None => Ok(old),
        }
    }
}

#[derive(Debug, Default)]
pub struct NoOrder;
#[async_trait]
impl Fault for NoOrder {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let mut due = SweepCall { limit: NonZeroUsize::MAX, ..call }.due();
        due.sort_unstable();
        due.truncate(call.limit.get());
        call.memory.rows().retain(|key, _| !due.contains(key));
        Ok(due.len() as u64)
    }
}

#[derive(Debug, Default)]
pub struct NoLimit;
#[async_trait]
impl Fault for NoLimit {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        SweepCall { limit: NonZeroUsize::MAX, ..call }.right().await
    }
}

#[derive(Debug, Default)]
pub struct GivesUp;
#[async_trait]
impl Fault for GivesUp {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let left = SweepCall { limit: NonZeroUsize::MAX, ..call }.due().len();
        // What is left is not worth a statement, until there is more of it.
        if (1..4).contains(&left) { Ok(0) } else { call.right().await }
    }
}

#[derive(Debug, Default)]
pub struct CountsTwice;
#[async_trait]
impl Fault for CountsTwice {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let due = call.due();
        gap().await;
        call.memory
            .rows()
            .retain(|key, row| !due.contains(key) || row.as_ref().is_some_and(|it| it.is_live_at(call.before)));
        Ok(due.len() as u64)
    }
}

#[derive(Debug, Default)]
pub struct SweepLooksFirst;
#[async_trait]
impl Fault for SweepLooksFirst {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let due = call.due();
        gap().await;
        let mut removed = 0;
        for key in &due {
            removed += u64::from(call.memory.delete(key).await?);
        }
        Ok(removed)
    }
}

/// Makes room for as many as may come.
#[derive(Debug, Default)]
pub struct SweepMakesRoom;
#[async_trait]
impl Fault for SweepMakesRoom {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let mut due: Vec<SessionKey> = Vec::with_capacity(call.limit.get());
        due.extend(call.due());
        call.memory.rows().retain(|key, _| !due.contains(key));
        Ok(due.len() as u64)
    }
}

/// Removes no more in one go than it thinks fit for a statement.
#[derive(Debug, Default)]
pub struct SweepsAThousand;
#[async_trait]
impl Fault for SweepsAThousand {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let most = NonZeroUsize::MIN.saturating_add(999);
        SweepCall { limit: call.limit.min(most), ..call }.right().await
    }
}

fn deadline(rows: &Rows, key: &SessionKey) -> Option<Timestamp> {
    rows.get(key)?.as_ref().map(|it| it.expires_at)
}

/// Works in steps, and goes on past the last deadline of the step before: whatever else is due at that one is left.
#[derive(Debug, Default)]
pub struct StepsPastADeadline;
#[async_trait]
impl Fault for StepsPastADeadline {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        const STEP: usize = 100;
        let mut due = SweepCall { limit: NonZeroUsize::MAX, ..call }.due();
        let (mut removed, mut last) = (0, None);
        while removed < call.limit.get() {
            let mut rows = call.memory.rows();
            due.retain(|key| deadline(&rows, key) > last);
            let step: Vec<_> = due.iter().take(STEP.min(call.limit.get() - removed)).copied().collect();
            let Some(end) = step.last() else { break };
            last = deadline(&rows, end);
            removed += step.iter().filter(|key| rows.remove(key).is_some()).count();
        }
        Ok(removed as u64)
    }
}
