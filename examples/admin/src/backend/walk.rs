//! A walk over all records, a page at a time, with a word on how far it is where it takes long.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use session_core::{Cursor, Page};

use super::Backend;
use crate::failure::Failure;
use crate::out;

/// How often it is told how far something is.
const TELL: Duration = Duration::from_secs(2);
const PAGE: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// Walks over all records.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    backend: &'a Backend,
    limit: NonZeroUsize,
    /// `None` once the last page was given.
    after: Option<Option<Cursor>>,
    progress: Progress,
}

impl Backend {
    /// Begins a walk over all records.
    pub(crate) fn walk(&self) -> Walk<'_> {
        self.walk_by(PAGE)
    }

    /// Begins one that reads so many at once.
    pub(crate) fn walk_by(&self, limit: NonZeroUsize) -> Walk<'_> {
        Walk { backend: self, limit, after: Some(None), progress: Progress::new() }
    }
}

impl Walk<'_> {
    /// Reads the next page; `None` if there is none.
    pub(crate) async fn next(&mut self) -> Result<Option<Page>, Failure> {
        let Some(after) = &self.after else { return Ok(None) };
        let page = self.backend.page(after.as_ref(), self.limit).await?;
        self.after = page.next.clone().map(Some);
        self.progress.add(page.records.len() + page.unreadable.len());
        if self.after.is_some() {
            self.progress.tell(self.backend, "").await;
        }
        Ok(Some(page))
    }

    /// Tells how many records it has seen.
    pub(crate) fn seen(&self) -> u64 {
        self.progress.done
    }
}

/// Knows how far something is that goes over all records, and tells it on stderr.
#[derive(Debug)]
pub(crate) struct Progress {
    done: u64,
    told: Instant,
    /// Asked for once it takes long; `None` within where the store does not know.
    total: Option<Option<u64>>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { done: 0, told: Instant::now(), total: None }
    }

    /// Begins one that takes away what it counts by, so that it has to know before how much there is.
    pub(crate) async fn of_all(backend: &Backend) -> Self {
        Self { total: Some(backend.total().await), ..Self::new() }
    }

    /// Begins one of which nobody knows how much there is to do.
    pub(crate) fn of_some() -> Self {
        Self { total: Some(None), ..Self::new() }
    }

    /// Counts what was gone over.
    pub(crate) fn add(&mut self, records: usize) {
        self.done += records as u64;
    }

    /// Tells how far it is, if that was not told for a while.
    pub(crate) async fn tell(&mut self, backend: &Backend, more: &str) {
        if self.told.elapsed() < TELL {
            return;
        }
        if self.total.is_none() {
            self.total = Some(backend.total().await);
        }
        let done = self.done;
        let how_far = match self.total.flatten() {
            // There may be more by now.
            Some(total) if total > done => format!("{done} of {total} records, {} %", done * 100 / total),
            Some(_) | None => format!("{done} records"),
        };
        out::note(&format!("{how_far}{more}"));
        self.told = Instant::now();
    }
}

impl Backend {
    /// Tells how many records there are; `None` if the store does not know without reading them.
    async fn total(&self) -> Option<u64> {
        let count = self.sql.as_ref()?.count(&self.settings);
        tokio::time::timeout(Duration::from_secs(5), count).await.ok()?.ok()
    }
}

/// Pauses so many times as long as was worked, so that requests pass.
pub(crate) async fn pause(worked: Duration, times: u32) {
    if times > 0 {
        tokio::time::sleep(worked.saturating_mul(times)).await;
    }
}
