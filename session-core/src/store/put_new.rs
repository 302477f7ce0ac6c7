//! A `put` under a new id.

use async_trait::async_trait;
use thiserror::Error;

use super::{Put, PutOutcome, RandomError, RandomSource, Record, SessionId, SessionStore, StoreError, SystemRandom};

/// What can be built of a store's verbs.
#[async_trait]
pub trait SessionStoreExt: SessionStore {
    /// Stores `record` under a new random id, and returns the id: Plug's `put` with `nil`.
    ///
    /// If the id is taken it draws another, 100 times at most, as Plug's ETS store does.
    ///
    /// # Errors
    /// See [`PutNewError`].
    async fn put_new(&self, record: &Record) -> Result<SessionId, PutNewError> {
        let mut draws = Draws::from(&SystemRandom);
        loop {
            let id = draws.draw()?;
            if self.put(&id.key(), record, Put::Create).await? == PutOutcome::Stored {
                return Ok(id);
            }
        }
    }
}

impl<S: SessionStore + ?Sized> SessionStoreExt for S {}

/// Draws ids until one is free.
#[derive(Debug)]
pub(crate) struct Draws<'a> {
    random: &'a dyn RandomSource,
    left: u32,
}

impl<'a> Draws<'a> {
    /// As many as Plug's ETS store makes.
    const MOST: u32 = 100;

    pub(crate) fn from(random: &'a dyn RandomSource) -> Self {
        Self { random, left: Self::MOST }
    }

    /// Draws the next id.
    ///
    /// # Errors
    /// `Exhausted` when so many in a row were taken that the source or the store must be broken.
    pub(crate) fn draw(&mut self) -> Result<SessionId, PutNewError> {
        self.left = self.left.checked_sub(1).ok_or(PutNewError::Exhausted { attempts: Self::MOST })?;
        Ok(SessionId::random_from(self.random)?)
    }
}

/// Why [`put_new`](SessionStoreExt::put_new) stored nothing that can be found.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PutNewError {
    /// No id could be drawn.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Every id that was drawn was taken: the source of randomness, or the store, is broken.
    #[error("{attempts} ids in a row were taken")]
    Exhausted {
        /// How many ids were drawn.
        attempts: u32,
    },
}
