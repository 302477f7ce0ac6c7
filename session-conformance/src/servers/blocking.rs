//! Waiting outside of the runtime.

/// Runs what waits for files' locks and for servers, which would hold up a runtime.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(stopped) => std::panic::resume_unwind(match stopped.try_into_panic() {
            Ok(panic) => panic,
            Err(stopped) => Box::new(stopped.to_string()), // the runtime is being shut down, with this task in it
        }),
    }
}
