//! The enumeration of all records, by `SCAN`.
//!
//! A position of `SCAN` means something to the process that gave it alone: another one, be it the same server after a
//! restart, has its keys in another order, and a walk that went on there would miss some. So a cursor says which process
//! it is of, by its `run_id`, and a walk that meets another one ends with an error.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use redis::{Pipeline, Value, pipe};
use session_core::store::Page;
use session_core::{Cursor, Scan, SessionKey, StoreError, async_trait};

#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::cursor;
#[cfg(feature = "cluster")]
use crate::error::{Failed, Intent};
use crate::error::{Fault, NAME, answered, strange};
use crate::info::Info;
use crate::store::{RedisStore, stored};

/// The most steps that one `SCAN` makes: each keeps everybody else waiting.
const MOST_STEPS: usize = 1_000;
/// How often one page looks on after it has found nothing, before it is given empty.
const MOST_CALLS: usize = 32;

#[async_trait]
impl Scan for RedisStore {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let place = after.map(Place::of).transpose()?;
        #[cfg(feature = "cluster")]
        if let Some(cluster) = self.inner.wire.cluster() {
            return self.page_of_cluster(cluster, place, limit).await;
        }
        let place = place.unwrap_or_default();
        let ask = |commands: Pipeline| async move { self.inner.wire.read_all(&commands).await };
        let (place, page) = self.look_on(place, limit, ask).await?;
        Ok(Page { next: (place.position != 0).then(|| place.cursor()), ..page })
    }
}

impl RedisStore {
    /// Gives a page of one server, and where the next begins; at position 0 if there is none.
    ///
    /// A position can be stepped on from by any number of steps, and not be left in between. So where a page comes out too
    /// long, it is looked for once more from where it began, by fewer steps.
    async fn look_on<F: Future<Output = Result<[Value; 2], StoreError>>>(
        &self,
        mut place: Place,
        limit: NonZeroUsize,
        ask: impl Fn(Pipeline) -> F,
    ) -> Result<(Place, Page), StoreError> {
        let mut steps = limit.get().min(MOST_STEPS);
        let mut page = Page::default();
        for _ in 0..MOST_CALLS {
            let mut commands = pipe();
            let scan = commands.cmd("SCAN").arg(place.position);
            scan.arg("MATCH").arg(self.inner.keys.all_records()).arg("COUNT").arg(steps);
            commands.add_command(Info::of("server"));
            let [found, info] = ask(commands).await?;
            let process = process(answered(info)?)?;
            if place.position != 0 && place.process != process {
                return Err(begin_again("the server was started anew, or is another one, since the walk began"));
            }
            place.process = process;
            let (position, names): (u64, Vec<Vec<u8>>) =
                redis::from_redis_value(answered(found)?).map_err(|_| strange("SCAN"))?;
            let keys: BTreeSet<_> = names.iter().filter_map(|name| self.inner.keys.parse_record(name)).collect();
            let keys: Vec<_> = keys.into_iter().collect();
            match self.records(&keys, steps == 1).await? {
                Ok(found) => page = found,
                Err(fit) => {
                    steps = (steps * fit / keys.len()).clamp(1, steps / 2);
                    continue;
                }
            }
            place.position = position;
            if position == 0 || !keys.is_empty() {
                break;
            }
            // Other keys are many here.
            steps = (steps * 2).min(MOST_STEPS);
        }
        Ok((place, page))
    }

    /// Walks one master after the other.
    #[cfg(feature = "cluster")]
    async fn page_of_cluster(
        &self,
        cluster: &Cluster,
        place: Option<Place>,
        limit: NonZeroUsize,
    ) -> Result<Page, StoreError> {
        let read = |failed: Failed| failed.into_store_error(Intent::Read);
        let masters = async || cluster.masters().await.map_err(read)?.ok_or_else(|| strange("CLUSTER SLOTS"));
        let before = masters().await?;
        let place = place.unwrap_or(Place { slots: before.fingerprint, ..Place::default() });
        // Keys may have moved to where the walk has been.
        let moved = || begin_again("a slot has moved, or a replica has become a master, since the walk began");
        if place.slots != before.fingerprint {
            return Err(moved());
        }
        let at = usize::from(place.master);
        let Some(master) = before.addresses.get(at) else {
            return Err(StoreError::InvalidCursor { store: NAME });
        };
        let ask = |commands: Pipeline| async move {
            let answers = cluster.send_all_to(master, commands).await.map_err(read)?;
            answers.try_into().map_err(|_| strange("a pipeline"))
        };
        let (place, page) = self.look_on(place, limit, ask).await?;
        let next = match place.position {
            0 => (at + 1 < before.addresses.len()).then(|| Place { master: place.master + 1, ..place }),
            _ => Some(place),
        };
        // No page comes after the last to look at it.
        if next.is_none() && masters().await? != before {
            return Err(moved());
        }
        Ok(Page { next: next.map(Place::cursor), ..page })
    }

    /// Gives a page of what stands under the keys, without a next; or how many of them fit, if that is not `all`.
    async fn records(&self, keys: &[SessionKey], all: bool) -> Result<Result<Page, usize>, StoreError> {
        let mut page = Page::default();
        if keys.is_empty() {
            return Ok(Ok(page));
        }
        let (read, _) = self.beginnings(keys, None).await?;
        let mut room = Page::BYTES;
        for (at, (key, (value, is_long))) in keys.iter().zip(read.each()).enumerate() {
            if room == 0 && !all {
                return Ok(Err(at));
            }
            // An empty string is no record, and was not told from nothing.
            let value = if is_long || value == Value::Nil { self.long(key).await? } else { value };
            match stored(value) {
                Ok(Some(stored)) => {
                    room = room.saturating_sub(stored.record.payload.len());
                    page.records.push((*key, Arc::new(stored.record)));
                }
                // It went meanwhile; or it is no string, which is not told from nothing.
                Ok(None) => {}
                Err(_) => page.unreadable.push(*key),
            }
        }
        Ok(Ok(page))
    }
}

/// Tells one process of a server from another.
fn process(answer: Value) -> Result<u64, StoreError> {
    let info = Info::read(answer)?;
    Ok(cursor::fingerprint(info.value("run_id").unwrap_or_default()))
}

fn begin_again(said: &'static str) -> StoreError {
    StoreError::Backend { store: NAME, source: Fault::new(said, "begin again").into() }
}

/// Where a walk stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    /// How a cluster's slots were distributed when the walk began; 0 if there is none.
    slots: u64,
    /// At which of a cluster's masters it is.
    master: u16,
    /// Which process gave the position.
    process: u64,
    /// 0 at the beginning.
    position: u64,
}

impl Place {
    fn of(cursor: &Cursor) -> Result<Self, StoreError> {
        let bytes: [u8; 26] = cursor::scan(cursor)?;
        let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        Ok(Self {
            slots: number(&bytes[..8]),
            master: u16::from_be_bytes([bytes[8], bytes[9]]),
            process: number(&bytes[10..18]),
            position: number(&bytes[18..]),
        })
    }

    fn cursor(self) -> Cursor {
        let (slots, master) = (self.slots.to_be_bytes(), self.master.to_be_bytes());
        let (process, position) = (self.process.to_be_bytes(), self.position.to_be_bytes());
        cursor::after_scan(&[&slots[..], &master, &process, &position].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_back() {
        let place = Place { slots: u64::MAX - 1, master: 258, process: 3 << 50, position: 1 << 40 };
        assert_eq!(Place::of(&place.cursor()).unwrap(), place);
    }
}
