//! The sessions of one owner, as the store lists them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::retirement::Found;
use crate::engine::{Backend, SessionError};
use crate::payload::Kind;
use crate::store::{Cursor, Owner, Record, SessionKey};

/// How many records are asked for at once.
const PAGE: NonZeroUsize = NonZeroUsize::new(100).expect("not zero");

/// Walks what the store lists of an owner, page by page: also what is over or cannot be decoded.
pub(crate) struct OwnedPages<'a> {
    owner: &'a Owner,
    next: Next,
}

enum Next {
    First,
    After(Cursor),
    Nothing,
}

impl<'a> OwnedPages<'a> {
    pub(crate) fn of(owner: &'a Owner) -> Self {
        Self { owner, next: Next::First }
    }

    /// Gives the next page; `None` after the last.
    ///
    /// # Errors
    /// `Unsupported` if the store keeps no index by owner; else as the store fails.
    pub(crate) async fn next(
        &mut self,
        backend: Backend<'_>,
    ) -> Result<Option<Vec<(SessionKey, Arc<Record>)>>, SessionError> {
        let after = match &self.next {
            Next::First => None,
            Next::After(cursor) => Some(cursor),
            Next::Nothing => return Ok(None),
        };
        let page = backend.list(self.owner, after, PAGE).await?;
        self.next = page.next.map_or(Next::Nothing, Next::After);
        Ok(Some(page.records))
    }
}

/// Gives the owner's live sessions, in the store's order.
///
/// # Errors
/// As [`OwnedPages::next`].
pub(crate) async fn live_sessions(backend: Backend<'_>, owner: &Owner) -> Result<Vec<Found>, SessionError> {
    let engine = backend.engine;
    let mut found = Vec::new();
    let mut pages = OwnedPages::of(owner);
    while let Some(records) = pages.next(backend).await? {
        let now = engine.now();
        for (key, record) in records {
            // What cannot be decoded is nobody's session any more.
            if record.is_live_at(now)
                && let Ok(Kind::Live(contents)) = engine.decode(&key, &record)
                && engine.opens(&record, &contents, now)
                && !engine.is_settling(&key)
            {
                found.push((key, record, contents.into_owned()));
            }
        }
    }
    Ok(found)
}
