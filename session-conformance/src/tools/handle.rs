//! A store as clauses use it: every verb is noted, and an error ends the clause.

use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::sync::Arc;

use session_core::store::Page;
use session_core::{
    Cursor, Limits, Owner, Put, PutOutcome, Record, SessionKey, SessionStore, StoreError, Timestamp, Version,
};

use tokio::task::yield_now;

use crate::check::{Check, broken, ensure, with_causes, works};
use crate::model::history::Call;
use crate::model::show;
use crate::model::spec::{Answer, Op};
use crate::tools::log::Log;
use crate::tools::trace::Trace;

pub(crate) type Found = Vec<(SessionKey, Arc<Record>)>;

/// Calls the store, and notes what was called and what came.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    store: Arc<dyn SessionStore>,
    base: Timestamp,
    /// Put before each step; tells two handles apart.
    name: &'static str,
    notes: Notes,
}

/// Where calls are noted.
#[derive(Clone, Debug)]
enum Notes {
    /// As the steps of one task.
    Steps(Log),
    /// As what one of many tasks does.
    Trace(Trace, usize),
    /// Nowhere.
    None,
}

impl Notes {
    /// Calls, and notes what came.
    async fn call<T>(
        &self,
        step: impl FnOnce() -> String,
        call: impl Future<Output = Result<T, StoreError>>,
        shown: impl FnOnce(&T) -> String,
    ) -> Result<T, StoreError> {
        let came = |result: &Result<T, StoreError>| match result {
            Ok(value) => shown(value),
            Err(error) => format!("Err({})", with_causes(error)),
        };
        match self {
            Self::Steps(log) => {
                log.begin(step());
                let result = call.await;
                log.end(&came(&result));
                result
            }
            Self::Trace(trace, task) => {
                let began = trace.moment();
                let result = call.await;
                trace.on_many(*task, format!("{} → {}", step(), came(&result)), began);
                result
            }
            Self::None => call.await,
        }
    }
}

impl Handle {
    pub(crate) fn new(store: Arc<dyn SessionStore>, base: Timestamp, name: &'static str, log: Log) -> Self {
        Self { store, base, name, notes: Notes::Steps(log) }
    }

    /// Gives the same handle, for much work of which nobody has to know.
    pub(crate) fn quiet(&self) -> Self {
        Self { notes: Notes::None, ..self.clone() }
    }

    /// Gives the same handle, for one of many tasks.
    pub(crate) fn of_task(&self, task: usize, trace: &Trace) -> Self {
        Self { notes: Notes::Trace(trace.clone(), task), ..self.clone() }
    }

    /// Gives the store itself, where an error is what is expected.
    pub(crate) fn raw(&self) -> &Arc<dyn SessionStore> {
        &self.store
    }

    pub(crate) fn limits(&self) -> Limits {
        self.store.limits()
    }

    /// Calls, and notes what came.
    pub(crate) async fn attempt<T>(
        &self,
        step: impl FnOnce() -> String,
        call: impl Future<Output = Result<T, StoreError>>,
        shown: impl FnOnce(&T) -> String,
    ) -> Result<T, StoreError> {
        self.notes.call(|| format!("{}{}", self.name, step()), call, shown).await
    }

    /// Calls a verb of one key, and notes what came.
    pub(crate) async fn on_key<T>(
        &self,
        key: &SessionKey,
        op: impl Fn() -> Op,
        call: impl Future<Output = Result<T, StoreError>>,
        answer: impl Fn(&T) -> Answer,
    ) -> Result<T, StoreError> {
        let step = || {
            let (verb, rest) = op().show(self.base);
            format!("{verb} {}{rest}", show::key(key))
        };
        let Notes::Trace(trace, task) = &self.notes else {
            return self.attempt(step, call, |value| answer(value).show(self.base)).await;
        };
        let (op, began) = (op(), trace.moment());
        let result = call.await;
        match &result {
            Ok(value) => {
                let (answer, ended) = (Some(answer(value)), trace.moment());
                trace.on_key(*key, Call { task: *task, op, answer, began, ended });
            }
            Err(error) => trace.on_many(*task, format!("{} → Err({})", step(), with_causes(error)), began),
        }
        result
    }

    pub(crate) async fn init(&self) -> Check {
        works("init", self.attempt(|| "init".to_owned(), self.store.init(), |()| "done".to_owned()).await)
    }

    pub(crate) async fn get(&self, key: &SessionKey) -> Check<Option<Arc<Record>>> {
        works("get", self.on_key(key, || Op::Get, self.store.get(key), |it| Answer::Got(it.clone())).await)
    }

    pub(crate) async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Check<PutOutcome> {
        works("put", self.try_put(key, record, put).await)
    }

