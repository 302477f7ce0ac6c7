//! What is in the file: the records, and two indexes that change with them, in one transaction.
//!
//! | table | from | to |
//! |---|---|---|
//! | `sessions` | key | record |
//! | `sessions_by_deadline` | deadline, key | owner and place, so that a sweep needs no record that it can read |
//! | `sessions_by_owner` | owner, place | key |
//! | `sessions_numbers` | name | the format; the last place that was given |
//!
//! Only what is damaged makes an index differ from the records: an entry whose record cannot be read, or is gone. A list
//! passes over it, and a sweep removes it when it is due.

use redb::{ReadableTable, Table, TableDefinition, WriteTransaction};
use session_core::{Owner, Put, PutOutcome, Record, SessionKey, Timestamp, Version};

use crate::codec::{Stored, decode, encode};
use crate::error::RedbError;

pub(crate) const RECORDS: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("sessions");
const DEADLINES: TableDefinition<'_, Deadline, Place> = TableDefinition::new("sessions_by_deadline");
pub(crate) const OWNERS: TableDefinition<'_, Place, [u8; 32]> = TableDefinition::new("sessions_by_owner");
const NUMBERS: TableDefinition<'_, &str, u64> = TableDefinition::new("sessions_numbers");

const FORMAT: u64 = 1;

/// When a session is over, and its key.
type Deadline = (u64, [u8; 32]);
/// An owner, empty for nobody, and a place among the owner's sessions.
type Place = (&'static [u8], u64);

/// The tables within a transaction that writes.
pub(crate) struct Tables<'t> {
    records: Table<'t, [u8; 32], &'static [u8]>,
    deadlines: Table<'t, Deadline, Place>,
    owners: Table<'t, Place, [u8; 32]>,
    numbers: Table<'t, &'static str, u64>,
}

/// What a change came to: where nothing changed, nothing is written.
pub(crate) enum Done<T> {
    Changed(T),
    Unchanged(T),
}

impl<'t> Tables<'t> {
    /// Opens the tables, and makes those that are not there.
    pub(crate) fn of(transaction: &'t WriteTransaction) -> Result<Self, RedbError> {
        Ok(Self {
            records: transaction.open_table(RECORDS)?,
            deadlines: transaction.open_table(DEADLINES)?,
            owners: transaction.open_table(OWNERS)?,
            numbers: transaction.open_table(NUMBERS)?,
        })
    }

    /// Checks that the tables are of this version, or new.
    pub(crate) fn init(&mut self) -> Result<Done<()>, RedbError> {
        let format = self.numbers.get("format")?.map(|format| format.value());
        match format {
            Some(FORMAT) => Ok(Done::Unchanged(())),
            Some(other) => Err(RedbError::Format(u8::try_from(other).unwrap_or(u8::MAX))),
            None => {
                self.numbers.insert("format", FORMAT)?;
                Ok(Done::Changed(()))
            }
        }
    }

    /// Reads a record; `None` if there is none.
    fn get(&self, key: &SessionKey) -> Result<Option<Stored>, RedbError> {
        self.records.get(key.as_bytes())?.map(|bytes| decode(bytes.value())).transpose()
    }

    pub(crate) fn put(&mut self, key: &SessionKey, record: Record, put: Put) -> Result<Done<PutOutcome>, RedbError> {
        let stored = self.get(key)?;
        let answer = match (&stored, put.replaces()) {
            (Some(there), _) if there.record.version == record.version => Some(PutOutcome::Stored),
            (Some(_), None) => Some(PutOutcome::Exists),
            (None, Some(_)) => Some(PutOutcome::Gone),
            (Some(there), Some(_)) if there.record.expires_at <= record.last_seen_at => Some(PutOutcome::Gone),
            (Some(there), Some(version)) if there.record.version != version => {
                Some(PutOutcome::Conflict(there.record.clone().into()))
            }
            (None, None) | (Some(_), Some(_)) => None,
        };
        if let Some(outcome) = answer {
            return Ok(Done::Unchanged(outcome));
        }
        let place = self.place_of(stored.as_ref(), &record)?;
        if let Some(there) = &stored {
            self.remove_entries(key, there)?;
        }
        self.store(key, &Stored { record, place })?;
        Ok(Done::Changed(PutOutcome::Stored))
    }

