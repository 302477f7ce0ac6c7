//! A store that answers, or why there is none.

use std::future::Future;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use example_demo::StoreUrl;
use session_core::{Cursor, Page, Scan, SessionError, SessionStore, StoreError};

use crate::failure::Failure;

/// How many calls are under way at once: about what a store's connections take.
pub(crate) const AT_ONCE: usize = 16;
/// How often a call is made again that the store had no answer to, after a pause that doubles: about 25 seconds in all.
const TRIES: u32 = 9;

/// Holds a store, and what to call it.
#[derive(Clone, Debug)]
pub(crate) struct Backend {
    pub(crate) url: StoreUrl,
    pub(crate) store: Arc<dyn SessionStore>,
}

/// Opens the store that a setting names.
pub(crate) async fn open(setting: &str, url: Option<&str>) -> Result<Backend, Failure> {
    let Some(url) = url else {
        return Err(Failure::Usage(format!("{setting} is missing: give the URL of a store")));
    };
    let url = StoreUrl::parse(setting, url).map_err(Failure::Usage)?;
    if url.is_in_memory() {
        return Err(Failure::Unsupported(
            "ets: is in the memory of the app's own process, where no other program can reach it".to_owned(),
        ));
    }
    let opened = url.open(Path::new("")).map_err(Failure::Store)?;
    opened.store.init().await?;
    Ok(Backend { url, store: opened.store })
}

impl Backend {
    /// Gives the enumeration of all records.
    pub(crate) fn scan(&self) -> Result<&dyn Scan, Failure> {
        let none = || Failure::Unsupported(format!("{} cannot enumerate its sessions", self.url.name()));
        self.store.scan().ok_or_else(none)
    }

    /// Begins a walk over all records.
    pub(crate) fn pages(&self, limit: NonZeroUsize) -> Pages<'_> {
        Pages { backend: self, limit, after: Some(None) }
    }

    /// Reads a page of all records.
    pub(crate) async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, Failure> {
        let scan = self.scan()?;
        Ok(patiently(|| scan.page(after, limit)).await?)
    }
}

/// Walks over all records, a page at a time.
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    backend: &'a Backend,
    limit: NonZeroUsize,
    /// `None` once the last page was given.
    after: Option<Option<Cursor>>,
}

impl Pages<'_> {
    /// Reads the next page; `None` if there is none.
    pub(crate) async fn next(&mut self) -> Result<Option<Page>, Failure> {
        let Some(after) = &self.after else { return Ok(None) };
        let page = self.backend.page(after.as_ref(), self.limit).await?;
        self.after = page.next.clone().map(Some);
        Ok(Some(page))
    }
}

/// Says whether what failed may go well another time.
pub(crate) trait Passing {
    fn passes(&self) -> bool;
}

impl Passing for StoreError {
    fn passes(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Timeout { .. } | Self::Indeterminate { .. })
    }
}

impl Passing for SessionError {
    fn passes(&self) -> bool {
        match self {
            Self::Store(error) => error.passes(),
            error => matches!(error, Self::Timeout { .. } | Self::Indeterminate),
        }
    }
}

/// Makes a call, and makes it again while the store does not answer. All calls of the contract may be repeated.
pub(crate) async fn patiently<T, E, F>(call: impl Fn() -> F) -> Result<T, E>
where
    E: Passing,
    F: Future<Output = Result<T, E>>,
{
    let mut pause = Duration::from_millis(50);
    for _ in 0..TRIES {
        match call().await {
            Err(error) if error.passes() => {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            done => return done,
        }
    }
    call().await
}
