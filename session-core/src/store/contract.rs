//! The verbs of a store.

use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Cursor, Limits, Owner, Page, Put, PutOutcome, Record, SessionKey, StoreError, Timestamp, Version, Watch};

/// A store of records under keys: the four verbs of `Plug.Session.Store`, and `touch`.
///
/// What is absent is `Ok`: `None` from [`get`](Self::get), `false` from [`touch`](Self::touch) and
/// [`delete`](Self::delete), [`Gone`](PutOutcome::Gone) from a replacing [`put`](Self::put).
/// See the [module page](crate::store) for the rules that all verbs share.
///
/// Implement it with [`async_trait`](crate::async_trait). A whole one, in a map behind a lock, with one of the
/// optional capabilities; `session-ets` is a template for more, and the crate `session-conformance` checks yours.
///
/// ```
/// use std::collections::HashMap;
/// use std::num::NonZeroUsize;
/// use std::sync::{Arc, Mutex};
///
/// use session_core::{
///     Limits, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep, Timestamp, Version,
///     Watch, async_trait,
/// };
///
/// #[derive(Debug, Default)]
/// struct MapStore(Mutex<HashMap<SessionKey, Arc<Record>>>);
///
/// #[async_trait]
/// impl SessionStore for MapStore {
///     fn limits(&self) -> Limits {
///         Limits::default() // no largest payload, no eviction, and a sweep that removes what has expired
///     }
///
///     async fn init(&self) -> Result<(), StoreError> {
///         Ok(())
///     }
///
///     async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
///         Ok(self.0.lock().unwrap().get(key).cloned())
///     }
///
///     async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
///         let mut map = self.0.lock().unwrap();
///         match (map.get(key), put.replaces()) {
///             (Some(there), _) if there.version == record.version => return Ok(PutOutcome::Stored),
///             (Some(_), None) => return Ok(PutOutcome::Exists),
///             (None, None) => {}
///             (Some(there), Some(_)) if !there.is_live_at(record.last_seen_at) => return Ok(PutOutcome::Gone),
///             (Some(there), Some(old)) if there.version != old => return Ok(PutOutcome::Conflict(there.clone())),
///             (Some(_), Some(_)) => {}
///             (None, Some(_)) => return Ok(PutOutcome::Gone),
///         }
///         map.insert(*key, Arc::new(record.clone()));
///         Ok(PutOutcome::Stored)
///     }
///
///     async fn touch(
///         &self,
///         key: &SessionKey,
///         version: Version,
///         seen: Timestamp,
///         expires_at: Timestamp,
///     ) -> Result<bool, StoreError> {
///         let mut map = self.0.lock().unwrap();
///         let Some(there) = map.get_mut(key).filter(|there| there.version == version && there.is_live_at(seen)) else {
///             return Ok(false);
///         };
///         let there = Arc::make_mut(there);
///         there.last_seen_at = there.last_seen_at.max(seen);
///         there.expires_at = there.expires_at.max(expires_at);
///         Ok(true)
///     }
///
///     async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
///         Ok(self.0.lock().unwrap().remove(key).is_some())
///     }
///
///     fn sweep(&self) -> Option<&dyn Sweep> {
///         Some(self)
///     }
///
///     fn owners(&self) -> Option<&dyn Owners> {
///         None
///     }
///
///     fn scan(&self) -> Option<&dyn Scan> {
///         None
///     }
///
///     fn watch(&self) -> Option<&dyn Watch> {
///         None
///     }
/// }
///
/// #[async_trait]
/// impl Sweep for MapStore {
///     async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
///         let mut map = self.0.lock().unwrap();
///         let over = map.iter().filter(|(_, there)| !there.is_live_at(before));
///         let mut over: Vec<_> = over.map(|(key, there)| (there.expires_at, *key)).collect();
///         over.sort_unstable();
///         over.truncate(limit.get());
///         for (_, key) in &over {
///             map.remove(key);
///         }
///         Ok(over.len() as u64)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = session_core::Sessions::builder(MapStore::default()).build()?;
/// sessions.init().await?;
/// # Ok(()) }
/// ```
#[async_trait]
pub trait SessionStore: Debug + Send + Sync + 'static {
    /// Returns what this store cannot take, and what it may do by itself. Constant over its life.
    fn limits(&self) -> Limits;

    /// Connects, checks, and creates what the store needs. Idempotent, also from many tasks and
    /// processes at once.
    ///
    /// # Errors
    /// `Unavailable` or `Timeout` if the backend does not answer, `Misconfigured` if it cannot serve
    /// as it is set up.
    async fn init(&self) -> Result<(), StoreError>;

    /// Returns the record under `key`; `None` if there is none.
    ///
    /// It changes neither version nor deadline, and judges by no clock: a record past its deadline is given whole, or,
    /// where the backend [reclaims by itself](super::Reclaim::ByItself), may be gone.
    ///
    /// # Errors
    /// `Corrupt` if what is there cannot be read, `UnknownFormat` if another version of the store may read it; else as the
    /// backend fails.
    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError>;

    /// Stores `record` under `key` as one step, if `put` allows.
    ///
    /// In this order: if the version stored is `record.version`, answers
    /// [`Stored`](PutOutcome::Stored) and changes nothing. [`Create`](Put::Create) stores if the key is
    /// free, else answers [`Exists`](PutOutcome::Exists), also where what is there is past its deadline.
    /// [`Replace`](Put::Replace) answers [`Gone`](PutOutcome::Gone) if nothing is there or its deadline is at or
    /// before `record.last_seen_at`, [`Conflict`](PutOutcome::Conflict) if another version is there than the one it
    /// names, and else stores every field of `record`. [`End`](Put::End) is a `Replace` in all of this.
    ///
    /// The same call may be made again while the first is still under way; both give the answers that they would give
    /// one after the other.
    ///
    /// # Errors
    /// `TooLarge` or `Full`, and nothing changed; `Corrupt` or `UnknownFormat` if what is there cannot be read, and
    /// nothing changed (to a `Create` it may as well be `Exists`); `Indeterminate` if the write may have happened;
    /// else as the backend fails.
    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError>;

    /// Moves `last_seen_at` to `seen` and the deadline to `expires_at`, neither of them back, if
    /// `version` is still the one stored and its deadline lies after `seen`.
    ///
    /// Returns `false`, and does nothing, if the record is absent, has another version (whoever wrote it
    /// has moved the deadline) or was over at `seen`. Payload, owner and version stay.
    ///
    /// # Errors
    /// `Corrupt` or `UnknownFormat` if what is there cannot be read, and nothing changed; else as the backend fails.
    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Removes what is under `key`, readable or not; `true` if something was there.
    ///
    /// Once it has returned, no `Replace` or `touch` that started before brings the key back, and no list or sweep meets
    /// anything of it: of the owner whom the record had when it went, that is, who may be another than a moment before.
    ///
    /// # Errors
    /// As the backend fails.
    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError>;

    /// Names the backend as OpenTelemetry does, such as `redis` or `postgresql`, for the spans of calls to it; `None` if
    /// there is no such name. This alone has a default, for nothing but a label hangs on it.
    fn system(&self) -> Option<&'static str> {
        None
    }

    // The optional capabilities have no defaults, so that a wrapper cannot forget to pass one on.

    /// Returns the sweep; `None` if the backend reclaims what has expired by itself.
    fn sweep(&self) -> Option<&dyn Sweep>;

    /// Returns the index by owner; `None` if the store keeps none.
    fn owners(&self) -> Option<&dyn Owners>;

    /// Returns the enumeration of all records; `None` if the store cannot enumerate.
    fn scan(&self) -> Option<&dyn Scan>;

    /// Returns what tells of changes; `None` if the store cannot tell.
    fn watch(&self) -> Option<&dyn Watch>;
}

