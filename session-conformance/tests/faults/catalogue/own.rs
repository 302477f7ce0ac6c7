//! Faults of the lists: by owner, and of all.

use std::num::NonZeroUsize;
use std::sync::Arc;

use session_conformance::async_trait;
use session_conformance::session_core::store::Page;
use session_conformance::session_core::*;

use super::{corrupt, strange_cursor};
use crate::support::*;

#[derive(Debug, Default)]
pub struct Offsets;
#[async_trait]
impl Fault for Offsets {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        let start = match call.after.map(|it| std::str::from_utf8(it.as_bytes()).ok()?.parse().ok()) {
            None => 0,
            Some(Some(start)) => start,
            Some(None) => return Err(strange_cursor()),
        };
        let all = call.owned();
        let end = all.len().min(call.limit.get().saturating_add(start));
        let next = (end < all.len()).then(|| Cursor::new(end.to_string()));
        Ok(Page { records: all.get(start..end).unwrap_or_default().to_vec(), next, ..Page::default() })
    }
}

#[derive(Debug, Default)]
pub struct TrustsCursors;
#[async_trait]
impl Fault for TrustsCursors {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        if let Some(cursor) = call.after {
            let _: [u8; 8] = cursor.as_bytes().try_into().expect("our own cursor");
        }
        call.right().await
    }
}

#[derive(Debug, Default)]
pub struct Endless;
#[async_trait]
impl Fault for Endless {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        let mut page = call.right().await?;
        page.next = page.next.or(call.after.cloned());
        Ok(page)
    }
}

#[derive(Debug, Default)]
pub struct OnePage;
#[async_trait]
impl Fault for OnePage {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        call.right().await.map(|page| Page { next: None, ..page })
    }
}

#[derive(Debug, Default)]
pub struct SweepLeavesEntry;
#[async_trait]
impl Fault for SweepLeavesEntry {
    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        for key in call.due() {
            let copy = call.memory.peek(&key);
            call.memory.beside().copies.extend(copy.map(|copy| (key, copy)));
        }
        call.right().await
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        with_copies(call).await
    }
}

#[derive(Debug, Default)]
pub struct DeleteLeavesEntry;
#[async_trait]
impl Fault for DeleteLeavesEntry {
    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        let copy = call.memory.peek(call.key);
        call.memory.beside().copies.extend(copy.map(|copy| (*call.key, copy)));
        call.delete().await
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        with_copies(call).await
    }
}

/// Lists from an index that holds copies of the records, as far as it was not told that they are gone.
pub async fn with_copies(call: PageCall<'_>) -> Listed {
    let mut page = call.right().await?;
    let copies = call.memory.beside().copies.clone();
    let left = copies.into_iter().filter(|(_, copy)| copy.owner.as_ref() == call.owner);
    page.records.extend(left.filter(|_| call.after.is_none()));
    page.records.truncate(call.limit.get());
    Ok(page)
}

/// Writes the index in a step of its own, after the record.
#[derive(Debug, Default)]
pub struct OwnerLate;
#[async_trait]
impl Fault for OwnerLate {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        if outcome == PutOutcome::Stored {
            gap().await;
            call.memory.beside().copies.insert(*call.key, Arc::new(call.record.clone()));
        }
        Ok(outcome)
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        let index = call.memory.beside().copies.clone();
        let Listed::Ok(mut page) =
            call.in_one_page(|key, _| index.get(key).is_some_and(|entry| entry.owner.as_ref() == call.owner))
        else {
            return call.right().await;
        };
        for (key, record) in &mut page.records {
            *record = Arc::new(Record { owner: index[key].owner.clone(), ..(**record).clone() });
        }
        Ok(page)
    }
}

