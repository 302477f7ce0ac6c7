//! A store in a process of its own: it is the same store from here, and what is killed is that process.
#![cfg(unix)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use session_conformance::child::{self, Child};
use session_conformance::session_core::{BoxError, Limits, SessionStore, StoreError};
use session_conformance::{Clause, Crash, Harness, Outcome, run};
use support::{Memory, limits};

struct InAChild(Child);

impl Harness for InAChild {
    const TIME_LIMIT: Duration = Duration::from_secs(120);

    async fn start() -> Result<Self, BoxError> {
        Ok(Self(Child::start("serves_what_is_in_memory", [("UNUSED", "")]).await?))
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.0.handle())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.store())
    }

    fn limits(&self) -> Limits {
        limits()
    }

    async fn crash(&self) -> Result<Crash, BoxError> {
        self.0.kill().await?;
        self.0.restart().await?;
        Ok(Crash::CameBack)
    }
}

#[tokio::test]
#[ignore = "the process that others ask, and kill"]
async fn serves_what_is_in_memory() -> Result<(), BoxError> {
    child::serve(Arc::new(Memory::default())).await
}

// What is in memory alone does not come back.
session_conformance::suite!(
    InAChild,
    without { WAT: "what is told does not come through the socket" },
    except { FLT_8: "another test has it fail" }
);

#[test]
fn what_was_in_its_memory_alone_is_lost_with_it() {
    let Outcome::Failed(failure) = run::<InAChild>(Clause::FLT_8, &[]) else { panic!("nothing was lost") };
    assert!(failure.came.contains("None, after the crash"), "{failure}");
}

#[tokio::test]
async fn who_asks_a_dead_process_is_told_so_and_goes_on_with_the_next() -> Result<(), BoxError> {
    let child = Child::start("serves_what_is_in_memory", [("UNUSED", "")]).await?;
    let (store, key) = (child.handle(), session_conformance::session_core::SessionId::random()?.key());
    assert_eq!(store.get(&key).await?, None);
    child.kill().await?;
    let told = store.get(&key).await;
    assert!(matches!(told, Err(StoreError::Unavailable { .. })), "{told:?}");
    let told = store.delete(&key).await;
    assert!(matches!(told, Err(StoreError::Unavailable { .. })), "nothing was sent: {told:?}");
    child.restart().await?;
    assert_eq!(store.get(&key).await?, None);
    Ok(())
}

#[tokio::test]
async fn a_test_that_is_not_there_is_named_as_such() {
    let told = Child::start("no_such_test", [("UNUSED", "")]).await.err().map(|error| error.to_string());
    assert!(told.as_ref().is_some_and(|told| told.contains("is its test named rightly?")), "{told:?}");
}
