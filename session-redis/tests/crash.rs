//! A server that is killed in the midst of writes and started again, and has kept a log of all that it answered.
#![cfg(unix)]

use std::sync::Arc;
use std::time::Duration;

use session_conformance::servers::{Alone, Redis};
use session_conformance::{Clause, Crash, Harness, run};
use session_redis::session_core::{BoxError, SessionStore};
use session_redis::{RedisConfig, RedisStore};

/// A Redis that writes to its append-only file before it answers.
struct Logged {
    server: Alone,
    store: RedisStore,
}

fn store_on(server: &Alone) -> Result<RedisStore, BoxError> {
    let config = RedisConfig::default().with_response_timeout(Duration::from_secs(5));
    Ok(RedisStore::from_url(server.url(), config)?)
}

impl Harness for Logged {
    async fn start() -> Result<Self, BoxError> {
        // A process that is killed leaves to the system what it has written: no need to sync each time.
        let server = Redis::alone(&["--appendonly", "yes", "--appendfsync", "everysec"]).await?;
        Ok(Self { store: store_on(&server)?, server })
    }

    fn store(&self) -> Arc<dyn SessionStore> {
        Arc::new(self.store.clone())
    }

    async fn another_handle(&self) -> Result<Arc<dyn SessionStore>, BoxError> {
        Ok(Arc::new(store_on(&self.server)?))
    }

    async fn crash(&self) -> Result<Crash, BoxError> {
        let node = &self.server.nodes()[0];
        node.kill().await?;
        node.restart().await?;
        self.server.ready().await?;
        Ok(Crash::CameBack)
    }
}

#[test]
fn a_redis_with_an_append_only_file_loses_no_acknowledged_write() {
    run::<Logged>(Clause::FLT_8, &[]).assert_passed();
}
