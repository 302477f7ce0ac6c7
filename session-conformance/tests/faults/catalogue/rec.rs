//! Faults in what a store says of itself, and in what `get` gives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use session_conformance::async_trait;
use session_conformance::session_core::*;

use super::{backend, cut};
use crate::support::*;

const MILLI: Duration = Duration::from_millis(1);
const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[derive(Debug, Default)]
pub struct OtherLimit;
#[async_trait]
impl Fault for OtherLimit {
    fn limits(&self) -> Limits {
        limits().with_max_payload(1)
    }
}

#[derive(Debug, Default)]
pub struct NoSweep;
#[async_trait]
impl Fault for NoSweep {
    fn has_sweep(&self) -> bool {
        false
    }
}

#[derive(Debug, Default)]
pub struct MadeUp;
#[async_trait]
impl Fault for MadeUp {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        let empty = || Record {
            version: Version::from_u64(0),
            payload: Bytes::new(),
            owner: None,
            created_at: Timestamp::MIN,
            last_seen_at: Timestamp::MIN,
            expires_at: Timestamp::MAX,
        };
        Ok(Some(call.get().await?.unwrap_or_else(|| Arc::new(empty()))))
    }
}

fn in_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_millis(time.as_millis() / 1_000 * 1_000)
}

fn in_32_bits(time: Timestamp) -> Timestamp {
    let seconds = u64::from((time.as_millis() / 1_000) as u32);
    Timestamp::from_millis(seconds * 1_000 + time.as_millis() % 1_000)
}

/// Central Europe's clocks went from 2:00 to 3:00 at this time, so no time of day names the hour after it.
fn as_time_of_day(time: Timestamp) -> Timestamp {
    const SPRING: u64 = 1_743_296_400_000;
    let hour = 60 * 60 * 1_000;
    if (SPRING..SPRING + hour).contains(&time.as_millis()) { Timestamp::from_millis(SPRING + hour) } else { time }
}

#[derive(Debug, Default)]
pub struct Seconds;
#[async_trait]
impl Fault for Seconds {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right_with(|it| {
            it.created_at = in_seconds(it.created_at);
            it.last_seen_at = in_seconds(it.last_seen_at);
            it.expires_at = in_seconds(it.expires_at);
        })
        .await
    }
}

#[derive(Debug, Default)]
pub struct SignedVersions;
#[async_trait]
impl Fault for SignedVersions {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right_with(|it| it.version = Version::from_u64(it.version.as_u64() & i64::MAX as u64)).await
    }
}

#[derive(Debug, Default)]
pub struct Cut;
#[async_trait]
impl Fault for Cut {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right_with(|it| it.payload.truncate(65_535)).await
    }
}

#[derive(Debug, Default)]
pub struct TextPayload;
#[async_trait]
impl Fault for TextPayload {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right_with(|it| it.payload = Bytes::from(String::from_utf8_lossy(&it.payload).into_owned())).await
    }
}

#[derive(Debug, Default)]
pub struct OwnersWithoutCase;
#[async_trait]
impl Fault for OwnersWithoutCase {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        let folded = |owner: &Owner| owner.as_str().to_lowercase();
        call.in_one_page(|_, it| it.owner.as_ref().map(folded) == call.owner.map(folded))
    }
}

#[derive(Debug, Default)]
pub struct OwnersPadded;
#[async_trait]
impl Fault for OwnersPadded {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        fn trimmed(owner: &Owner) -> &str {
            owner.as_str().trim_end_matches(' ')
        }
        call.in_one_page(|_, it| it.owner.as_ref().map(trimmed) == call.owner.map(trimmed))
    }
}

#[derive(Debug, Default)]
pub struct OwnersCut;
#[async_trait]
impl Fault for OwnersCut {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        call.in_one_page(|_, it| it.owner.as_ref().map(|it| cut(it, 254)) == call.owner.map(|it| cut(it, 254)))
    }
}

#[derive(Debug, Default)]
pub struct NullIsNobody;
#[async_trait]
impl Fault for NullIsNobody {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right_with(|it| it.owner = it.owner.take().filter(|it| it.as_str() != "null")).await
    }
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
pub struct KeysWithoutCase;
#[async_trait]
impl Fault for KeysWithoutCase {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        KeyCall { key: &without_case(call.key), ..call }.get().await
    }

    async fn put(&self, call: PutCall<'_>) -> PutResult {
        PutCall { key: &without_case(call.key), ..call }.right().await
    }
}

/// As a column of fixed width has it: what a value ends in is taken for padding. Fewer than four bytes are
/// not, so that keys drawn at random never end in any.
fn padded(key: &SessionKey) -> SessionKey {
    let mut bytes = *key.as_bytes();
    let padding = bytes.iter().rev().take_while(|byte| matches!(**byte, 0 | b' ')).count();
    if padding >= 4 {
        bytes[32 - padding..].fill(b' ');
    }
    SessionKey::from_bytes(bytes)
}

#[derive(Debug, Default)]
pub struct KeysPadded;
#[async_trait]
impl Fault for KeysPadded {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        KeyCall { key: &padded(call.key), ..call }.get().await
    }

    async fn put(&self, call: PutCall<'_>) -> PutResult {
        PutCall { key: &padded(call.key), ..call }.right().await
    }
}

