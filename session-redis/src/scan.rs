//! The enumeration of all records, by `SCAN`.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use redis::{Cmd, Value, cmd};
use session_core::store::Page;
use session_core::{Cursor, Record, Scan, SessionKey, StoreError, async_trait};

#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::cursor;
use crate::error::strange;
#[cfg(feature = "cluster")]
use crate::error::{Failed, Fault, Intent, NAME};
use crate::store::{RedisStore, stored};

/// The most steps that one `SCAN` makes: each keeps everybody else waiting.
const MOST_STEPS: usize = 1_000;
/// How often one page looks on after it has found nothing, before it is given empty.
const MOST_CALLS: usize = 32;

#[async_trait]
impl Scan for RedisStore {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        #[cfg(feature = "cluster")]
        if let Some(cluster) = self.inner.wire.cluster() {
            return self.page_of_cluster(cluster, after, limit).await;
        }
        let position = after.map_or(Ok(0), |cursor| cursor::scan(cursor).map(u64::from_be_bytes))?;
        let (position, keys) =
            self.look_on(position, limit, |command| async move { self.inner.wire.read(&command).await }).await?;
        let next = (position != 0).then(|| cursor::after_scan(&position.to_be_bytes()));
        Ok(Page { records: self.records(keys).await?, next })
    }
}

impl RedisStore {
    /// Gives the keys of a page of one server, and where the next begins; 0 if there is none.
    async fn look_on<F: Future<Output = Result<Value, StoreError>>>(
        &self,
        mut position: u64,
        limit: NonZeroUsize,
        ask: impl Fn(Cmd) -> F,
    ) -> Result<(u64, BTreeSet<SessionKey>), StoreError> {
        let mut steps = limit.get().min(MOST_STEPS);
        let mut keys = BTreeSet::new();
        for _ in 0..MOST_CALLS {
            let mut command = cmd("SCAN");
            command.arg(position).arg("MATCH").arg(self.inner.keys.all_records()).arg("COUNT").arg(steps);
            let names: Vec<Vec<u8>>;
            (position, names) = redis::from_redis_value(ask(command).await?).map_err(|_| strange("SCAN"))?;
            keys.extend(names.iter().filter_map(|name| self.inner.keys.parse_record(name)));
            if position == 0 || !keys.is_empty() {
                break;
            }
            // Other keys are many here.
            steps = (steps * 2).min(MOST_STEPS);
        }
        Ok((position, keys))
    }

    /// Walks one master after the other.
    #[cfg(feature = "cluster")]
    async fn page_of_cluster(
        &self,
        cluster: &Cluster,
        after: Option<&Cursor>,
        limit: NonZeroUsize,
    ) -> Result<Page, StoreError> {
        let read = |failed: Failed| failed.into_store_error(Intent::Read);
        let masters = cluster.masters().await.map_err(read)?.ok_or_else(|| strange("CLUSTER SLOTS"))?;
        let place = after.map_or(Ok(Place { fingerprint: masters.fingerprint, master: 0, position: 0 }), Place::of)?;
        if place.fingerprint != masters.fingerprint {
            // Keys may have moved to where the walk has been, and a position means nothing to another server.
            let said = "a slot has moved, or a replica has become a master, since the walk began";
            let source = Fault::new(said, "begin again").into();
            return Err(StoreError::Backend { store: NAME, source });
        }
        let at = usize::from(place.master);
        let Some(master) = masters.addresses.get(at) else {
            return Err(StoreError::InvalidCursor { store: NAME });
        };
        let ask = |command: Cmd| async move { cluster.send_to(master, &command).await.map_err(read) };
        let (position, keys) = self.look_on(place.position, limit, ask).await?;
        let next = match position {
            0 => (at + 1 < masters.addresses.len()).then(|| Place { master: place.master + 1, position: 0, ..place }),
            position => Some(Place { position, ..place }),
        };
        Ok(Page { records: self.records(keys).await?, next: next.map(Place::cursor) })
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

/// Where a walk over a cluster stands.
#[cfg(feature = "cluster")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    fingerprint: u64,
    master: u16,
    position: u64,
}

#[cfg(feature = "cluster")]
impl Place {
    fn of(cursor: &Cursor) -> Result<Self, StoreError> {
        let bytes: [u8; 18] = cursor::scan(cursor)?;
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let master = u16::from_be_bytes([bytes[8], bytes[9]]);
        Ok(Self { fingerprint: number(&bytes[..8]), master, position: number(&bytes[10..]) })
    }

    fn cursor(self) -> Cursor {
        let (fingerprint, master, position) =
            (self.fingerprint.to_be_bytes(), self.master.to_be_bytes(), self.position.to_be_bytes());
        cursor::after_scan(&[&fingerprint[..], &master, &position].concat())
    }
}

#[cfg(all(test, feature = "cluster"))]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_cluster_is_read_back() {
        let place = Place { fingerprint: u64::MAX - 1, master: 258, position: 1 << 40 };
        assert_eq!(Place::of(&place.cursor()).unwrap(), place);
    }
}
