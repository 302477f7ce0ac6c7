//! FLT: what errors and logs must not show.

use std::error::Error;
use std::fmt::Debug;

use session_core::{Bytes, Cursor, Owner, Put, Record, SessionKey, SessionStore, StoreError};

use crate::check::{Check, broken, not_applicable, with_causes, works};
use crate::harness::Corruption;
use crate::model::show;
use crate::tools::case::Case;
use crate::tools::draw::HOUR;
use crate::tools::handle::at_least_one;
use crate::tools::leak::Leaks;

/// Checks FLT-2: no error's `Display` or `Debug` shows an id, a whole key, a payload or a password from
/// a URL.
///
/// It looks at the store's own `Debug`, too, which ends up in the same logs.
pub(crate) async fn flt_2_no_error_shows_a_secret(case: &Case) -> Check {
    let scene = Scene::set(case);
    let mut told = Told::default();
    scene.goes_wrong(case, &mut told).await?;
    for (what, text) in &told.texts {
        scene.keeps_secret(what, text)?;
    }
    if told.errors == 0 {
        return not_applicable("no error could be provoked; the store's Debug shows no secret");
    }
    Ok(())
}

/// Checks FLT-7: no event or span of `tracing` shows an id, a whole key, a payload or a password from a URL.
///
/// It hears what is said on the threads of its runtime; not what threads say that the store starts by itself.
pub(crate) async fn flt_7_no_log_shows_a_secret(case: &Case) -> Check {
    let scene = Scene::set(case);
    case.note("every verb in every outcome, on a new handle");
    scene.goes_well(case).await?;
    scene.goes_wrong(case, &mut Told::default()).await?;
    let heard = case.heard.take();
    for line in &heard {
        scene.keeps_secret("a line of the log", line)?;
    }
    if heard.is_empty() { not_applicable("the store logs nothing by `tracing`") } else { Ok(()) }
}

/// Records and keys, and what of them is secret.
struct Scene {
    owner: Owner,
    key: SessionKey,
    record: Record,
    next: Record,
    leaks: Leaks,
}

/// What was said of what went wrong.
#[derive(Debug, Default)]
struct Told {
    texts: Vec<(String, String)>,
    errors: usize,
}

impl Scene {
    fn set(case: &Case) -> Self {
        let (draw, owner) = (&case.draw, case.draw.owner());
        let payload = Bytes::from("the visitor's secret, in a text that is easy to find. ".repeat(20));
        let record = || Record { payload: payload.clone(), ..draw.record_of(&owner) };
        let (key, record, next) = (draw.key(), record(), record());
        let mut leaks = Leaks::default();
        leaks.key(&key);
        leaks.payload(&payload);
        for secret in case.harness.secrets() {
            leaks.text("a secret of the harness", &secret);
        }
        Self { owner, key, record, next, leaks }
    }

    fn keeps_secret(&self, what: &str, text: &str) -> Check {
        match self.leaks.find(text) {
            Some(secret) => broken(format!("{what} shows no secret"), format!("it shows {secret}: {text}")),
            None => Ok(()),
        }
    }

    /// Calls every verb, in every outcome that is no error; at the end nothing is there.
    async fn goes_well(&self, case: &Case) -> Check {
        let (handle, key) = (case.another_handle().await?, &self.key);
        let (first, next, stale) = (&self.record, &self.next, case.draw.record().version);
        handle.absent(key).await?;
        let _ = handle.put(key, next, Put::Replace(stale)).await?;
        for record in [first, first, next] {
            let _ = handle.put(key, record, Put::Create).await?;
        }
        for version in [stale, first.version, first.version] {
            let _ = handle.put(key, next, Put::Replace(version)).await?;
        }
        let (seen, until) = (next.last_seen_at, next.expires_at + HOUR);
        for version in [stale, next.version] {
            handle.touch(key, version, seen, until).await?;
        }
        if handle.raw().owners().is_some() {
            handle.list(&self.owner, 1).await?;
        }
        if handle.raw().scan().is_some() {
            handle.scan(1).await?;
        }
        let _ = handle.put(key, first, Put::End(next.version)).await?;
        for _ in 0..2 {
            handle.delete(key).await?;
        }
        if handle.raw().sweep().is_some() {
            handle.create(key, first).await?;
            handle.sweep(first.expires_at, 10).await?;
        }
        Ok(())
    }

    /// Provokes what errors can be; at the end nothing is there.
    async fn goes_wrong(&self, case: &Case, told: &mut Told) -> Check {
        let (draw, store, key) = (&case.draw, case.store.raw(), &self.key);
        case.store.create(key, &self.record).await?;
        told.debug("the store", &store);
        let (payload, max) = (&self.record.payload, store.limits().max_payload);
        if max < 1 << 26 {
            let large = Record { payload: payload.iter().copied().cycle().take(max + 1).collect(), ..draw.record() };
            told.result("put of too much", store.put(key, &large, Put::Replace(self.record.version)).await);
        }
        // A cursor may hold a key, so an error must not quote it.
        let cursor = Cursor::new([b"?".as_slice(), key.as_bytes(), b"?"].concat());
        for cursor in [cursor, Cursor::new(vec![0xff])] {
            if let Some(owners) = store.owners() {
                told.result("list", owners.list(&self.owner, Some(&cursor), at_least_one(10)).await);
            }
            if let Some(scan) = store.scan() {
                told.result("scan", scan.page(Some(&cursor), at_least_one(10)).await);
            }
        }
        if let Some(unreachable) = works("unreachable of the harness", case.harness.unreachable().await)? {
            case.note("every verb on a backend that cannot be reached");
            self.every_verb(told, &*unreachable).await;
            told.debug("the store", &unreachable);
        }
        if works("corrupt of the harness", case.harness.corrupt(key).await)? == Corruption::Planted {
            case.note(format!("every verb, with {} damaged", show::key(key)));
            self.every_verb(told, &**store).await;
        }
        Ok(())
    }

    /// Calls all that can fail; the delete last, which mends what is damaged.
    async fn every_verb(&self, told: &mut Told, store: &dyn SessionStore) {
        let Self { owner, key, record, next, .. } = self;
        told.result("init", store.init().await);
        told.result("get", store.get(key).await);
        told.result("create", store.put(key, next, Put::Create).await);
        told.result("replace", store.put(key, next, Put::Replace(record.version)).await);
        let until = record.expires_at + HOUR;
        told.result("touch", store.touch(key, record.version, record.last_seen_at, until).await);
        if let Some(owners) = store.owners() {
            told.result("list", owners.list(owner, None, at_least_one(10)).await);
        }
        if let Some(scan) = store.scan() {
            told.result("scan", scan.page(None, at_least_one(10)).await);
        }
        if let Some(sweep) = store.sweep() {
            told.result("delete_expired", sweep.delete_expired(record.created_at, at_least_one(10)).await);
        }
        told.result("delete", store.delete(key).await);
    }
}

impl Told {
    fn result<T: Debug>(&mut self, call: &str, result: Result<T, StoreError>) {
        let Err(error) = result else { return };
        self.errors += 1;
        self.texts.push((format!("the error of {call}"), with_causes(&error)));
        self.debug(&format!("the error of {call}"), &error);
        let mut cause = Error::source(&error);
        while let Some(error) = cause {
            self.debug(&format!("a cause of the error of {call}"), &error);
            cause = error.source();
        }
    }

    fn debug(&mut self, what: &str, value: &dyn Debug) {
        self.texts.extend([format!("{value:?}"), format!("{value:#?}")].map(|text| (what.to_owned(), text)));
    }
}
