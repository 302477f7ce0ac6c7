//! The contract between the core and a store.
//!
//! A store is a small versioned map from an opaque key to an opaque payload with a deadline. **The
//! store keeps; the core judges**: a store holds no policy, judges no time and knows no secret.
//!
//! # Rules
//!
//! 1. **An outcome is a value, `Err` means the backend failed.** See [`PutOutcome`].
//! 2. **Writes are idempotent.** A `put` that finds its own version stored answers
//!    [`Stored`](PutOutcome::Stored) and changes nothing, so a lost reply is healed by the same write
//!    once more. A store never does that by itself to give the second answer, and keeps its client
//!    library from it: if somebody else has written in between, its own write would look like a
//!    [`Conflict`](PutOutcome::Conflict), and its changes be made twice. A write whose reply is lost is
//!    [`Indeterminate`](crate::StoreError::Indeterminate).
//! 3. **Time comes in through arguments alone.** A `Replace` whose `last_seen_at`, or a `touch` whose
//!    `seen`, is at or past the stored `expires_at` finds nothing live. No store needs a clock.
//! 4. **A `Replace` never creates.** What was deleted stays deleted, however slow the writer.
//! 5. **Never drop a record before its deadline.** Past it, it may be returned whole or be gone; the
//!    core treats it as absent either way. A store that may evict says so in [`Limits`].
//! 6. **A dropped future leaves the old record or the new one, whole.**
//! 7. **Errors, logs and `Debug` show no id, whole key, payload or password.**
//!
//! The crate `session-conformance` checks all of this, clause by clause.

mod shared;

use std::fmt::{self, Debug};
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use crate::backend::Draws;
use crate::clock::Timestamp;
use crate::error::{PutNewError, StoreError};
use crate::id::{SessionId, SessionKey};
use crate::random::SystemRandom;
use crate::record::{Owner, Record, Version};

/// Keeps records under keys: the four verbs of `Plug.Session.Store`, and `touch`.
///
/// What is absent is `Ok`: `None` from [`get`](Self::get), `false` from [`touch`](Self::touch) and
/// [`delete`](Self::delete), [`Gone`](PutOutcome::Gone) from a replacing [`put`](Self::put).
/// See the [module page](crate::store) for the rules that all verbs share.
///
/// Implement it with [`async_trait`](crate::async_trait), and read `session-ets` as a template.
#[async_trait]
pub trait SessionStore: Debug + Send + Sync + 'static {
    /// Says what this store cannot take, and what it may do by itself. Constant over its life.
    fn limits(&self) -> Limits;

    /// Connects, checks, and creates what the store needs. Idempotent, also from many tasks and
    /// processes at once.
    ///
    /// # Errors
    /// `Unavailable` or `Timeout` if the backend does not answer, `Misconfigured` if it cannot serve
    /// as it is set up.
    async fn init(&self) -> Result<(), StoreError>;

    /// Reads the record under `key`; `None` if there is none.
    ///
    /// It changes neither version nor deadline.
    ///
    /// # Errors
    /// `Corrupt` if what is there cannot be read, `UnknownFormat` if another version of the store may read it; else as the
    /// backend fails.
    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError>;

    /// Stores `record` under `key` as one step, if `put` allows.
    ///
    /// In this order: if the version stored is `record.version`, answers
    /// [`Stored`](PutOutcome::Stored) and changes nothing. [`Create`](Put::Create) stores if the key is
    /// free, else answers [`Exists`](PutOutcome::Exists). [`Replace`](Put::Replace) answers
    /// [`Gone`](PutOutcome::Gone) if nothing is there or its deadline is at or before
    /// `record.last_seen_at`, [`Conflict`](PutOutcome::Conflict) if another version is there than the
    /// one it names, and else stores every field of `record`.
    ///
    /// # Errors
    /// `TooLarge` or `Full`, and nothing changed; `Corrupt` if what is there cannot be compared;
    /// `Indeterminate` if the write may have happened; else as the backend fails.
    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError>;

    /// Moves `last_seen_at` to `seen` and the deadline to `expires_at`, neither of them back, if
    /// `version` is still the one stored and its deadline lies after `seen`.
    ///
    /// Gives `false`, and does nothing, if the record is absent, has another version (whoever wrote it
    /// has moved the deadline) or was over at `seen`. Payload, owner and version stay.
    ///
    /// # Errors
    /// As the backend fails.
    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Removes what is under `key`, readable or not; `true` if something was there.
    ///
    /// Once it has returned, no `Replace` or `touch` that started before brings the key back.
    ///
    /// # Errors
    /// As the backend fails.
    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError>;

    // The optional capabilities have no defaults, so that a wrapper cannot forget to pass one on.

    /// Gives the sweep; `None` if the backend reclaims what has expired by itself.
    fn sweep(&self) -> Option<&dyn Sweep>;

    /// Gives the index by owner; `None` if the store keeps none.
    fn owners(&self) -> Option<&dyn Owners>;

    /// Gives the enumeration of all records; `None` if the store cannot enumerate.
    fn scan(&self) -> Option<&dyn Scan>;
}

/// Removes records past their deadline, for stores whose backend does not.
#[async_trait]
pub trait Sweep: Send + Sync {
    /// Removes at most `limit` records whose deadline is at or before `before`, the oldest deadline
    /// first, and gives how many; fewer than `limit` means that none is left for now.
    ///
    /// A record whose deadline moves past `before` in time stays.
    ///
    /// # Errors
    /// As the backend fails; some may have been removed.
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError>;
}

