//! Faults in what `get` gives, and in what a store says of itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use session_conformance::async_trait;
use session_conformance::session_core::store::Page;
use session_conformance::session_core::*;

use crate::support::{Fault, Memory};

caught! {
    cap_1_catches_a_limit_that_is_not_as_declared: OtherLimit, CAP_1, "limits";
    cap_1_catches_a_sweep_that_is_not_there: NoSweep, CAP_1, "SWP is not left out, so there";
    rec_1_catches_a_record_made_up_for_a_key_never_put: MadeUp, REC_1, "None";
    rec_2_catches_timestamps_cut_to_seconds: Seconds, REC_2, "differs in created_at";
    rec_2_catches_versions_kept_in_63_bits: SignedVersions, REC_2, "differs in version";
    rec_3_catches_payloads_cut_at_64_kib: Cut, REC_3, "differs in payload";
    rec_4_catches_owners_without_case: OwnersWithoutCase, REC_4, "ann";
    rec_4_catches_owners_cut_at_254_bytes: OwnersCut, REC_4, "xxx";
    rec_5_catches_keys_without_case: KeysWithoutCase, REC_5, "Exists";
    rec_6_catches_timestamps_in_32_bits: SmallTimestamps, REC_6, "differs in";
    rec_7_catches_a_get_that_moves_the_deadline: SlidingGet, REC_7, "differs in expires_at";
    rec_8_catches_a_time_to_live_taken_for_a_date: ThirtyDays, REC_8, "None";
    rec_9_catches_a_cache_that_nobody_tells: Cache, REC_9, "second handle";
}

#[derive(Debug, Default)]
struct OtherLimit;
#[async_trait]
impl Fault for OtherLimit {
    fn limits(&self, memory: &Memory) -> Limits {
        memory.limits().with_max_payload(1)
    }
}

#[derive(Debug, Default)]
struct NoSweep;
#[async_trait]
impl Fault for NoSweep {
    fn has_sweep(&self) -> bool {
        false
    }
}

#[derive(Debug, Default)]
struct MadeUp;
#[async_trait]
impl Fault for MadeUp {
    async fn get(&self, memory: &Memory, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        let empty = || Record {
            version: Version::from_u64(0),
            payload: Bytes::new(),
            owner: None,
            created_at: Timestamp::MIN,
            last_seen_at: Timestamp::MIN,
            expires_at: Timestamp::MAX,
        };
        Ok(Some(memory.get(key).await?.unwrap_or_else(|| Arc::new(empty()))))
    }
}

/// Writes every record changed.
fn changed(record: &Record, change: impl FnOnce(&mut Record)) -> Record {
    let mut record = record.clone();
    change(&mut record);
    record
}

macro_rules! stores_changed {
    ($($fault:ident: $change:expr;)+) => {
        $(#[derive(Debug, Default)]
        struct $fault;
        #[async_trait]
        impl Fault for $fault {
            async fn put(&self, memory: &Memory, key: &SessionKey, record: &Record, put: Put)
                -> Result<PutOutcome, StoreError>
            {
                memory.put(key, &changed(record, $change), put).await
            }
        })+
    };
}

fn in_seconds(time: &mut Timestamp) {
    *time = Timestamp::from_millis(time.as_millis() / 1_000 * 1_000);
}

fn in_32_bits(time: &mut Timestamp) {
    let seconds = u64::from((time.as_millis() / 1_000) as u32);
    *time = Timestamp::from_millis(seconds * 1_000 + time.as_millis() % 1_000);
}

stores_changed! {
    Seconds: |record| {
        in_seconds(&mut record.created_at);
        in_seconds(&mut record.last_seen_at);
        in_seconds(&mut record.expires_at);
    };
    SmallTimestamps: |record| {
        in_32_bits(&mut record.created_at);
        in_32_bits(&mut record.last_seen_at);
    };
    SignedVersions: |record| record.version = Version::from_u64(record.version.as_u64() & i64::MAX as u64);
    Cut: |record| record.payload.truncate(65_535);
}

#[derive(Debug, Default)]
struct OwnersWithoutCase;
#[async_trait]
impl Fault for OwnersWithoutCase {
    async fn list(
        &self,
        memory: &Memory,
        owner: &Owner,
        _: Option<&Cursor>,
        _: std::num::NonZeroUsize,
    ) -> Result<Page, StoreError> {
        let alike = |it: &Record| it.owner.as_ref().is_some_and(|it| it.as_str().eq_ignore_ascii_case(owner.as_str()));
        Ok(all(memory, alike))
    }
}

#[derive(Debug, Default)]
struct OwnersCut;
#[async_trait]
impl Fault for OwnersCut {
    async fn list(
        &self,
        memory: &Memory,
        owner: &Owner,
        _: Option<&Cursor>,
        _: std::num::NonZeroUsize,
    ) -> Result<Page, StoreError> {
        let cut = |owner: &Owner| owner.as_str().as_bytes()[..owner.as_str().len().min(254)].to_vec();
        Ok(all(memory, |it| it.owner.as_ref().is_some_and(|it| cut(it) == cut(owner))))
    }
}

fn all(memory: &Memory, wanted: impl Fn(&Record) -> bool) -> Page {
    let rows = memory.rows();
    let records = rows.iter().filter_map(|(key, row)| Some((*key, row.clone()?)));
    Page { records: records.filter(|(_, record)| wanted(record)).collect(), next: None }
}

/// As a text column with a collation would have it.
fn without_case(key: &SessionKey) -> SessionKey {
    let text = key.encode().to_ascii_lowercase();
    let mut bytes = [0_u8; 32];
    for (at, byte) in text.bytes().enumerate() {
        // Different texts stay different: 43 bytes are folded into 32 with their place.
        let slot = at % 32;
        bytes[slot] = bytes[slot].wrapping_mul(131).wrapping_add(byte).rotate_left(at as u32 / 32);
    }
    SessionKey::from_bytes(bytes)
}

#[derive(Debug, Default)]
struct KeysWithoutCase;
#[async_trait]
impl Fault for KeysWithoutCase {
    async fn get(&self, memory: &Memory, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        memory.get(&without_case(key)).await
    }
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        memory.put(&without_case(key), record, put).await
    }
}

#[derive(Debug, Default)]
struct SlidingGet;
#[async_trait]
impl Fault for SlidingGet {
    async fn get(&self, memory: &Memory, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        let found = memory.get(key).await?;
        if let Some(record) = &found {
            memory.set(key, &changed(record, |it| it.expires_at = it.expires_at + Duration::from_secs(1)));
        }
        Ok(found)
    }
}

#[derive(Debug, Default)]
struct ThirtyDays;
#[async_trait]
impl Fault for ThirtyDays {
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        let outcome = memory.put(key, record, put).await?;
        let (now, month) = (SystemClock.now(), Duration::from_secs(30 * 24 * 60 * 60));
        if record.expires_at.since(now) > month {
            memory.delete(key).await?;
        }
        Ok(outcome)
    }
}

#[derive(Debug, Default)]
struct Cache(Mutex<BTreeMap<SessionKey, Option<Arc<Record>>>>);
#[async_trait]
impl Fault for Cache {
    async fn get(&self, memory: &Memory, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        let found = memory.peek(key);
        Ok(self.0.lock().unwrap().entry(*key).or_insert(found).clone())
    }
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        self.0.lock().unwrap().remove(key);
        memory.put(key, record, put).await
    }
}
