//! The harness as the clauses see it: without its type, so that they are compiled once, here, and not in
//! every crate that runs them.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use session_core::{BoxError, Limits, SessionKey, SessionStore, Timestamp};

use crate::harness::{Corruption, Crash, Harness, Interruption};

pub(crate) type Local<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;
/// What starting a harness comes to.
pub(crate) type Started = Result<Box<dyn Erased>, BoxError>;

/// What a harness says of all clauses, and how one is started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) time_limit: Duration,
    pub(crate) rounds: usize,
    pub(crate) cases: u32,
    pub(crate) start: fn() -> Local<'static, Started>,
}

impl Terms {
    pub(crate) fn of<H: Harness>() -> Self {
        let start =
            || -> Local<'static, Started> { Box::pin(async { Ok(Box::new(H::start().await?) as Box<dyn Erased>) }) };
        Self { time_limit: H::TIME_LIMIT, rounds: H::ROUNDS, cases: H::CASES, start }
    }
}

/// A harness that has been started. It says what [`Harness`] says.
pub(crate) trait Erased {
    fn store(&self) -> Arc<dyn SessionStore>;
    fn another_handle(&self) -> Local<'_, Result<Arc<dyn SessionStore>, BoxError>>;
    fn limits(&self) -> Limits;
    fn corrupt<'a>(&'a self, key: &'a SessionKey) -> Local<'a, Result<Corruption, BoxError>>;
    fn previous(&self) -> Local<'_, Result<Option<Arc<dyn SessionStore>>, BoxError>>;
    fn unreachable(&self) -> Local<'_, Result<Option<Arc<dyn SessionStore>>, BoxError>>;
    fn secrets(&self) -> Vec<String>;
    fn crash(&self) -> Local<'_, Result<Crash, BoxError>>;
    fn interrupt(&self) -> Local<'_, Result<Interruption, BoxError>>;
    fn base_time(&self) -> Timestamp;
    fn stop(self: Box<Self>) -> Local<'static, ()>;
}

impl<H: Harness> Erased for H {
    fn store(&self) -> Arc<dyn SessionStore> {
        Harness::store(self)
    }

    fn another_handle(&self) -> Local<'_, Result<Arc<dyn SessionStore>, BoxError>> {
        Box::pin(Harness::another_handle(self))
    }

    fn limits(&self) -> Limits {
        Harness::limits(self)
    }

    fn corrupt<'a>(&'a self, key: &'a SessionKey) -> Local<'a, Result<Corruption, BoxError>> {
        Box::pin(Harness::corrupt(self, key))
    }

    fn previous(&self) -> Local<'_, Result<Option<Arc<dyn SessionStore>>, BoxError>> {
        Box::pin(Harness::previous(self))
    }

    fn unreachable(&self) -> Local<'_, Result<Option<Arc<dyn SessionStore>>, BoxError>> {
        Box::pin(Harness::unreachable(self))
    }

    fn secrets(&self) -> Vec<String> {
        Harness::secrets(self)
    }

    fn crash(&self) -> Local<'_, Result<Crash, BoxError>> {
        Box::pin(Harness::crash(self))
    }

    fn interrupt(&self) -> Local<'_, Result<Interruption, BoxError>> {
        Box::pin(Harness::interrupt(self))
    }

    fn base_time(&self) -> Timestamp {
        Harness::base_time(self)
    }

    fn stop(self: Box<Self>) -> Local<'static, ()> {
        Box::pin(Harness::stop(*self))
    }
}
