//! Faults that need more than one verb to show, and faults in how faults are told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use session_conformance::async_trait;
use session_conformance::session_core::*;
use session_conformance::{Clause, Harness, run};
use tokio::task::yield_now;

use crate::support::{Fault, Memory};

caught! {
    con_1_catches_a_read_that_goes_back: ReadsGoBack, CON_1, "task";
    con_1_catches_a_write_that_is_lost: LosesWrites, CON_1, "task";
    con_2_catches_a_store_that_loses_writes: LosesWrites, CON_2, "the counter";
    mod_1_catches_an_owner_lost_by_a_touch: TouchLosesOwner, MOD_1, "owner";
    mod_1_catches_a_payload_that_a_shorter_one_does_not_clear: LeavesATail, MOD_1, "payload";
    flt_1_catches_corrupt_data_taken_for_absent: CorruptIsAbsent, FLT_1, "Corrupt";
    flt_1_catches_a_panic: CorruptPanics, FLT_1, "a panic";
    flt_2_catches_an_error_that_shows_the_key: ErrorShowsKey, FLT_2, "a whole key";
    flt_2_catches_an_error_that_shows_the_payload: ErrorShowsPayload, FLT_2, "a payload";
    flt_3_catches_an_init_that_empties_the_store: InitEmpties, FLT_3, "None";
    flt_3_catches_an_init_that_cannot_run_again: InitOnce, FLT_3, "init works";
}

#[derive(Debug, Default)]
struct ReadsGoBack(std::sync::Mutex<Option<Arc<Record>>>, AtomicUsize);
#[async_trait]
impl Fault for ReadsGoBack {
    async fn get(&self, memory: &Memory, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        let found = memory.get(key).await?;
        yield_now().await;
        // A replica that lags: now and then the read comes from before.
        let lags = self.1.fetch_add(1, Ordering::Relaxed) % 5 == 4;
        let mut before = self.0.lock().unwrap();
        let shown = if lags { before.clone() } else { found.clone() };
        *before = found;
        Ok(shown)
    }
}

#[derive(Debug, Default)]
struct LosesWrites;
#[async_trait]
impl Fault for LosesWrites {
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        match (memory.peek(key), put) {
            (Some(stands), Put::Replace(version)) if stands.version == version => {
                yield_now().await;
                memory.set(key, record);
                Ok(PutOutcome::Stored)
            }
            _ => memory.put(key, record, put).await,
        }
    }
}

#[derive(Debug, Default)]
struct TouchLosesOwner;
#[async_trait]
impl Fault for TouchLosesOwner {
    async fn touch(
        &self,
        memory: &Memory,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = memory.touch(key, version, seen, expires_at).await?;
        if let Some(record) = memory.peek(key).filter(|_| done) {
            memory.set(key, &Record { owner: None, ..(*record).clone() });
        }
        Ok(done)
    }
}

#[derive(Debug, Default)]
struct LeavesATail;
#[async_trait]
impl Fault for LeavesATail {
    async fn put(
        &self,
        memory: &Memory,
        key: &SessionKey,
        record: &Record,
        put: Put,
    ) -> Result<PutOutcome, StoreError> {
        let old = memory.peek(key).map(|it| it.payload.clone()).unwrap_or_default();
        let tail = old.get(record.payload.len()..).unwrap_or_default();
        let payload = [&record.payload, tail].concat().into();
        memory.put(key, &Record { payload, ..record.clone() }, put).await
    }
}

#[derive(Debug, Default)]
struct CorruptIsAbsent;
#[async_trait]
impl Fault for CorruptIsAbsent {
    async fn get(&self, memory: &Memory, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(memory.peek(key))
    }
}

#[derive(Debug, Default)]
struct CorruptPanics;
#[async_trait]
impl Fault for CorruptPanics {
    async fn get(&self, memory: &Memory, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(Some(memory.get(key).await.expect("what we wrote can be read").expect("and is there")))
    }
}

macro_rules! tells {
    ($($fault:ident: |$key:ident, $record:ident| $source:expr;)+) => {
        $(#[derive(Debug, Default)]
        struct $fault;
        #[async_trait]
        impl Fault for $fault {
            async fn put(&self, memory: &Memory, $key: &SessionKey, $record: &Record, put: Put)
                -> Result<PutOutcome, StoreError>
            {
                memory.put($key, $record, put).await.map_err(|_| {
                    StoreError::Backend { store: "faulty", source: $source.into() }
                })
            }
        })+
    };
}

tells! {
    ErrorShowsKey: |key, _record| format!("UPDATE failed for key {:02X?}", key.as_bytes());
    ErrorShowsPayload: |_key, record| format!("too long: {:?}", record.payload);
}

#[derive(Debug, Default)]
struct InitEmpties;
#[async_trait]
impl Fault for InitEmpties {
    async fn init(&self, memory: &Memory) -> Result<(), StoreError> {
        memory.rows().clear();
        Ok(())
    }
}

#[derive(Debug, Default)]
struct InitOnce(AtomicBool);
#[async_trait]
impl Fault for InitOnce {
    async fn init(&self, _: &Memory) -> Result<(), StoreError> {
        match self.0.swap(true, Ordering::SeqCst) {
            false => Ok(()),
            true => Err(StoreError::Misconfigured { store: "faulty", source: "the table exists".into() }),
        }
    }
}

/// A store that hangs is told by its last step, also where it blocks the thread.
#[test]
fn the_watchdog_catches_a_store_that_blocks_its_thread() {
    let told = run::<Hanging>(Clause::REC_1, &[]).failure().expect("it hangs").to_string();
    assert!(told.contains("an end within") && told.contains("get SessionKey"), "{told}");
    assert!(told.starts_with("REC-1"), "{told}");
}

#[derive(Debug, Default)]
struct Blocks;
#[async_trait]
impl Fault for Blocks {
    async fn get(&self, _: &Memory, _: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        loop {
            std::thread::park();
        }
    }
}

#[derive(Debug)]
struct Hanging(crate::support::Faulty<Blocks>);

impl Harness for Hanging {
    const TIME_LIMIT: std::time::Duration = std::time::Duration::from_millis(200);

    async fn start() -> Result<Self, BoxError> {
        crate::support::Faulty::start().await.map(Self)
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        self.0.store()
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        self.0.another_handle().await
    }
}