/// Adds the new entry, writes the record, removes the old entry: which by then may be the new one of
/// somebody else.
#[derive(Debug, Default)]
pub struct RemovesOthersEntry;
#[async_trait]
impl Fault for RemovesOthersEntry {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let entry = |owner: &Owner| (owner.clone(), *call.key);
        let new = call.record.owner.as_ref().map(entry);
        call.memory.beside().index.extend(new.clone());
        let stood = call.stands();
        let outcome = call.right().await?;
        let old = stood.and_then(|it| it.owner.as_ref().map(entry)).filter(|old| Some(old) != new.as_ref());
        if let Some(old) = old.filter(|_| outcome == PutOutcome::Stored) {
            gap().await;
            call.memory.beside().index.remove(&old);
        }
        Ok(outcome)
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        let page = call.indexed(|record| record.owner.as_ref() == call.owner)?;
        // The pages are the correct store's, less what the index has lost.
        let mut right = call.right().await?;
        right.records.retain(|(key, _)| page.records.iter().any(|(it, _)| it == key));
        Ok(right)
    }
}

#[derive(Debug, Default)]
pub struct TwoParts;
#[async_trait]
impl Fault for TwoParts {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        // Two shards, read one after the other.
        let half = |key: &SessionKey| key.as_bytes()[0] & 1;
        let mut page = call.right().await?;
        page.records.retain(|(key, _)| half(key) == 0);
        for _ in 0..3 {
            gap().await;
        }
        let other = call.right().await?;
        page.records.extend(other.records.into_iter().filter(|(key, _)| half(key) == 1));
        // What moved from one to the other meanwhile may be one too many.
        page.records.truncate(call.limit.get());
        Ok(page)
    }
}

#[derive(Debug, Default)]
pub struct KeyOrder;
#[async_trait]
impl Fault for KeyOrder {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        let after = call.after.map(|it| it.as_bytes().try_into().map(SessionKey::from_bytes)).transpose();
        let Ok(after) = after else { return Err(strange_cursor()) };
        let mut records = call.owned();
        records.retain(|(key, _)| after.is_none_or(|after| *key > after));
        let more = records.len() > call.limit.get();
        records.truncate(call.limit.get());
        let next = records.last().filter(|_| more).map(|(key, _)| Cursor::new(key.as_bytes().to_vec()));
        Ok(Page { records, next, ..Page::default() })
    }
}

#[derive(Debug, Default)]
pub struct FailsWhole;
#[async_trait]
impl Fault for FailsWhole {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        if call.memory.rows().values().any(Option::is_none) {
            return Err(corrupt("one of them"));
        }
        call.right().await
    }
}

const THOUSAND: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

#[derive(Debug, Default)]
pub struct Thousand;
#[async_trait]
impl Fault for Thousand {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        let mut page = call.right().await?;
        let thousand = PageCall { after: None, limit: THOUSAND, ..call }.right().await?;
        let Some((last, _)) = page.records.last() else { return Ok(page) };
        page.next = page.next.filter(|_| thousand.records.iter().take(999).any(|(key, _)| key == last));
        Ok(page)
    }
}

#[derive(Debug, Default)]
pub struct SeenTwice;
#[async_trait]
impl Fault for SeenTwice {
    async fn scan(&self, call: PageCall<'_>) -> Listed {
        let mut page = call.right().await?;
        if let Some(key) = call.after.and_then(|it| it.as_bytes().try_into().ok()).map(SessionKey::from_bytes) {
            page.records.extend(call.memory.peek(&key).map(|record| (key, record)));
        }
        Ok(page)
    }
}

#[derive(Debug, Default)]
pub struct ScansTheIndex;
#[async_trait]
impl Fault for ScansTheIndex {
    async fn scan(&self, call: PageCall<'_>) -> Listed {
        let mut page = call.right().await?;
        page.records.retain(|(_, record)| record.owner.is_some());
        Ok(page)
    }
}

/// Takes a cursor that it does not know for none.
#[derive(Debug, Default)]
pub struct BeginsAgain;
#[async_trait]
impl Fault for BeginsAgain {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        match call.right().await {
            Err(StoreError::InvalidCursor { .. }) => PageCall { after: None, ..call }.right().await,
            page => page,
        }
    }
}