/// The removal of records past their deadline, for stores whose backend does not.
#[async_trait]
pub trait Sweep: Send + Sync {
    /// Removes at most `limit` records whose deadline is at or before `before`, the oldest deadline
    /// first, and returns how many; fewer than `limit` means that none is left for now, so the store has no limit of its
    /// own.
    ///
    /// A record whose deadline moves past `before` in time stays. What goes leaves its owner's list, as in
    /// [`delete`](SessionStore::delete). What a call that was dropped has left, the next finds. One that cannot be read
    /// stands in nobody's way: it may go or stay.
    ///
    /// # Errors
    /// As the backend fails; some may have been removed.
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError>;
}

/// The index by owner: lists the records of one.
#[async_trait]
pub trait Owners: Send + Sync {
    /// Returns the next page of the owner's records; `after` is the previous page's `next`, `None` for the first page.
    ///
    /// The pages together give every record that was the owner's throughout, each once, and none of another owner.
    /// Records past their deadline may be among them. Where a session changes its key (`Create` of the new, then
    /// `Replace` of the old without owner) at least one of the two is seen: so pages go by the order in which records
    /// came, not by key, or the new one may lie before the pages that are still to come, and the old one be gone from
    /// them. A `Replace`, `End` or `touch` that leaves the owner keeps the record's place. A record that cannot be read
    /// is left out. A page has `limit` records at most, and ends when their payloads come to about [1
    /// MiB](Page::BYTES); it may be empty and still have a `next`.
    ///
    /// # Errors
    /// `InvalidCursor` if `after` is none that this method gave; one that it gave for another owner may be told, and
    /// else leads to this owner's records alone. Else as the backend fails.
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError>;
}

/// The enumeration of all records, for operators: to copy a store, or to count.
#[async_trait]
pub trait Scan: Send + Sync {
    /// Returns the next page of all records; `after` is the previous page's `next`, `None` for the first.
    ///
    /// The pages together give every record that was there throughout, each once, in no order.
    /// Records past their deadline may be among them; one that cannot be read is left out, and its key may be
    /// among the [unreadable](Page::unreadable). `limit` is how many are wanted: a backend that walks in steps
    /// of its own may give some more or fewer. A page ends when its payloads come to about [1 MiB](Page::BYTES), and one
    /// of such steps.
    ///
    /// # Errors
    /// `InvalidCursor` if `after` is none that this method gave; else as the backend fails.
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError>;
}
