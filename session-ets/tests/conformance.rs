//! The ETS store keeps every clause of the contract.

use std::sync::Arc;

use session_conformance::{Corruption, Harness, suite};
use session_ets::session_core::{BoxError, Limits, SessionKey, SessionStore};
use session_ets::{EtsStore, Table, TableConfig};

/// A limit, so that the clause about payloads over it has one to check.
const MAX_PAYLOAD: usize = 2 << 20;

struct EtsHarness(Table);

impl Harness for EtsHarness {
    async fn start() -> Result<Self, BoxError> {
        Ok(Self(Table::private_with(TableConfig::default().with_max_payload(MAX_PAYLOAD))))
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(EtsStore::new(self.0.clone()))
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.store())
    }

    fn limits(&self) -> Limits {
        Limits::default().with_max_payload(MAX_PAYLOAD)
    }

    async fn corrupt(&self, _: &SessionKey) -> Result<Corruption, BoxError> {
        Ok(Corruption::Impossible("a table in memory holds records as they are, so there is nothing to misread"))
    }
}

suite!(EtsHarness);
