//! Faults that show at the edges alone: values that are seldom, and mean nothing special.

use std::sync::Arc;

use session_conformance::async_trait;
use session_conformance::session_core::store::Page;
use session_conformance::session_core::*;

use super::strange_cursor;
use crate::support::*;

/// Takes from an owner what a decoder of texts takes for its own.
fn without(owner: &mut Option<Owner>, what: char) {
    let rest = owner.as_ref().map(|owner| owner.as_str().replace(what, ""));
    if let Some(Ok(rest)) = rest.map(Owner::new) {
        *owner = Some(rest);
    }
}

#[derive(Debug, Default)]
pub struct LosesTheMark;
#[async_trait]
impl Fault for LosesTheMark {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right_with(|it| without(&mut it.owner, '\u{feff}')).await
    }
}

#[derive(Debug, Default)]
pub struct LosesBackslashes;
#[async_trait]
impl Fault for LosesBackslashes {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right_with(|it| without(&mut it.owner, '\\')).await
    }
}

/// Writes the owner and the place into a cursor, and a colon between them.
#[derive(Debug, Default)]
pub struct SplitsAtTheColon;
#[async_trait]
impl Fault for SplitsAtTheColon {
    async fn list(&self, call: PageCall<'_>) -> Listed {
        let place = |cursor: &Cursor| {
            let (owner, place) = std::str::from_utf8(cursor.as_bytes()).ok()?.split_once(':')?;
            let is_own = call.owner.is_some_and(|it| it.as_str() == owner) && place.len() == 16;
            is_own.then(|| u64::from_str_radix(place, 16).ok()).flatten()
        };
        let after = match call.after.map(place) {
            Some(None) => return Err(strange_cursor()),
            Some(Some(place)) => Some(Cursor::new(place.to_be_bytes().to_vec())),
            None => None,
        };
        let mut page = PageCall { after: after.as_ref(), ..call }.right().await?;
        let place = page.next.as_ref().and_then(|it| it.as_bytes().try_into().ok()).map(u64::from_be_bytes);
        if let (Some(owner), Some(place)) = (call.owner, place) {
            page.next = Some(Cursor::new(format!("{}:{place:016x}", owner.as_str())));
        }
        Ok(page)
    }
}

/// Goes on at the key after the last one: of its last byte, that is.
#[derive(Debug, Default)]
pub struct CarriesNothing;
#[async_trait]
impl Fault for CarriesNothing {
    async fn scan(&self, call: PageCall<'_>) -> Listed {
        let from = match call.after.map(|it| it.as_bytes().try_into().map(SessionKey::from_bytes)) {
            None => SessionKey::from_bytes([0; 32]),
            Some(Ok(from)) => from,
            Some(Err(_)) => return Err(strange_cursor()),
        };
        let mut all = call.all(|key, _| *key >= from);
        let (fits, mut bytes) = (call.limit.get(), 0);
        let fits = all.iter().take(fits).take_while(|(_, it)| {
            let room = bytes < Page::BYTES;
            bytes += it.payload.len();
            room
        });
        let fits = fits.count();
        let more = all.len() > fits;
        all.truncate(fits);
        let next = all.last().filter(|_| more).map(|(key, _)| {
            let mut bytes = *key.as_bytes();
            bytes[31] = bytes[31].wrapping_add(1);
            Cursor::new(bytes.to_vec())
        });
        Ok(Page { records: all, next, ..Page::default() })
    }
}

/// Counts nanoseconds in 64 bits with a sign.
#[derive(Debug, Default)]
pub struct EndsIn2262;
#[async_trait]
impl Fault for EndsIn2262 {
    async fn touch(&self, call: TouchCall<'_>) -> Result<bool, StoreError> {
        let last = Timestamp::from_millis(i64::MAX as u64 / 1_000_000);
        TouchCall { until: call.until.min(last), ..call }.right().await
    }
}

/// Declares no limit, and has one.
#[derive(Debug, Default)]
pub struct CutsWhatItDidNotSay;
#[async_trait]
impl Fault for CutsWhatItDidNotSay {
    fn limits(&self) -> Limits {
        Limits::default()
    }

    fn declared(&self) -> Limits {
        Limits::default()
    }

    async fn put(&self, call: PutCall<'_>) -> PutResult {
        call.right_with(|it| it.payload.truncate(1_400_000)).await
    }
}

/// Knows by the version whether there is a record.
#[derive(Debug, Default)]
pub struct ZeroIsNoRecord;
#[async_trait]
impl Fault for ZeroIsNoRecord {
    async fn get(&self, call: KeyCall<'_>) -> Found {
        Ok(call.get().await?.filter(|it| it.version != Version::from_u64(0)))
    }
}

/// Compares no version where 0 is asked for.
#[derive(Debug, Default)]
pub struct ZeroIsAnyVersion;
#[async_trait]
impl Fault for ZeroIsAnyVersion {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        match call.stands() {
            Some(stands) if call.put.replaces() == Some(Version::from_u64(0)) => call.right_for(&stands).await,
            _ => call.right().await,
        }
    }
}

/// Knows a write again by its version alone, whatever the key.
#[derive(Debug, Default)]
pub struct OneKeyToAVersion;
#[async_trait]
impl Fault for OneKeyToAVersion {
    async fn put(&self, call: PutCall<'_>) -> PutResult {
        let same = |row: &Option<Arc<Record>>| row.as_ref().is_some_and(|it| it.version == call.record.version);
        let known = call.memory.rows().values().any(same);
        if known { Ok(PutOutcome::Stored) } else { call.right().await }
    }
}
