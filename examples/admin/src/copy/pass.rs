//! One pass: every record of the source, and then every one that this copy has brought and the source has no more.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};
use session_core::{Clock, Page, Record, SessionKey, StoreError, SystemClock};
use tokio::task::JoinSet;

use super::Copy;
use super::step::{self, Done, Plan, Write};
use crate::backend::{AT_ONCE, Progress, patiently, pause};
use crate::failure::Failure;
use crate::out;

/// Counts what a pass did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) seen: u64,
    pub(crate) written: u64,
    pub(crate) touched: u64,
    pub(crate) ended: u64,
    pub(crate) expired: u64,
    /// Left alone, since somebody else has written or removed it at the target.
    pub(crate) foreign: u64,
    /// Cannot be read, here or there.
    pub(crate) unreadable: u64,
    /// Larger than the target takes.
    pub(crate) refused: u64,
    /// Whether it began where an earlier run was interrupted.
    pub(crate) resumed: bool,
}

impl Tally {
    /// Tells whether both stores had the same already.
    pub(crate) fn is_quiet(&self) -> bool {
        self.written + self.touched + self.ended == 0 && !self.resumed
    }

    /// Tells whether all that the source has is at the target.
    pub(crate) fn is_whole(&self) -> bool {
        self.foreign + self.unreadable + self.refused == 0
    }

    pub(crate) fn json(&self, number: u32) -> Value {
        json!({
            "pass": number, "seen": self.seen, "written": self.written, "touched": self.touched, "ended": self.ended,
            "expired": self.expired, "foreign": self.foreign, "unreadable": self.unreadable, "refused": self.refused,
            "resumed": self.resumed,
        })
    }

    /// Tells what a pass would do.
    pub(crate) fn would(&self) -> Value {
        json!({
            "seen": self.seen, "to_write": self.written, "to_touch": self.touched, "to_end": self.ended,
            "expired": self.expired, "foreign": self.foreign, "unreadable": self.unreadable, "refused": self.refused,
        })
    }
}

type Item = (SessionKey, Arc<Record>);

