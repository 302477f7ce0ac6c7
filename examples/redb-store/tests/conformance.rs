//! The redb store keeps every clause of the contract.

use std::sync::Arc;

use redb::{Database, Durability, TableDefinition};
use redb_store::RedbStore;
use redb_store::session_core::{BoxError, Limits, SessionKey, SessionStore};
use session_conformance::{Corruption, Harness, suite};
use tempfile::TempDir;

struct RedbHarness {
    _folder: TempDir,
    database: Arc<Database>,
    store: RedbStore,
}

impl Harness for RedbHarness {
    async fn start() -> Result<Self, BoxError> {
        let folder = tempfile::tempdir()?;
        let database = Arc::new(Database::create(folder.path().join("sessions.redb"))?);
        // Ten thousand writes that wait for the disk take a minute; `restart.rs` shows that they wait.
        let store = RedbStore::new(Arc::clone(&database)).with_durability(Durability::None);
        Ok(Self { _folder: folder, database, store })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        // One process at a time has the file, so another handle is one in this.
        Ok(self.store())
    }

    fn limits(&self) -> Limits {
        Limits::default().with_max_payload(1 << 30)
    }

    async fn corrupt(&self, key: &SessionKey) -> Result<Corruption, BoxError> {
        let records: TableDefinition<'_, [u8; 32], &[u8]> = TableDefinition::new("sessions");
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::None)?;
        transaction.open_table(records)?.insert(key.as_bytes(), &b"\x01arbage"[..])?;
        transaction.commit()?;
        Ok(Corruption::Planted)
    }
}

suite!(RedbHarness);
