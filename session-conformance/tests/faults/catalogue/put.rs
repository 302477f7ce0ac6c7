//! Faults of `put`, one task at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use session_conformance::async_trait;
use session_conformance::session_core::*;

use crate::support::*;

#[derive(Debug, Default)]
pub struct Tombstones(Mutex<BTreeSet<SessionKey>>);
#[async_trait]
impl Fault for Tombstones {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let used = !self.0.lock().unwrap().insert(*call.key);
        if call.put == Put::Create && used && call.stands().is_none() {
            return Ok(PutOutcome::Exists);
        }
        call.right().await
    }
}

#[derive(Debug, Default)]
pub struct CreateOverwrites;
#[async_trait]
impl Fault for CreateOverwrites {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if call.put == Put::Create { call.write() } else { call.right().await }
    }
}

#[derive(Debug, Default)]
pub struct TwinIsTheSame;
#[async_trait]
impl Fault for TwinIsTheSame {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match call.stands() {
            Some(stands) if call.put == Put::Create && stands.payload == call.record.payload => Ok(PutOutcome::Stored),
            _ => call.right().await,
        }
    }
}

#[derive(Debug, Default)]
pub struct IndexesFirst;
#[async_trait]
impl Fault for IndexesFirst {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        // The entries that the record had go, and this one comes, before it is known whether it is stored.
        let mut index = std::mem::take(&mut call.memory.beside().index);
        index.retain(|(_, key)| key != call.key);
        index.extend(call.record.owner.clone().map(|owner| (owner, *call.key)));
        call.memory.beside().index = index;
        call.right().await
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        call.indexed(|record| record.owner.as_ref() == call.owner)
    }
}

#[derive(Debug, Default)]
pub struct ResendExists;
#[async_trait]
impl Fault for ResendExists {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if call.put == Put::Create && call.stands().is_some() {
            return Ok(PutOutcome::Exists);
        }
        call.right().await
    }
}

#[derive(Debug, Default)]
pub struct ResendConflicts;
#[async_trait]
impl Fault for ResendConflicts {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match (call.stands(), call.put) {
            (Some(stands), Put::Replace(version))
                if stands.version != version && stands.is_live_at(call.record.last_seen_at) =>
            {
                Ok(PutOutcome::Conflict(stands))
            }
            _ => call.right().await,
        }
    }
}

#[derive(Debug, Default)]
pub struct ResendStores;
#[async_trait]
impl Fault for ResendStores {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match call.stands() {
            Some(stands) if stands.version == call.record.version => call.write(),
            _ => call.right().await,
        }
    }
}

#[derive(Debug, Default)]
pub struct RemembersWrites(Mutex<BTreeSet<(SessionKey, u64)>>);
#[async_trait]
impl Fault for RemembersWrites {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let write = (*call.key, call.record.version.as_u64());
        if call.stands().is_some() && self.0.lock().unwrap().contains(&write) {
            return Ok(PutOutcome::Stored);
        }
        let outcome = call.right().await?;
        if outcome == PutOutcome::Stored {
            self.0.lock().unwrap().insert(write);
        }
        Ok(outcome)
    }
}

#[derive(Debug, Default)]
pub struct RemembersLastWrite(Mutex<BTreeMap<SessionKey, u64>>);
#[async_trait]
impl Fault for RemembersLastWrite {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let version = call.record.version.as_u64();
        let resent = self.0.lock().unwrap().get(call.key) == Some(&version);
        if resent && call.stands().is_none_or(|stands| stands.version == call.record.version) {
            return Ok(PutOutcome::Stored);
        }
        let outcome = call.right().await?;
        if outcome == PutOutcome::Stored {
            self.0.lock().unwrap().insert(*call.key, version);
        }
        Ok(outcome)
    }
}

#[derive(Debug, Default)]
pub struct ShowsTheLoser;
#[async_trait]
impl Fault for ShowsTheLoser {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match call.right().await? {
            PutOutcome::Conflict(_) => Ok(PutOutcome::Conflict(Arc::new(call.record.clone()))),
            outcome => Ok(outcome),
        }
    }
}

#[derive(Debug, Default)]
pub struct ShowsVersionAsked;
#[async_trait]
impl Fault for ShowsVersionAsked {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match (call.right().await?, call.put) {
            (PutOutcome::Conflict(winner), Put::Replace(version)) => {
                Ok(PutOutcome::Conflict(Arc::new(Record { version, ..(*winner).clone() })))
            }
            (outcome, _) => Ok(outcome),
        }
    }
}

#[derive(Debug, Default)]
pub struct ShortVersions;
#[async_trait]
impl Fault for ShortVersions {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let short = |version: Version| version.as_u64() as u32;
        match (call.stands(), call.put) {
            (Some(stands), Put::Replace(version)) if short(stands.version) == short(version) => {
                call.right_for(&stands).await
            }
            _ => call.right().await,
        }
    }
}

#[derive(Debug, Default)]
pub struct Upsert;
#[async_trait]
impl Fault for Upsert {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if call.stands().is_none() { call.write() } else { call.right().await }
    }
}

#[derive(Debug, Default)]
pub struct ZeroIsNoVersion;
#[async_trait]
impl Fault for ZeroIsNoVersion {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let of_none = call.put == Put::Replace(Version::from_u64(0)) && call.stands().is_none();
        if of_none { call.write() } else { call.right().await }
    }
}

