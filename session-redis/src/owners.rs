//! The index by owner: one sorted set for each, of entries that say which session and which stay with the owner, in the
//! order in which they came.
//!
//! # Why a session that changes its key is never missed
//!
//! To renew, the core creates the new record and then replaces the old one by one without owner.
//!
//! 1. An entry stands in the index before its record does, and is removed after it is gone. So the index may hold
//!    entries that answer to no record, and each is held against the record; but at every moment it holds the
//!    entry of each session that is the owner's.
//! 2. Scores only ever rise (`enter` in `prelude.lua`), so an entry comes in behind all that a walk has seen.
//! 3. `list` reads records in the order of their entries. Where it finds that one has lost its owner, the
//!    `Create` before that was over, so the new entry, which is behind, has its record by then. On one server a page's
//!    records are read by one pipeline, in order. On a cluster they are read from several nodes in no order, so
//!    those that were missing are read again, one after the other.
//! 4. Whether there is a next page is decided after the records were looked at. A long one is looked at once more after
//!    that; if it is gone by then, there is a next page.
//!
//! # Why a live session's entry is never pruned
//!
//! A stale entry (of a writer that was killed between entry and record, of a session that ran out) is pruned by
//! whoever lists. It was older than the longest operation (`LONGEST`) *before* its record was looked at. A write
//! refuses to store when its entry is older than half of that (`LATE`), by the server's clock and not by the writer's,
//! which may have been asleep; so a record that was not there then will not come. If the same write is tried again, its
//! entry gets another score, by which `prune` sees that somebody came between.

use std::num::NonZeroUsize;
use std::sync::Arc;

use redis::{Value, cmd};
use session_core::store::Page;
use session_core::{Causes, Cursor, Owner, Owners, Record, SessionKey, StoreError, async_trait};

use crate::cursor;
use crate::error::{Intent, answered, strange};
use crate::keys::parse_member;
use crate::script::{Call, PAGE, PRUNE, Place, places};
use crate::store::{RedisStore, stored};

/// The most entries of one page: a script that gives more keeps everybody else waiting.
const MOST: usize = 1_000;
/// From how many entries on an index is looked through for stale ones whenever their number has doubled.
const CROWD: u64 = 64;

#[async_trait]
impl Owners for RedisStore {
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let after = after.map_or(Ok(0), cursor::score)?;
        let (records, next) = self.page_of(owner, after, limit.get().min(MOST)).await?;
        Ok(Page { records, next: next.map(cursor::after_score), ..Page::default() })
    }
}

type Records = Vec<(SessionKey, Arc<Record>)>;

/// What was found under the key of an entry.
enum Found {
    /// The record that was entered.
    Meant(SessionKey, Arc<Record>),
    /// None, or one that has been given away since.
    Other,
    /// Something that cannot be read: perhaps by this process alone, which is older than the one that wrote it. So its
    /// entry stays.
    Unreadable,
}

impl RedisStore {
    /// Gives a page of the owner's records, and the score behind which the next one begins; prunes what is stale.
    async fn page_of(&self, owner: &Owner, after: u64, limit: usize) -> Result<(Records, Option<u64>), StoreError> {
        let places = self.places(owner, after, limit).await?;
        let Some(mut last) = places.last().map(|place| place.score) else { return Ok((Vec::new(), None)) };
        let (mut records, long, behind) = self.look(owner, &places, last).await?;
        // A full page has a next one, which may be empty.
        let mut more = behind || places.len() == limit;
        let mut room = Page::BYTES;
        for at in 0..places.len() {
            if room == 0 {
                (last, more) = (places[at - 1].score, true);
                records.truncate(at);
                break;
            }
            if long[at] && matches!(records[at], Found::Meant(..)) {
                let (key, _) = parse_member(&places[at].member);
                records[at] = answer(owner, &places[at], self.long(&key).await?);
                // It went after it was asked whether there are entries behind.
                more |= matches!(records[at], Found::Other);
            }
            if let Found::Meant(_, record) = &records[at] {
                room = room.saturating_sub(record.payload.len());
            }
        }
        let is_stale = |(place, found): &(&Place, &Found)| matches!(found, Found::Other) && !place.young;
        let stale: Vec<_> = places.iter().zip(&records).filter(is_stale).map(|(place, _)| place).collect();
        self.prune(owner, &stale).await;
        let next = more.then_some(last);
        let meant = records.into_iter().filter_map(|found| match found {
            Found::Meant(key, record) => Some((key, record)),
            Found::Other | Found::Unreadable => None,
        });
        Ok((meant.collect(), next))
    }

