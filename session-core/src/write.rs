//! How a session is written: created, replaced, renewed, touched.
//!
//! All of it runs with the handle's write lock held, so one handle writes one thing at a time. Against
//! other handles, processes and servers there is nothing but the versions in the store.
//!
//! What a write seldom waits for is boxed there: the future of every write would have room for it otherwise.

use std::borrow::Cow;
use std::sync::Arc;

use crate::backend::{self, Deadline, Draws};
use crate::changes::{has_effect, replay};
use crate::clock::Timestamp;
use crate::codec::{Kind, Payload};
use crate::contents::Contents;
use crate::error::{PutNewError, SessionError, StoreError};
use crate::events::{EventKind, Verb};
use crate::finish::in_background;
use crate::id::{SessionId, SessionKey};
use crate::queue::Turn;
use crate::record::{Owner, Record, Version};
use crate::renewal::Found;
use crate::sessions::{ConflictPolicy, Sessions};
use crate::state::{Job, Origin};
use crate::store::{Put, PutOutcome};

/// What a write came to.
#[derive(Debug)]
pub(crate) enum Saved {
    /// There was nothing to store.
    Nothing,
    /// Stored under a new id.
    Created(New),
    /// Stored under the key it had.
    Replaced { key: SessionKey, record: Arc<Record> },
    /// Moved to a new id; the old one is retired.
    Renewed { from: SessionKey, new: New },
    /// The session had ended; the changes are discarded.
    Gone,
}

/// A record under a new id, and its key: to derive that again would cost a hash.
#[derive(Debug)]
pub(crate) struct New {
    pub(crate) id: SessionId,
    pub(crate) key: SessionKey,
    pub(crate) record: Arc<Record>,
}

/// What one try to replace a record came to.
#[derive(Debug)]
pub(crate) enum Once {
    Stored(Arc<Record>),
    Conflict(Arc<Record>),
    Gone,
}

/// What came of retiring the old id in favour of a new one.
#[derive(Debug)]
enum Retire {
    /// It is retired; this was its key at last.
    Done { from: SessionKey },
    /// The session has ended.
    Ended,
    /// Another request renewed the session, which stands here now. The job's changes are made on that.
    Overtaken { key: SessionKey, record: Arc<Record> },
}

impl Sessions {
    /// Writes the job of a session that comes from `origin`; the caller takes note of what is [`Saved`].
    /// The job's contents are then what was written.
    pub(crate) async fn save(
        &self,
        origin: &Origin,
        job: &mut Job,
        deadline: &Deadline,
    ) -> Result<Saved, SessionError> {
        match origin {
            Origin::New => {
                let owner = job.privilege.owner.clone().flatten();
                if owner.is_none() && job.contents.is_empty() {
                    return Ok(Saved::Nothing);
                }
                Box::pin(self.create(&job.contents, owner, None, deadline)).await.map(Saved::Created)
            }
            Origin::Stored { key, record } if job.privilege.renew => {
                Box::pin(self.renew(key, record, job, deadline)).await
            }
            Origin::Stored { key, record } => self.replace(key, record, job, deadline).await,
            _ => Ok(Saved::Nothing),
        }
    }

    /// Stores a new record under a new id. `previous` is the record that it continues.
    async fn create(
        &self,
        contents: &Contents,
        owner: Option<Owner>,
        previous: Option<&Record>,
        deadline: &Deadline,
    ) -> Result<New, SessionError> {
        let logs_in = owner.is_some() && owner.as_ref() != previous.and_then(|previous| previous.owner.as_ref());
        let mut draws = Draws::new();
        loop {
            let id = draws.draw(self.random()).map_err(|error| match error {
                PutNewError::Random(error) => SessionError::Random(error),
                error => StoreError::Backend { store: "session-core", source: error.into() }.into(),
            })?;
            let key = id.key();
            let record = Arc::new(self.record(&key, contents, owner.clone(), previous)?);
            let written = match self.put(&key, &record, Put::Create, deadline).await {
                Err(SessionError::Indeterminate) => {
                    Box::pin(self.withdraw(key, deadline)).await;
                    return Err(SessionError::Indeterminate);
                }
                written => written?,
            };
            match written.outcome {
                PutOutcome::Stored => {}
                PutOutcome::Exists => continue,
                outcome => return Err(backend::unexpected(&outcome)),
            }
            if let (true, Some(owner)) = (logs_in, &owner)
                && let Err(error) = Box::pin(self.enforce_owner_limit(owner, &key, deadline)).await
            {
                Box::pin(self.withdraw(key, deadline)).await;
                return Err(error);
            }
            return Ok(New { id, key, record });
        }
    }

    /// Removes a record whose id nobody was told; in the background, if the time is up.
    async fn withdraw(&self, key: SessionKey, deadline: &Deadline) {
        if self.call(Verb::Delete, Some(&key), deadline, self.store().delete(&key)).await.is_ok() {
            return;
        }
        let sessions = self.clone();
        in_background(async move {
            // If that fails as well, the record is left to its deadline: nobody can present its id.
            let _ = sessions.call(Verb::Delete, Some(&key), &sessions.deadline(), sessions.store().delete(&key)).await;
        });
    }