#[derive(Debug, Default)]
pub struct OwnerStays;
#[async_trait]
impl Fault for OwnerStays {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let stands = call.stands();
        call.right_with(|it| it.owner = stands.map_or(it.owner.take(), |stands| stands.owner.clone())).await
    }
}

#[derive(Debug, Default)]
pub struct OwnerNeverCleared;
#[async_trait]
impl Fault for OwnerNeverCleared {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let stood = call.stands().and_then(|stands| stands.owner.clone());
        call.right_with(|it| it.owner = it.owner.take().or(stood)).await
    }
}

#[derive(Debug, Default)]
pub struct DeadlineNeverBack;
#[async_trait]
impl Fault for DeadlineNeverBack {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let stands = call.stands().map_or(Timestamp::MIN, |stands| stands.expires_at);
        call.right_with(|it| it.expires_at = it.expires_at.max(stands)).await
    }
}

/// Writes a `Replace` that is sent again once more, and so puts back what a touch has moved meanwhile.
#[derive(Debug, Default)]
pub struct ReplacesTwice;
#[async_trait]
impl Fault for ReplacesTwice {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let same =
            |stands: Arc<Record>| (stands.version, &stands.payload) == (call.record.version, &call.record.payload);
        let is_sent_again = call.put.replaces().is_some() && call.stands().is_some_and(same);
        if is_sent_again { call.write() } else { call.right().await }
    }
}

#[derive(Debug, Default)]
pub struct LosesItsEntry;
#[async_trait]
impl Fault for LosesItsEntry {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let stood = call.stands();
        let outcome = call.right().await?;
        if outcome == PutOutcome::Stored && stood.as_ref().is_none_or(|it| it.version != call.record.version) {
            let entry = |owner: &Owner| (owner.clone(), *call.key);
            let mut beside = call.memory.beside();
            beside.index.extend(call.record.owner.as_ref().map(entry));
            // Added first, so that the record is never out of sight; but it may be the very same entry.
            if let Some(old) = stood.and_then(|it| it.owner.as_ref().map(entry)) {
                beside.index.remove(&old);
            }
        }
        Ok(outcome)
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        call.indexed(|_| true)
    }
}

#[derive(Debug, Default)]
pub struct LeavesATail;
#[async_trait]
impl Fault for LeavesATail {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let old = call.stands().map(|it| it.payload.clone()).unwrap_or_default();
        let tail = old.get(call.record.payload.len()..).unwrap_or_default();
        call.right_with(|it| it.payload = [&it.payload, tail].concat().into()).await
    }
}

#[derive(Debug, Default)]
pub struct CutAtLimit;
#[async_trait]
impl Fault for CutAtLimit {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right_with(|it| it.payload.truncate(limits().max_payload)).await
    }
}

#[derive(Debug, Default)]
pub struct LimitTooSmall;
#[async_trait]
impl Fault for LimitTooSmall {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let limit = limits().max_payload;
        if call.record.payload.len() >= limit {
            return Err(StoreError::TooLarge { store: "faulty", limit });
        }
        call.right().await
    }
}

#[derive(Debug, Default)]
pub struct LateReplace;
#[async_trait]
impl Fault for LateReplace {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match call.stands() {
            Some(stands) if call.put == Put::Replace(stands.version) => call.write(),
            _ => call.right().await,
        }
    }
}

#[derive(Debug, Default)]
pub struct VersionFirst;
#[async_trait]
impl Fault for VersionFirst {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match (call.stands(), call.put) {
            (Some(stands), Put::Replace(version)) if ![version, call.record.version].contains(&stands.version) => {
                Ok(PutOutcome::Conflict(stands))
            }
            _ => call.right().await,
        }
    }
}

#[derive(Debug, Default)]
pub struct VersionsOutlive(Mutex<BTreeSet<(SessionKey, u64)>>);
#[async_trait]
impl Fault for VersionsOutlive {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let known = |version: Version| self.0.lock().unwrap().contains(&(*call.key, version.as_u64()));
        let stale = matches!(call.put, Put::Replace(version) if known(version));
        self.0.lock().unwrap().insert((*call.key, call.record.version.as_u64()));
        match call.stands() {
            // As if the version named a place in the key's history, and not a write.
            Some(stands) if stale && stands.version != call.record.version => call.right_for(&stands).await,
            _ => call.right().await,
        }
    }
}

/// The backend's own counter, which starts again with each row, stands in for the version.
#[derive(Debug, Default)]
pub struct CountsAgain(Mutex<BTreeMap<(SessionKey, u64), u64>>);

impl CountsAgain {
    fn number(&self, key: &SessionKey, version: Version) -> Option<u64> {
        self.0.lock().unwrap().get(&(*key, version.as_u64())).copied()
    }
}

#[async_trait]
impl Fault for CountsAgain {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let number = |version| self.number(call.key, version);
        let stands = call.stands();
        let row = stands.as_ref().and_then(|it| number(it.version));
        let outcome = match (&stands, call.put) {
            (Some(stands), Put::Replace(version))
                if row.is_some() && number(version) == row && stands.version != call.record.version =>
            {
                call.right_for(stands).await?
            }
            _ => call.right().await?,
        };
        if outcome == PutOutcome::Stored && number(call.record.version).is_none() {
            let next = row.map_or(1, |row| row + 1);
            self.0.lock().unwrap().insert((*call.key, call.record.version.as_u64()), next);
        }
        Ok(outcome)
    }
}
