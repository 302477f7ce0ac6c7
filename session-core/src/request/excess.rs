//! Which of an owner's sessions are too many.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::finish::in_background;
use super::owned::{OwnedPages, Records, live_contents};
use super::retirement::{End, retire};
use crate::engine::{Backend, Engine, EventKind, SessionError};
use crate::store::{Owner, SessionKey, Timestamp};

/// A record of a session, as much of it as it takes to count and order sessions.
#[derive(Clone, Copy)]
pub(super) struct Counted {
    pub(super) key: SessionKey,
    /// The key that the session had before its last renewal.
    renewed_from: Option<SessionKey>,
    /// Orders sessions by login, the same on every server.
    login: (Timestamp, SessionKey),
}

impl Counted {
    /// Gives those of a page that are live sessions'.
    pub(super) fn all_of(engine: &Engine, page: &Records) -> impl Iterator<Item = Self> {
        page.iter().filter_map(|(key, record)| {
            let contents = live_contents(engine, key, record)?;
            let login = contents.reserved.authenticated_at.unwrap_or(record.created_at);
            Some(Self { key: *key, renewed_from: contents.reserved.renewed_from, login: (login, *key) })
        })
    }

    /// Groups the records of each session. One that is being renewed stands twice for a moment, and one whose renewal
    /// got no answer from the store may for longer; it is one session all the same.
    pub(super) fn by_lineage(records: Vec<Self>) -> Vec<Vec<Self>> {
        let renewed: HashSet<_> = records.iter().filter_map(|record| record.renewed_from).collect();
        let mut sessions: HashMap<SessionKey, Vec<Self>> = HashMap::new();
        for record in records {
            let own = record.key;
            let lineage = if renewed.contains(&own) { own } else { record.renewed_from.unwrap_or(own) };
            sessions.entry(lineage).or_default().push(record);
        }
        sessions.into_values().collect()
    }
}

/// Walks an owner's sessions, and tells which are older than the newest `max`: that many are kept in mind, and a page.
///
/// One that is too many among those seen so far is too many among all: what is still to come is no reason to keep it.
pub(super) struct Excess<'a> {
    max: usize,
    pages: OwnedPages<'a>,
    newest: Vec<Counted>,
}

impl<'a> Excess<'a> {
    pub(super) fn of(owner: &'a Owner, max: usize) -> Self {
        Self { max, pages: OwnedPages::of(owner), newest: Vec::new() }
    }

    /// Looks at a page more, and gives the keys of what is too many by then, the oldest first; `None` after the last page.
    ///
    /// # Errors
    /// As [`OwnedPages::next`].
    pub(super) async fn next(&mut self, backend: Backend<'_>) -> Result<Option<Vec<SessionKey>>, SessionError> {
        let Some(page) = self.pages.next(backend).await? else { return Ok(None) };
        self.newest.extend(Counted::all_of(backend.engine, &page));
        let mut sessions = Counted::by_lineage(std::mem::take(&mut self.newest));
        sessions.sort_by_key(|records| records.iter().map(|record| record.login).max());
        let newest = sessions.split_off(sessions.len().saturating_sub(self.max));
        self.newest = newest.into_iter().flatten().collect();
        Ok(Some(sessions.into_iter().flatten().map(|record| record.key).collect()))
    }
}

/// Ends one that is too many.
pub(super) async fn end_excess(backend: Backend<'_>, owner: &Owner, key: &SessionKey) -> Result<(), SessionError> {
    retire(backend, key, None, &End::from_elsewhere(Some(owner))).await?;
    backend.engine.tell(EventKind::Evicted, Some(*key), Some(owner));
    Ok(())
}

/// Ends in the background what an owner has too many of. A process does it once at a time for each owner; where it cannot
/// be done, or the store fails, the owner's next login begins again.
pub(super) fn end_in_background(engine: &Arc<Engine>, owner: &Owner, max: usize) {
    let Some(mut clearing) = Arc::clone(&engine.clearing).begin(owner) else { return };
    let engine = Arc::clone(engine);
    in_background(async move {
        while let Ok(()) = end_all(&engine, clearing.owner(), max).await {
            if !clearing.is_asked_again() {
                break;
            }
        }
    });
}

/// Ends all that the owner has too many of. Each page, and each end, has the operation's deadline.
async fn end_all(engine: &Arc<Engine>, owner: &Owner, max: usize) -> Result<(), SessionError> {
    let mut excess = Excess::of(owner, max);
    while let Some(keys) = excess.next(Backend::new(engine, &engine.deadline())).await? {
        for key in keys {
            end_excess(Backend::new(engine, &engine.deadline()), owner, &key).await?;
        }
    }
    Ok(())
}
