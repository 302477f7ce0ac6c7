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
        let work = self.0.as_mut().expect("a future is not polled after its end");
        let output = std::task::ready!(work.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(output)
    }
}

impl<T: Send + 'static> Drop for Finish<T> {
    fn drop(&mut self) {
        // A panic in the work itself is not run again.
        if let (Some(work), false, Ok(runtime)) = (self.0.take(), std::thread::panicking(), Handle::try_current()) {
            runtime.spawn(work);
        }
    }
}
