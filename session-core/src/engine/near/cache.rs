//! What was read, and for how long it holds.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, Weighter};
use tokio::time::Instant;

use super::Near;
use super::figures::Figures;
use crate::store::{Record, SessionKey, Tells};

/// What a session takes besides its payload and its owner, about: the record, the entry, its place in the table.
const OVERHEAD: usize = 300;

/// How many counters of changes there are. Keys that share one forget each other: at ten thousand writes a second that
/// is once in six seconds for each.
const COUNTERS: usize = 1 << 16;

/// The sessions that this process has read.
pub(crate) struct NearCache {
    kept: Cache<SessionKey, Kept, Bytes, DefaultHashBuilder, PushedOut>,
    figures: Figures,
    settings: Near,
    /// The store tells of all changes, while it can be heard.
    tells_all: bool,
    is_fed: AtomicBool,
    /// How often a key of each part was changed.
    changes: Box<[AtomicU32]>,
    /// How often something may have been missed.
    gaps: AtomicU32,
}

/// How things were before the store was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark {
    changes: u32,
    gaps: u32,
    asked_at: Instant,
}

#[derive(Clone)]
struct Kept {
    record: Arc<Record>,
    mark: Mark,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<SessionKey, Kept> for Bytes {
    fn weight(&self, _: &SessionKey, kept: &Kept) -> u64 {
        let owner = kept.record.owner.as_ref().map_or(0, |owner| owner.as_str().len());
        (OVERHEAD + kept.record.payload.len() + owner) as u64
    }
}

/// Hands out what gives way to what is kept, to be counted, and to be dropped once nothing is locked any more.
#[derive(Clone)]
struct PushedOut;

impl Lifecycle<SessionKey, Kept> for PushedOut {
    type RequestState = Vec<(SessionKey, Kept)>;

    fn on_evict(&self, out: &mut Self::RequestState, key: SessionKey, kept: Kept) {
        out.push((key, kept));
    }
}

impl NearCache {
    /// Makes one that counts under `scope`, or nowhere.
    pub(crate) fn new(settings: Near, tells: Option<Tells>, scope: Option<&str>) -> Self {
        // A guess is enough: it sizes what is remembered of sessions that were pushed out.
        let sessions = settings.max_bytes / (2 * OVERHEAD);
        let most = settings.max_bytes as u64;
        Self {
            kept: Cache::with(sessions, most, Bytes, DefaultHashBuilder::default(), PushedOut),
            figures: Figures::of(scope, settings.max_bytes),
            settings,
            tells_all: tells == Some(Tells::Changes),
            is_fed: AtomicBool::new(false),
            changes: (0..COUNTERS).map(|_| AtomicU32::new(0)).collect(),
            gaps: AtomicU32::new(0),
        }
    }

    /// Gives what is kept and holds.
    pub(crate) fn look(&self, key: &SessionKey) -> Option<Arc<Record>> {
        let max_age = self.max_age()?;
        let Kept { record, mark } = self.kept.get(key)?;
        let holds = mark.changes == self.counter(key).load(Ordering::Acquire)
            && mark.gaps == self.gaps.load(Ordering::Acquire)
            && mark.asked_at.elapsed() < max_age;
        holds.then_some(record)
    }

    /// Takes note whether a read that this may answer was answered by it.
    pub(crate) fn answered(&self, is_hit: bool) {
        self.figures.read(is_hit);
    }

    /// Marks how things are. Take it before the store is asked.
    pub(crate) fn mark(&self, key: &SessionKey) -> Mark {
        let gaps = self.gaps.load(Ordering::Acquire);
        Mark { changes: self.counter(key).load(Ordering::Acquire), gaps, asked_at: Instant::now() }
    }

    /// Keeps what was read since `mark`.
    pub(crate) fn keep(&self, mark: Mark, key: &SessionKey, record: &Arc<Record>) {
        if self.max_age().is_none() {
            return;
        }
        let (kept, mut out) = (Kept { record: Arc::clone(record), mark }, Vec::new());
        self.figures.kept(Bytes.weight(key, &kept));
        self.kept.insert_with_lifecycle(*key, kept, &mut out);
        for (other, pushed) in &out {
            self.figures.gone(Bytes.weight(other, pushed));
            // Else it is what was kept of the same session before, or this, if it is too large.
            if other != key {
                self.figures.evicted();
            }
        }
    }

    /// Forgets what is kept under `key`, and has nothing kept that was asked for before.
    pub(crate) fn changed(&self, key: &SessionKey) {
        self.counter(key).fetch_add(1, Ordering::AcqRel);
        if let Some((key, kept)) = self.kept.remove(key) {
            self.figures.gone(Bytes.weight(&key, &kept));
        }
    }