    /// Reads entries of the index.
    async fn places(&self, owner: &Owner, after: u64, limit: usize) -> Result<Vec<Place>, StoreError> {
        let (index, after, limit) = (self.inner.keys.index(owner), after.to_string(), limit.to_string());
        let call = Call { script: &PAGE, key: &index, arguments: &[after.as_bytes(), limit.as_bytes()], staged: None };
        places(self.inner.wire.call(call, Intent::Read).await?).ok_or_else(|| strange("the script `page`"))
    }

    /// Reads the records, of long ones the beginning, and then whether there are entries behind the last: on one server
    /// in the order of the entries and in one round trip; on a cluster from wherever they are, and then again, in
    /// order, what was missing. Says which are long, too.
    async fn look(
        &self,
        owner: &Owner,
        places: &[Place],
        last: u64,
    ) -> Result<(Vec<Found>, Vec<bool>, bool), StoreError> {
        let keys: Vec<_> = places.iter().map(|place| parse_member(&place.member).0).collect();
        let mut command = cmd("ZCOUNT");
        command.arg(self.inner.keys.index(owner)).arg(format!("({last}")).arg("+inf");
        let (read, behind) = self.beginnings(&keys, Some(&command)).await?;
        let answers = places.iter().zip(read.each());
        let (mut records, long): (Vec<_>, Vec<_>) =
            answers.map(|(place, (value, is_long))| (answer(owner, place, value), is_long)).unzip();
        let behind = match behind {
            Some(behind) => behind,
            None => {
                for ((place, record), key) in places.iter().zip(&mut records).zip(&keys) {
                    if matches!(record, Found::Other) && place.young {
                        *record = answer(owner, place, self.long(key).await?);
                    }
                }
                self.inner.wire.read(&command).await?
            }
        };
        Ok((records, long, count(behind)? > 0))
    }

    /// Removes entries that answer to no record. They are in nobody's way, so a failure is none.
    async fn prune(&self, owner: &Owner, stale: &[&Place]) {
        if stale.is_empty() {
            return;
        }
        let index = self.inner.keys.index(owner);
        let scores: Vec<_> = stale.iter().map(|place| place.score.to_string()).collect();
        let arguments: Vec<&[u8]> =
            stale.iter().zip(&scores).flat_map(|(place, score)| [place.member.as_slice(), score.as_bytes()]).collect();
        let call = Call { script: &PRUNE, key: &index, arguments: &arguments, staged: None };
        if let Err(error) = self.inner.wire.call(call, Intent::Write).await {
            tracing::debug!(error = %Causes(&error), "stale entries of an owner's index were not pruned");
        }
    }

    /// Looks through an index that has doubled, in the background: the entries of sessions that ran out would else
    /// stay for as long as their owner goes on signing in and nobody lists.
    pub(crate) fn prune_if_crowded(&self, owner: Option<&Owner>, entries: u64) {
        let Some(owner) = owner.filter(|_| entries >= CROWD && entries.is_power_of_two()) else { return };
        let (store, owner) = (self.clone(), owner.clone());
        tokio::spawn(async move {
            let mut after = Some(0);
            while let Some(from) = after {
                after = match store.page_of(&owner, from, MOST / 10).await {
                    Ok((_, next)) => next,
                    Err(error) => {
                        tracing::debug!(error = %Causes(&error), "an owner's index was not looked through");
                        None
                    }
                };
            }
        });
    }
}

/// Tells whether a record is the one that was entered.
fn answer(owner: &Owner, place: &Place, value: Value) -> Found {
    let (key, tag) = parse_member(&place.member);
    match stored(value) {
        Ok(Some(it)) if it.tag == Some(tag) && it.record.owner.as_ref() == Some(owner) => {
            Found::Meant(key, Arc::new(it.record))
        }
        Ok(_) => Found::Other,
        Err(_) => Found::Unreadable,
    }
}

fn count(value: Value) -> Result<i64, StoreError> {
    match answered(value)? {
        Value::Int(count) => Ok(count),
        _ => Err(strange("ZCOUNT")),
    }
}
