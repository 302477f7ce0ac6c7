//! A store of somebody who depends on `session-conformance` and nothing else.

#![allow(dead_code, reason = "one file takes the right habit, the other the wrong one")]

mod memory;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use memory::Memory;
use session_conformance::async_trait;
use session_conformance::session_core::{Limits, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep, Timestamp, Version, Watch};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    Right,
    /// A `Replace` of what is not there puts it there, and a touch may shorten.
    Wrong,
}

/// Gives the store that has this prefix.
pub fn connect(prefix: &str, habit: Habit) -> Arc<dyn SessionStore> {
    static MEMORIES: Mutex<Option<HashMap<String, Arc<Memory>>>> = Mutex::new(None);
    let mut memories = MEMORIES.lock().unwrap_or_else(PoisonError::into_inner);
    let memory = memories.get_or_insert_default();
    let memory = memory.entry(prefix.to_owned()).or_insert_with(|| Arc::new(Memory::boundless()));
    Arc::new(Store { memory: Arc::clone(memory), habit })
}

#[derive(Debug)]
struct Store {
    memory: Arc<Memory>,
    habit: Habit,
}

#[async_trait]
impl SessionStore for Store {
    fn limits(&self) -> Limits {
        self.memory.limits()
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.memory.init().await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.memory.get(key).await
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        match self.memory.put(key, record, put).await? {
            PutOutcome::Gone if self.habit == Habit::Wrong && self.memory.peek(key).is_none() => {
                self.memory.put(key, record, Put::Create).await
            }
            outcome => Ok(outcome),
        }
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let touched = self.memory.touch(key, version, seen, expires_at).await?;
        if self.habit == Habit::Wrong && touched {
            let mut rows = self.memory.rows();
            if let Some(Some(record)) = rows.get_mut(key)
                && record.version == version
            {
                Arc::make_mut(record).expires_at = expires_at;
            }
        }
        Ok(touched)
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.memory.delete(key).await
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        self.memory.sweep()
    }

    fn owners(&self) -> Option<&dyn Owners> {
        self.memory.owners()
    }

    fn scan(&self) -> Option<&dyn Scan> {
        self.memory.scan()
    }

    fn watch(&self) -> Option<&dyn Watch> {
        self.memory.watch()
    }
}