/// Reads as much of a cursor as it needs, also of one that belongs to the other walk.
#[derive(Debug, Default)]
pub struct ReadsAnyCursor;
#[async_trait]
impl Fault for ReadsAnyCursor {
    async fn scan(&self, call: PageCall<'_>) -> Listed {
        let Some(cursor) = call.after else { return call.right().await };
        // A key is all that is asked for, and what is short is filled up.
        let mut key = [0; 32];
        let length = cursor.as_bytes().len().min(32);
        key[..length].copy_from_slice(&cursor.as_bytes()[..length]);
        let cursor = Cursor::new(key.to_vec());
        PageCall { after: Some(&cursor), ..call }.right().await
    }
}

/// Bounds a page by its limit alone.
async fn as_many_as_asked_for(call: PageCall<'_>) -> Listed {
    let mut page = call.right().await?;
    while let (Some(next), Some(left)) = (page.next.clone(), NonZeroUsize::new(call.limit.get() - page.records.len())) {
        let more = PageCall { after: Some(&next), limit: left, ..call }.right().await?;
        page.records.extend(more.records);
        page.next = more.next;
    }
    Ok(page)
}

#[derive(Debug, Default)]
pub struct ListsByNumber;
#[async_trait]
impl Fault for ListsByNumber {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        as_many_as_asked_for(call).await
    }
}

#[derive(Debug, Default)]
pub struct ScansByNumber;
#[async_trait]
impl Fault for ScansByNumber {
    async fn scan(&self, call: PageCall<'_>) -> Listed {
        as_many_as_asked_for(call).await
    }
}

/// Asks for one more than the limit, to see whether there is a next page; and there is no number above the largest.
#[derive(Debug, Default)]
pub struct OneMoreThanAll;
#[async_trait]
impl Fault for OneMoreThanAll {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        match call.limit.get().wrapping_add(1) {
            0 => Ok(Page::default()),
            _ => call.right().await,
        }
    }
}

#[derive(Debug, Default)]
pub struct ScanMakesRoom;
#[async_trait]
impl Fault for ScanMakesRoom {
    async fn scan(&self, call: PageCall<'_>) -> Listed {
        let mut records: Vec<(SessionKey, Arc<Record>)> = Vec::with_capacity(call.limit.get());
        let page = call.right().await?;
        records.extend(page.records);
        Ok(Page { records, ..page })
    }
}

/// Files a record anew with each write, at the end of its owner's list.
#[derive(Debug, Default)]
pub struct ReplaceLosesItsPlace;
#[async_trait]
impl Fault for ReplaceLosesItsPlace {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        if let (Some(_), PutOutcome::Stored, Some(stands)) = (call.put.replaces(), &outcome, call.stands()) {
            call.memory.set(call.key, &Record { owner: None, ..(*stands).clone() });
            call.memory.set(call.key, &stands);
        }
        Ok(outcome)
    }
}

/// Keeps the first pages that it gave, until the next write: a sweep is none.
#[derive(Debug, Default)]
pub struct SweepIsNoWrite;

/// Forgets what was kept, after a write.
fn written(memory: &Memory) {
    let mut beside = memory.beside();
    beside.writes += 1;
    beside.pages.clear();
}

#[async_trait]
impl Fault for SweepIsNoWrite {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await;
        written(call.memory);
        outcome
    }

    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let done = call.right().await;
        written(call.memory);
        done
    }

    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        let done = call.delete().await;
        written(call.memory);
        done
    }

    async fn list(&self, call: PageCall<'_>) -> Listed {
        let (Some(owner), None) = (call.owner, call.after) else { return call.right().await };
        let name = (owner.clone(), call.limit);
        let before = {
            let beside = call.memory.beside();
            if let Some(page) = beside.pages.get(&name) {
                return Ok(page.clone());
            }
            beside.writes
        };
        let page = call.right().await?;
        let mut beside = call.memory.beside();
        if beside.writes == before {
            beside.pages.insert(name, page.clone());
        }
        Ok(page)
    }
}
