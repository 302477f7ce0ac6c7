//! `FaultyStore` fails as its rates say, and not otherwise.

mod support;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use session_conformance::session_core::{
    BoxError, Limits, Put, PutOutcome, Record, SessionKey, SessionStore, StoreError, Timestamp, Version,
};
use session_conformance::{Corruption, FaultRates, FaultyStore, Harness};
use support::Memory;

/// Nothing goes wrong: it is the store that is wrapped.
struct Calm(FaultyStore<Arc<Memory>>);

impl Harness for Calm {
    async fn start() -> Result<Self, BoxError> {
        Ok(Self(faulty()))
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.0.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.store())
    }

    fn limits(&self) -> Limits {
        support::limits()
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        self.0.inner().damage(key);
        Ok(Corruption::Planted)
    }
}

session_conformance::suite!(Calm);

fn faulty() -> FaultyStore<Arc<Memory>> {
    FaultyStore::new(Arc::default(), 7)
}

fn record() -> Record {
    Record {
        version: Version::random().unwrap(),
        payload: vec![1, 2, 3].into(),
        owner: None,
        created_at: Timestamp::from_millis(1),
        last_seen_at: Timestamp::from_millis(1),
        expires_at: Timestamp::from_millis(1_000),
    }
}

fn key() -> SessionKey {
    SessionKey::from_bytes([7; 32])
}

#[tokio::test]
async fn each_fault_is_what_it_is_called() {
    let none = FaultRates::default();
    let rates = |rates: FaultRates| {
        let store = faulty();
        store.set_rates(rates);
        store
    };

    let store = rates(FaultRates { refused: 1_000, ..none });
    let refused = store.put(&key(), &record(), Put::Create).await;
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    assert_eq!(store.inner().get(&key()).await.unwrap(), None);

    let store = rates(FaultRates { call_lost: 1_000, ..none });
    let lost = store.put(&key(), &record(), Put::Create).await;
    assert!(matches!(lost, Err(StoreError::Indeterminate { .. })), "{lost:?}");
    assert_eq!(store.inner().get(&key()).await.unwrap(), None);
    assert!(matches!(store.get(&key()).await, Err(StoreError::Unavailable { .. })), "a read changes nothing");

    let store = rates(FaultRates { answer_lost: 1_000, ..none });
    let lost = store.put(&key(), &record(), Put::Create).await;
    assert!(matches!(lost, Err(StoreError::Indeterminate { .. })), "{lost:?}");
    assert!(store.inner().get(&key()).await.unwrap().is_some());

    let store = rates(FaultRates { twice: 1_000, ..none });
    assert_eq!(store.put(&key(), &record(), Put::Create).await.unwrap(), PutOutcome::Stored);
    assert!(store.delete(&key()).await.unwrap(), "the first answer is given");

    let store = rates(FaultRates { hangs: 1_000, ..none });
    let (key, record) = (key(), record());
    tokio::select! {
        biased;
        never = store.put(&key, &record, Put::Create) => panic!("{never:?}"),
        () = tokio::task::yield_now() => {}
    }
    assert!(store.inner().get(&key).await.unwrap().is_some());
    assert_eq!((store.calls(), store.faults()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_is_done_within_its_delay() {
    let store = faulty();
    store.set_rates(FaultRates { delayed: 1_000, delay: Duration::from_millis(20), ..FaultRates::default() });
    let began = tokio::time::Instant::now();
    for _ in 0..100 {
        assert_eq!(store.get(&key()).await.unwrap(), None);
    }
    // A mean of half of it, and tokio's timer rounds up to milliseconds.
    let took = began.elapsed();
    assert!(took > Duration::from_millis(500) && took < Duration::from_millis(2_100), "{took:?}");
}

#[tokio::test]
async fn as_many_calls_go_wrong_as_the_rates_say() {
    let store = faulty();
    store.set_rates(FaultRates { refused: 100, call_lost: 50, ..FaultRates::default() });
    let mut refused = 0;
    for _ in 0..10_000 {
        refused += u32::from(store.get(&key()).await.is_err());
    }
    assert!((1_350..1_650).contains(&refused), "{refused}");
    assert_eq!((store.calls(), store.faults()), (10_000, refused.into()));
    let one = NonZeroUsize::MIN;
    assert!(store.sweep().is_some() && store.scan().is_some() && store.owners().is_some());
    store.set_rates(FaultRates { refused: 1_000, ..FaultRates::default() });
    assert!(store.scan().unwrap().page(None, one).await.is_err());
    assert!(store.sweep().unwrap().delete_expired(Timestamp::MAX, one).await.is_err());
}
