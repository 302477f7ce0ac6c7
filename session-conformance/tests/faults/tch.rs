//! Faults of `touch`.

use session_conformance::async_trait;
use session_conformance::session_core::*;
use tokio::task::yield_now;

use crate::support::{Fault, Memory};

caught! {
    tch_1_catches_a_touch_that_draws_a_version: NewVersion, TCH_1, "differs in version";
    tch_2_catches_a_touch_that_shortens: Shortens, TCH_2, "differs in last_seen_at";
    tch_2_catches_a_touch_that_counts_changed_rows: CountsChangedRows, TCH_2, "touch gives true";
    tch_3_catches_a_touch_of_another_version: AnyVersion, TCH_3, "touch gives false";
    tch_3_catches_a_touch_one_millisecond_late: OneMillisecondLate, TCH_3, "touch gives false";
    tch_4_catches_a_touch_that_writes_back_what_it_read: WritesBack, TCH_4, "the replace's";
}

macro_rules! touches {
    ($($fault:ident: |$memory:ident, $key:ident, $version:ident, $seen:ident, $until:ident| $body:expr;)+) => {
        $(#[derive(Debug, Default)]
        struct $fault;
        #[async_trait]
        impl Fault for $fault {
            async fn touch(&self, $memory: &Memory, $key: &SessionKey, $version: Version, $seen: Timestamp,
                $until: Timestamp) -> Result<bool, StoreError>
            {
                $body
            }
        })+
    };
}

fn moved(record: &Record, seen: Timestamp, until: Timestamp) -> Record {
    let (last_seen_at, expires_at) = (record.last_seen_at.max(seen), record.expires_at.max(until));
    Record { last_seen_at, expires_at, ..record.clone() }
}

touches! {
    NewVersion: |memory, key, version, seen, until| {
        let done = memory.touch(key, version, seen, until).await?;
        if let Some(record) = memory.peek(key).filter(|_| done) {
            let version = Version::from_u64(record.version.as_u64().wrapping_add(1));
            memory.set(key, &Record { version, ..(*record).clone() });
        }
        Ok(done)
    };
    Shortens: |memory, key, version, seen, until| {
        let done = memory.touch(key, version, seen, until).await?;
        if let Some(record) = memory.peek(key).filter(|_| done) {
            memory.set(key, &Record { last_seen_at: seen, expires_at: until, ..(*record).clone() });
        }
        Ok(done)
    };
    // As MySQL counts the rows of an update: those that are other than before.
    CountsChangedRows: |memory, key, version, seen, until| {
        let before = memory.peek(key);
        memory.touch(key, version, seen, until).await?;
        Ok(memory.peek(key) != before)
    };
    AnyVersion: |memory, key, _version, seen, until| match memory.peek(key) {
        Some(record) => memory.touch(key, record.version, seen, until).await,
        None => Ok(false),
    };
    OneMillisecondLate: |memory, key, version, seen, until| match memory.peek(key) {
        Some(record) if record.version == version && record.expires_at == seen => {
            memory.set(key, &moved(&record, seen, until));
            Ok(true)
        }
        _ => memory.touch(key, version, seen, until).await,
    };
    WritesBack: |memory, key, version, seen, until| {
        let Some(record) = memory.peek(key).filter(|it| it.version == version && it.is_live_at(seen)) else {
            return Ok(false);
        };
        yield_now().await;
        memory.set(key, &moved(&record, seen, until));
        Ok(true)
    };
}
