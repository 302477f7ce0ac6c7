//! The table: rows under session keys, with a name or without.

use std::fmt;
use std::sync::Arc;

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use session_core::{Notifier, Record, SessionKey, Timestamp};

use crate::config::TableConfig;
use crate::error::EtsError;
use crate::hash::BuildKeyHasher;
use crate::index::{Indexes, Place, Sequence};
use crate::names::Names;
use crate::row::{Row, Slot};
use crate::usage::{Usage, extra_bytes};

/// How many parts the map has. A part that grows moves all its rows while its readers wait: with
/// many parts each of these pauses is short.
const SHARDS: usize = 256;

/// The tables of this process that have a name.
static NAMES: Names<Inner> = Names::new();

/// A table of sessions in memory: rows of key, record and timestamp.
///
/// A handle: clones are the same table. The rows go with the last handle, be it a `Table` or an
/// [`EtsStore`](crate::EtsStore), and so does the name.
///
/// The store's verbs move a row's timestamp whenever they find it. What is public here only
/// looks, and leaves it.
///
/// ```
/// use session_ets::{EtsError, EtsStore, Table};
///
/// let table = Table::new("session")?;
/// assert!(matches!(Table::new("session"), Err(EtsError::NameTaken { .. })));
/// let store = EtsStore::named("session")?;
///
/// drop((table, store));
/// assert!(Table::new("session").is_ok());
/// # Ok::<(), EtsError>(())
/// ```
#[derive(Clone)]
pub struct Table {
    inner: Arc<Inner>,
}

/// What all handles to a table share.
pub(crate) struct Inner {
    name: Option<Arc<str>>,
    config: TableConfig,
    rows: DashMap<SessionKey, Slot, BuildKeyHasher>,
    indexes: Indexes,
    usage: Usage,
    notifier: Notifier,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            NAMES.free(name, self);
        }
    }
}

/// How to make a table, and to look at it.
impl Table {
    /// Creates a table with a name, which any part of the process can find.
    ///
    /// # Errors
    /// [`EtsError::NameTaken`] if a table of this name is there.
    pub fn new(name: &str) -> Result<Self, EtsError> {
        Self::new_with(name, TableConfig::default())
    }

    /// Creates a table with a name, set up by `config`.
    ///
    /// # Errors
    /// [`EtsError::NameTaken`] if a table of this name is there.
    pub fn new_with(name: &str, config: TableConfig) -> Result<Self, EtsError> {
        let name = Arc::from(name);
        let inner = Inner::new(Some(Arc::clone(&name)), config);
        NAMES.claim(&name, &inner)?;
        Ok(Self { inner })
    }

    /// Creates a table without a name, found by its handles alone: for tests, and for an app that passes its store
    /// around anyway.
    #[must_use]
    pub fn private() -> Self {
        Self::private_with(TableConfig::default())
    }

    /// Creates a table without a name, set up by `config`.
    #[must_use]
    pub fn private_with(config: TableConfig) -> Self {
        Self { inner: Inner::new(None, config) }
    }

    /// Finds the table of this name.
    ///
    /// # Errors
    /// [`EtsError::NoTable`] if there is none.
    pub fn named(name: &str) -> Result<Self, EtsError> {
        match NAMES.find(name) {
            Some(inner) => Ok(Self { inner }),
            None => Err(EtsError::NoTable { name: name.into() }),
        }
    }

    /// Returns the row under `key`, and leaves its timestamp; `None` if there is none.
    ///
    /// This is for an observer, to whom the timestamp says when the *session* was last read or written.
    #[must_use]
    pub fn lookup(&self, key: &SessionKey) -> Option<Row> {
        self.inner.rows.get(key).map(|slot| slot.row(*key))
    }

    /// Returns the number of rows, those past their deadline included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.usage.rows()
    }

    /// Returns whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the name; `None` for a private table.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.inner.name.as_deref()
    }

    /// Returns how large the table is. Cheap: nothing is walked over.
    #[must_use]
    pub fn info(&self) -> TableInfo {
        let usage = &self.inner.usage;
        TableInfo {
            name: self.name().map(str::to_owned),
            size: usage.rows(),
            memory: usage.memory(),
            capacity: usage.capacity(),
        }
    }

    pub(crate) fn config(&self) -> &TableConfig {
        &self.inner.config
    }

    pub(crate) fn indexes(&self) -> &Indexes {
        &self.inner.indexes
    }

    pub(crate) fn usage(&self) -> &Usage {
        &self.inner.usage
    }

    /// Tells whoever listens what is changed.
    pub(crate) fn notifier(&self) -> &Notifier {
        &self.inner.notifier
    }
}

