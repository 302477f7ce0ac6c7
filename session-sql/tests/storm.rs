//! The storm of the core's tests, over two processes' worth of connections to one file.

#[path = "../../session-core/tests/storm/mod.rs"]
mod storm;

use std::sync::Arc;

use session_sql::SqliteStore;
use session_sql::session_core::{BoxError, Clock, SessionStore, SystemClock};

#[tokio::test]
async fn browsers_see_what_was_acknowledged_whatever_fails() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let url = format!("sqlite://{}", folder.path().join("sessions.db").display());
    let stores = [SqliteStore::from_url(&url)?, SqliteStore::from_url(&url)?];
    for store in &stores {
        store.init().await?;
    }
    storm::storm(stores.map(|store| Arc::new(store) as Arc<dyn SessionStore>), SystemClock.now(), 300).await;
    Ok(())
}
