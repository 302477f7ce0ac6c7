//! How a session is written: created, replaced, renewed, touched.
//!
//! All of it runs with the handle's write lock held, so one handle writes one thing at a time. Against
//! other handles, processes and servers there is nothing but the versions in the store.

use std::borrow::Cow;
use std::sync::Arc;

use crate::backend::{self, Deadline, Draws, Written};
use crate::changes::{Change, replay};
use crate::clock::Timestamp;
use crate::codec::{Kind, Payload};
use crate::contents::Contents;
use crate::error::{PutNewError, SessionError, StoreError};
use crate::id::{SessionId, SessionKey};
use crate::queue::Turn;
use crate::record::{Owner, Record, Version};
use crate::sessions::{ConflictPolicy, Sessions};
use crate::state::{Fate, Origin, State};
use crate::store::{Put, PutOutcome};

/// What there is to write, as it stood when the write began.
pub(crate) struct Job {
    pub(crate) contents: Contents,
    pub(crate) log: Vec<Change>,
    pub(crate) owner: Option<Owner>,
    /// The owner changes by this write.
    pub(crate) owner_changes: bool,
}

impl Job {
    pub(crate) fn of(state: &State) -> Self {
        Self {
            contents: state.draft.contents().clone(),
            log: state.draft.log().to_vec(),
            owner: state.owner().cloned(),
            owner_changes: state.new_owner.is_some(),
        }
    }

    /// Tells whether there is anything worth a record of its own.
    pub(crate) fn is_empty(&self) -> bool {
        self.contents.is_empty() && self.owner.is_none()
    }
}

/// What one try to replace a record came to.
#[derive(Debug)]
pub(crate) enum Once {
    Stored(Arc<Record>),
    Conflict(Arc<Record>),
    Gone,
}

/// What a write came to.
#[derive(Debug)]
pub(crate) enum Saved {
    /// There was nothing to store.
    Nothing,
    /// Stored under a new id.
    Created { id: SessionId, key: SessionKey, record: Arc<Record> },
    /// Stored under the key it had.
    Replaced { record: Arc<Record> },
    /// Moved to a new id; the old one is retired.
    Renewed { id: SessionId, key: SessionKey, record: Arc<Record> },
    /// The session had ended; the changes are discarded.
    Gone,
}

impl Sessions {
    /// Writes the changes in `state`'s name; the caller takes note of what is [`Saved`].
    pub(crate) async fn save(
        &self,
        origin: &Origin,
        fate: Fate,
        job: &mut Job,
        deadline: Deadline,
    ) -> Result<Saved, SessionError> {
        match (origin, fate) {
            (Origin::New, _) if job.is_empty() => Ok(Saved::Nothing),
            (Origin::New, _) => {
                let (id, record) = self.create(job, None, deadline).await?;
                Ok(Saved::Created { key: id.key(), id, record })
            }
            (Origin::Stored { key, record }, Fate::Renew) => self.renew(key, record, job, deadline).await,
            (Origin::Stored { key, record }, _) => self.replace(key, record, job, deadline).await,
            _ => Ok(Saved::Nothing),
        }
    }

    /// Stores a new record under a new id. `previous` is the record that it continues.
    async fn create(
        &self,
        job: &Job,
        previous: Option<&Record>,
        deadline: Deadline,
    ) -> Result<(SessionId, Arc<Record>), SessionError> {
        let mut draws = Draws::new();
        loop {
            let id = draws.draw(self.random()).map_err(|error| match error {
                PutNewError::Random(error) => SessionError::Random(error),
                error => StoreError::Backend { store: "session-core", source: error.into() }.into(),
            })?;
            let key = id.key();
            let record = Arc::new(self.record(&key, &job.contents, job.owner.clone(), previous)?);
            match backend::put(self.store(), &key, &record, Put::Create, deadline).await?.outcome {
                PutOutcome::Stored => {
                    if let (true, Some(owner)) = (job.owner_changes, &job.owner)
                        && let Err(error) = self.enforce_owner_limit(owner, &key, deadline).await
                    {
                        self.withdraw(&key, deadline).await;
                        return Err(error);
                    }
                    tracing::debug!(?key, renewed = previous.is_some(), "session created");
                    return Ok((id, record));
                }
                PutOutcome::Exists => {}
                outcome => return Err(backend::unexpected(&outcome)),
            }
        }
    }

    /// Removes a record that was created a moment ago and whose id nobody was told.
    async fn withdraw(&self, key: &SessionKey, deadline: Deadline) {
        // If that fails as well, the record is left to its deadline: nobody can present its id.
        if let Err(error) = deadline.limit(self.store().delete(key)).await.and_then(|done| done.map_err(Into::into)) {
            tracing::warn!(?key, %error, "a session that was never handed out could not be removed");
        }
    }

    /// Replaces the record under `key` by one with the changes in it, on top of whatever others wrote.
    async fn replace(
        &self,
        key: &SessionKey,
        base: &Arc<Record>,
        job: &mut Job,
        deadline: Deadline,
    ) -> Result<Saved, SessionError> {
        let mut current = Arc::clone(base);
        let mut turn = None;
        loop {
            match self.replace_once(key, &job.contents, job.owner.clone(), &current, deadline).await? {
                Once::Stored(record) => return Ok(Saved::Replaced { record }),
                Once::Gone => return Ok(Saved::Gone),
                Once::Conflict(winner) => {
                    let Some(winner) = self.winner(key, winner, &mut turn, deadline).await? else {
                        return Ok(Saved::Gone);
                    };
                    if self.merge(key, base, &winner, job)?.is_gone() {
                        return Ok(Saved::Gone);
                    }
                    current = winner;
                }
            }
        }
    }

