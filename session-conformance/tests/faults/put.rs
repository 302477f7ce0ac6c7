//! Faults of `put`, one task at a time.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use session_conformance::async_trait;
use session_conformance::session_core::*;

use crate::support::{Fault, Memory};

caught! {
    put_1_catches_a_key_that_is_never_free_again: Tombstones, PUT_1, "Exists";
    put_2_catches_a_create_that_overwrites: CreateOverwrites, PUT_2, "Exists";
    put_3_catches_a_create_that_is_not_known_again: ResendExists, PUT_3, "Exists";
    put_3_catches_a_resend_that_undoes_a_touch: ResendStores, PUT_3, "differs in last_seen_at";
    put_4_catches_a_conflict_that_shows_the_loser: ShowsTheLoser, PUT_4, "Conflict with";
    put_4_catches_versions_compared_in_32_bits: ShortVersions, PUT_4, "Stored";
    put_5_catches_a_replace_that_creates: Upsert, PUT_5, "Gone";
    put_6_catches_a_replace_that_creates: Upsert, PUT_6, "Gone";
    put_7_catches_an_owner_that_stays: OwnerStays, PUT_7, "differs in owner";
    put_7_catches_a_deadline_that_never_moves_back: DeadlineNeverBack, PUT_7, "differs in expires_at";
    put_11_catches_a_payload_cut_at_the_limit: CutAtLimit, PUT_11, "TooLarge";
    put_12_catches_a_replace_of_what_is_over: LateReplace, PUT_12, "Stored";
    put_13_catches_versions_that_outlive_a_delete: VersionsOutlive, PUT_13, "Stored";
}

macro_rules! puts {
    ($($fault:ident: |$self:ident, $memory:ident, $key:ident, $record:ident, $put:ident| $body:expr;)+) => {
        $(#[async_trait]
        impl Fault for $fault {
            async fn put(&self, $memory: &Memory, $key: &SessionKey, $record: &Record, $put: Put)
                -> Result<PutOutcome, StoreError>
            {
                let $self = self;
                let _ = $self;
                $body
            }
        })+
    };
}

#[derive(Debug, Default)]
struct Tombstones(Mutex<BTreeSet<SessionKey>>);
#[derive(Debug, Default)]
struct CreateOverwrites;
#[derive(Debug, Default)]
struct ResendExists;
#[derive(Debug, Default)]
struct ResendStores;
#[derive(Debug, Default)]
struct ShowsTheLoser;
#[derive(Debug, Default)]
struct ShortVersions;
#[derive(Debug, Default)]
struct Upsert;
#[derive(Debug, Default)]
struct OwnerStays;
#[derive(Debug, Default)]
struct DeadlineNeverBack;
#[derive(Debug, Default)]
struct CutAtLimit;
#[derive(Debug, Default)]
struct LateReplace;
#[derive(Debug, Default)]
struct VersionsOutlive(Mutex<BTreeSet<(SessionKey, u64)>>);

puts! {
    Tombstones: |fault, memory, key, record, put| {
        let used = fault.0.lock().unwrap().insert(*key);
        match put {
            Put::Create if !used && memory.peek(key).is_none() => Ok(PutOutcome::Exists),
            _ => memory.put(key, record, put).await,
        }
    };
    CreateOverwrites: |_fault, memory, key, record, put| match put {
        Put::Create => {
            memory.set(key, record);
            Ok(PutOutcome::Stored)
        }
        Put::Replace(_) => memory.put(key, record, put).await,
    };
    ResendExists: |_fault, memory, key, record, put| match put {
        Put::Create if memory.peek(key).is_some() => Ok(PutOutcome::Exists),
        _ => memory.put(key, record, put).await,
    };
    ResendStores: |_fault, memory, key, record, put| {
        if memory.peek(key).is_some_and(|stands| stands.version == record.version) {
            memory.set(key, record);
        }
        memory.put(key, record, put).await
    };
    ShowsTheLoser: |_fault, memory, key, record, put| match memory.put(key, record, put).await? {
        PutOutcome::Conflict(_) => Ok(PutOutcome::Conflict(Arc::new(record.clone()))),
        outcome => Ok(outcome),
    };
    ShortVersions: |_fault, memory, key, record, put| {
        let short = |version: Version| version.as_u64() as u32;
        match (memory.peek(key), put) {
            (Some(stands), Put::Replace(version)) if short(stands.version) == short(version) => {
                memory.put(key, record, Put::Replace(stands.version)).await
            }
            _ => memory.put(key, record, put).await,
        }
    };
    Upsert: |_fault, memory, key, record, put| match memory.put(key, record, put).await? {
        PutOutcome::Gone => {
            memory.set(key, record);
            Ok(PutOutcome::Stored)
        }
        outcome => Ok(outcome),
    };
    OwnerStays: |_fault, memory, key, record, put| {
        let owner = memory.peek(key).map_or(record.owner.clone(), |stands| stands.owner.clone());
        memory.put(key, &Record { owner, ..record.clone() }, put).await
    };
    DeadlineNeverBack: |_fault, memory, key, record, put| {
        let stands = memory.peek(key).map_or(Timestamp::MIN, |stands| stands.expires_at);
        memory.put(key, &Record { expires_at: record.expires_at.max(stands), ..record.clone() }, put).await
    };
    CutAtLimit: |_fault, memory, key, record, put| {
        let mut record = record.clone();
        record.payload.truncate(memory.limits().max_payload);
        memory.put(key, &record, put).await
    };
    LateReplace: |_fault, memory, key, record, put| match (memory.peek(key), put) {
        (Some(stands), Put::Replace(version)) if stands.version == version => {
            memory.set(key, record);
            Ok(PutOutcome::Stored)
        }
        _ => memory.put(key, record, put).await,
    };
    VersionsOutlive: |fault, memory, key, record, put| {
        fault.0.lock().unwrap().insert((*key, record.version.as_u64()));
        match (memory.peek(key), put) {
            // As if the version named a place in the key's history, and not a write.
            (Some(stands), Put::Replace(version))
                if stands.version != record.version && fault.0.lock().unwrap().contains(&(*key, version.as_u64())) =>
            {
                memory.put(key, record, Put::Replace(stands.version)).await
            }
            _ => memory.put(key, record, put).await,
        }
    };
}