    /// Forgets all; `is_fed` says whether changes are told from here on.
    pub(crate) fn gap(&self, is_fed: bool) {
        if self.is_fed.swap(is_fed, Ordering::AcqRel) && !is_fed {
            self.figures.lost();
        }
        self.gaps.fetch_add(1, Ordering::AcqRel);
        self.forget_all();
    }

    fn forget_all(&self) {
        self.kept.retain(|key, kept| {
            self.figures.gone(Bytes.weight(key, kept));
            false
        });
    }

    /// Gives how long what is kept holds now; `None` for not at all.
    fn max_age(&self) -> Option<Duration> {
        match self.tells_all && self.is_fed.load(Ordering::Acquire) {
            true => Some(self.settings.max_age),
            false => self.settings.stale_reads,
        }
    }

    fn counter(&self, key: &SessionKey) -> &AtomicU32 {
        let [first, second, ..] = *key.as_bytes();
        &self.changes[usize::from(u16::from_be_bytes([first, second]))]
    }
}

impl Drop for NearCache {
    fn drop(&mut self) {
        self.forget_all();
    }
}

impl fmt::Debug for NearCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NearCache")
            .field("settings", &self.settings)
            .field("is_fed", &self.is_fed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Owner, Timestamp, Version};

    fn cache(settings: Near) -> NearCache {
        let cache = NearCache::new(settings, Some(Tells::Changes), None);
        cache.gap(true);
        cache
    }

    fn record(length: usize) -> Arc<Record> {
        Arc::new(Record {
            version: Version::from_u64(1),
            payload: vec![0; length].into(),
            owner: Some(Owner::new("ann").unwrap()),
            created_at: Timestamp::MIN,
            last_seen_at: Timestamp::MIN,
            expires_at: Timestamp::MAX,
        })
    }

    fn key(number: u32) -> SessionKey {
        let bytes: [[u8; 4]; 8] = [number.to_le_bytes(); 8];
        SessionKey::from_bytes(*bytes.as_flattened().first_chunk().unwrap())
    }

    const KEY: SessionKey = SessionKey::from_bytes([1; 32]);

    #[test]
    fn an_answer_that_a_change_overtook_does_not_hold() {
        let cache = cache(Near::default());
        for overtaken in [&(|| cache.changed(&KEY)) as &dyn Fn(), &|| cache.gap(true)] {
            let mark = cache.mark(&KEY);
            overtaken();
            cache.keep(mark, &KEY, &record(1));
            assert!(cache.look(&KEY).is_none(), "it was overtaken");
            cache.keep(cache.mark(&KEY), &KEY, &record(1));
            assert!(cache.look(&KEY).is_some());
            overtaken();
            assert!(cache.look(&KEY).is_none(), "it was changed");
        }
        assert!(cache.kept.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn its_age_counts_from_when_it_was_asked_for() {
        let cache = cache(Near::default().with_max_age(Duration::from_secs(2)));
        let mark = cache.mark(&KEY);
        tokio::time::advance(Duration::from_secs(1)).await;
        cache.keep(mark, &KEY, &record(1));
        assert!(cache.look(&KEY).is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(cache.look(&KEY).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_tells_of_is_kept_as_long_as_was_allowed() {
        let second = Duration::from_secs(1);
        for tells in [None, Some(Tells::Ends), Some(Tells::Changes)] {
            for stale_reads in [None, Some(second)] {
                let cache = NearCache::new(Near { stale_reads, ..Near::default() }, tells, None);
                let serves = || cache.look(&KEY).is_some();
                let mut says = Vec::new();
                // Before it is heard, and while it is.
                for is_fed in [false, true] {
                    cache.gap(is_fed);
                    cache.keep(cache.mark(&KEY), &KEY, &record(1));
                    says.push(serves());
                    tokio::time::advance(second).await;
                    says.push(serves());
                }
                let at_first = stale_reads.is_some();
                let expected = match tells {
                    Some(Tells::Changes) => [at_first, false, true, true],
                    _ => [at_first, false, at_first, false],
                };
                assert_eq!(says, expected, "{tells:?} {stale_reads:?}");
            }
        }
    }

    #[test]
    fn it_never_holds_more_than_its_bytes() {
        const MOST: usize = 1 << 20;
        let cache = cache(Near::default().with_max_bytes(MOST));
        for number in 0..10_000 {
            cache.keep(cache.mark(&key(number)), &key(number), &record(number as usize % 5_000));
            assert!(cache.kept.weight() <= MOST as u64);
        }
        assert!(cache.kept.weight() > MOST as u64 / 2, "{}", cache.kept.weight());
    }

    #[test]
    fn what_is_too_large_pushes_nobody_out() {
        let cache = cache(Near::default().with_max_bytes(1 << 16));
        cache.keep(cache.mark(&KEY), &KEY, &record(100));
        for number in 2..100 {
            cache.keep(cache.mark(&key(number)), &key(number), &record(1 << 16));
            assert!(cache.look(&key(number)).is_none());
        }
        assert!(cache.look(&KEY).is_some());
    }
}
