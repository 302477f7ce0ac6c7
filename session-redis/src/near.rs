//! The near cache: sessions that this process has read, kept up to date by the server.
//!
//! The server remembers which keys a connection has read (`CLIENT TRACKING`) and pushes a note over it when anybody
//! changes one. So there is a connection for such reads alone, and what it has read is forgotten when a note comes, when
//! its time is up, and when the connection ends, since notes may be lost with it.
//!
//! # Why nothing old stays
//!
//! Answer and note come over one connection, in the order of what happened on the server, but the reader takes its
//! answer later than the note is seen to. So it puts a mark before it asks, and keeps the answer only if the mark is
//! still its own: a note, an end of the connection, or a write of this process takes it away.
//!
//! # Why a handle sees its own writes
//!
//! The note about one's own write may come after the answer to it. So a write forgets its key when it begins and when it
//! ends, however it ends; what is kept after that was asked for after that.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lru::LruCache;
use session_core::{Record, SessionKey};

use crate::keys::Keys;
use crate::link::{Link, Listener};

/// Sets up a near cache: at most 64 MiB, and no session for longer than ten seconds.
///
/// ```
/// use std::time::Duration;
/// use session_redis::{NearCache, RedisConfig};
///
/// let near = NearCache::default().with_max_age(Duration::from_secs(2));
/// assert_eq!(RedisConfig::default().with_near_cache(near).near_cache.unwrap().max_bytes, 64 << 20);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NearCache {
    /// How many bytes it may take, counted as payloads and 512 for each session.
    pub max_bytes: usize,
    /// How long a session is served without asking again, whatever happens to the network.
    pub max_age: Duration,
}

impl NearCache {
    /// Sets how many bytes it may take.
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how long a session is served without asking again.
    #[must_use]
    pub fn with_max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }
}

impl Default for NearCache {
    fn default() -> Self {
        Self { max_bytes: 64 << 20, max_age: Duration::from_secs(10) }
    }
}

/// What a session takes besides its payload, about: the record, its owner, the places in two tables.
const OVERHEAD: usize = 512;
const SHELVES: usize = 16;

/// A connection for reads that are kept, and what was read.
pub(crate) struct Near {
    pub(crate) link: Link,
    shelves: Arc<Shelves>,
}

impl fmt::Debug for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Near").field("link", &self.link).finish_non_exhaustive()
    }
}

impl Near {
    /// Makes a cache; `link` makes its connection, which pushes to what it is given.
    pub(crate) fn new(settings: NearCache, keys: Keys, link: impl FnOnce(Arc<dyn Listener>) -> Link) -> Self {
        let shelves = Arc::new(Shelves::new(settings, keys));
        Self { link: link(Arc::clone(&shelves) as Arc<dyn Listener>), shelves }
    }

    /// Gives what is kept, or the mark under which to ask for it.
    pub(crate) fn look(&self, key: &SessionKey) -> Result<Arc<Record>, Mark> {
        self.shelves.look(key)
    }

    /// Keeps what was read under the mark, if nothing happened since; `None` takes the mark away.
    pub(crate) fn keep(&self, key: &SessionKey, mark: Mark, record: Option<&Arc<Record>>) {
        self.shelves.keep(key, mark, record);
    }

    /// Forgets a key now, and again when what this gives is dropped: for as long as a write may be under way.
    pub(crate) fn write(&self, key: &SessionKey) -> Writing<'_> {
        self.shelves.forget(key);
        Writing { shelves: &self.shelves, key: *key }
    }
}

/// A write that is under way.
#[derive(Debug)]
pub(crate) struct Writing<'a> {
    shelves: &'a Shelves,
    key: SessionKey,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.shelves.forget(&self.key);
    }
}

/// Tells one reader from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(u64);

enum Kept {
    /// Somebody has asked for it.
    Asked(Mark),
    /// This came, then.
    Read(Arc<Record>, Instant),
}

impl Kept {
    fn bytes(&self) -> usize {
        match self {
            Self::Asked(_) => OVERHEAD,
            Self::Read(record, _) => OVERHEAD + record.payload.len(),
        }
    }
}