impl Copy<'_> {
    pub(crate) async fn pass(&mut self) -> Result<Tally, Failure> {
        self.number += 1;
        let mut after = self.ledger.resume.take();
        let mut tally = Tally { resumed: after.is_some(), ..Tally::default() };
        let mut progress = Progress::new();
        loop {
            let began = Instant::now();
            let page = match self.from.page(after.as_ref(), self.batch).await {
                // The place means nothing any more: the server was started anew.
                Err(failure) if tally.resumed && tally.seen == 0 => {
                    out::note(&format!("cannot go on where the last run ended ({}); beginning again", failure.line()));
                    after = None;
                    tally.resumed = false;
                    continue;
                }
                page => page?,
            };
            let next = page.next.clone();
            progress.add(page.records.len());
            let keys = self.page(page, &mut tally).await?;
            self.ledger.finish_page(&keys, next.as_ref())?;
            if next.is_some() {
                pause(began.elapsed(), self.pauses).await;
                let written = if self.dry { "to write" } else { "written" };
                let more = format!(" seen in pass {}, {} {written}", self.number, tally.written);
                progress.tell(self.from, &more).await;
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        self.end_what_has_gone(&mut tally).await?;
        self.ledger.tidy()?;
        Ok(tally)
    }

    /// Brings a page of the source to the target, and gives the keys that were written.
    async fn page(&mut self, page: Page, tally: &mut Tally) -> Result<Vec<SessionKey>, Failure> {
        for key in &page.unreadable {
            tally.unreadable += 1;
            out::note(&format!("{key:?} cannot be read at the source, and is left out"));
        }
        let now = SystemClock.now();
        let (live, expired): (Vec<Item>, Vec<Item>) =
            page.records.into_iter().partition(|(_, record)| record.is_live_at(now));
        tally.seen += live.len() as u64;
        tally.expired += expired.len() as u64;
        let mut planned = Vec::new();
        for items in live.chunks(AT_ONCE) {
            let mut plans = JoinSet::new();
            for (key, record) in items.iter().cloned() {
                let (to, entry) = (Arc::clone(&self.to.store), self.ledger.get(&key).copied());
                plans.spawn(async move {
                    let plan = step::plan(&to, &key, &record, entry, now).await;
                    (key, record, plan)
                });
            }
            for (key, record, plan) in plans.join_all().await {
                match plan {
                    Ok(plan) => planned.push((key, record, plan)),
                    Err(StoreError::Corrupt { .. }) => {
                        tally.unreadable += 1;
                        out::note(&format!("{key:?} cannot be read at the target, and is left alone"));
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        if self.dry {
            self.would_write(&planned, tally);
            return Ok(Vec::new());
        }
        // Also what is there already: a state file that was lost is made up for.
        let intended = planned.iter().filter_map(|(key, record, plan)| match plan {
            Plan::Foreign => None,
            Plan::Same if self.ledger.get(key).is_some_and(|entry| entry.is(record)) => None,
            Plan::Write(Write::Replace(version, expires_at)) => Some((*key, record, Some((*version, *expires_at)))),
            Plan::Same | Plan::Write(_) => Some((*key, record, None)),
        });
        let intended: Vec<_> = intended.collect();
        self.ledger.intend(intended.iter().map(|(key, record, stands)| (key, &***record, *stands)), self.number)?;
        let keys = intended.into_iter().map(|(key, ..)| key).collect();
        let mut writes = Vec::new();
        for (key, record, plan) in planned {
            self.ledger.see(&key, self.number);
            match plan {
                Plan::Same => {}
                Plan::Foreign => tally.foreign += 1,
                Plan::Write(write) => writes.push((key, record, write)),
            }
        }
        for items in writes.chunks(AT_ONCE) {
            let mut under_way = JoinSet::new();
            for (key, record, write) in items.iter().cloned() {
                let to = Arc::clone(&self.to.store);
                under_way.spawn(async move { (key, step::write(&to, &key, &record, write).await) });
            }
            for (key, done) in under_way.join_all().await {
                match done? {
                    Done::Foreign => {
                        tally.foreign += 1;
                        self.ledger.take_back(&key)?;
                    }
                    Done::Written => tally.written += 1,
                    Done::Touched => tally.touched += 1,
                    Done::Refused(error) => {
                        tally.refused += 1;
                        out::note(&format!("{key:?} is not taken by the target: {error}"));
                        self.ledger.take_back(&key)?;
                    }
                }
            }
        }
        Ok(keys)
    }

    /// Counts what would be done with a page.
    fn would_write(&mut self, planned: &[(SessionKey, Arc<Record>, Plan)], tally: &mut Tally) {
        let most = self.to.store.limits().max_payload;
        for (key, record, plan) in planned {
            self.ledger.see(key, self.number);
            match plan {
                Plan::Same => {}
                Plan::Foreign => tally.foreign += 1,
                Plan::Write(Write::Touch) => tally.touched += 1,
                Plan::Write(_) if record.payload.len() > most => tally.refused += 1,
                Plan::Write(_) => tally.written += 1,
            }
        }
    }

    /// Ends at the target what this copy has brought there, and the source has no more.
    async fn end_what_has_gone(&mut self, tally: &mut Tally) -> Result<(), Failure> {
        let unseen = self.ledger.unseen(self.number);
        if tally.seen == 0 && !unseen.is_empty() {
            if tally.resumed {
                // It has seen the end of the source alone; the next pass sees all of it.
                return Ok(());
            }
            if !self.empty_source {
                let said = format!(
                    "the source shows no session at all, and {} that this copy has brought would be ended at the \
                     target; if it is the right source and they have all ended, say --empty-source",
                    unseen.len()
                );
                return Err(Failure::usage(said));
            }
        }
        for keys in unseen.chunks(AT_ONCE) {
            let mut ends = JoinSet::new();
            for key in keys.iter().copied() {
                let Some(entry) = self.ledger.get(&key).copied() else { continue };
                let (from, to, dry) = (Arc::clone(&self.from.store), Arc::clone(&self.to.store), self.dry);
                ends.spawn(async move {
                    let now = SystemClock.now();
                    let gone = match patiently(|| from.get(&key)).await {
                        // It came back, or this pass has begun in the middle: the next one sees to it.
                        Ok(record) => !record.is_some_and(|record| record.is_live_at(now)),
                        // Nobody can use it there, so nobody may here.
                        Err(StoreError::Corrupt { .. }) => true,
                        Err(error) => return (key, Err(error)),
                    };
                    match gone {
                        false => (key, Ok(None)),
                        true => (key, step::end(&to, &key, &entry, dry).await.map(Some)),
                    }
                });
            }
            let mut forgotten = Vec::new();
            for (key, ended) in ends.join_all().await {
                match ended {
                    Ok(None) => continue,
                    Ok(Some(true)) => tally.ended += 1,
                    Ok(Some(false)) => tally.foreign += 1,
                    Err(StoreError::Corrupt { .. }) => {
                        tally.unreadable += 1;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                }
                forgotten.push(key);
            }
            if !forgotten.is_empty() {
                self.ledger.forget(&forgotten)?;
            }
        }
        Ok(())
    }
}