    /// Replaces the record under `key` by one with the changes in it, on top of whatever others wrote.
    async fn replace(
        &self,
        key: &SessionKey,
        base: &Arc<Record>,
        job: &mut Job,
        deadline: &Deadline,
    ) -> Result<Saved, SessionError> {
        let (mut key, mut current) = (*key, Arc::clone(base));
        let mut turn = None;
        loop {
            match self.replace_once(&key, &job.contents, &current, deadline).await? {
                Once::Stored(record) => return Ok(Saved::Replaced { key, record }),
                Once::Gone => return Ok(Saved::Gone),
                Once::Conflict(winner) => {
                    match Box::pin(self.merge(&key, base, winner, job, &mut turn, deadline)).await? {
                        Some(winner) => (key, current) = winner,
                        None => return Ok(Saved::Gone),
                    }
                }
            }
        }
    }

    /// Replaces `current` under `key`, if it still stands there. The owner stays: another one takes a new id.
    pub(crate) async fn replace_once(
        &self,
        key: &SessionKey,
        contents: &Contents,
        current: &Record,
        deadline: &Deadline,
    ) -> Result<Once, SessionError> {
        let record = Arc::new(self.record(key, contents, current.owner.clone(), Some(current))?);
        let written = self.put(key, &record, Put::Replace(current.version), deadline).await?;
        match written.outcome {
            PutOutcome::Stored => Ok(Once::Stored(record)),
            PutOutcome::Gone => Ok(Once::Gone),
            // Ours may have been stored first, and then theirs: to make the changes again could count twice.
            PutOutcome::Conflict(_) if written.resent => Err(SessionError::Indeterminate),
            PutOutcome::Conflict(winner) => Ok(Once::Conflict(winner)),
            PutOutcome::Exists => Err(backend::unexpected(&written.outcome)),
        }
    }

    /// Moves the session to a new id: creates the new record first and retires the old one second, so
    /// that at no moment there is neither.
    async fn renew(
        &self,
        key: &SessionKey,
        base: &Arc<Record>,
        job: &mut Job,
        deadline: &Deadline,
    ) -> Result<Saved, SessionError> {
        let owner = job.privilege.owner.clone().unwrap_or_else(|| base.owner.clone());
        self.mark_renewed(job, *key);
        let mut new = self.create(&job.contents, owner, Some(base), deadline).await?;
        match self.retire_for(key, base, &new.key, &mut new.record, job, deadline).await {
            Ok(Retire::Done { from }) => Ok(Saved::Renewed { from, new }),
            Ok(Retire::Ended) => {
                self.withdraw(new.key, deadline).await;
                Ok(Saved::Gone)
            }
            Ok(Retire::Overtaken { key, record }) => {
                self.withdraw(new.key, deadline).await;
                match has_effect(&job.log) {
                    true => self.replace(&key, &record, job, deadline).await,
                    false => Ok(Saved::Nothing),
                }
            }
            // The old record may be retired in favour of the new one, which must then stay: it is what a later
            // logout of the old one ends.
            Err(SessionError::Indeterminate) => Err(SessionError::Indeterminate),
            Err(error) => {
                self.withdraw(new.key, deadline).await;
                Err(error)
            }
        }
    }

    /// Notes in the job's contents that they move from `key` to a new id now.
    fn mark_renewed(&self, job: &mut Job, key: SessionKey) {
        let reserved = &mut job.contents.reserved;
        reserved.renewed_from = Some(key);
        reserved.renewed_at = self.renewal().map(|_| self.now());
    }

    /// Retires `key`, or what it was renewed to, in favour of `new_key`, and moves there what others wrote meanwhile.
    async fn retire_for(
        &self,
        key: &SessionKey,
        base: &Arc<Record>,
        new_key: &SessionKey,
        new: &mut Arc<Record>,
        job: &mut Job,
        deadline: &Deadline,
    ) -> Result<Retire, SessionError> {
        let (mut key, mut current) = (*key, Arc::clone(base));
        let mut turn = None;
        loop {
            let overlap = self.renewal().filter(|_| job.privilege.routine).map(|renewal| renewal.overlap);
            let retired = self.retired(&key, &current, Some(*new_key), overlap.map(|overlap| self.now() + overlap))?;
            let written = self.put(&key, &retired, Put::Replace(current.version), deadline).await?;
            let winner = match written.outcome {
                PutOutcome::Stored => return Ok(Retire::Done { from: key }),
                PutOutcome::Gone => return Ok(Retire::Ended),
                PutOutcome::Exists => return Err(backend::unexpected(&written.outcome)),
                PutOutcome::Conflict(winner) => winner,
            };
            let merged = Box::pin(self.merge(&key, base, winner, job, &mut turn, deadline));
            let Some((next, winner)) = merged.await? else {
                return Ok(Retire::Ended);
            };
            if next != key && job.privilege.routine {
                // Another request was faster, and once is enough.
                return Ok(Retire::Overtaken { key: next, record: winner });
            }
            key = next;
            self.mark_renewed(job, key);
            match self.replace_once(new_key, &job.contents, new, deadline).await? {
                Once::Stored(merged) => *new = merged,
                // Nobody else knows the new id, so only a revocation by owner can have come first.
                Once::Conflict(_) | Once::Gone => return Ok(Retire::Ended),
            }
            current = winner;
        }
    }