    /// Replaces `current` under `key`, if it still stands there.
    pub(crate) async fn replace_once(
        &self,
        key: &SessionKey,
        contents: &Contents,
        owner: Option<Owner>,
        current: &Record,
        deadline: Deadline,
    ) -> Result<Once, SessionError> {
        let record = Arc::new(self.record(key, contents, owner, Some(current))?);
        let written = backend::put(self.store(), key, &record, Put::Replace(current.version), deadline).await?;
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
        deadline: Deadline,
    ) -> Result<Saved, SessionError> {
        let (id, mut new) = self.create(job, Some(base), deadline).await?;
        let new_key = id.key();
        match self.retire_for(key, base, &new_key, &mut new, job, deadline).await {
            Ok(true) => Ok(Saved::Renewed { id, key: new_key, record: new }),
            Ok(false) => {
                self.withdraw(&new_key, deadline).await;
                Ok(Saved::Gone)
            }
            Err(error) => {
                self.withdraw(&new_key, deadline).await;
                Err(error)
            }
        }
    }

    /// Retires `key` in favour of `new_key`, and moves there what others wrote meanwhile; `false` if one
    /// of the two has ended.
    async fn retire_for(
        &self,
        key: &SessionKey,
        base: &Arc<Record>,
        new_key: &SessionKey,
        new: &mut Arc<Record>,
        job: &mut Job,
        deadline: Deadline,
    ) -> Result<bool, SessionError> {
        let mut current = Arc::clone(base);
        let mut turn = None;
        loop {
            let retired = self.retired(key, &current, Some(*new_key))?;
            let written = backend::put(self.store(), key, &retired, Put::Replace(current.version), deadline).await?;
            let winner = match written.outcome {
                PutOutcome::Stored => return Ok(true),
                PutOutcome::Gone => return Ok(false),
                PutOutcome::Exists => return Err(backend::unexpected(&written.outcome)),
                PutOutcome::Conflict(winner) => winner,
            };
            let Some(winner) = self.winner(key, winner, &mut turn, deadline).await? else { return Ok(false) };
            if self.merge(key, base, &winner, job)?.is_gone() {
                return Ok(false);
            }
            let merged = Arc::new(self.record(new_key, &job.contents, job.owner.clone(), Some(new))?);
            let Written { outcome, .. } =
                backend::put(self.store(), new_key, &merged, Put::Replace(new.version), deadline).await?;
            if outcome != PutOutcome::Stored {
                // Nobody else knows the new id, so only a revocation by owner can have come first.
                return Ok(false);
            }
            *new = merged;
            current = winner;
        }
    }

    /// Gives what stands under `key` when this write may try again; `None` if that is nothing.
    ///
    /// # Errors
    /// `Conflict` if the policy is to reject.
    async fn winner<'a>(
        &'a self,
        key: &SessionKey,
        winner: Arc<Record>,
        turn: &mut Option<Turn<'a>>,
        deadline: Deadline,
    ) -> Result<Option<Arc<Record>>, SessionError> {
        if self.conflict_policy() == ConflictPolicy::Reject {
            return Err(SessionError::Conflict);
        }
        self.turn_after(key, winner, turn, deadline).await
    }

    /// Waits for a writer's turn after its first conflict, and gives what stands under `key` then.
    pub(crate) async fn turn_after<'a>(
        &'a self,
        key: &SessionKey,
        winner: Arc<Record>,
        turn: &mut Option<Turn<'a>>,
        deadline: Deadline,
    ) -> Result<Option<Arc<Record>>, SessionError> {
        tracing::debug!(?key, "session conflict");
        if turn.is_some() {
            return Ok(Some(winner));
        }
        if let Some(ours) = self.queue().try_turn(*key) {
            *turn = Some(ours);
            return Ok(Some(winner));
        }
        *turn = Some(deadline.limit(self.queue().turn(*key)).await?);
        // Whoever went before has written again: the winner we were shown is out of date.
        Ok(deadline.limit(self.store().get(key)).await??)
    }

    /// Makes the job's changes again on what `winner` holds.
    ///
    /// # Errors
    /// `Conflict` if they cannot be made there, or the session has passed to another owner.
    fn merge(&self, key: &SessionKey, base: &Record, winner: &Record, job: &mut Job) -> Result<Merged, SessionError> {
        let Kind::Live(contents) = self.decode(key, winner)? else { return Ok(Merged::Gone) };
        if winner.owner != base.owner {
            return Err(SessionError::Conflict);
        }
        if self.conflict_policy() == ConflictPolicy::Merge {
            job.contents = replay(&job.log, contents.into_owned())?;
        }
        Ok(Merged::Done)
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
    pub(crate) async fn touch(&self, touch: Touch, deadline: Deadline) -> bool {
        let Touch { key, version, seen, expires_at } = touch;
        let touched = deadline.limit(self.store().touch(&key, version, seen, expires_at)).await;
        match touched.and_then(|done| done.map_err(Into::into)) {
            // False: whoever wrote it has moved the deadline; or it has ended, as the next request will see.
            Ok(moved) => moved,
            Err(error) => {
                tracing::warn!(?key, %error, "session not touched");
                false
            }
        }
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

enum Merged {
    Done,
    Gone,
}

impl Merged {
    fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }
}
