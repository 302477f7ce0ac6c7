//! The store as the core calls it: with a deadline, told to who listens, and with lost replies resolved.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::deadline::Deadline;
use super::parts::Engine;
use super::{SessionError, Verb};
use crate::store::{Cursor, Owner, Page, Put, PutOutcome, Record, SessionKey, StoreError, Timestamp, Version};

/// Says what a write did, and whether it was sent more than once.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) outcome: PutOutcome,
    /// The first reply was lost. An outcome other than `Stored` does not say, then, that this write never
    /// happened: it may have, and another one after it.
    pub(crate) resent: bool,
}

/// Calls the store, within the time that an operation may take.
#[derive(Clone, Copy)]
pub(crate) struct Backend<'a> {
    pub(crate) engine: &'a Arc<Engine>,
    pub(crate) deadline: &'a Deadline,
}

/// Each verb fails as the store does, or with `Timeout` when the deadline comes.
impl<'a> Backend<'a> {
    pub(crate) fn new(engine: &'a Arc<Engine>, deadline: &'a Deadline) -> Self {
        Self { engine, deadline }
    }

    pub(crate) fn init(self) -> impl Future<Output = Result<(), SessionError>> {
        self.call(Verb::Init, None, self.engine.store.init())
    }

    pub(crate) fn get(
        self,
        key: &'a SessionKey,
    ) -> impl Future<Output = Result<Option<Arc<Record>>, SessionError>> + 'a {
        self.call(Verb::Get, Some(key), self.engine.store.get(key))
    }

    pub(crate) async fn touch(
        self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, SessionError> {
        let _changing = self.engine.watching.changing(key);
        self.call(Verb::Touch, Some(key), self.engine.store.touch(key, version, seen, expires_at)).await
    }

    pub(crate) async fn delete(self, key: &SessionKey) -> Result<bool, SessionError> {
        let _changing = self.engine.watching.changing(key);
        let deleted = self.call(Verb::Delete, Some(key), self.engine.store.delete(key)).await?;
        self.engine.watching.ended(key);
        Ok(deleted)
    }

    /// Gives the next page of the owner's records.
    ///
    /// # Errors
    /// `Unsupported` if the store keeps no index by owner.
    pub(crate) async fn list(
        self,
        owner: &Owner,
        after: Option<&Cursor>,
        limit: NonZeroUsize,
    ) -> Result<Page, SessionError> {
        let owners = self.engine.store.owners().ok_or(SessionError::Unsupported { capability: "index by owner" })?;
        self.call(Verb::List, None, owners.list(owner, after, limit)).await
    }

    /// Gives the next page of all records.
    ///
    /// # Errors
    /// `Unsupported` if the store cannot walk over them.
    pub(crate) async fn page(self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, SessionError> {
        let scan =
            self.engine.store.scan().ok_or(SessionError::Unsupported { capability: "walk over all sessions" })?;
        self.call(Verb::Scan, None, scan.page(after, limit)).await
    }

    /// Removes some of what expired at or before `before`, and tells how many records that were; 0 also if the store
    /// reclaims by itself.
    pub(crate) async fn sweep(self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, SessionError> {
        let Some(sweep) = self.engine.store.sweep() else { return Ok(0) };
        self.call(Verb::Sweep, None, sweep.delete_expired(before, limit)).await
    }

    /// Writes `record`, and sends the same write again while replies are lost.
    ///
    /// Changes are never replayed for a lost reply: the store recognises the version, so the same write
    /// cannot count twice.
    ///
    /// # Errors
    /// `Indeterminate` if the deadline comes before it is known what happened; else as the store fails, and
    /// nothing was written.
    pub(crate) async fn put(self, key: &SessionKey, record: &Record, put: Put) -> Result<Written, SessionError> {
        let _changing = self.engine.watching.changing(key);
        let mut pause = Duration::from_millis(5);
        let mut resent = false;
        loop {
            match self.call(Verb::Put, Some(key), self.engine.store.put(key, record, put)).await {
                Ok(outcome) => {
                    if matches!((&outcome, put), (PutOutcome::Stored, Put::End(_))) {
                        self.engine.watching.ended(key);
                    }
                    return Ok(Written { outcome, resent });
                }
                Err(SessionError::Timeout { .. }) => return Err(SessionError::Indeterminate),
                Err(SessionError::Store(StoreError::Indeterminate { .. } | StoreError::Timeout { .. })) => {
                    resent = true
                }
                // What a store refuses now says nothing of the try before: a connection that breaks is often
                // refused for a while.
                Err(SessionError::Store(StoreError::Unavailable { .. })) if resent => {}
                Err(_) if resent => return Err(SessionError::Indeterminate),
                Err(error) => return Err(error),
            }
            Box::pin(self.deadline.limit(sleep(pause))).await.map_err(|_| SessionError::Indeterminate)?;
            pause = (pause * 2).min(Duration::from_millis(200));
        }
    }

    fn call<T>(
        self,
        verb: Verb,
        key: Option<&SessionKey>,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> impl Future<Output = Result<T, SessionError>> {
        self.engine.observer.call(verb, key, self.deadline, work)
    }
}

/// Says that the store broke the contract.
pub(crate) fn unexpected(outcome: &PutOutcome) -> SessionError {
    let answer = match outcome {
        PutOutcome::Stored => "Stored",
        PutOutcome::Exists => "Exists",
        PutOutcome::Conflict(_) => "Conflict",
        PutOutcome::Gone => "Gone",
    };
    let source = format!("the store answered {answer} to a put that cannot have it").into();
    StoreError::Backend { store: "session-core", source }.into()
}