    /// Makes the job's changes again on what won, once it is this write's turn, and gives what stands under
    /// `key` then, or under that which it was renewed to; `None` if the session has ended.
    ///
    /// # Errors
    /// `Conflict` if the changes cannot be made there, the session has passed to another owner, or the policy
    /// is to reject.
    async fn merge<'a>(
        &'a self,
        key: &SessionKey,
        base: &Record,
        winner: Arc<Record>,
        job: &mut Job,
        turn: &mut Option<Turn<'a>>,
        deadline: &Deadline,
    ) -> Result<Option<(SessionKey, Arc<Record>)>, SessionError> {
        if self.conflict_policy() == ConflictPolicy::Reject {
            return Err(SessionError::Conflict);
        }
        let Some((key, winner, contents)) = self.next_base(key, base, winner, turn, deadline).await? else {
            return Ok(None);
        };
        if self.conflict_policy() == ConflictPolicy::Merge {
            job.contents = replay(&job.log, contents)?;
            self.tell(EventKind::Replayed, Some(key), winner.owner.as_ref());
        } else {
            // What the application sees is overwritten; which id it has is none of that.
            job.contents.reserved.renewed_from = contents.reserved.renewed_from;
            job.contents.reserved.renewed_at = contents.reserved.renewed_at;
            // Nor is what another version keeps there, which the application of this one never saw.
            job.contents.reserved.keep_unknown_of(&contents.reserved);
        }
        Ok(Some((key, winner)))
    }

    /// Waits for a writer's turn after its first conflict, and gives what stands under `key` then, or under that
    /// which it was renewed to, decoded; `None` if the session has ended.
    ///
    /// # Errors
    /// `Conflict` if it has passed to another owner than `base`'s.
    pub(crate) async fn next_base<'a>(
        &'a self,
        key: &SessionKey,
        base: &Record,
        mut winner: Arc<Record>,
        turn: &mut Option<Turn<'a>>,
        deadline: &Deadline,
    ) -> Result<Option<Found>, SessionError> {
        self.tell(EventKind::Conflict, Some(*key), base.owner.as_ref());
        if turn.is_none() {
            *turn = self.queue().try_turn(*key);
        }
        if turn.is_none() {
            *turn = Some(deadline.limit(self.queue().turn(*key)).await?);
            // Whoever went before has written again: the winner we were shown is out of date.
            match self.call(Verb::Get, Some(key), deadline, self.store().get(key)).await? {
                Some(record) => winner = record,
                None => return Ok(None),
            }
        }
        let found = match self.decode(key, &winner)? {
            Kind::Live(contents) => Some((*key, winner, contents.into_owned())),
            retired @ Kind::Retired { .. } => self.follow(retired, deadline).await?,
        };
        match found {
            Some((_, record, _)) if record.owner != base.owner => Err(SessionError::Conflict),
            found => Ok(found),
        }
    }

    /// Makes a record of `contents`, as of now. `previous` is what it replaces or continues.
    fn record(
        &self,
        key: &SessionKey,
        contents: &Contents,
        owner: Option<Owner>,
        previous: Option<&Record>,
    ) -> Result<Record, SessionError> {
        let now = self.now();
        let created_at = previous.map_or(now, |previous| previous.created_at);
        // Another server's clock may be ahead of ours; time does not run back for the session.
        let last_seen_at = previous.map_or(now, |previous| previous.last_seen_at.max(now));
        let expires_at = self.expiry_of(contents).deadline(created_at, last_seen_at);
        let payload = self.codec().encode(key, &Payload(Kind::Live(Cow::Borrowed(contents))))?;
        if payload.len() > self.max_payload() {
            return Err(SessionError::TooLarge { limit: self.max_payload() });
        }
        let version = Version::random_from(self.random())?;
        Ok(Record { version, payload, owner, created_at, last_seen_at, expires_at })
    }

    /// Moves the deadline of a session that was only read; `false` if it was not moved.
    ///
    /// Nothing that goes wrong here fails a request: the session is as good as before.
    pub(crate) async fn touch(&self, touch: Touch, deadline: &Deadline) -> bool {
        let Touch { key, version, seen, expires_at } = touch;
        let touch = self.store().touch(&key, version, seen, expires_at);
        // False: whoever wrote it has moved the deadline; or it has ended, as the next request will see.
        self.call(Verb::Touch, Some(&key), deadline, touch).await.unwrap_or(false)
    }
}

/// A deadline that is due to be moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch {
    pub(crate) key: SessionKey,
    pub(crate) version: Version,
    pub(crate) seen: Timestamp,
    pub(crate) expires_at: Timestamp,
}
