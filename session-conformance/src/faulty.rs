//! A store that fails at random, to try on it what uses a store.

use std::fmt;
use std::future::pending;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use session_core::{
    Cursor, Limits, Owner, Owners, Page, Put, PutOutcome, Record, Scan, SessionKey, SessionStore, StoreError, Sweep,
    Timestamp, Version, Watch, async_trait,
};
use tokio::time::sleep;

const NAME: &str = "session-conformance/faulty";

/// How many of a thousand calls go wrong, and how. The default is that none does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultRates {
    /// Refused: nothing is done, and the error says so.
    pub refused: u32,
    /// Done, and the answer is lost: of a write nobody knows what became of it.
    pub answer_lost: u32,
    /// Lost on the way: of a write, again, nobody knows.
    pub call_lost: u32,
    /// Done twice, as where a network repeats what it carries; the first answer is given. (To send a write again and give
    /// the second answer is no fault that a store may have: its own write would look like a conflict.)
    pub twice: u32,
    /// Done, and answered never: what called it has to have a deadline.
    pub hangs: u32,
    /// Done late, after up to [`delay`](Self::delay).
    pub delayed: u32,
    /// The longest that a delayed call waits.
    pub delay: Duration,
}

impl FaultRates {
    /// A bad day: one of eight calls goes wrong, one of ten of those never ends, and others take up to 20 ms.
    pub const STORMY: Self = Self {
        refused: 25,
        answer_lost: 25,
        call_lost: 25,
        twice: 25,
        hangs: 10,
        delayed: 100,
        delay: Duration::from_millis(20),
    };
}

/// A store around another that fails at random, as its [`FaultRates`] say. Clones share the store, the rates and the
/// counts.
///
/// ```
/// use session_conformance::{FaultRates, FaultyStore};
/// use session_core::{SessionStore, Sessions};
///
/// # fn sessions(store: impl SessionStore) -> Result<(), Box<dyn std::error::Error>> {
/// let store = FaultyStore::new(store, 7);
/// store.set_rates(FaultRates::STORMY);
/// let sessions = Sessions::builder(store.clone()).build()?;
/// // … requests, and then what must be true whatever went wrong
/// println!("{} calls, {} of them went wrong", store.calls(), store.faults());
/// # Ok(()) }
/// ```
pub struct FaultyStore<S> {
    inner: Arc<Inner<S>>,
}

struct Inner<S> {
    store: S,
    rates: Mutex<FaultRates>,
    random: Mutex<SmallRng>,
    calls: AtomicU64,
    faults: AtomicU64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Refused,
    AnswerLost,
    CallLost,
    Twice,
    Hangs,
    Delayed(Duration),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Reads,
    Writes,
}

impl<S> FaultyStore<S> {
    /// Wraps a store; nothing goes wrong yet. The same seed draws the same faults, as far as calls come in the same
    /// order.
    pub fn new(store: S, seed: u64) -> Self {
        let random = Mutex::new(SmallRng::seed_from_u64(seed));
        let (rates, calls, faults) = (Mutex::default(), AtomicU64::new(0), AtomicU64::new(0));
        Self { inner: Arc::new(Inner { store, rates, random, calls, faults }) }
    }

    /// Sets what goes wrong from now on.
    pub fn set_rates(&self, rates: FaultRates) {
        *self.inner.rates.lock().unwrap_or_else(PoisonError::into_inner) = rates;
    }

