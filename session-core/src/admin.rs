//! Sessions from outside: listed, revoked, swept.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::backend::Deadline;
use crate::changes::parse;
use crate::clock::Timestamp;
use crate::codec::Kind;
use crate::contents::Contents;
use crate::error::SessionError;
use crate::id::SessionKey;
use crate::key::KeyOf;
use crate::record::{Owner, Record};
use crate::sessions::Sessions;
use crate::store::Owners;

/// How many records are asked for at once.
pub(crate) const PAGE: NonZeroUsize = NonZeroUsize::new(100).expect("not zero");

/// Describes a session from outside, as it was when it was read.
#[derive(Clone, Debug)]
pub struct SessionInfo {
    key: SessionKey,
    record: Arc<Record>,
    contents: Contents,
}

impl SessionInfo {
    /// Gives the key, by which the session can be [revoked](Sessions::revoke).
    #[must_use]
    pub fn key(&self) -> SessionKey {
        self.key
    }

    /// Gives the owner; `None` if the session belongs to nobody.
    #[must_use]
    pub fn owner(&self) -> Option<&Owner> {
        self.record.owner.as_ref()
    }

    /// Tells when the session began.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.record.created_at
    }

    /// Tells when the session was last used, to the precision of the touch interval.
    #[must_use]
    pub fn last_seen_at(&self) -> Timestamp {
        self.record.last_seen_at
    }

    /// Tells when the session ends unless it is used.
    #[must_use]
    pub fn expires_at(&self) -> Timestamp {
        self.record.expires_at
    }

    /// Tells when the owner last proved who they are; `None` if never.
    #[must_use]
    pub fn authenticated_at(&self) -> Option<Timestamp> {
        self.contents.reserved.authenticated_at
    }

    /// Reads a value of the session; `None` if there is none.
    ///
    /// # Errors
    /// `WrongType` if it is of another type.
    pub fn get<T: DeserializeOwned>(&self, key: impl KeyOf<T>) -> Result<Option<T>, SessionError> {
        let key = key.as_key();
        self.contents.values.get(key).map(|value| parse(key, value)).transpose()
    }
}

impl Sessions {
    /// Lists the owner's live sessions, the one used last first.
    ///
    /// # Errors
    /// `Unsupported` if the store keeps no index by owner; `Store` or `Timeout` as it fails.
    pub async fn list(&self, owner: &Owner) -> Result<Vec<SessionInfo>, SessionError> {
        let mut found = self.list_within(owner, self.deadline()).await?;
        found.sort_by_key(|info| (std::cmp::Reverse(info.last_seen_at()), info.key));
        Ok(found)
    }

    /// Ends the session under `key`, wherever it is used, or the one it was renewed to; `false` if there is
    /// none. Requests of that session that are under way can no longer write.
    ///
    /// For a key that a visitor sent, use [`revoke_owned`](Self::revoke_owned).
    ///
    /// # Errors
    /// `Store` or `Timeout` as the store fails.
    pub async fn revoke(&self, key: &SessionKey) -> Result<bool, SessionError> {
        self.revoke_if(key, |_| true).await
    }

    /// Ends the session under `key` if it is the owner's; `false` if there is none, or it is another's.
    ///
    /// # Errors
    /// `Store` or `Timeout` as the store fails.
    pub async fn revoke_owned(&self, owner: &Owner, key: &SessionKey) -> Result<bool, SessionError> {
        self.revoke_if(key, |record| record.owner.as_ref() == Some(owner)).await
    }

    async fn revoke_if(
        &self,
        key: &SessionKey,
        permit: impl Fn(&Record) -> bool + Send + Sync,
    ) -> Result<bool, SessionError> {
        let revoked = self.retire(key, permit, self.deadline()).await?;
        tracing::debug!(?key, revoked, "session revoked");
        Ok(revoked)
    }

    /// Ends all sessions of the owner but `except`, and tells how many; `None` excepts none.
    ///
    /// It lists and ends until it finds none that began before it did, so a session that is being renewed
    /// meanwhile does not slip through. One that the owner starts after it began may live or not.
    ///
    /// Each round of the owner's sessions has the operation's deadline.
    ///
    /// # Errors
    /// `Unsupported` if the store keeps no index by owner; `Store` or `Timeout` as it fails: some sessions may
    /// have been ended, and calling it again ends the rest.
    pub async fn revoke_all(&self, owner: &Owner, except: Option<&SessionKey>) -> Result<u64, SessionError> {
        let began = self.now();
        let mut revoked = 0;
        let mut passes = 0_u32;
        loop {
            let found = self.list_within(owner, self.deadline()).await?;
            let kept = self.successors(except, self.deadline()).await?;
            // The clock of the server that made a session may be ahead, so what the first pass lists began
            // before, whatever it says.
            let old = found.into_iter().filter(|info| passes == 0 || info.created_at() <= began);
            let old: Vec<_> = old.filter(|info| !kept.contains(&info.key)).collect();
            if old.is_empty() {
                return Ok(revoked);
            }
            for info in old {
                let mine = |record: &Record| record.owner.as_ref() == Some(owner);
                revoked += u64::from(self.retire(&info.key, mine, self.deadline()).await?);
            }
            passes += 1;
        }
    }

    /// Removes what has expired from the store at once, and tells how many records that were; 0 if the store
    /// reclaims by itself. A [`Sweeper`](crate::Sweeper) does it regularly.
    ///
    /// Each batch has the operation's deadline.
    ///
    /// # Errors
    /// `Store` or `Timeout` as the store fails.
    pub async fn sweep(&self) -> Result<u64, SessionError> {
        let Some(sweep) = self.store().sweep() else { return Ok(0) };
        let (before, batch) = (self.now(), PAGE.saturating_mul(PAGE));
        let mut removed = 0;
        loop {
            let batch_removed = self.deadline().limit(sweep.delete_expired(before, batch)).await??;
            removed += batch_removed;
            if batch_removed == 0 {
                return Ok(removed);
            }
        }
    }

    /// Lists the owner's live sessions, in the store's order.
    pub(crate) async fn list_within(
        &self,
        owner: &Owner,
        deadline: Deadline,
    ) -> Result<Vec<SessionInfo>, SessionError> {
        let owners: &dyn Owners =
            self.store().owners().ok_or(SessionError::Unsupported { capability: "index by owner" })?;
        let mut infos = Vec::new();
        let mut after = None;
        loop {
            let page = deadline.limit(owners.list(owner, after.as_ref(), PAGE)).await??;
            let now = self.now();
            for (key, record) in page.records {
                // What cannot be decoded is nobody's session any more.
                if record.is_live_at(now)
                    && let Ok(Kind::Live(contents)) = self.decode(&key, &record)
                    && contents.reserved.scope == self.scope()
                {
                    infos.push(SessionInfo { key, record, contents: contents.into_owned() });
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(infos),
            }
        }
    }

    /// Gives `key` and what it was renewed to meanwhile.
    async fn successors(
        &self,
        key: Option<&SessionKey>,
        deadline: Deadline,
    ) -> Result<HashSet<SessionKey>, SessionError> {
        let mut keys = HashSet::new();
        let mut next = key.copied();
        while let Some(key) = next.take_if(|key| keys.insert(*key)) {
            next = match deadline.limit(self.store().get(&key)).await?? {
                Some(record) => match self.decode(&key, &record) {
                    Ok(Kind::Retired { successor }) => successor,
                    _ => None,
                },
                None => None,
            };
        }
        Ok(keys)
    }
}
