//! A process that is killed in the midst of writes: what it has acknowledged is in the file, and nothing by half.
#![cfg(unix)]

use std::path::Path;
use std::sync::Arc;

use redb_store::RedbStore;
use redb_store::session_core::{BoxError, SessionStore};
use session_conformance::child::{Killed, OnDisk};
use session_conformance::{Clause, run};

struct Redb;

impl OnDisk for Redb {
    const SERVED_BY: &'static str = "serves_a_file";

    fn open(path: &Path) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(RedbStore::open(path)?))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the other test kills"]
async fn serves_a_file() -> Result<(), BoxError> {
    Redb::serve().await
}

#[test]
fn no_acknowledged_write_is_lost_with_the_process() {
    run::<Killed<Redb>>(Clause::FLT_8, &[]).assert_passed();
}