    /// Returns how many calls there were.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.inner.calls.load(Ordering::Relaxed)
    }

    /// Returns how many of them went wrong.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.inner.faults.load(Ordering::Relaxed)
    }

    /// Returns the store that is wrapped.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner.store
    }

    fn draw(&self) -> Option<Fault> {
        self.inner.calls.fetch_add(1, Ordering::Relaxed);
        let rates = *self.inner.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let mut random = self.inner.random.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut left, wait) = (random.random_range(0..1_000_u32), random.random_range(0.0..=1.0));
        let faults = [
            (rates.refused, Fault::Refused),
            (rates.answer_lost, Fault::AnswerLost),
            (rates.call_lost, Fault::CallLost),
            (rates.twice, Fault::Twice),
            (rates.hangs, Fault::Hangs),
            (rates.delayed, Fault::Delayed(rates.delay.mul_f64(wait))),
        ];
        for (rate, fault) in faults {
            match left.checked_sub(rate) {
                None => {
                    self.inner.faults.fetch_add(1, Ordering::Relaxed);
                    return Some(fault);
                }
                Some(rest) => left = rest,
            }
        }
        None
    }

    async fn call<T, F>(&self, effect: Effect, call: impl Fn() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        match self.draw() {
            None => call().await,
            Some(Fault::Refused) => Err(StoreError::Unavailable { store: NAME, source: "refused".into() }),
            Some(Fault::AnswerLost) => {
                call().await?;
                Err(lost(effect))
            }
            Some(Fault::CallLost) => Err(lost(effect)),
            Some(Fault::Twice) => {
                let answer = call().await;
                _ = call().await;
                answer
            }
            Some(Fault::Hangs) => {
                call().await?;
                pending().await
            }
            Some(Fault::Delayed(wait)) => {
                sleep(wait).await;
                call().await
            }
        }
    }
}

fn lost(effect: Effect) -> StoreError {
    let source = "the connection was lost".into();
    match effect {
        Effect::Reads => StoreError::Unavailable { store: NAME, source },
        Effect::Writes => StoreError::Indeterminate { store: NAME, source },
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for FaultyStore<S> {
    fn limits(&self) -> Limits {
        self.inner.store.limits()
    }

    async fn init(&self) -> Result<(), StoreError> {
        self.inner.store.init().await
    }

    async fn get(&self, key: &SessionKey) -> Result<Option<Arc<Record>>, StoreError> {
        self.call(Effect::Reads, || self.inner.store.get(key)).await
    }

    async fn put(&self, key: &SessionKey, record: &Record, put: Put) -> Result<PutOutcome, StoreError> {
        self.call(Effect::Writes, || self.inner.store.put(key, record, put)).await
    }

    async fn touch(
        &self,
        key: &SessionKey,
        version: Version,
        seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<bool, StoreError> {
        self.call(Effect::Writes, || self.inner.store.touch(key, version, seen, expires_at)).await
    }

    async fn delete(&self, key: &SessionKey) -> Result<bool, StoreError> {
        self.call(Effect::Writes, || self.inner.store.delete(key)).await
    }

    fn sweep(&self) -> Option<&dyn Sweep> {
        self.inner.store.sweep().map(|_| self as &dyn Sweep)
    }

    fn owners(&self) -> Option<&dyn Owners> {
        self.inner.store.owners().map(|_| self as &dyn Owners)
    }

    fn scan(&self) -> Option<&dyn Scan> {
        self.inner.store.scan().map(|_| self as &dyn Scan)
    }

    fn watch(&self) -> Option<&dyn Watch> {
        self.inner.store.watch()
    }
}

#[async_trait]
impl<S: SessionStore> Sweep for FaultyStore<S> {
    async fn delete_expired(&self, before: Timestamp, limit: NonZeroUsize) -> Result<u64, StoreError> {
        let sweep = self.inner.store.sweep().ok_or_else(no_longer)?;
        self.call(Effect::Writes, || sweep.delete_expired(before, limit)).await
    }
}

#[async_trait]
impl<S: SessionStore> Owners for FaultyStore<S> {
    async fn list(&self, owner: &Owner, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let owners = self.inner.store.owners().ok_or_else(no_longer)?;
        self.call(Effect::Reads, || owners.list(owner, after, limit)).await
    }
}

#[async_trait]
impl<S: SessionStore> Scan for FaultyStore<S> {
    async fn page(&self, after: Option<&Cursor>, limit: NonZeroUsize) -> Result<Page, StoreError> {
        let scan = self.inner.store.scan().ok_or_else(no_longer)?;
        self.call(Effect::Reads, || scan.page(after, limit)).await
    }
}

fn no_longer() -> StoreError {
    StoreError::Backend { store: NAME, source: "the store had it a moment ago".into() }
}

impl<S> Clone for FaultyStore<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<S: fmt::Debug> fmt::Debug for FaultyStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore").field("store", &self.inner.store).finish_non_exhaustive()
    }
}
