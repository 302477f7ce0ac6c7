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
use crate::events::{EventKind, Verb};
use crate::id::SessionKey;
use crate::key::KeyOf;
use crate::record::{Owner, Record};
use crate::sessions::Sessions;
use crate::store::{Cursor, Page};
use crate::sweeper::SweeperConfig;

/// How often [`Sessions::revoke_all`] looks again. Each time it ended something, or somebody else did.
const MOST_PASSES: u32 = 100;

/// How many records are asked for at once.
const PAGE: NonZeroUsize = NonZeroUsize::new(100).expect("not zero");

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

    /// Gives the key that the session had before its last renewal.
    pub(crate) fn renewed_from(&self) -> Option<SessionKey> {
        self.contents.reserved.renewed_from
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
        let mut found = self.list_within(owner, &self.deadline()).await?;
        found.sort_by_key(|info| (std::cmp::Reverse(info.last_seen_at()), info.key));
        Ok(found)
    }

    /// Ends the session under `key`, wherever it is used, or the one it was renewed to; `false` if there is
    /// none. Requests of that session that are under way can no longer write.
    ///
    /// For a key that a visitor sent, use [`revoke_owned`](Self::revoke_owned).
    ///
    /// # Errors
    /// `Store` or `Timeout` as the store fails; `Codec` if what stands there is for another server to read, and is left
    /// alone.
    pub async fn revoke(&self, key: &SessionKey) -> Result<bool, SessionError> {
        self.revoke_if(key, None).await
    }

    /// Ends the session under `key` if it is the owner's; `false` if there is none, or it is another's.
    ///
    /// # Errors
    /// As [`revoke`](Self::revoke).
    pub async fn revoke_owned(&self, owner: &Owner, key: &SessionKey) -> Result<bool, SessionError> {
        self.revoke_if(key, Some(owner)).await
    }

    async fn revoke_if(&self, key: &SessionKey, owner: Option<&Owner>) -> Result<bool, SessionError> {
        let revoked = self.retire(key, owner, &self.deadline()).await?;
        if revoked {
            self.tell(EventKind::Revoked, Some(*key), owner);
        }
        Ok(revoked)
    }

    /// Ends all sessions of the owner but `except`, and tells how many; `None` excepts none.
    ///
    /// It lists and ends until it finds none that began before it did, so a session that is being renewed
    /// meanwhile does not slip through. One that the owner starts after it began may live or not.
    ///
    /// ```
    /// # use session_core::{Session, SessionError, Sessions};
    /// /// "Log out everywhere else", as after a change of password.
    /// async fn end_others(sessions: &Sessions, session: &Session) -> Result<u64, SessionError> {
    ///     let Some(owner) = session.owner() else { return Ok(0) };
    ///     sessions.revoke_all(&owner, session.key().as_ref()).await
    /// }
    /// ```
    ///
    /// Each page of sessions, and each session, has the operation's deadline.
    ///
    /// # Errors
    /// `Unsupported` if the store keeps no index by owner; `Store` or `Timeout` as it fails: some sessions may
    /// have been ended, and calling it again ends the rest. `Conflict` if new ones came without end. `Codec` if one of them
    /// is for another server to read: all others have been ended, and that one has not.
    pub async fn revoke_all(&self, owner: &Owner, except: Option<&SessionKey>) -> Result<u64, SessionError> {
        let began = self.now();
        let mut revoked = 0;
        let mut left_alone = None;
        for pass in 0..MOST_PASSES {
            let mut found_old = false;
            let mut after = None;
            loop {
                let page = self.owned_page(owner, after.as_ref(), &self.deadline()).await?;
                let kept = self.successors(except).await?;
                for (key, record) in page.records {
                    let contents = match self.decode(&key, &record) {
                        Ok(Kind::Live(contents)) => Some(contents),
                        Ok(Kind::Retired { .. }) => continue,
                        // What this server cannot decode, another may, and would serve.
                        Err(_) => None,
                    };
                    let reserved = contents.as_ref().map(|contents| &contents.reserved);
                    let of_others = reserved.is_some_and(|reserved| reserved.scope != self.scope());
                    // One that is being renewed to what is not retired yet is kept with what it was.
                    let from = reserved.and_then(|reserved| reserved.renewed_from);
                    let is_kept = kept.contains(&key) || from.is_some_and(|from| kept.contains(&from));
                    // The clock of the server that made a session may be ahead, so what the first pass lists
                    // began before, whatever it says.
                    let is_old = pass == 0 || record.created_at <= began;
                    if of_others || is_kept || !is_old || !record.is_live_at(self.now()) {
                        continue;
                    }
                    match self.revoke_if(&key, Some(owner)).await {
                        Err(error) if error.leaves_alone().is_some() => left_alone = Some(error),
                        ended => {
                            found_old = true;
                            revoked += u64::from(ended?);
                        }
                    }
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => break,
                }
            }
            if !found_old {
                return left_alone.map_or(Ok(revoked), Err);
            }
            left_alone = None;
        }
        Err(SessionError::Conflict)
    }

    /// Removes from the store what expired some minutes ago and more, and tells how many records that were; 0
    /// if the store reclaims by itself. A [`Sweeper`](crate::Sweeper) does it regularly.
    ///
    /// Each batch has the operation's deadline.
    ///
    /// # Errors
    /// `Store` or `Timeout` as the store fails.
    pub async fn sweep(&self) -> Result<u64, SessionError> {
        self.sweep_with(SweeperConfig::default()).await
    }

    /// Lists the owner's live sessions, in the store's order.
    pub(crate) async fn list_within(
        &self,
        owner: &Owner,
        deadline: &Deadline,
    ) -> Result<Vec<SessionInfo>, SessionError> {
        let mut infos = Vec::new();
        let mut after = None;
        loop {
            let page = self.owned_page(owner, after.as_ref(), deadline).await?;
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

    async fn owned_page(
        &self,
        owner: &Owner,
        after: Option<&Cursor>,
        deadline: &Deadline,
    ) -> Result<Page, SessionError> {
        let owners = self.store().owners().ok_or(SessionError::Unsupported { capability: "index by owner" })?;
        self.call(Verb::List, None, deadline, owners.list(owner, after, PAGE)).await
    }

    /// Gives `key` and what it was renewed to meanwhile.
    async fn successors(&self, key: Option<&SessionKey>) -> Result<HashSet<SessionKey>, SessionError> {
        let mut keys = HashSet::new();
        let mut next = key.copied();
        while let Some(key) = next.take_if(|key| keys.insert(*key)) {
            next = match self.call(Verb::Get, Some(&key), &self.deadline(), self.store().get(&key)).await? {
                Some(record) => match self.decode(&key, &record) {
                    Ok(Kind::Retired { successor, .. }) => successor,
                    _ => None,
                },
                None => None,
            };
        }
        Ok(keys)
    }
}
