//! Work that is done to its end, also when nobody waits for it any more.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs a future in place, and goes on with it in the background if it is dropped before its end.
///
/// A client that hangs up drops the future that answers it. A write that was begun, or a logout, must
/// not be lost by that, and the handle must learn how it went.
pub(crate) struct Finish<T: Send + 'static>(Option<Work<T>>);

impl<T: Send + 'static> Finish<T> {
    pub(crate) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(work)))
    }
}

impl<T: Send + 'static> Future for Finish<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // Taken out while it runs, so that work that panics is not run again.
        let mut work = self.0.take().expect("a future is not polled after its end");
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() {
            self.0 = Some(work);
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        if let Some(work) = self.0.take() {
            in_background(work);
        }
    }
}

/// Does `work` in the background, if there is a runtime to do it.
pub(crate) fn in_background<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(work);
    }
}