#[derive(Debug, Default)]
pub struct SmallTimestamps;
#[async_trait]
impl Fault for SmallTimestamps {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right_with(|it| {
            it.created_at = in_32_bits(it.created_at);
            it.last_seen_at = in_32_bits(it.last_seen_at);
        })
        .await
    }
}

#[derive(Debug, Default)]
pub struct LocalTime;
#[async_trait]
impl Fault for LocalTime {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right_with(|it| it.created_at = as_time_of_day(it.created_at)).await
    }
}

#[derive(Debug, Default)]
pub struct SlidingGet;
#[async_trait]
impl Fault for SlidingGet {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        let found = call.get().await?;
        if let Some(record) = &found {
            call.memory.set(call.key, &Record { expires_at: record.expires_at + MILLI, ..(**record).clone() });
        }
        Ok(found)
    }
}

/// The deadline in the record stays; the one that the backend goes by moves.
#[derive(Debug, Default)]
pub struct GetRefreshes;
#[async_trait]
impl Fault for GetRefreshes {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        let found = call.get().await?;
        if let Some(record) = &found {
            call.memory.beside().deadlines.insert(*call.key, record.expires_at + MILLI);
        }
        Ok(found)
    }

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        let moved = call.memory.beside().deadlines.clone();
        let late = |key: &SessionKey| moved.get(key).is_none_or(|deadline| *deadline <= call.before);
        let due: Vec<_> = call.due().into_iter().filter(late).collect();
        call.memory.rows().retain(|key, _| !due.contains(key));
        Ok(due.len() as u64)
    }
}

#[derive(Debug, Default)]
pub struct ThirtyDays;
#[async_trait]
impl Fault for ThirtyDays {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        if call.record.expires_at.since(SystemClock.now()) > MONTH {
            call.memory.delete(call.key).await?;
        }
        Ok(outcome)
    }
}

#[derive(Debug, Default)]
pub struct TouchThirtyDays;
#[async_trait]
impl Fault for TouchThirtyDays {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let done = call.right().await?;
        if done && call.until.since(SystemClock.now()) > MONTH {
            call.memory.delete(call.key).await?;
        }
        Ok(done)
    }
}

#[derive(Debug, Default)]
pub struct WholeSeconds;
#[async_trait]
impl Fault for WholeSeconds {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let outcome = call.right().await?;
        let left = call.record.expires_at.since(call.record.last_seen_at).as_secs();
        if left == 0 && outcome == PutOutcome::Stored {
            call.memory.delete(call.key).await?;
        }
        Ok(outcome)
    }
}

#[derive(Debug, Default)]
pub struct PastIsAnError;
#[async_trait]
impl Fault for PastIsAnError {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        if call.record.expires_at <= SystemClock.now() {
            return Err(backend("invalid expire time"));
        }
        call.right().await
    }
}

/// Its own writes it knows of; those of others it does not.
#[derive(Debug, Default)]
pub struct Cache(Mutex<BTreeMap<SessionKey, Option<Arc<Record>>>>);

impl Cache {
    fn seen(&self) -> MutexGuard<'_, BTreeMap<SessionKey, Option<Arc<Record>>>> {
        self.0.lock().expect("no panic holds it")
    }
}

#[async_trait]
impl Fault for Cache {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        let found = call.get().await?;
        Ok(self.seen().entry(*call.key).or_insert(found).clone())
    }

    async fn put(&self, call: PutCall<'_>) -> PutResult {
        self.seen().remove(call.key);
        call.right().await
    }

    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        self.seen().remove(call.key);
        call.right().await
    }

    async fn delete(&self, call: KeyCall<'_>) -> Result<bool, StoreError> {
        self.seen().remove(call.key);
        call.delete().await
    }

    async fn sweep(&self, call: SweepCall<'_>) -> Result<u64, StoreError> {
        self.seen().clear();
        call.right().await
    }
}

#[derive(Debug, Default)]
pub struct ReadsGoBack(Mutex<Option<Arc<Record>>>, AtomicUsize);
#[async_trait]
impl Fault for ReadsGoBack {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        let found = call.get().await?;
        // A replica that lags: now and then the read comes from before.
        let lags = self.1.fetch_add(1, Ordering::Relaxed) % 5 == 4;
        let mut before = self.0.lock().unwrap();
        let shown = if lags { before.clone() } else { found.clone() };
        *before = found;
        Ok(shown)
    }
}

/// Tells whether the record is over by the machine's clock, whatever time the caller brings along.
fn is_over(record: &Record) -> bool {
    !record.is_live_at(SystemClock.now())
}

#[derive(Debug, Default)]
pub struct GetJudges;
#[async_trait]
impl Fault for GetJudges {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        Ok(call.get().await?.filter(|record| !is_over(record)))
    }
}

#[derive(Debug, Default)]
pub struct ListJudges;
#[async_trait]
impl Fault for ListJudges {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        let mut page = call.right().await?;
        page.records.retain(|(_, record)| !is_over(record));
        Ok(page)
    }
}

#[derive(Debug, Default)]
pub struct TouchJudges;
#[async_trait]
impl Fault for TouchJudges {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        match call.stands() {
            Some(record) if is_over(&record) => Ok(false),
            _ => call.right().await,
        }
    }
}
