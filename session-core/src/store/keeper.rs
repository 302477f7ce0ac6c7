//! One task in the background, for whoever needs it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::JoinHandle;

/// A task in the background, kept running on whatever runtime is there, and ended when this is dropped: for the
/// connection over which a store hears of changes, and for whoever hears the store.
#[derive(Debug, Default)]
pub struct Keeper(Arc<Running>);

type Running = Mutex<Option<JoinHandle<()>>>;

impl Keeper {
    /// Begins the task, unless one is running: not if its runtime is gone.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub fn keep<F: Future<Output = ()> + Send + 'static>(&self, task: impl FnOnce() -> Option<F>) {
        let mut running = locked(&self.0);
        if running.as_ref().is_none_or(JoinHandle::is_finished)
            && let Some(task) = task()
        {
            *running = Some(tokio::spawn(task));
        }
    }

    /// Returns what a task asks that ends by itself once nobody wants it.
    #[must_use]
    pub fn kept(&self) -> Kept {
        Kept(Arc::clone(&self.0))
    }

    /// Ends the task.
    pub fn stop(&self) {
        if let Some(task) = locked(&self.0).take() {
            task.abort();
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What lets a task that a [`Keeper`] keeps end by itself, so that nobody relies on one that is about to.
#[derive(Debug)]
pub struct Kept(Arc<Running>);

impl Kept {
    /// Decides whether the task that calls this ends, and tells; if so, it must return at once.
    ///
    /// Nobody [asks](Keeper::keep) for the task meanwhile. Whoever did before is there for `is_over` to see, and whoever
    /// does after an end was decided has a task begun for him. So what must be done before the next one begins belongs into
    /// `is_over`. It must not ask the keeper for anything.
    pub fn ends_if(&self, is_over: impl FnOnce() -> bool) -> bool {
        let mut running = locked(&self.0);
        // One that was stopped may still run, beside another one.
        if running.as_ref().map(JoinHandle::id) != tokio::task::try_id() {
            return true;
        }
        let ends = is_over();
        if ends {
            *running = None;
        }
        ends
    }
}

fn locked(running: &Running) -> MutexGuard<'_, Option<JoinHandle<()>>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::Semaphore;
    use tokio::time::timeout;

    use super::*;
    use crate::store::{Notifier, SessionKey};

    const LONG: Duration = Duration::from_secs(30);

    #[tokio::test]
    async fn who_asks_after_a_task_has_decided_to_end_has_another_begun() {
        let (keeper, begun) = (Keeper::default(), Arc::new(Semaphore::new(0)));
        for _ in 0..3 {
            let (kept, has_begun) = (keeper.kept(), Arc::clone(&begun));
            keeper.keep(|| {
                Some(async move {
                    assert!(!kept.ends_if(|| false));
                    assert!(kept.ends_if(|| true));
                    has_begun.add_permits(1);
                    // It has decided, and is not finished.
                    std::future::pending::<()>().await;
                })
            });
            timeout(LONG, begun.acquire()).await.expect("a task of its own").unwrap().forget();
        }
    }

    #[tokio::test]
    async fn a_task_that_was_stopped_ends_whatever_it_finds_and_leaves_the_next_one_alone() {
        let keeper = Keeper::default();
        let kept = keeper.kept();
        keeper.keep(|| Some(async move { assert!(kept.ends_if(|| panic!("it has nothing to decide"))) }));
        // As one whose abort comes too late for what it is about to do.
        let stopped = locked(&keeper.0).take().unwrap();
        keeper.keep(|| Some(std::future::pending()));
        let next = locked(&keeper.0).as_ref().map(JoinHandle::id);
        stopped.await.unwrap();
        assert_eq!(locked(&keeper.0).as_ref().map(JoinHandle::id), next);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_comes_while_the_last_one_leaves_is_served() {
        let (keeper, notifier) = (Keeper::default(), Arc::new(Notifier::new()));
        let key = SessionKey::from_bytes([7; 32]);
        for round in 0..2_000 {
            let mut watcher = notifier.watcher();
            let (kept, feed) = (keeper.kept(), Arc::clone(&notifier));
            keeper.keep(|| {
                Some(async move {
                    while !kept.ends_if(|| !feed.is_heard()) {
                        feed.changed(&key);
                        tokio::task::yield_now().await;
                    }
                })
            });
            let heard = timeout(LONG, watcher.next()).await;
            assert!(matches!(heard, Ok(Some(_))), "round {round}: {heard:?}");
        }
    }
}
