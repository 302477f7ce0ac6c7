//! A store that hangs is told by its last step, also where it blocks the thread.

use std::sync::Arc;
use std::time::Duration;

use session_conformance::session_core::*;
use session_conformance::{Clause, Harness, async_trait, run};

use crate::support::*;

#[test]
fn the_watchdog_catches_a_store_that_blocks_its_thread() {
    let told = run::<Hanging>(Clause::REC_1, &[]).failure().expect("it hangs").to_string();
    assert!(told.contains("an end within") && told.contains("TIME_LIMIT") && told.contains("get SessionKey"), "{told}");
    assert!(told.starts_with("REC-1"), "{told}");
}

#[derive(Debug, Default)]
struct Blocks;
#[async_trait]
impl Fault for Blocks {
    async fn get(&self, _: KeyCall<'_>) -> Found {
        loop {
            std::thread::park();
        }
    }
}

#[derive(Debug)]
struct Hanging(Faulty<Blocks>);

impl Harness for Hanging {
    const TIME_LIMIT: Duration = Duration::from_millis(200);

    async fn start() -> Result<Self, BoxError> {
        Faulty::start().await.map(Self)
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        self.0.store()
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        self.0.another_handle().await
    }
}