/// Lists the records of one owner.
#[async_trait]
pub trait Owners: Send + Sync {
    /// Gives the next page of the owner's records; `after` is the previous page's `next`, `None` for
    /// the first page.
    ///
    /// The pages together give every record that was the owner's throughout, each once, and none of
    /// another owner. Records past their deadline may be among them. Where a session changes its key
    /// (`Create` of the new, then `Replace` of the old without owner) at least one of the two is seen: so pages
    /// go by the order in which records came, not by key, or the new one may lie before the pages that are still
    /// to come, and the old one be gone from them. A record that cannot be read is left out. A page has `limit`
    /// records at most; it may be empty and still have a `next`.
    ///
    /// # Errors
    /// `InvalidCursor` if `after` is none of this store's; else as the backend fails.
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError>;
}

/// Enumerates all records, for operators: to copy a store, or to count.
#[async_trait]
pub trait Scan: Send + Sync {
    /// Gives the next page of all records; `after` is the previous page's `next`, `None` for the first.
    ///
    /// The pages together give every record that was there throughout, each once, in no order.
    /// Records past their deadline may be among them; one that cannot be read is left out, and its key may be
    /// among the [unreadable](Page::unreadable). `limit` is how many are wanted: a backend that walks in steps
    /// of its own may give some more or fewer.
    ///
    /// # Errors
    /// `InvalidCursor` if `after` is none of this store's; else as the backend fails.
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError>;
}

/// Says what a [`put`](SessionStore::put) may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// Store under a free key, and touch no other.
    Create,
    /// Replace exactly this version, and never create.
    Replace(Version),
}

/// Says what a [`put`](SessionStore::put) did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a put that did not store is not an error"]
pub enum PutOutcome {
    /// The record is stored, by this call or by the same write before it.
    Stored,
    /// `Create`, and the key is taken.
    Exists,
    /// `Replace`, and somebody was faster: here is what stands there now. Never of the version that was
    /// to be replaced.
    Conflict(Arc<Record>),
    /// `Replace`, and there is nothing live to replace. It is never created again.
    Gone,
}

/// Says what a store cannot take, and what it may do by itself.
///
/// ```
/// use session_core::{Eviction, Limits, Reclaim};
///
/// // Memcached: 1 MiB at most, forgets by itself, and may forget early.
/// let limits = Limits::default()
///     .with_max_payload(1_000_000)
///     .with_reclaim(Reclaim::ByItself)
///     .with_eviction(Eviction::UnderPressure);
/// assert_eq!(limits.max_payload, 1_000_000);
/// assert_eq!(Limits::default().max_payload, usize::MAX);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The most bytes a payload may have; `usize::MAX` if the store has no limit of its own.
    pub max_payload: usize,
    /// Whether a record may be lost before its deadline.
    pub eviction: Eviction,
    /// Who removes what is past its deadline.
    pub reclaim: Reclaim,
}

impl Limits {
    /// Sets the most bytes a payload may have.
    #[must_use]
    pub const fn with_max_payload(mut self, bytes: usize) -> Self {
        self.max_payload = bytes;
        self
    }

    /// Sets whether a record may be lost before its deadline.
    #[must_use]
    pub const fn with_eviction(mut self, eviction: Eviction) -> Self {
        self.eviction = eviction;
        self
    }

    /// Sets who removes what is past its deadline.
    #[must_use]
    pub const fn with_reclaim(mut self, reclaim: Reclaim) -> Self {
        self.reclaim = reclaim;
        self
    }
}

/// No limit, never evicts, reclaims by sweep.
impl Default for Limits {
    fn default() -> Self {
        Self { max_payload: usize::MAX, eviction: Eviction::Never, reclaim: Reclaim::BySweep }
    }
}

/// Says whether a store may lose a record before its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Eviction {
    /// It never does.
    Never,
    /// It may, to make room: a cache.
    UnderPressure,
}

/// Says who removes records past their deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reclaim {
    /// [`Sweep::delete_expired`] does, when it is called.
    BySweep,
    /// The backend does, some time after the deadline (a native time-to-live).
    ByItself,
}

/// Holds one page of records.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The records with their keys; may be empty although there is a `next`.
    pub records: Vec<(SessionKey, Arc<Record>)>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<Cursor>,
    /// The keys under which something stands that cannot be read, as far as the store can tell; most often
    /// none. For operators: the sessions are lost to everybody, and `delete` removes what is there.
    pub unreadable: Vec<SessionKey>,
}

/// Marks where the next page begins. Only the store that made it knows what it means.
///
/// It may be a whole key, so `Debug` shows its length alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Cursor(Bytes);

impl Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cursor({} bytes)", self.0.len())
    }
}

impl Cursor {
    /// Makes a cursor of bytes that the store will understand.
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// Gives the bytes back to the store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Reads a cursor as [`encode`](Self::encode) writes it; `None` for anything else.
    #[must_use]
    pub fn parse(encoded: &[u8]) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(encoded).ok().map(Self::new)
    }

    /// Writes the cursor for a link: base64url without padding.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }
}

/// Adds what can be built of a store's verbs.
#[async_trait]
pub trait SessionStoreExt: SessionStore {
    /// Stores `record` under a new random id, and gives the id: Plug's `put` with `nil`.
    ///
    /// If the id is taken it draws another, 100 times at most, as Plug's ETS store does.
    ///
    /// # Errors
    /// See [`PutNewError`].
    async fn put_new(&self, record: &Record) -> Result<SessionId, PutNewError> {
        let mut draws = Draws::new();
        loop {
            let id = draws.draw(&SystemRandom)?;
            if self.put(&id.key(), record, Put::Create).await? == PutOutcome::Stored {
                return Ok(id);
            }
        }
    }
}

impl<S: SessionStore + ?Sized> SessionStoreExt for S {}
