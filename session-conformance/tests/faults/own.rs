//! Faults of the lists: by owner, and of all.

use std::num::NonZeroUsize;
use std::sync::Arc;

use session_conformance::async_trait;
use session_conformance::session_core::store::Page;
use session_conformance::session_core::*;
use tokio::task::yield_now;

use crate::support::{Fault, Memory};

caught! {
    own_1_catches_pages_by_offset: Offsets, OWN_1, "once";
    own_1_catches_a_cursor_taken_on_trust: TrustsCursors, OWN_1, "no panic";
    own_1_catches_an_endless_list: Endless, OWN_1, "a cursor that moves on";
    own_2_catches_an_owner_written_late: OwnerLate, OWN_2, "owner-";
    own_3_catches_records_that_stay_listed: Hoards, OWN_3, "has [";
    own_4_catches_a_list_read_in_two_parts: TwoParts, OWN_4, "the old key or the new";
    own_4_catches_pages_in_the_order_of_keys: KeyOrder, OWN_4, "the old key or the new";
    own_5_catches_a_list_that_fails_with_its_worst_record: FailsWhole, OWN_5, "list works";
    own_6_catches_a_list_of_a_thousand: Thousand, OWN_6, "once";
    scn_1_catches_records_seen_twice: SeenTwice, SCN_1, "once";
}

macro_rules! lists {
    ($($fault:ident: |$memory:ident, $owner:ident, $after:ident, $limit:ident| $body:expr;)+) => {
        $(#[derive(Debug, Default)]
        struct $fault;
        #[async_trait]
        impl Fault for $fault {
            async fn list(&self, $memory: &Memory, $owner: &Owner, $after: Option<&Cursor>, $limit: NonZeroUsize)
                -> Result<Page, StoreError>
            {
                $body
            }
        })+
    };
}

fn of(memory: &Memory, owner: &Owner) -> Vec<(SessionKey, Arc<Record>)> {
    let rows = memory.rows();
    let records = rows.iter().filter_map(|(key, row)| Some((*key, row.clone()?)));
    records.filter(|(_, record)| record.owner.as_ref() == Some(owner)).collect()
}

lists! {
    Offsets: |memory, owner, after, limit| {
        let start = match after.map(|it| std::str::from_utf8(it.as_bytes()).ok().and_then(|it| it.parse().ok())) {
            None => 0,
            Some(Some(start)) => start,
            Some(None) => return Err(StoreError::InvalidCursor { store: "faulty" }),
        };
        let all = of(memory, owner);
        let end = all.len().min(start + limit.get());
        let next = (end < all.len()).then(|| Cursor::new(end.to_string()));
        Ok(Page { records: all.get(start..end).unwrap_or_default().to_vec(), next })
    };
    TrustsCursors: |memory, owner, after, limit| {
        if let Some(cursor) = after {
            let _: [u8; 8] = cursor.as_bytes().try_into().expect("our own cursor");
        }
        memory.list(owner, after, limit).await
    };
    Endless: |memory, owner, after, limit| {
        let mut page = memory.list(owner, after, limit).await?;
        page.next = page.next.or(after.cloned());
        Ok(page)
    };
    TwoParts: |memory, owner, after, limit| {
        // Two shards, read one after the other.
        let half = |key: &SessionKey| key.as_bytes()[0] & 1;
        let mut page = memory.list(owner, after, limit).await?;
        page.records.retain(|(key, _)| half(key) == 0);
        for _ in 0..3 {
            yield_now().await;
        }
        let other = memory.list(owner, after, limit).await?;
        page.records.extend(other.records.into_iter().filter(|(key, _)| half(key) == 1));
        // What moved from one to the other meanwhile may be one too many.
        page.records.truncate(limit.get());
        Ok(page)
    };
    FailsWhole: |memory, owner, after, limit| {
        if memory.rows().values().any(Option::is_none) {
            return Err(StoreError::Corrupt { store: "faulty", source: "one of them".into() });
        }
        memory.list(owner, after, limit).await
    };
    Thousand: |memory, owner, after, limit| {
        let mut page = memory.list(owner, after, limit).await?;
        let passed = |cursor: &Cursor| cursor.as_bytes().try_into().map_or(0, u64::from_be_bytes);
        page.next = page.next.filter(|next| passed(next) < 1_000);
        Ok(page)
    };
    KeyOrder: |memory, owner, after, limit| {
        let after = after.map(|it| it.as_bytes().try_into().map(SessionKey::from_bytes)).transpose();
        let Ok(after) = after else { return Err(StoreError::InvalidCursor { store: "faulty" }) };
        let mut records = of(memory, owner);
        records.retain(|(key, _)| after.is_none_or(|after| *key > after));
        let more = records.len() > limit.get();
        records.truncate(limit.get());
        let next = records.last().filter(|_| more).map(|(key, _)| Cursor::new(key.as_bytes().to_vec()));
        Ok(Page { records, next })
    };
}

/// Writes the owner in a step of its own.
#[derive(Debug, Default)]
struct OwnerLate;
#[async_trait]
impl Fault for OwnerLate {
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        let outcome = memory.put(key, record, put).await?;
        // An index of its own, kept under a key of its own, as a list in a key-value store is.
        if outcome == PutOutcome::Stored {
            yield_now().await;
            memory.set(&entry(key), record);
        }
        Ok(outcome)
    }
    async fn list(
        &self,
        memory: &Memory,
        owner: &Owner,
        _: Option<&Cursor>,
        _: NonZeroUsize,
    ) -> Result<Page, StoreError> {
        let rows = memory.rows();
        let listed = |key: &SessionKey| {
            let entry = rows.get(&entry(key)).cloned().flatten()?;
            let record = rows.get(key).cloned().flatten()?;
            (entry.owner.as_ref() == Some(owner))
                .then(|| Arc::new(Record { owner: entry.owner.clone(), ..(*record).clone() }))
        };
        Ok(Page { records: rows.keys().filter_map(|key| Some((*key, listed(key)?))).collect(), next: None })
    }
}

fn entry(key: &SessionKey) -> SessionKey {
    SessionKey::from_bytes(key.as_bytes().map(|byte| !byte))
}

/// Lists what it has ever seen.
#[derive(Debug, Default)]
struct Hoards(std::sync::Mutex<Vec<(SessionKey, Arc<Record>)>>);
#[async_trait]
impl Fault for Hoards {
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        self.0.lock().unwrap().push((*key, Arc::new(record.clone())));
        memory.put(key, record, put).await
    }
    async fn list(&self, _: &Memory, owner: &Owner, _: Option<&Cursor>, _: NonZeroUsize) -> Result<Page, StoreError> {
        let seen = self.0.lock().unwrap();
        let records = seen.iter().filter(|(_, record)| record.owner.as_ref() == Some(owner)).cloned().collect();
        Ok(Page { records, next: None })
    }
}

/// Gives the last record of a page again on the next.
#[derive(Debug, Default)]
struct SeenTwice;
#[async_trait]
impl Fault for SeenTwice {
    async fn page(&self, memory: &Memory, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let mut page = Scan::page(memory, after, limit).await?;
        if let Some(key) = after.and_then(|it| it.as_bytes().try_into().ok()).map(SessionKey::from_bytes) {
            page.records.extend(memory.peek(&key).map(|record| (key, record)));
        }
        Ok(page)
    }
}