/// What was read, in parts that seldom wait for each other.
struct Shelves {
    shelves: [Mutex<Shelf>; SHELVES],
    max_bytes: usize,
    max_age: Duration,
    keys: Keys,
    marks: AtomicU64,
}

struct Shelf {
    kept: LruCache<SessionKey, Kept>,
    bytes: usize,
}

impl fmt::Debug for Shelves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shelves")
    }
}

impl Shelves {
    fn new(settings: NearCache, keys: Keys) -> Self {
        let shelf = |_| Mutex::new(Shelf { kept: LruCache::unbounded(), bytes: 0 });
        Self {
            shelves: std::array::from_fn(shelf),
            max_bytes: settings.max_bytes / SHELVES,
            max_age: settings.max_age,
            keys,
            marks: AtomicU64::new(0),
        }
    }

    fn shelf(&self, key: &SessionKey) -> MutexGuard<'_, Shelf> {
        let at = usize::from(key.as_bytes()[0]) % SHELVES;
        self.shelves[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, key: &SessionKey) -> Result<Arc<Record>, Mark> {
        let mut shelf = self.shelf(key);
        if let Some(Kept::Read(record, read_at)) = shelf.kept.get(key)
            && read_at.elapsed() < self.max_age
        {
            return Ok(Arc::clone(record));
        }
        let mark = Mark(self.marks.fetch_add(1, Ordering::Relaxed));
        shelf.set(*key, Kept::Asked(mark), self.max_bytes);
        Err(mark)
    }

    fn keep(&self, key: &SessionKey, mark: Mark, record: Option<&Arc<Record>>) {
        let mut shelf = self.shelf(key);
        if !matches!(shelf.kept.peek(key), Some(Kept::Asked(asked)) if *asked == mark) {
            return;
        }
        match record {
            Some(record) => shelf.set(*key, Kept::Read(Arc::clone(record), Instant::now()), self.max_bytes),
            // Absence is not kept: anybody could fill the cache with ids that never were.
            None => shelf.forget(key),
        }
    }

    fn forget(&self, key: &SessionKey) {
        self.shelf(key).forget(key);
    }

    fn forget_all(&self) {
        for shelf in &self.shelves {
            let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
            shelf.kept.clear();
            shelf.bytes = 0;
        }
    }
}

impl Shelf {
    fn set(&mut self, key: SessionKey, kept: Kept, max_bytes: usize) {
        // It alone is too much: it would push out all others, and itself at last.
        if kept.bytes() > max_bytes {
            return self.forget(&key);
        }
        self.bytes += kept.bytes();
        if let Some((_, old)) = self.kept.push(key, kept) {
            self.bytes -= old.bytes();
        }
        while self.bytes > max_bytes {
            let Some((_, oldest)) = self.kept.pop_lru() else { break };
            self.bytes -= oldest.bytes();
        }
    }

    fn forget(&mut self, key: &SessionKey) {
        if let Some(old) = self.kept.pop(key) {
            self.bytes -= old.bytes();
        }
    }
}

impl Listener for Shelves {
    fn changed(&self, name: &[u8]) {
        if let Some(key) = self.keys.parse_record(name) {
            self.forget(&key);
        }
    }

    fn all_changed(&self) {
        self.forget_all();
    }

    fn lost(&self) {
        self.forget_all();
    }
}

#[cfg(test)]
mod tests {
    use session_core::{Bytes, Timestamp, Version};

    use super::*;

    fn shelves(settings: NearCache) -> Shelves {
        Shelves::new(settings, Keys::new("session").unwrap())
    }

    fn record(length: usize) -> Arc<Record> {
        Arc::new(Record {
            version: Version::from_u64(1),
            payload: Bytes::from(vec![0; length]),
            owner: None,
            created_at: Timestamp::MIN,
            last_seen_at: Timestamp::MIN,
            expires_at: Timestamp::MAX,
        })
    }

    const KEY: SessionKey = SessionKey::from_bytes([1; 32]);

