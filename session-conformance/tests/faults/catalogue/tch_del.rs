//! Faults of `touch` and `delete`, and of what races with them.

use session_conformance::async_trait;
use session_conformance::session_core::*;

use super::backend;
use crate::support::*;

#[derive(Debug, Default)]
pub struct NewVersion;
#[async_trait]
impl Fault for NewVersion {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        call.right_then(|it| it.version = Version::from_u64(it.version.as_u64().wrapping_add(1))).await
    }
}

#[derive(Debug, Default)]
pub struct DeadlineAlone;
#[async_trait]
impl Fault for DeadlineAlone {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        match call.touches() {
            Some(stands) if call.until <= stands.expires_at => Ok(true),
            _ => call.right().await,
        }
    }
}

#[derive(Debug, Default)]
pub struct TouchLosesOwner;
#[async_trait]
impl Fault for TouchLosesOwner {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        call.right_then(|it| it.owner = None).await
    }
}

#[derive(Debug, Default)]
pub struct Shortens;
#[async_trait]
impl Fault for Shortens {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let (seen, until) = (call.seen, call.until);
        call.right_then(|it| (it.last_seen_at, it.expires_at) = (seen, until)).await
    }
}

/// As MySQL counts the rows of an update: those that are other than before.
#[derive(Debug, Default)]
pub struct CountsChangedRows;
#[async_trait]
impl Fault for CountsChangedRows {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let before = call.stands();
        call.right().await?;
        Ok(call.stands() != before)
    }
}

#[derive(Debug, Default)]
pub struct AnyVersion;
#[async_trait]
impl Fault for AnyVersion {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        match call.stands() {
            Some(record) => TouchCall { version: record.version, ..call }.right().await,
            None => Ok(false),
        }
    }
}

#[derive(Debug, Default)]
pub struct OneMillisecondLate;
#[async_trait]
impl Fault for OneMillisecondLate {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        match call.stands() {
            Some(record) if record.version == call.version && record.expires_at == call.seen => {
                call.memory.set(call.key, &call.moved(&record));
                Ok(true)
            }
            _ => call.right().await,
        }
    }
}

#[derive(Debug, Default)]
pub struct TouchCreates;
#[async_trait]
impl Fault for TouchCreates {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let done = call.right().await?;
        if call.stands().is_none() {
            let fields = Record {
                version: call.version,
                payload: Bytes::new(),
                owner: None,
                created_at: Timestamp::MIN,
                last_seen_at: call.seen,
                expires_at: call.until,
            };
            call.memory.set(call.key, &fields);
        }
        Ok(done)
    }
}

#[derive(Debug, Default)]
pub struct WritesBack;
#[async_trait]
impl Fault for WritesBack {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let Some(record) = call.touches() else { return Ok(false) };
        gap().await;
        call.memory.set(call.key, &call.moved(&record));
        Ok(true)
    }
}

/// The second half of a touch, which is done whatever becomes of the first.
struct LastSeen<'a>(TouchCall<'a>);

impl Drop for LastSeen<'_> {
    fn drop(&mut self) {
        let mut rows = self.0.memory.rows();
        if let Some(Some(record)) = rows.get_mut(self.0.key)
            && record.version == self.0.version
        {
            let record = std::sync::Arc::make_mut(record);
            record.last_seen_at = record.last_seen_at.max(self.0.seen);
        }
    }
}

#[derive(Debug, Default)]
pub struct TouchInTwoSteps;
#[async_trait]
impl Fault for TouchInTwoSteps {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let half = TouchCall { seen: Timestamp::MIN, ..call };
        let is_live = call.memory.peek(call.key).is_some_and(|stands| stands.is_live_at(call.seen));
        if !is_live || !half.right().await? {
            return Ok(false);
        }
        let _last_seen = LastSeen(call);
        gap().await;
        Ok(true)
    }
}

#[derive(Debug, Default)]
pub struct AlwaysTrue;
#[async_trait]
impl Fault for AlwaysTrue {
    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        call.delete().await.map(|_| true)
    }
}

#[derive(Debug, Default)]
pub struct CountsIndexEntry;
#[async_trait]
impl Fault for CountsIndexEntry {
    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        let owned = call.memory.peek(call.key).is_none_or(|it| it.owner.is_some());
        Ok(call.delete().await? && owned)
    }
}

#[derive(Debug, Default)]
pub struct AbsentIsAnError;
#[async_trait]
impl Fault for AbsentIsAnError {
    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        if call.delete().await? { Ok(true) } else { Err(backend("no such row")) }
    }
}

/// A mark stands for what is deleted, so that a late write finds it; also where there was nothing.
#[derive(Debug, Default)]
pub struct BuriesTheUnknown;
#[async_trait]
impl Fault for BuriesTheUnknown {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if call.memory.beside().marks.contains(call.key) && call.stands().is_none() {
            return Ok(if call.put == Put::Create { PutOutcome::Exists } else { PutOutcome::Gone });
        }
        call.right().await
    }

    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        let done = call.delete().await?;
        if !done {
            call.memory.beside().marks.insert(*call.key);
        }
        Ok(done)
    }
}

/// It looks, and the write then compares, too; but an insert that finds nothing has nothing to compare.
#[derive(Debug, Default)]
pub struct InsertsWhatIsGone;
#[async_trait]
impl Fault for InsertsWhatIsGone {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if call.replaces().is_none() {
            return call.right().await;
        }
        gap().await;
        match call.right().await? {
            PutOutcome::Gone if call.stands().is_none() => PutCall { put: Put::Create, ..call }.right().await,
            outcome => Ok(outcome),
        }
    }
}

#[derive(Debug, Default)]
pub struct DeletesByOwner;
#[async_trait]
impl Fault for DeletesByOwner {
    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        let Some(found) = call.memory.peek(call.key) else { return Ok(false) };
        call.memory.rows().retain(|key, row| {
            let owner = row.as_ref().and_then(|it| it.owner.as_ref());
            key != call.key && (owner.is_none() || owner != found.owner.as_ref())
        });
        Ok(true)
    }
}

/// Tells whether the record is over by the machine's clock; and what is, it removes in a step of its own.
async fn removed_as_over(memory: &Memory, key: &SessionKey, record: &Record) -> bool {
    if record.is_live_at(SystemClock.now()) {
        return false;
    }
    gap().await;
    memory.rows().remove(key);
    true
}

/// As a backend that reclaims by itself.
fn by_itself() -> Limits {
    limits().with_reclaim(Reclaim::ByItself)
}

#[derive(Debug, Default)]
pub struct GetRemovesWhatIsOver;
#[async_trait]
impl Fault for GetRemovesWhatIsOver {
    fn limits(&self) -> Limits {
        by_itself()
    }

    fn declared(&self) -> Limits {
        by_itself()
    }

    async fn get(&self, call: KeyCall<'_>) -> Found {
        match call.get().await? {
            Some(found) if removed_as_over(call.memory, call.key, &found).await => Ok(None),
            found => Ok(found),
        }
    }
}

#[derive(Debug, Default)]
pub struct ListRemovesWhatIsOver;
#[async_trait]
impl Fault for ListRemovesWhatIsOver {
    fn limits(&self) -> Limits {
        by_itself()
    }

    fn declared(&self) -> Limits {
        by_itself()
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        let page = call.right().await?;
        let mut records = Vec::new();
        for (key, record) in page.records {
            if !removed_as_over(call.memory, &key, &record).await {
                records.push((key, record));
            }
        }
        Ok(session_conformance::session_core::store::Page { records, ..page })
    }
}
