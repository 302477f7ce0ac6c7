//! Sessions from outside: listed.

use std::cmp::Reverse;
use std::num::NonZeroUsize;

use super::SessionInfo;
use crate::engine::{Backend, Engine, SessionError, Sessions};
use crate::request::{OwnedPages, Records, live_contents};
use crate::store::{Cursor, Owner, Page};

/// One page of sessions from outside.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionPage {
    /// The live sessions; may be empty although there is a `next`.
    pub sessions: Vec<SessionInfo>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<Cursor>,
}

/// To list sessions: for "your devices", and for operators.
impl Sessions {
    /// The most sessions that [`list`](Self::list) gives.
    pub const MOST_LISTED: usize = 1_000;

    /// Lists the owner's live sessions, the one used last first; of more than [1,000](Self::MOST_LISTED) those that were
    /// used last. All of them are given by [`page_owned`](Self::page_owned), a page at a time.
    ///
    /// No more of what the sessions hold is in memory than a page of them, and none once it returns. Each page has the
    /// operation's deadline.
    ///
    /// ```
    /// # use session_core::{Owner, SessionError, Sessions};
    /// /// "Where you are signed in."
    /// async fn devices(sessions: &Sessions, user: &Owner) -> Result<Vec<String>, SessionError> {
    ///     let sessions = sessions.list(user).await?;
    ///     Ok(sessions.iter().map(|info| info.label("device").unwrap_or("Unknown device").to_owned()).collect())
    /// }
    /// ```
    ///
    /// # Errors
    /// `Unsupported` if the store keeps no index by owner; `Store` or `Timeout` as it fails.
    pub async fn list(&self, owner: &Owner) -> Result<Vec<SessionInfo>, SessionError> {
        let engine = self.engine();
        let mut infos = Vec::new();
        let mut pages = OwnedPages::of(owner);
        while let Some(records) = pages.next(Backend::new(engine, &engine.deadline())).await? {
            infos.extend(live(engine, records));
            if infos.len() >= 2 * Self::MOST_LISTED {
                keep_last_used(&mut infos);
            }
        }
        keep_last_used(&mut infos);
        Ok(infos)
    }

    /// Returns one page of the owner's live sessions, in the store's order. `after` is where the page before ended, and
    /// `limit` how many are wanted: a page may have less.
    ///
    /// # Errors
    /// `Unsupported` if the store keeps no index by owner; `Store` or `Timeout` as it fails, also if `after` is of another
    /// store.
    pub async fn page_owned(
        &self,
        owner: &Owner,
        after: Option<&Cursor>,
        limit: NonZeroUsize,
    ) -> Result<SessionPage, SessionError> {
        let engine = self.engine();
        let page = Backend::new(engine, &engine.deadline()).list(owner, after, limit).await?;
        Ok(SessionPage::of(engine, page))
    }

    /// Returns one page of all live sessions of these `Sessions`, in the store's order; for operators. `after` is where
    /// the page before ended, and `limit` how many are wanted: a page may have less.
    ///
    /// # Errors
    /// `Unsupported` if the store cannot walk over all; `Store` or `Timeout` as it fails.
    pub async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<SessionPage, SessionError> {
        let engine = self.engine();
        let page = Backend::new(engine, &engine.deadline()).page(after, limit).await?;
        Ok(SessionPage::of(engine, page))
    }
}

impl SessionPage {
    fn of(engine: &Engine, page: Page) -> Self {
        Self { sessions: live(engine, page.records).collect(), next: page.next }
    }
}

/// Describes those of the store's records that are live sessions.
fn live(engine: &Engine, records: Records) -> impl Iterator<Item = SessionInfo> {
    records.into_iter().filter_map(|(key, record)| {
        let contents = live_contents(engine, &key, &record)?;
        Some(SessionInfo::new(key, &record, &contents))
    })
}

/// Sorts them, the one used last first, and keeps as many as are listed.
fn keep_last_used(infos: &mut Vec<SessionInfo>) {
    infos.sort_by_key(|info| (Reverse(info.last_seen_at()), info.session_key()));
    infos.truncate(Sessions::MOST_LISTED);
}
