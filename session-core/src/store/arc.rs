//! A shared store is a store.
//!
//! The futures of the inner store are passed on as they are. An `async fn` that awaits them would put each into
//! another box, which costs more than a row in memory does. So these are written as `async_trait` would expand them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::{
    Limits, Owners, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep, Timestamp, Version,
    Watch,
};

/// What `async_trait` makes of an `async fn`.
type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

impl<S: SessionStore + ?Sized> SessionStore for Arc<S> {
    fn limits(&self) -> Limits {
        (**self).limits()
    }

    fn system(&self) -> Option<&'static str> {
        (**self).system()
    }

    fn init<'s, 'a>(&'s self) -> Answer<'a, ()>
    where
        's: 'a,
        Self: 'a,
    {
        (**self).init()
    }

    fn get<'s, 'k, 'a>(&'s self, key: &'k SessionKey) -> Answer<'a, Option<Arc<Record>>>
    where
        's: 'a,
        'k: 'a,
        Self: 'a,
    {
        (**self).get(key)
    }

    fn put<'s, 'k, 'r, 'a>(&'s self, key: &'k SessionKey, record: &'r Record, put: Put) -> Answer<'a, PutOutcome>
    where
        's: 'a,
        'k: 'a,
        'r: 'a,
        Self: 'a,
    {
        (**self).put(key, record, put)
    }

    fn touch<'s, 'k, 'a>(
        &'s self,
        key: &'k SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Answer<'a, bool>
    where
        's: 'a,
        'k: 'a,
        Self: 'a,
    {
        (**self).touch(key, version, seen, expires_at)
    }

    fn delete<'s, 'k, 'a>(&'s self, key: &'k SessionKey) -> Answer<'a, bool>
    where
        's: 'a,
        'k: 'a,
        Self: 'a,
    {
        (**self).delete(key)
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        (**self).sweep()
    }

    fn owners(&self) -> Option<&dyn Owners> {
        (**self).owners()
    }

    fn scan(&self) -> Option<&dyn Scan> {
        (**self).scan()
    }

    fn watch(&self) -> Option<&dyn Watch> {
        (**self).watch()
    }
}