    #[test]
    fn an_answer_that_a_note_overtook_is_not_kept() {
        let shelves = shelves(NearCache::default());
        let name = shelves.keys.record(&KEY);
        for forget in [
            &(|| shelves.changed(name.as_bytes())) as &dyn Fn(),
            &|| shelves.all_changed(),
            &|| shelves.lost(),
            &|| shelves.forget(&KEY),
        ] {
            let mark = shelves.look(&KEY).unwrap_err();
            forget();
            shelves.keep(&KEY, mark, Some(&record(1)));
            let mark = shelves.look(&KEY).expect_err("it was overtaken");
            shelves.keep(&KEY, mark, Some(&record(1)));
            assert!(shelves.look(&KEY).is_ok());
            forget();
        }
    }

    #[test]
    fn of_two_readers_the_later_keeps_its_answer() {
        let shelves = shelves(NearCache::default());
        let (first, second) = (shelves.look(&KEY).unwrap_err(), shelves.look(&KEY).unwrap_err());
        shelves.keep(&KEY, first, Some(&record(1)));
        assert!(shelves.look(&KEY).is_err(), "that look took the mark of the second");
        shelves.keep(&KEY, second, Some(&record(1)));
        assert!(shelves.look(&KEY).is_err());
    }

    #[test]
    fn absence_and_age_are_asked_for_again() {
        let shelves = shelves(NearCache::default().with_max_age(Duration::ZERO));
        let mark = shelves.look(&KEY).unwrap_err();
        shelves.keep(&KEY, mark, None);
        assert_eq!(shelves.shelf(&KEY).bytes, 0);
        let mark = shelves.look(&KEY).unwrap_err();
        shelves.keep(&KEY, mark, Some(&record(1)));
        assert!(shelves.look(&KEY).is_err(), "it is older than zero");
    }

    #[test]
    fn what_is_too_large_pushes_nobody_out() {
        let shelves = shelves(NearCache::default().with_max_bytes(SHELVES * 10_000));
        let mut other = *KEY.as_bytes();
        other[31] = 2;
        for (key, length) in [(KEY, 100), (SessionKey::from_bytes(other), 10_000)] {
            let mark = shelves.look(&key).unwrap_err();
            shelves.keep(&key, mark, Some(&record(length)));
        }
        assert!(shelves.look(&KEY).is_ok());
        assert!(shelves.look(&SessionKey::from_bytes(other)).is_err());
    }

    #[test]
    fn a_flood_of_invented_ids_leaves_nothing_and_stays_within_the_bytes_while_it_lasts() {
        const MOST: usize = SHELVES * OVERHEAD * 10;
        let shelves = shelves(NearCache::default().with_max_bytes(MOST));
        let held = || shelves.shelves.iter().map(|shelf| shelf.lock().unwrap().kept.len()).sum::<usize>();
        let key = |number: u32| {
            let bytes: [[u8; 4]; 8] = [number.to_le_bytes(); 8];
            SessionKey::from_bytes(*bytes.as_flattened().first_chunk().unwrap())
        };
        for number in 0..100_000 {
            let mark = shelves.look(&key(number)).unwrap_err();
            shelves.keep(&key(number), mark, None);
        }
        assert_eq!(held(), 0);
        // Requests that hang up before the answer leave their marks, for which there is as little room.
        for number in 0..100_000 {
            assert!(shelves.look(&key(number)).is_err());
            assert!(held() <= MOST / OVERHEAD);
        }
    }

    #[test]
    fn it_never_holds_more_than_its_bytes() {
        let shelves = shelves(NearCache::default().with_max_bytes(SHELVES * 10_000));
        for number in 0..200_u8 {
            let key = SessionKey::from_bytes([[1; 1].as_slice(), &[number; 31]].concat().try_into().unwrap());
            let mark = shelves.look(&key).unwrap_err();
            shelves.keep(&key, mark, Some(&record(usize::from(number) * 100)));
            let shelf = shelves.shelf(&key);
            assert!(shelf.bytes <= 10_000);
            assert_eq!(shelf.bytes, shelf.kept.iter().map(|(_, kept)| kept.bytes()).sum::<usize>());
        }
    }
}
