//! A storm over two processes on the ETS store.

mod storm;

use std::sync::Arc;

use session_core::Timestamp;
use session_ets::{EtsStore, Table};

/// The same calls in the same order each time: the runtime has one thread, and its clock stands while anybody works.
#[tokio::test(start_paused = true)]
async fn browsers_see_what_was_acknowledged_whatever_fails() {
    let store = EtsStore::new(Table::private());
    storm::storm([Arc::new(store.clone()), Arc::new(store)], Timestamp::from_millis(1_800_000_000_000), 2_000).await;
}