    pub(crate) fn touch(
        &mut self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Done<bool>, RedbError> {
        let Some(mut stored) = self.get(key)? else { return Ok(Done::Unchanged(false)) };
        let record = &stored.record;
        if record.version != version || record.expires_at <= seen {
            return Ok(Done::Unchanged(false));
        }
        if record.last_seen_at >= seen && record.expires_at >= expires_at {
            return Ok(Done::Unchanged(true));
        }
        self.remove_entries(key, &stored)?;
        let record = &mut stored.record;
        record.last_seen_at = record.last_seen_at.max(seen);
        record.expires_at = record.expires_at.max(expires_at);
        self.store(key, &stored)?;
        Ok(Done::Changed(true))
    }

    pub(crate) fn delete(&mut self, key: &SessionKey) -> Result<Done<bool>, RedbError> {
        // What cannot be read goes as well; its entries are left to a sweep.
        if let Ok(Some(stored)) = self.get(key) {
            self.remove_entries(key, &stored)?;
        }
        let was_there = self.records.remove(key.as_bytes())?.is_some();
        Ok(if was_there { Done::Changed(true) } else { Done::Unchanged(false) })
    }

    /// Removes what is due, the oldest deadline first, and tells how many records that were.
    pub(crate) fn delete_expired(&mut self, before: Timestamp, limit: usize) -> Result<Done<u64>, RedbError> {
        let due = (0, [0; 32])..=(before.as_millis(), [u8::MAX; 32]);
        let (mut removed, mut changed) = (0, false);
        while removed < limit as u64 {
            let Some(entry) = self.deadlines.range(due.clone())?.next().transpose()? else { break };
            let (deadline, key) = entry.0.value();
            let (owner, place) = entry.1.value();
            let (owner, key) = (owner.to_vec(), SessionKey::from_bytes(key));
            drop(entry);
            self.deadlines.remove((deadline, *key.as_bytes()))?;
            self.owners.remove((owner.as_slice(), place))?;
            changed = true;
            let is_its = match self.get(&key) {
                Ok(stored) => stored.is_some_and(|stored| stored.record.expires_at.as_millis() == deadline),
                Err(RedbError::Malformed(_) | RedbError::Format(_)) => true,
                Err(error) => return Err(error),
            };
            if is_its {
                self.records.remove(key.as_bytes())?;
                removed += 1;
            }
        }
        Ok(if changed { Done::Changed(removed) } else { Done::Unchanged(removed) })
    }

    /// Gives the place of a record among its owner's: that which it has, or a new one behind all others.
    fn place_of(&mut self, before: Option<&Stored>, record: &Record) -> Result<u64, RedbError> {
        match before {
            _ if record.owner.is_none() => Ok(0),
            Some(before) if before.record.owner == record.owner => Ok(before.place),
            _ => {
                let last = self.numbers.get("last place")?.map_or(0, |last| last.value());
                self.numbers.insert("last place", last + 1)?;
                Ok(last + 1)
            }
        }
    }

    fn store(&mut self, key: &SessionKey, stored: &Stored) -> Result<(), RedbError> {
        self.records.insert(key.as_bytes(), encode(stored).as_slice())?;
        let owner = owner_bytes(&stored.record);
        self.deadlines.insert(entry(key, stored), (owner, stored.place))?;
        if !owner.is_empty() {
            self.owners.insert((owner, stored.place), key.as_bytes())?;
        }
        Ok(())
    }

    fn remove_entries(&mut self, key: &SessionKey, stored: &Stored) -> Result<(), RedbError> {
        self.deadlines.remove(entry(key, stored))?;
        self.owners.remove((owner_bytes(&stored.record), stored.place))?;
        Ok(())
    }
}

fn entry(key: &SessionKey, stored: &Stored) -> (u64, [u8; 32]) {
    (stored.record.expires_at.as_millis(), *key.as_bytes())
}

fn owner_bytes(record: &Record) -> &[u8] {
    record.owner.as_ref().map_or(&[], |owner: &Owner| owner.as_str().as_bytes())
}
