//! The storm of the core's tests, over two processes' worth of connections to one server.

#[path = "../../session-core/tests/storm/mod.rs"]
mod storm;

use std::sync::Arc;

use session_conformance::servers::Redis;
use session_redis::session_core::{BoxError, Clock, SessionStore, SystemClock};
use session_redis::{RedisConfig, RedisStore};

#[tokio::test]
async fn browsers_see_what_was_acknowledged_whatever_fails() -> Result<(), BoxError> {
    let server = Redis::alone(&[]).await?;
    let connect = || RedisStore::from_url(server.url(), RedisConfig::default());
    let stores = [connect()?, connect()?];
    for store in &stores {
        store.init().await?;
    }
    storm::storm(stores.map(|store| Arc::new(store) as Arc<dyn SessionStore>), SystemClock.now(), 300).await;
    Ok(())
}
