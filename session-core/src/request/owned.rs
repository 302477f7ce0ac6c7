//! The sessions of one owner, as the store lists them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::engine::{Backend, Engine, SessionError};
use crate::payload::{Contents, Kind};
use crate::store::{Cursor, Owner, Record, SessionKey};

/// How many records are asked for at once; the store gives less of those that are large.
const PAGE: NonZeroUsize = NonZeroUsize::new(100).expect("not zero");

/// What a store lists.
pub(crate) type Records = Vec<(SessionKey, Arc<Record>)>;

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
    pub(crate) async fn next(&mut self, backend: Backend<'_>) -> Result<Option<Records>, SessionError> {
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

/// Gives the contents of a record, if it is a live session of this one's.
pub(crate) fn live_contents(engine: &Engine, key: &SessionKey, record: &Record) -> Option<Contents> {
    let now = engine.now();
    // What is over need not be decoded; and what cannot be is nobody's session any more.
    if !record.is_live_at(now) {
        return None;
    }
    let Ok(Kind::Live(contents)) = engine.decode(key, record) else { return None };
    (engine.opens(record, &contents, now) && !engine.is_settling(key)).then(|| contents.into_owned())
}
