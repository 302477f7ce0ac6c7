//! A store that is there and answers, or why there is none.

mod open; // opened as it is, or made
mod patience; // calls that are made again
mod walk; // over all records, with a word on how far it is

use std::num::NonZeroUsize;
use std::sync::Arc;

use example_demo::{SqlDatabase, StoreSettings, StoreUrl};
use session_core::{Cursor, Owners, Page, Scan, SessionStore};

use crate::failure::Failure;

pub(crate) use open::{Target, open, open_or_make};
pub(crate) use patience::patiently;
pub(crate) use walk::{Progress, pause};

/// How many calls are under way at once: about what a store's connections take.
pub(crate) const AT_ONCE: usize = 16;
/// How many pages are looked at, at most, for one session of anybody.
const MOST_LOOKS: usize = 50;

/// Holds a store, and what to call it.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    pub(crate) url: StoreUrl,
    settings: StoreSettings,
    pub(crate) store: Arc<dyn SessionStore>,
    /// The same, where it is a SQL database's.
    sql: Option<SqlDatabase>,
}

impl Backend {
    /// Says where the store is, without a password.
    pub(crate) fn location(&self) -> String {
        match self.settings.place() {
            Some(place) => format!("{} {place}", self.url),
            None => self.url.to_string(),
        }
    }

    /// Gives the enumeration of all records.
    pub(crate) fn scan(&self) -> Result<&dyn Scan, Failure> {
        let none = || Failure::unsupported(format!("{} cannot enumerate its sessions", self.url.name()));
        self.store.scan().ok_or_else(none)
    }

    /// Gives the index by owner.
    pub(crate) fn owners(&self) -> Result<&dyn Owners, Failure> {
        let none = || Failure::unsupported(format!("{} keeps no index by owner", self.url.name()));
        self.store.owners().ok_or_else(none)
    }

    /// Reads a page of all records.
    pub(crate) async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, Failure> {
        let scan = self.scan()?;
        Ok(patiently(|| scan.page(after, limit)).await?)
    }

    /// Tells whether no record of anybody is there; `None` if the store cannot tell, or not soon.
    pub(crate) async fn is_empty(&self) -> Result<Option<bool>, Failure> {
        let Some(scan) = self.store.scan() else { return Ok(None) };
        let mut after = None;
        for _ in 0..MOST_LOOKS {
            let page = scan.page(after.as_ref(), NonZeroUsize::MIN).await?;
            match page.next {
                _ if !page.records.is_empty() || !page.unreadable.is_empty() => return Ok(Some(false)),
                None => return Ok(Some(true)),
                next => after = next,
            }
        }
        Ok(None)
    }

    /// Refuses to say of somebody that they have nothing where nobody has anything: most often it is the wrong place.
    pub(crate) async fn refuse_if_empty(&self) -> Result<(), Failure> {
        match self.is_empty().await? {
            Some(true) => Err(Failure::missing(format!(
                "there is no session at all, of anybody, in {}: see whether that is where the app has them",
                self.location()
            ))),
            Some(false) | None => Ok(()),
        }
    }
}
