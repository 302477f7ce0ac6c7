//! A process that is killed in the midst of writes: what it has acknowledged is in the file, and nothing by half.
#![cfg(unix)]

use std::sync::Arc;

use redb_store::RedbStore;
use redb_store::session_core::{BoxError, SessionStore};
use session_conformance::child::{self, Child};
use session_conformance::{Clause, Crash, Harness, Outcome, run};
use tempfile::TempDir;

const FILE: &str = "REDB_STORE_CRASH_FILE";

struct Killed {
    child: Child,
    _folder: TempDir,
}

impl Harness for Killed {
    async fn start() -> Result<Self, BoxError> {
        let folder = tempfile::tempdir()?;
        let child = Child::start("serves_a_file", [(FILE, folder.path().join("sessions.redb"))]).await?;
        Ok(Self { child, _folder: folder })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.child.handle())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(self.store())
    }

    async fn crash(&self) -> Result<Crash, BoxError> {
        self.child.kill().await?;
        self.child.restart().await?;
        Ok(Crash::CameBack)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the other test kills"]
async fn serves_a_file() -> Result<(), BoxError> {
    child::serve(Arc::new(RedbStore::open(std::env::var(FILE)?)?)).await
}

#[test]
fn no_acknowledged_write_is_lost_with_the_process() {
    let outcome = run::<Killed>(Clause::FLT_8, &[]);
    assert!(
        matches!(outcome, Outcome::Passed),
        "{}",
        outcome.failure().map_or("nothing was checked".into(), |it| it.to_string())
    );
}
