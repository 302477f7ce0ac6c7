//! The calls that a store with a fault is asked to answer, and how the correct store answers them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use session_conformance::session_core::store::Page;
use session_conformance::session_core::{
    Cursor, Owner, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep, Timestamp,
    Version,
};

use super::memory::{Memory, limits};

pub type PutResult = Result<PutOutcome, StoreError>;
pub type Found = Result<Option<Arc<Record>>, StoreError>;
pub type Listed = Result<Page, StoreError>;

/// A call of `get` or of `delete`.
#[derive(Clone, Copy, Debug)]
pub struct KeyCall<'a> {
    pub memory: &'a Memory,
    pub key: &'a SessionKey,
}

impl KeyCall<'_> {
    /// Answers a `get` as the correct store does.
    pub async fn get(&self) -> Found {
        self.memory.get(self.key).await
    }

    /// Answers a `delete` as the correct store does.
    pub async fn delete(&self) -> Result<bool, StoreError> {
        self.memory.delete(self.key).await
    }
}

/// A call of `put`.
#[derive(Clone, Copy, Debug)]
pub struct PutCall<'a> {
    pub memory: &'a Memory,
    pub key: &'a SessionKey,
    pub record: &'a Record,
    pub put: Put,
}

impl PutCall<'_> {
    /// Answers as the correct store does.
    pub async fn right(&self) -> PutResult {
        self.memory.put(self.key, self.record, self.put).await
    }

    /// Answers as the correct store does, to a call with another record.
    pub async fn right_with(&self, change: impl FnOnce(&mut Record) + Send) -> PutResult {
        let mut record = self.record.clone();
        change(&mut record);
        self.memory.put(self.key, &record, self.put).await
    }

    /// Answers as the correct store does, to a replace of what stands, whatever that is.
    pub async fn right_for(&self, stands: &Record) -> PutResult {
        self.memory.put(self.key, self.record, Put::Replace(stands.version)).await
    }

    pub fn stands(&self) -> Option<Arc<Record>> {
        self.memory.peek(self.key)
    }

    /// Gives what the correct store would replace; `None` if it would replace nothing.
    pub fn replaces(&self) -> Option<Arc<Record>> {
        let fits = self.record.payload.len() <= limits().max_payload;
        let live = |stands: &Arc<Record>| stands.is_live_at(self.record.last_seen_at);
        self.stands().filter(live).filter(|stands| fits && self.put.replaces() == Some(stands.version))
    }

    /// Writes, without a rule.
    pub fn write(&self) -> PutResult {
        self.memory.set(self.key, self.record);
        Ok(PutOutcome::Stored)
    }
}

/// A call of `touch`.
#[derive(Clone, Copy, Debug)]
pub struct TouchCall<'a> {
    pub memory: &'a Memory,
    pub key: &'a SessionKey,
    pub version: Version,
    pub seen: Timestamp,
    pub until: Timestamp,
}

impl TouchCall<'_> {
    /// Answers as the correct store does.
    pub async fn right(&self) -> Result<bool, StoreError> {
        self.memory.touch(self.key, self.version, self.seen, self.until).await
    }

    /// Answers as the correct store does, and then changes the record that was touched.
    pub async fn right_then(&self, change: impl FnOnce(&mut Record) + Send) -> Result<bool, StoreError> {
        let done = self.right().await?;
        if let Some(record) = self.stands().filter(|_| done) {
            let mut record = (*record).clone();
            change(&mut record);
            self.memory.set(self.key, &record);
        }
        Ok(done)
    }

    pub fn stands(&self) -> Option<Arc<Record>> {
        self.memory.peek(self.key)
    }

    /// Gives the record that is to be touched; `None` if that is not what stands, or it is over.
    pub fn touches(&self) -> Option<Arc<Record>> {
        self.stands().filter(|it| it.version == self.version && it.is_live_at(self.seen))
    }

    /// Gives the record as it is once touched.
    pub fn moved(&self, record: &Record) -> Record {
        let (last_seen_at, expires_at) = (record.last_seen_at.max(self.seen), record.expires_at.max(self.until));
        Record { last_seen_at, expires_at, ..record.clone() }
    }
}

/// A call of `delete_expired`.
#[derive(Clone, Copy, Debug)]
pub struct SweepCall<'a> {
    pub memory: &'a Memory,
    pub before: Timestamp,
    pub limit: NonZeroUsize,
}

impl SweepCall<'_> {
    /// Answers as the correct store does.
    pub async fn right(&self) -> Result<u64, StoreError> {
        self.memory.delete_expired(self.before, self.limit).await
    }

    /// Gives the keys that the correct store would remove.
    pub fn due(&self) -> Vec<SessionKey> {
        let rows = self.memory.rows();
        let over = rows.iter().filter_map(|(key, row)| Some((row.as_ref()?.expires_at, *key)));
        let mut over: Vec<_> = over.filter(|(expires_at, _)| *expires_at <= self.before).collect();
        over.sort_unstable();
        over.into_iter().map(|(_, key)| key).take(self.limit.get()).collect()
    }
}

/// A call of `list`, or of `page` where there is no owner.
#[derive(Clone, Copy, Debug)]
pub struct PageCall<'a> {
    pub memory: &'a Memory,
    pub owner: Option<&'a Owner>,
    pub after: Option<&'a Cursor>,
    pub limit: NonZeroUsize,
}

impl PageCall<'_> {
    /// Answers as the correct store does.
    pub async fn right(&self) -> Listed {
        match self.owner {
            Some(owner) => self.memory.list(owner, self.after, self.limit).await,
            None => Scan::page(self.memory, self.after, self.limit).await,
        }
    }

    /// Gives everything that fits, in the order of keys.
    pub fn all(&self, fits: impl Fn(&SessionKey, &Record) -> bool) -> Vec<(SessionKey, Arc<Record>)> {
        let rows = self.memory.rows();
        let records = rows.iter().filter_map(|(key, row)| Some((*key, row.clone()?)));
        records.filter(|(key, record)| fits(key, record)).collect()
    }

    /// Gives everything that fits, in the order of keys, on one page, however long.
    pub fn in_one_page(&self, fits: impl Fn(&SessionKey, &Record) -> bool) -> Listed {
        Ok(Page { records: self.all(fits), ..Page::default() })
    }

    /// Gives the records of the owner.
    pub fn owned(&self) -> Vec<(SessionKey, Arc<Record>)> {
        self.all(|_, record| record.owner.as_ref() == self.owner)
    }

    /// Gives the entries of the index beside the records whose record is there.
    pub fn indexed(&self, shown: impl Fn(&Record) -> bool) -> Listed {
        let Some(owner) = self.owner else { return Ok(Page::default()) };
        let index = self.memory.beside().index.clone();
        self.in_one_page(|key, record| index.contains(&(owner.clone(), *key)) && shown(record))
    }
}
