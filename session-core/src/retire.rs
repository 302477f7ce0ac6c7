//! How a session ends: by a retired record in its place.
//!
//! A record that is simply deleted leaves nothing by which a request that is still under way with the
//! old id could be told from a newcomer. So logout, revocation and renewal all replace the record by a
//! *retired* one: no data, no owner, a minute to live, and the key of the successor if there is one.
//! Whoever writes against the old version meets it, and stops.

use std::time::Duration;

use crate::backend::{self, Deadline};
use crate::clock::Timestamp;
use crate::codec::{Kind, Payload};
use crate::error::{SessionError, StoreError};
use crate::events::{EventKind, Verb};
use crate::id::SessionKey;
use crate::record::{Owner, Record, Version};
use crate::sessions::Sessions;
use crate::store::{Put, PutOutcome};
use crate::unknown::Unknown;

/// How long a retired record stands: longer than any request that loaded the session before is under way.
pub(crate) const RETIRED_FOR: Duration = Duration::from_secs(60);

/// How many successors are followed. Each is the renewal of the one before within a minute, so a longer
/// chain is none that the core wrote.
pub(crate) const LONGEST_CHAIN: usize = 100;

impl Sessions {
    /// Makes the record that takes the place of `current`, whose id opens the successor until `serves_until`, if at all.
    pub(crate) fn retired(
        &self,
        key: &SessionKey,
        current: &Record,
        successor: Option<SessionKey>,
        serves_until: Option<Timestamp>,
    ) -> Result<Record, SessionError> {
        let last_seen_at = current.last_seen_at.max(self.now());
        Ok(Record {
            version: Version::random_from(self.random())?,
            payload: self
                .codec()
                .encode(key, &Payload(Kind::Retired { successor, serves_until, unknown: Unknown::NONE }))?,
            owner: None,
            created_at: current.created_at,
            last_seen_at,
            expires_at: last_seen_at + RETIRED_FOR,
        })
    }

    /// Ends the session under `key`, or the one it became; `false` if there is none, or `owner` is given and is
    /// not its owner.
    ///
    /// # Errors
    /// As the store fails; `Codec` if this server cannot tell what stands there, and another may.
    pub(crate) async fn retire(
        &self,
        key: &SessionKey,
        owner: Option<&Owner>,
        deadline: &Deadline,
    ) -> Result<bool, SessionError> {
        let mut key = *key;
        for _ in 0..LONGEST_CHAIN {
            match self.retire_one(&key, owner, deadline).await? {
                Retired::Done => return Ok(true),
                Retired::Nothing => return Ok(false),
                Retired::Before { successor } => key = successor,
            }
        }
        let source = "a chain of renewed sessions has no end".into();
        Err(StoreError::Corrupt { store: "session-core", source }.into())
    }

    async fn retire_one(
        &self,
        key: &SessionKey,
        owner: Option<&Owner>,
        deadline: &Deadline,
    ) -> Result<Retired, SessionError> {
        let mut current = match self.call(Verb::Get, Some(key), deadline, self.store().get(key)).await {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(Retired::Nothing),
            // Whose it was cannot be told, so only who may end any session may end this one.
            Err(SessionError::Store(StoreError::Corrupt { .. })) if owner.is_none() => {
                let removed = self.remove_unreadable(key, deadline).await?;
                return Ok(if removed { Retired::Done } else { Retired::Nothing });
            }
            Err(error) => return Err(error),
        };
        loop {
            match self.decode(key, &current) {
                Ok(Kind::Retired { successor: None, .. }) => return Ok(Retired::Nothing),
                Ok(Kind::Retired { successor: Some(successor), .. }) => return Ok(Retired::Before { successor }),
                Ok(Kind::Live(_)) | Err(_) if owner.is_some() && current.owner.as_ref() != owner => {
                    return Ok(Retired::Nothing);
                }
                // It may have a live successor, which an end here would cut off. To say "done" would be untrue.
                Err(error) if error.leaves_alone().is_some() => return Err(error),
                // A payload that cannot be decoded is ended like one that can.
                Ok(Kind::Live(_)) | Err(_) => {}
            }
            let retired = self.retired(key, &current, None, None)?;
            let put = Put::Replace(current.version);
            match self.put(key, &retired, put, deadline).await?.outcome {
                PutOutcome::Stored => return Ok(Retired::Done),
                PutOutcome::Gone => return Ok(Retired::Nothing),
                PutOutcome::Conflict(winner) => current = winner,
                outcome @ PutOutcome::Exists => return Err(backend::unexpected(&outcome)),
            }
        }
    }

    /// Removes what nobody can read, and so nobody can use; `false` if nothing was there.
    ///
    /// # Errors
    /// As the store fails.
    pub(crate) async fn remove_unreadable(&self, key: &SessionKey, deadline: &Deadline) -> Result<bool, SessionError> {
        self.tell(EventKind::Unreadable, Some(*key), None);
        self.call(Verb::Delete, Some(key), deadline, self.store().delete(key)).await
    }
}

/// What came of retiring one key.
#[derive(Clone, Copy, Debug)]
enum Retired {
    Done,
    Nothing,
    /// It had been renewed before.
    Before {
        successor: SessionKey,
    },
}