    pub(crate) async fn try_put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        let op = || Op::Put(record.clone(), put);
        self.on_key(key, op, self.store.put(key, record, put), |it| Answer::Put(it.clone())).await
    }

    pub(crate) async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Check<bool> {
        let op = || Op::Touch(version, seen, expires_at);
        let call = self.store.touch(key, version, seen, expires_at);
        works("touch", self.on_key(key, op, call, |done| Answer::Done(*done)).await)
    }

    pub(crate) async fn delete(&self, key: &SessionKey) -> Check<bool> {
        works("delete", self.on_key(key, || Op::Delete, self.store.delete(key), |done| Answer::Done(*done)).await)
    }

    pub(crate) async fn sweep(&self, before: Timestamp, limit: usize) -> Check<u64> {
        let Some(sweep) = self.store.sweep() else { return missing("sweep", "SWP") };
        let step = || format!("delete_expired before {}, limit {limit}", show::time(self.base, before));
        works("delete_expired", self.attempt(step, sweep.delete_expired(before, at_least_one(limit)), shown).await)
    }

    /// Sweeps until nothing is left that was over at `before`.
    pub(crate) async fn drain(&self, before: Timestamp) -> Check {
        const MOST: usize = 1_000;
        for _ in 0..MOST {
            if self.sweep(before, 100).await? == 0 {
                return Ok(());
            }
        }
        broken("a sweep that comes to an end", format!("{MOST} of them, and each removed some"))
    }

    /// Lists all pages of `limit` records.
    pub(crate) async fn list(&self, owner: &Owner, limit: usize) -> Check<Found> {
        self.list_pages(owner, limit).await.map(|pages| pages.found)
    }

    /// Lists all pages of `limit` records, and keeps how they were.
    pub(crate) async fn list_pages(&self, owner: &Owner, limit: usize) -> Check<Pages> {
        let Some(owners) = self.store.owners() else { return missing("owners", "OWN") };
        let page_limit = at_least_one(limit);
        let mut pages = Pages::default();
        while pages.more() {
            let step = || format!("list {} after {:?}, limit {limit}", show::owner(owner), pages.after);
            let call = owners.list(owner, pages.after.as_ref(), page_limit);
            let page = works("list", self.attempt(step, call, |page| self.show_page(page)).await)?;
            ensure(page.records.len() <= limit, format!("a page of at most {limit}"), || {
                format!("a page of {}", page.records.len())
            })?;
            for (key, record) in &page.records {
                ensure(
                    record.owner.as_ref() == Some(owner),
                    format!("records of {} alone", show::owner(owner)),
                    || format!("under {} {}", show::key(key), show::record(self.base, record)),
                )?;
            }
            pages.add(page)?;
            // What is written between two pages is what makes paging hard.
            yield_now().await;
        }
        Ok(pages)
    }

    /// Enumerates all pages of about `limit` records.
    pub(crate) async fn scan(&self, limit: usize) -> Check<Found> {
        self.scan_pages(limit).await.map(|pages| pages.found)
    }

    /// Enumerates all pages of about `limit` records, and keeps how they were.
    pub(crate) async fn scan_pages(&self, limit: usize) -> Check<Pages> {
        let Some(scan) = self.store.scan() else { return missing("scan", "SCN") };
        let mut pages = Pages::default();
        while pages.more() {
            let step = || format!("scan after {:?}, limit {limit}", pages.after);
            let call = scan.page(pages.after.as_ref(), at_least_one(limit));
            let page = works("scan", self.attempt(step, call, |page| self.show_page(page)).await)?;
            pages.add(page)?;
            yield_now().await;
        }
        Ok(pages)
    }

    fn show_page(&self, page: &Page) -> String {
        let keys = show::keys(page.records.iter().map(|(key, _)| key).take(8));
        format!("{} records {keys}, next {:?}", page.records.len(), page.next)
    }

    // The words in which clauses speak.

    /// Puts, and expects this outcome.
    pub(crate) async fn expect_put(&self, key: &SessionKey, record: &Record, put: Put, expected: PutOutcome) -> Check {
        let came = self.put(key, record, put).await?;
        ensure(came == expected, show::outcome(self.base, &expected), || match (&expected, &came) {
            (PutOutcome::Conflict(expected), PutOutcome::Conflict(came)) => {
                format!("Conflict with {}", show::differences(self.base, expected, came))
            }
            _ => show::outcome(self.base, &came),
        })
    }

    /// Creates, and expects it to be stored.
    pub(crate) async fn create(&self, key: &SessionKey, record: &Record) -> Check {
        self.expect_put(key, record, Put::Create, PutOutcome::Stored).await
    }

    /// Replaces `version`, and expects it to be stored.
    pub(crate) async fn replace(&self, key: &SessionKey, version: Version, record: &Record) -> Check {
        self.expect_put(key, record, Put::Replace(version), PutOutcome::Stored).await
    }

    /// Touches, and expects this answer.
    pub(crate) async fn expect_touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
        expected: bool,
    ) -> Check {
        let came = self.touch(key, version, seen, expires_at).await?;
        ensure(came == expected, format!("touch gives {expected}"), || format!("it gave {came}"))
    }

    /// Deletes, and expects this answer.
    pub(crate) async fn expect_delete(&self, key: &SessionKey, expected: bool) -> Check {
        let came = self.delete(key).await?;
        ensure(came == expected, format!("delete gives {expected}"), || format!("it gave {came}"))
    }

    /// Sweeps, and expects this count.
    pub(crate) async fn expect_sweep(&self, before: Timestamp, limit: usize, expected: u64) -> Check {
        let came = self.sweep(before, limit).await?;
        ensure(came == expected, format!("delete_expired removes {expected}"), || format!("it said {came}"))
    }

    /// Expects exactly this record under the key.
    pub(crate) async fn holds(&self, key: &SessionKey, expected: &Record) -> Check {
        let came = self.get(key).await?;
        ensure(came.as_deref() == Some(expected), show::record(self.base, expected), || match came.as_deref() {
            Some(came) => show::differences(self.base, expected, came),
            None => "None".to_owned(),
        })
    }

    /// Expects nothing under the key.
    pub(crate) async fn absent(&self, key: &SessionKey) -> Check {
        let came = self.get(key).await?;
        ensure(came.is_none(), "None", || show::found(self.base, came.as_deref()))
    }

    /// Expects one of these records, whole, and gives it.
    pub(crate) async fn holds_one_of(&self, key: &SessionKey, candidates: &[&Record]) -> Check<Arc<Record>> {
        let came = self.get(key).await?;
        match came {
            Some(came) if candidates.contains(&&*came) => Ok(came),
            came => broken(self.show_all(candidates), show::found(self.base, came.as_deref())),
        }
    }

    /// Expects the record, whole, or nothing.
    pub(crate) async fn whole_or_absent(&self, key: &SessionKey, expected: &Record) -> Check {
        match self.get(key).await?.as_deref() {
            Some(came) if came != expected => {
                let expected_text = format!("None, or {}", show::record(self.base, expected));
                broken(expected_text, show::differences(self.base, expected, came))
            }
            _ => Ok(()),
        }
    }

    /// Expects the owner's list to hold exactly these keys, each once.
    pub(crate) async fn lists(&self, owner: &Owner, expected: &[SessionKey]) -> Check {
        let mut came: Vec<_> = self.list(owner, 100).await?.into_iter().map(|(key, _)| key).collect();
        let mut expected = expected.to_vec();
        came.sort();
        expected.sort();
        ensure(came == expected, format!("{} has {}", show::owner(owner), show::keys(&expected)), || show::keys(&came))
    }

    /// As [`lists`](Self::lists), where the store has an index.
    pub(crate) async fn lists_if_indexed(&self, owner: &Owner, expected: &[SessionKey]) -> Check {
        if self.store.owners().is_some() { self.lists(owner, expected).await } else { Ok(()) }
    }

    pub(crate) fn show_all(&self, records: &[&Record]) -> String {
        let shown: Vec<_> = records.iter().map(|it| show::record(self.base, it)).collect();
        shown.join("\nor ")
    }
}