/// What the store's verbs are made of. Each is one step on one row; each reads the clock *before* it
/// takes the row's guard, for the clock is the caller's code.
impl Table {
    /// Gives the record under `key`; `None` if there is none.
    pub(crate) fn read(&self, key: &SessionKey) -> Option<Arc<Record>> {
        let now = self.inner.config.clock.now();
        let slot = self.inner.rows.get(key)?;
        slot.stamp(now);
        Some(Arc::clone(&slot.record))
    }

    /// Puts a row under a free key; if the key is taken, gives the record that stands there.
    pub(crate) fn insert(&self, key: &SessionKey, record: &Arc<Record>) -> Result<Option<Arc<Record>>, EtsError> {
        let now = self.inner.config.clock.now();
        match self.inner.rows.entry(*key) {
            Entry::Occupied(taken) => {
                taken.get().stamp(now);
                Ok(Some(Arc::clone(&taken.get().record)))
            }
            Entry::Vacant(free) => {
                // Only now that the row is sure to come: a place held by a writer who then finds its
                // key taken would make the table look full to others.
                self.inner.usage.reserve(1)?;
                free.insert(self.enter(key, Arc::clone(record), now));
                Ok(None)
            }
        }
    }

    /// Puts a saved row back, into a place that is reserved already; `false` if its key is taken.
    pub(crate) fn restore(&self, row: Row) -> bool {
        match self.inner.rows.entry(row.key) {
            Entry::Occupied(_) => false,
            Entry::Vacant(free) => {
                free.insert(self.enter(&row.key, row.record, row.timestamp));
                true
            }
        }
    }

    /// Lets `change` alter the record under `key`, and the indexes follow; `None` if there is none.
    ///
    /// `change` runs under the row's guard: nobody comes between what it reads and what it writes.
    pub(crate) fn update<T>(&self, key: &SessionKey, change: impl FnOnce(&mut Arc<Record>) -> T) -> Option<T> {
        let now = self.inner.config.clock.now();
        let mut slot = self.inner.rows.get_mut(key)?;
        slot.stamp(now);
        let (was, bytes) = (Place::of(&slot), extra_bytes(&slot.record));
        let answer = change(&mut slot.record);
        slot.sequence = self.inner.indexes.follow(key, was, &slot.record);
        self.inner.usage.resize(bytes, extra_bytes(&slot.record));
        Some(answer)
    }

    /// Removes the row under `key` if `judge` agrees, and its index entries; `true` if it was removed.
    ///
    /// `judge` runs under the row's guard: what it saw is what is removed.
    pub(crate) fn remove_if(&self, key: &SessionKey, judge: impl FnOnce(&Record) -> bool) -> bool {
        let removed = self.inner.rows.remove_if(key, |key, slot| {
            let agreed = judge(&slot.record);
            if agreed {
                self.inner.indexes.remove(key, Place::of(slot));
                self.inner.usage.resize(extra_bytes(&slot.record), 0);
                self.inner.usage.release(1);
            }
            agreed
        });
        removed.is_some()
    }

    /// Makes the slot of a new row, and enters it into the indexes. Called with the row's guard held.
    fn enter(&self, key: &SessionKey, record: Arc<Record>, now: Timestamp) -> Slot {
        self.inner.usage.resize(0, extra_bytes(&record));
        let sequence = self.inner.indexes.insert(key, &record);
        Slot::new(record, sequence, now)
    }

    /// Tells whether the row under `key` stands in the owner index at `sequence`, and gives its record.
    pub(crate) fn read_owned(&self, key: &SessionKey, sequence: Sequence) -> Option<Arc<Record>> {
        let slot = self.inner.rows.get(key)?;
        (slot.sequence == Some(sequence)).then(|| Arc::clone(&slot.record))
    }
}

impl Inner {
    fn new(name: Option<Arc<str>>, config: TableConfig) -> Arc<Self> {
        let notifier = Notifier::new();
        notifier.resumed();
        Arc::new(Self {
            name,
            rows: DashMap::with_hasher_and_shard_amount(BuildKeyHasher::default(), SHARDS),
            indexes: Indexes::new(),
            usage: Usage::new(config.capacity),
            notifier,
            config,
        })
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("name", &self.name()).field("size", &self.len()).finish_non_exhaustive()
    }
}

/// How large a table is: what ETS calls its `info`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableInfo {
    /// The table's name; `None` for a private table.
    pub name: Option<String>,
    /// How many rows it has.
    pub size: usize,
    /// About how many bytes the rows take with all that belongs to them: payloads, owners, and the
    /// places in the map and the indexes.
    ///
    /// It is an estimate, good to about a third: it takes the containers at their usual fill, and knows
    /// nothing of the empty table's few kilobytes, of the allocator's rounding, or of room that deleted
    /// rows leave behind, which is kept for later ones.
    pub memory: usize,
    /// The most rows it takes; `None` if only memory limits it.
    pub capacity: Option<usize>,
}
