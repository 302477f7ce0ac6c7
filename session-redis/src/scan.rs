//! The enumeration of all records, by `SCAN`.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use redis::{Value, cmd};
use session_core::store::Page;
use session_core::{Cursor, Record, Scan, SessionKey, StoreError, async_trait};

use crate::cursor;
use crate::error::strange;
use crate::store::{RedisStore, stored};

/// The most steps that one `SCAN` makes: each keeps everybody else waiting.
const MOST_STEPS: usize = 1_000;
/// How often one page looks on after it has found nothing, before it is given empty.
const MOST_CALLS: usize = 32;

#[async_trait]
impl Scan for RedisStore {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let mut position = after.map_or(Ok(0), |cursor| cursor::scan(cursor).map(u64::from_be_bytes))?;
        let mut steps = limit.get().min(MOST_STEPS);
        let mut keys = BTreeSet::new();
        for _ in 0..MOST_CALLS {
            let found;
            (position, found) = self.scan_once(position, steps).await?;
            keys.extend(found);
            if position == 0 || !keys.is_empty() {
                break;
            }
            // Other keys are many here.
            steps = (steps * 2).min(MOST_STEPS);
        }
        let next = (position != 0).then(|| cursor::after_scan(&position.to_be_bytes()));
        Ok(Page { records: self.records(keys).await?, next })
    }
}

impl RedisStore {
    async fn scan_once(&self, position: u64, steps: usize) -> Result<(u64, Vec<SessionKey>), StoreError> {
        let mut command = cmd("SCAN");
        command.arg(position).arg("MATCH").arg(self.inner.keys.all_records()).arg("COUNT").arg(steps);
        let answer = self.inner.wire.read(&command).await?;
        let (position, names): (u64, Vec<Vec<u8>>) = redis::from_redis_value(answer).map_err(|_| strange("SCAN"))?;
        Ok((position, names.iter().filter_map(|name| self.inner.keys.parse_record(name)).collect()))
    }

    async fn records(&self, keys: BTreeSet<SessionKey>) -> Result<Vec<(SessionKey, Arc<Record>)>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = cmd("MGET");
        for key in &keys {
            command.arg(self.inner.keys.record(key));
        }
        let Value::Array(values) = self.inner.wire.read(&command).await? else { return Err(strange("MGET")) };
        // What went meanwhile is not there; what cannot be read is left out.
        let read = |(key, value)| Some((key, Arc::new(stored(value).ok().flatten()?.record)));
        Ok(keys.into_iter().zip(values).filter_map(read).collect())
    }
}