/// Gathers pages until there is no next.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    pub(crate) found: Found,
    /// The most bytes of payloads that a page of several records had.
    pub(crate) heaviest: usize,
    after: Option<Cursor>,
    ended: bool,
}

impl Pages {
    fn more(&self) -> bool {
        !self.ended
    }

    fn add(&mut self, page: Page) -> Check {
        // A cursor that leads to itself would never end.
        ensure(page.next.is_none() || page.next != self.after, "a cursor that moves on", || {
            format!("{:?} again", page.next)
        })?;
        if page.records.len() > 1 {
            let bytes = page.records.iter().map(|(_, record)| record.payload.len()).sum();
            self.heaviest = self.heaviest.max(bytes);
        }
        self.found.extend(page.records);
        self.ended = page.next.is_none();
        self.after = page.next;
        Ok(())
    }
}

fn shown<T: Debug>(value: &T) -> String {
    format!("{value:?}")
}

pub(crate) fn missing<T>(capability: &str, group: &str) -> Check<T> {
    broken(
        format!("a store whose `{capability}` is there"),
        format!("`{capability}` is None; if that is meant, leave it out: without {{ {group}: \"reason\" }}"),
    )
}

pub(crate) fn at_least_one(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).unwrap_or(NonZeroUsize::MIN)
}
