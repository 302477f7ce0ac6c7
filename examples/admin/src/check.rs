//! What the store is: made, or looked at.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use session_core::SessionKey;

use crate::backend::{self, Backend, Target};
use crate::failure::Failure;
use crate::report::Report;

/// Makes what the store needs.
pub(crate) async fn init(target: &Target) -> Result<Report, Failure> {
    let (backend, had) = backend::open_or_make(target).await?;
    let mut figures = described(&backend);
    figures["schema"] = json!(had);
    Ok(Report::figures(figures))
}

/// Tells whether the store is there and answers, and what it can do. It changes nothing.
pub(crate) async fn check(target: &Target, timeout: u64) -> Result<Report, Failure> {
    let checked = tokio::time::timeout(Duration::from_secs(timeout), async {
        let backend = backend::open(target).await?;
        let began = Instant::now();
        // It serves, which an open connection does not say.
        backend.store.get(&SessionKey::from_bytes([0; 32])).await?;
        let millis = began.elapsed().as_secs_f64() * 1_000.0;
        let empty = backend.is_empty().await?;
        let mut figures = described(&backend);
        figures["empty"] = json!(empty);
        figures["read_ms"] = json!((millis * 1_000.0).round() / 1_000.0);
        Ok(Report::figures(figures))
    });
    let said = || Failure::passing(format!("the store has not answered within {timeout} seconds"));
    checked.await.unwrap_or_else(|_| Err(said()))
}

fn described(backend: &Backend) -> Value {
    let (store, limits) = (&backend.store, backend.store.limits());
    json!({
        "store": backend.url.name(),
        "location": backend.location(),
        "sweep": store.sweep().is_some(),
        "owners": store.owners().is_some(),
        "scan": store.scan().is_some(),
        "watch": store.watch().is_some(),
        "max_payload": (limits.max_payload != usize::MAX).then_some(limits.max_payload),
        "eviction": format!("{:?}", limits.eviction),
        "reclaim": format!("{:?}", limits.reclaim),
    })
}
